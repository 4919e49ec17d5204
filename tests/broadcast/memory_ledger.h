// The ledger in memory: what the rules need, without SQL. Books that answer at once.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <tuple>

#include "account/people.h"
#include "broadcast/ledger.h"

namespace openday::test {

using namespace openday::broadcast;  // NOLINT: test support

class MemoryLedger final : public Ledger, public account::Roll {
 public:
  Result<Broadcast> broadcast(const std::string& id) override { return find(broadcasts_, id, "broadcast"); }
  Result<std::vector<Broadcast>> broadcasts() override {
    auto all = values(broadcasts_);
    auto when = [](const Broadcast& b) { return b.live_at.value_or(b.starts_at.value_or(b.created_at)); };
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return when(a) > when(b); });
    return all;
  }
  Result<std::vector<Broadcast>> public_broadcasts(int limit) override {
    auto all = values(broadcasts_);
    std::erase_if(all, [](const Broadcast& b) { return b.hidden; });
    auto rank = [](const Broadcast& b) {
      if (b.state == State::kLive) return std::tuple(0, -b.live_at->ms);
      if (b.state == State::kEnded) return std::tuple(2, -b.ended_at->ms);
      return std::tuple(1, b.starts_at ? b.starts_at->ms : INT64_MAX);
    };
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    if (all.size() > static_cast<size_t>(limit)) all.resize(static_cast<size_t>(limit));
    return all;
  }
  Result<std::vector<Broadcast>> active_broadcasts() override {
    auto all = values(broadcasts_);
    std::erase_if(all, [](const Broadcast& b) { return !is_active(b.state); });
    return all;
  }
  Result<Venue> venue(const std::string& id) override { return find(venues_, id, "venue"); }
  Result<std::vector<Venue>> venues() override { return values(venues_); }
  Result<IngestKey> ingest_key(const std::string& venue) override {
    return find(keys_, venue, "ingest key of venue");
  }
  Result<IngestKey> ingest_key_by_digest(const Bytes& digest) override {
    for (const auto& [venue, key] : keys_) {
      if (key.rtmp_digest == digest) return key;
    }
    return fail(Errc::kNotFound, "there is no such ingest key");
  }
  Result<std::vector<SavedScene>> scenes(const std::string& id) override { return values(scenes_[id]); }
  Result<Target> target(const std::string& owner, const std::string& id) override {
    return find(targets_[owner], id, "target");
  }
  Result<std::vector<Target>> targets(const std::string& id) override { return values(targets_[id]); }
  Result<std::vector<Withdrawal>> withdrawals(const std::string& id) override {
    auto all = withdrawals_;
    std::erase_if(all, [&](const Withdrawal& one) { return one.broadcast != id; });
    return all;
  }
  Result<std::vector<std::string>> doomed_media() override {
    return std::vector<std::string>(doomed_.begin(), doomed_.end());
  }
  Result<std::vector<AuditEntry>> audit(int64_t before, int limit) override {
    std::vector<AuditEntry> found;
    for (auto entry = audit_.rbegin(); entry != audit_.rend() && static_cast<int>(found.size()) < limit;
         ++entry) {
      if (before == 0 || entry->number < before) found.push_back(*entry);
    }
    return found;
  }
  Result<account::Person> person(const std::string& id) override { return find(people_, id, "person"); }
  Result<std::vector<account::Person>> people() override { return values(people_); }
  Result<std::vector<account::Session>> sessions() override { return values(sessions_); }
  Result<std::vector<account::Keys>> keys() override { return values(person_keys_); }

  Result<> put(const Broadcast& broadcast) override { return keep(broadcasts_[broadcast.id], broadcast); }
  Result<> remove_broadcast(const std::string& id) override {
    scenes_.erase(id);
    targets_.erase(id);
    std::erase_if(withdrawals_, [&](const Withdrawal& one) { return one.broadcast == id; });
    return erase(broadcasts_, id, "broadcast");
  }
  Result<> doom_media(const std::string& id) override {
    doomed_.insert(id);
    return {};
  }
  Result<> media_gone(const std::string& id) override {
    doomed_.erase(id);
    return {};
  }
  Result<> put(const Venue& venue) override { return keep(venues_[venue.id], venue); }
  Result<> remove_venue(const std::string& id) override {
    keys_.erase(id);
    return erase(venues_, id, "venue");
  }
  Result<> put(const IngestKey& key) override { return keep(keys_[key.venue], key); }
  Result<> put(const std::string& broadcast, const SavedScene& scene) override {
    return keep(scenes_[broadcast][scene.name], scene);
  }
  Result<> remove_scene(const std::string& broadcast, const std::string& name) override {
    return erase(scenes_[broadcast], name, "scene");
  }
  Result<> put(const Target& target) override { return keep(targets_[target.broadcast][target.id], target); }
  Result<> remove_target(const std::string& broadcast, const std::string& id) override {
    return erase(targets_[broadcast], id, "target");
  }
  Result<int64_t> add(const Withdrawal& withdrawal) override {
    withdrawals_.push_back(withdrawal);
    return withdrawals_.back().id = static_cast<int64_t>(withdrawals_.size());
  }
  Result<> append(const AuditEntry& entry) override {
    audit_.push_back(entry);
    audit_.back().number = static_cast<int64_t>(audit_.size());
    return {};
  }
  Result<> put(const account::Person& person) override { return keep(people_[person.id], person); }
  Result<> add(const account::Session& session) override { return keep(sessions_[session.digest], session); }
  Result<> renew(const std::string& digest, ProgramTime expires_at) override {
    if (auto found = sessions_.find(digest); found != sessions_.end()) {
      auto session = found->second;
      session.expires_at = expires_at;
      return keep(found->second, session);
    }
    return {};
  }
  Result<> remove_sessions(const std::string& person, const std::string& kept) override {
    std::erase_if(sessions_,
                  [&](const auto& entry) { return entry.second.person == person && entry.first != kept; });
    return {};
  }
  Result<> put(const account::Keys& keys) override { return keep(person_keys_[keys.person], keys); }
  Result<> remove_keys(const std::string& person) override {
    person_keys_.erase(person);
    return {};
  }
  Result<> remove_session(const std::string& digest) override {
    sessions_.erase(digest);
    return {};
  }

 private:
  template <class T>
  static Result<> keep(T& slot, const T& value) {
    slot = value;
    return {};
  }
  template <class T>
  static std::vector<T> values(const std::map<std::string, T>& all) {
    std::vector<T> found;
    for (const auto& [name, value] : all) found.push_back(value);
    return found;
  }
  template <class T>
  static Result<T> find(const std::map<std::string, T>& all, const std::string& name,
                        const std::string& what) {
    auto found = all.find(name);
    if (found == all.end()) return fail(Errc::kNotFound, "there is no " + what + " " + name);
    return found->second;
  }
  template <class T>
  static Result<> erase(std::map<std::string, T>& all, const std::string& name, const std::string& what) {
    if (all.erase(name) == 0) return fail(Errc::kNotFound, "there is no " + what + " " + name);
    return {};
  }

  std::map<std::string, Broadcast> broadcasts_;
  std::set<std::string> doomed_;
  std::map<std::string, Venue> venues_;
  std::map<std::string, IngestKey> keys_;
  std::map<std::string, std::map<std::string, SavedScene>> scenes_;
  std::map<std::string, std::map<std::string, Target>> targets_;
  std::vector<Withdrawal> withdrawals_;
  std::vector<AuditEntry> audit_;
  std::map<std::string, account::Person> people_;
  std::map<std::string, account::Session> sessions_;
  std::map<std::string, account::Keys> person_keys_;
};

/// Work happens inside submit(); a unit that fails is undone.
class MemoryBooks final : public Books, public account::Rolls {
 public:
  using Done = std::function<void(Result<>)>;
  void submit(account::Rolls::Work work, Done done) override {
    submit([work = std::move(work)](Ledger& given) { return work(static_cast<MemoryLedger&>(given)); },
           std::move(done));
  }
  void submit(Books::Work work, Done done) override {
    if (refuse) return done(fail(Errc::kBusy, "too many changes at once; try again"));
    if (stall) return stalled_.emplace_back(std::move(work), std::move(done)), void();
    MemoryLedger before = ledger;
    auto outcome = work(ledger);
    if (!outcome) ledger = before;
    done(outcome);
  }
  LedgerView& view() override { return ledger; }
  account::RollView& roll() override { return ledger; }

  MemoryLedger ledger;
  bool refuse = false;
  bool stall = false;  // the disk hangs; go_on() lets it go
  void go_on() {
    stall = false;
    for (auto& [work, done] : std::exchange(stalled_, {})) submit(std::move(work), std::move(done));
  }

 private:
  std::vector<std::pair<Books::Work, Done>> stalled_;
};

/// Of a refusal.
template <class T>
Errc code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code;
}

}  // namespace openday::test
