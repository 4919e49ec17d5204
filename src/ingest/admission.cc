#include "ingest/admission.h"

#include <algorithm>
#include <iterator>

#include "base/address.h"

namespace openday::ingest {

std::string network_of(const std::string& address) {
  auto parsed = SocketAddress::parse(address, 0);
  return parsed ? parsed->caller() : address;
}

ConnectionCaps::ConnectionCaps(size_t total, size_t per_address)
    : total_(total), per_address_(per_address), state_(std::make_shared<State>()) {}

Result<Admission> ConnectionCaps::admit(const std::string& address) {
  if (state_->total >= total_) return fail(Errc::kBusy, "too many connections");
  std::string network = network_of(address);
  auto found = state_->by_network.find(network);
  if (found != state_->by_network.end() && found->second >= per_address_) {
    return fail(Errc::kBusy, "too many connections from one address");
  }
  ++state_->total;
  ++state_->by_network[network];
  return Admission(state_.get(), [state = state_, network](const void*) {
    --state->total;
    auto place = state->by_network.find(network);
    if (--place->second == 0) state->by_network.erase(place);
  });
}

size_t ConnectionCaps::open() const {
  return state_->total;
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
      forget_old(entry->second);
      entry = entry->second.empty() ? failures_.erase(entry) : std::next(entry);
    }
    if (failures_.size() >= addresses_) {
      failures_.erase(
          std::ranges::min_element(failures_, {}, [](const auto& entry) { return entry.second.back(); }));
    }
  }
  auto& times = failures_[network];
  times.push_back(clock_.now());
  if (times.size() > per_minute_) times.pop_front();
}

bool FailureLimiter::blocked(const std::string& address) {
  auto found = failures_.find(network_of(address));
  if (found == failures_.end()) return false;
  forget_old(found->second);
  if (found->second.empty()) {
    failures_.erase(found);
    return false;
  }
  return found->second.size() >= per_minute_;
}

}  // namespace openday::ingest
