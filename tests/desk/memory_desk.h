// The desk's ledger in memory, beside the roll of tests/broadcast/memory_ledger.h.
#pragma once

#include <map>
#include <optional>

#include "../broadcast/memory_ledger.h"
#include "desk/ledger.h"

namespace openday::test {

class MemoryDesk final : public desk::Ledger {
 public:
  explicit MemoryDesk(account::RollView& roll) : roll_(&roll) {}

  Result<std::optional<desk::Root>> root() override { return root_; }
  Result<std::vector<desk::Certificate>> certificates() override { return certificates_; }
  Result<desk::Tip> tip(const std::string& id) override {
    auto found = tips_.find(id);
    if (found == tips_.end()) return fail(Errc::kNotFound, "there is no tip " + id);
    return found->second;
  }
  Result<desk::Tip> tip_of_receipt(const Bytes& lookup) override {
    for (const auto& [id, tip] : tips_) {
      if (tip.lookup == lookup) return tip;
    }
    return fail(Errc::kNotFound, "there is no tip of this receipt");
  }
  Result<std::vector<desk::Tip>> tips(const desk::Listing& listing) override {
    std::vector<desk::Tip> found;
    for (const auto& [id, tip] : tips_) {
      if (!listing.state || tip.state == *listing.state) found.push_back(tip);
    }
    std::ranges::stable_sort(found, std::ranges::greater(), &desk::Tip::received);
    auto first = found.begin() + std::min<ptrdiff_t>(listing.offset, std::ssize(found));
    auto last = first + std::min<ptrdiff_t>(listing.limit, found.end() - first);
    return std::vector(first, last);
  }
  Result<std::map<desk::State, int64_t>> counts() override {
    std::map<desk::State, int64_t> counts;
    for (const auto& [state, name] : desk::kStates) counts[state] = 0;
    for (const auto& [id, tip] : tips_) ++counts[tip.state];
    return counts;
  }
  Result<std::vector<desk::Entry>> timeline(const std::string& tip) override { return timelines_[tip]; }
  Result<std::vector<desk::Entry>> outline(const std::string& tip) override {
    auto entries = timelines_[tip];
    for (auto& entry : entries) {
      if (entry.number > 1) entry.sealed.clear();
    }
    return entries;
  }
  Result<desk::Photo> photo(const std::string& tip, int number) override {
    auto found = photos_.find({tip, number});
    if (found == photos_.end()) return fail(Errc::kNotFound, "there is no such photo");
    return found->second;
  }
  Result<Bytes> copy(const std::string& tip, const Bytes& half) override {
    auto found = copies_.find({tip, half});
    if (found == copies_.end() || !is_somebodys(half)) {
      return fail(Errc::kNotFound, "there is no key for this officer to the tip " + tip);
    }
    return found->second;
  }
  Result<std::vector<std::string>> tips_without_copy(const Bytes& reader, const Bytes& opener,
                                                     int limit) override {
    std::vector<std::string> found;
    for (const auto& [id, tip] : tips_) {
      if (static_cast<int>(found.size()) == limit) break;
      if (!copy(id, reader) && (opener.empty() || copy(id, opener))) found.push_back(id);
    }
    return found;
  }
  Result<std::vector<desk::Tip>> tips_without_clip(ProgramTime since, int limit) override {
    std::vector<desk::Tip> found;
    for (const auto& [id, tip] : tips_) {
      if (tip.clip.empty() && !tip.broadcast.empty() && tip.moment && tip.received >= since &&
          static_cast<int>(found.size()) < limit) {
        found.push_back(tip);
      }
    }
    return found;
  }
  Result<std::vector<std::string>> clips() override {
    std::vector<std::string> found;
    for (const auto& [id, tip] : tips_) {
      if (!tip.clip.empty()) found.push_back(tip.clip);
    }
    return found;
  }
  Result<std::vector<desk::Tip>> tips_since_before(desk::State state, std::optional<bool> spam,
                                                   ProgramTime until, int limit) override {
    std::vector<desk::Tip> found;
    for (const auto& [id, tip] : tips_) {
      bool is_spam = tip.verdict == desk::Verdict::kSpam;
      if (tip.state == state && (!spam || *spam == is_spam) && tip.changed < until &&
          static_cast<int>(found.size()) < limit) {
        found.push_back(tip);
      }
    }
    return found;
  }

  Result<> put(const desk::Root& root) override {
    root_ = root;
    return {};
  }
  Result<> add(const desk::Certificate& one) override {
    certificates_.push_back(one);
    return {};
  }
  Result<> add(const desk::Tip& tip) override {
    tips_[tip.id] = tip;
    return {};
  }
  Result<> update(const desk::Tip& tip) override {
    if (!tips_.contains(tip.id)) return fail(Errc::kNotFound, "there is no tip " + tip.id);
    tips_[tip.id] = tip;
    return {};
  }
  Result<> append(const desk::Entry& entry) override {
    REQUIRE(entry.number == static_cast<int>(timelines_[entry.tip].size()) + 1);
    timelines_[entry.tip].push_back(entry);
    return {};
  }
  Result<> add(const desk::Photo& photo) override {
    photos_[{photo.tip, photo.number}] = photo;
    return {};
  }
  Result<> add_copy(const std::string& tip, const Bytes& half, const Bytes& sealed) override {
    REQUIRE(is_somebodys(half));
    copies_[{tip, half}] = sealed;
    return {};
  }
  Result<> remove_tip(const std::string& id) override {
    tips_.erase(id);
    timelines_.erase(id);
    std::erase_if(copies_, [&](const auto& entry) { return entry.first.first == id; });
    std::erase_if(photos_, [&](const auto& entry) { return entry.first.first == id; });
    return {};
  }

  // To meddle with.
  std::vector<desk::Certificate> certificates_;
  std::optional<desk::Root> root_;
  std::map<std::string, desk::Tip> tips_;

 private:
  bool is_somebodys(const Bytes& half) {
    auto keys = roll_->keys();
    return std::ranges::any_of(*keys, [&](const account::Keys& one) { return one.public_half == half; });
  }

  account::RollView* roll_;
  std::map<std::string, std::vector<desk::Entry>> timelines_;
  std::map<std::pair<std::string, int>, desk::Photo> photos_;
  std::map<std::pair<std::string, Bytes>, Bytes> copies_;
};

/// Work happens inside submit(); a unit that fails is undone.
class MemoryDeskBooks final : public desk::Books {
 public:
  explicit MemoryDeskBooks(MemoryBooks& books) : books_(books), ledger(books.ledger) {}
  void submit(desk::Books::Work work, desk::Books::Done done) override {
    if (books_.refuse) return done(fail(Errc::kBusy, "too many changes at once; try again"));
    if (before) before();
    MemoryLedger roll_before = books_.ledger;
    MemoryDesk desk_before = ledger;
    auto outcome = work(ledger, books_.ledger);
    if (!outcome) {
      books_.ledger = roll_before;
      ledger = desk_before;
    }
    done(outcome);
  }
  desk::LedgerView& desk() override { return ledger; }

  std::function<void()> before;  // each unit of work

 private:
  MemoryBooks& books_;

 public:
  MemoryDesk ledger;
};

}  // namespace openday::test
