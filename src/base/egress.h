// Where Openday may connect to by itself: pull sources and push targets.
//
// A URL comes from an operator's form and its host name from a DNS server that may be anybody's, so neither
// may become a way into the institution's own network. Two checks, and both must pass: the URL's scheme
// stands in a list, and the address that is really connected to is allowed. A caller resolves once with
// resolve() and connects to what it gave; resolving a second time would let the name answer differently (DNS
// rebinding). A redirect is a new URL: check it again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace openday {

inline constexpr std::string_view kPushSchemes[] = {"rtmp", "rtmps", "srt"};
inline constexpr std::string_view kPullSchemes[] = {"rtsp", "srt", "rtmp", "rtmps", "http", "https"};

struct EgressPolicy {
  bool allow_private = false;  // loopback, RFC 1918, shared (CGNAT) and unique local addresses
};

/// scheme://[user_info@]host[:port][/path][?query], RFC 3986 without fragments. All parts are as written (not
/// decoded).
struct Url {
  std::string scheme;     // lower case
  std::string user_info;  // "user:password"; a secret
  std::string host;       // lower-case name, or IP literal without brackets
  uint16_t port = 0;      // the scheme's own when none was written; 0 when it has none
  std::string path;       // from '/' on, or empty; may end in a stream key: a secret
  std::string query;      // without '?'; may hold a key: a secret

  /// The URL again, with its secrets.
  [[nodiscard]] std::string text() const;
  /// "rtmp://live.example:1935": what logs and people may see.
  [[nodiscard]] std::string origin() const;
  /// The value of `name` in the query, percent-decoded; the first one if there are several.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// kInvalid: not such a URL, longer than 2,048 bytes, or with control characters, spaces or a fragment in it.
/// Messages never quote the URL: it may hold a key.
Result<Url> parse_url(std::string_view text);
/// parse_url, and the scheme stands in `schemes` and, where the host is an IP literal, `policy` lets it
/// through: what a form can be told at once. kRefused otherwise.
Result<Url> check_url(std::string_view text, std::span<const std::string_view> schemes,
                      const EgressPolicy& policy);
/// check_url() for kPullSchemes; rtsps is refused with what to use instead.
Result<Url> check_pull_url(std::string_view text, const EgressPolicy& policy);

enum class AddressClass {
  kPublic,
  kPrivate,  // somebody's own network, ours perhaps: only with allow_private
  kNever     // unspecified, link-local (cloud metadata lives there), multicast, broadcast, reserved,
             // documentation
};

/// By the IANA special-purpose registries. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is
/// what that one is.
AddressClass classify(const SocketAddress& address);
inline bool is_public_address(const SocketAddress& address) {
  return classify(address) == AddressClass::kPublic;
}
bool is_allowed(const SocketAddress& address, const EgressPolicy& policy);

/// The addresses of `host` that `policy` allows, in the resolver's order, at most 8. Blocks as long as the
/// resolver does: never on a thread that serves anything else. kNotFound: no such name; kRefused: it has only
/// forbidden addresses.
Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port,
                                           const EgressPolicy& policy);

}  // namespace openday
