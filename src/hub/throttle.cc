#include "hub/throttle.h"

#include <cstring>

#include "base/address.h"
#include "base/bytes.h"
#include "base/random.h"
#include "broadcast/vault.h"

namespace openday::hub {

Throttle::Throttle(const Clock& clock, size_t most, Duration window, size_t keys_bound)
    : clock_(clock),
      most_(most),
      window_(window),
      keys_bound_(keys_bound),
      salt_(random_name()),
      salted_(clock.now()) {}

void Throttle::tidy(HouseTime now) {
  if (now - salted_ > std::chrono::hours(1)) {
    salt_ = random_name();
    salted_ = now;
    seen_.clear();
  }
  if (seen_.size() >= keys_bound_) forget_old(now);
}

void Throttle::forget() {
  forget_old(clock_.now());
}

void Throttle::forget_old(HouseTime now) {
  std::erase_if(
      seen_, [&](const auto& entry) { return entry.second.empty() || now - entry.second.back() > window_; });
}

std::string Throttle::key_of(std::string_view address, std::string_view with) const {
  std::string caller(address);
  if (auto parsed = SocketAddress::parse(caller, 0)) caller = parsed->caller();  // an IPv6 /64 is one caller
  return broadcast::sha256_hex(salt_ + caller + '\n' + std::string(with));
}

void Throttle::forgive(std::string_view address, std::string_view with) {
  seen_.erase(key_of(address, with));
}

std::optional<Duration> Throttle::ask(std::string_view address, std::string_view with) {
  HouseTime now = clock_.now();
  tidy(now);
  std::string key = key_of(address, with);
  auto found = seen_.find(key);
  if (found == seen_.end()) {
    if (seen_.size() >= keys_bound_) return window_;
    found = seen_.emplace(key, std::deque<HouseTime>()).first;
  }
  auto& times = found->second;
  while (!times.empty() && now - times.front() >= window_) times.pop_front();
  if (times.size() >= most_) return window_ - (now - times.front());
  times.push_back(now);
  return std::nullopt;
}

std::optional<Duration> Throttle::look(std::string_view address, std::string_view with) const {
  auto found = seen_.find(key_of(address, with));
  if (found == seen_.end() || found->second.size() < most_) return std::nullopt;
  Duration wait = window_ - (clock_.now() - found->second[found->second.size() - most_]);
  return wait > Duration(0) ? std::optional(wait) : std::nullopt;
}

std::string network_of(std::string_view address) {
  auto parsed = SocketAddress::parse(std::string(address), 0);
  if (!parsed) return std::string(address);
  std::string ip = parsed->ip();
  if (ip.find(':') == std::string::npos) return ip.substr(0, ip.rfind('.')) + ".0/24";
  sockaddr_in6 v6{};
  std::memcpy(&v6, parsed->raw(), sizeof v6);
  return to_hex(ByteView(v6.sin6_addr.s6_addr, 6)) + "/48";
}

std::optional<Duration> ask_within(Throttle& networks, Throttle& addresses, std::string_view address) {
  if (auto wait = addresses.look(address)) return wait;
  if (auto wait = networks.ask(network_of(address))) return wait;
  return addresses.ask(address);
}

}  // namespace openday::hub
