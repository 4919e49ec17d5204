#include "ingest/admission.h"

#include <algorithm>
#include <iterator>

#include "base/address.h"
#include "wrap/sodium/sodium.h"

namespace openday::ingest {
namespace {

constexpr size_t kMostKnown = 64;

Bytes digest_of(const AuthRequest& request) {
  return sodium::sha256(as_bytes(name_of(request.protocol) + std::string(" ") + request.key));
}
Bytes digest_with_network(const AuthRequest& request) {
  return sodium::sha256(as_bytes(network_of(request.address) + " " + request.key));
}

}  // namespace

std::string network_of(const std::string& address) {
  auto parsed = SocketAddress::parse(address, 0);
  return parsed ? parsed->caller() : address;
}

ConnectionCaps::ConnectionCaps(size_t total, size_t per_address)
    : total_(total), per_address_(per_address), state_(std::make_shared<State>()) {}

Result<Admission> ConnectionCaps::admit(const std::string& address) {
  std::string network = network_of(address);
  if (state_->total >= total_ || (!knows(network) && strangers() >= total_ - total_ / 4)) {
    return fail(Errc::kBusy, "too many connections");
  }
  auto found = state_->by_network.find(network);
  if (found != state_->by_network.end() && found->second >= per_address_) {
    return fail(Errc::kLimit, "too many connections from one address");
  }
  ++state_->total;
  ++state_->by_network[network];
  return Admission(state_.get(), [state = state_, network](const void*) {
    --state->total;
    auto place = state->by_network.find(network);
    if (--place->second == 0) state->by_network.erase(place);
  });
}

void ConnectionCaps::welcome(const std::string& address) {
  std::string network = network_of(address);
  std::erase(known_, network);
  known_.push_front(std::move(network));
  if (known_.size() > kMostKnown) known_.pop_back();
}

bool ConnectionCaps::knows(const std::string& network) const {
  return std::ranges::find(known_, network) != known_.end();
}

size_t ConnectionCaps::strangers() const {
  size_t count = 0;
  for (const auto& [network, places] : state_->by_network) count += knows(network) ? 0 : places;
  return count;
}

size_t ConnectionCaps::open() const {
  return state_->total;
}

bool Pace::take(HouseTime now) {
  unused_ = std::min<Duration>(unused_ + (now - asked_at_), most_);
  asked_at_ = now;
  if (unused_ < each_) return false;
  unused_ -= each_;
  return true;
}

bool NetworkPace::take(const std::string& address) {
  std::string network = network_of(address);
  if (!paces_.contains(network) && paces_.size() >= networks_) {
    paces_.erase(
        std::ranges::min_element(paces_, {}, [](const auto& entry) { return entry.second.asked_at(); }));
  }
  return paces_.try_emplace(std::move(network), fresh_).first->second.take(clock_.now());
}

void RegularPace::remember(const AuthRequest& request, std::weak_ptr<const void> grant) {
  Regular regular{digest_with_network(request), std::move(grant), fresh_};
  std::lock_guard lock(mutex_);
  std::erase_if(regulars_, [](const Regular& entry) { return entry.grant.expired(); });
  auto found = std::ranges::find(regulars_, regular.digest, &Regular::digest);
  if (found != regulars_.end()) {
    regular.pace = found->pace;
    regulars_.erase(found);
  }
  regulars_.push_front(std::move(regular));
  if (regulars_.size() > most_) regulars_.pop_back();
}

void RegularPace::forget(const AuthRequest& request) {
  Bytes digest = digest_with_network(request);
  std::lock_guard lock(mutex_);
  std::erase_if(regulars_, [&](const Regular& entry) { return entry.digest == digest; });
}

bool RegularPace::take(const AuthRequest& request) {
  Bytes digest = digest_with_network(request);
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find(regulars_, digest, &Regular::digest);
  return found != regulars_.end() && !found->grant.expired() && found->pace.take(clock_.now());
}

FailureLimiter::FailureLimiter(const Clock& clock, size_t per_minute, size_t addresses)
    : clock_(clock), per_minute_(per_minute), addresses_(addresses) {}

void FailureLimiter::forget_old(std::deque<HouseTime>& times) const {
  while (!times.empty() && clock_.now() - times.front() >= seconds(60)) times.pop_front();
}

void FailureLimiter::failed(const std::string& address) {
  std::string network = network_of(address);
  if (!failures_.contains(network) && failures_.size() >= addresses_) {
    for (auto entry = failures_.begin(); entry != failures_.end();) {
      forget_old(entry->second.times);
      entry = entry->second.times.empty() ? failures_.erase(entry) : std::next(entry);
    }
    if (failures_.size() >= addresses_) {
      failures_.erase(std::ranges::min_element(failures_, {},
                                               [](const auto& entry) { return entry.second.times.back(); }));
    }
  }
  auto& times = failures_[network].times;
  times.push_back(clock_.now());
  if (times.size() > per_minute_) times.pop_front();
}

bool FailureLimiter::may_try(const std::string& address) {
  auto found = failures_.find(network_of(address));
  if (found == failures_.end()) return true;
  Failures& failures = found->second;
  forget_old(failures.times);
  if (failures.times.empty()) {
    failures_.erase(found);
    return true;
  }
  return failures.times.size() < per_minute_ || failures.pace.take(clock_.now());
}

void GoodKeys::remember(const AuthRequest& request) {
  forget(request);
  digests_.push_front(digest_of(request));
  if (digests_.size() > most_) digests_.pop_back();
}

void GoodKeys::forget(const AuthRequest& request) {
  std::erase(digests_, digest_of(request));
}

bool GoodKeys::contains(const AuthRequest& request) const {
  return std::ranges::find(digests_, digest_of(request)) != digests_.end();
}

}  // namespace openday::ingest
