#include "base/egress.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace openday {
namespace {

constexpr size_t kMaxUrl = 2048;
constexpr size_t kMaxHost = 253;  // RFC 1035 2.3.4
constexpr size_t kMaxAddresses = 8;

using V6 = std::array<uint8_t, 16>;

struct Range4 {
  uint32_t network;
  int bits;
  AddressClass is;
};

constexpr uint32_t ip4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and updates).
constexpr Range4 kRanges4[] = {
    {ip4(0, 0, 0, 0), 8, AddressClass::kNever},         // this network: Linux takes 0.0.0.0 for itself
    {ip4(10, 0, 0, 0), 8, AddressClass::kPrivate},      // RFC 1918
    {ip4(100, 64, 0, 0), 10, AddressClass::kPrivate},   // shared, carrier NAT (RFC 6598)
    {ip4(127, 0, 0, 0), 8, AddressClass::kPrivate},     // loopback
    {ip4(169, 254, 0, 0), 16, AddressClass::kNever},    // link-local (RFC 3927)
    {ip4(172, 16, 0, 0), 12, AddressClass::kPrivate},   // RFC 1918
    {ip4(192, 0, 0, 0), 24, AddressClass::kNever},      // IETF protocol assignments
    {ip4(192, 0, 2, 0), 24, AddressClass::kNever},      // documentation
    {ip4(192, 88, 99, 0), 24, AddressClass::kNever},    // 6to4 relay anycast, withdrawn (RFC 7526)
    {ip4(192, 168, 0, 0), 16, AddressClass::kPrivate},  // RFC 1918
    {ip4(198, 18, 0, 0), 15, AddressClass::kPrivate},   // benchmarking (RFC 2544)
    {ip4(198, 51, 100, 0), 24, AddressClass::kNever},   // documentation
    {ip4(203, 0, 113, 0), 24, AddressClass::kNever},    // documentation
    {ip4(224, 0, 0, 0), 4, AddressClass::kNever},       // multicast
    {ip4(240, 0, 0, 0), 4, AddressClass::kNever},       // reserved, and 255.255.255.255
};

struct Range6 {
  V6 network;
  int bits;
  AddressClass is;
};

// IANA IPv6 Special-Purpose Address Registry. Outside of 2000::/3 nothing is global unicast, so that only
// what is private there, and what is not public inside, has to be named.
constexpr Range6 kRanges6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::kPrivate},  // ::1 loopback
    {{0x00, 0x64, 0xFF, 0x9B, 0, 1}, 48, AddressClass::kPrivate},  // 64:ff9b:1::/48 local NAT64 (RFC 8215)
    {{0xFC}, 7, AddressClass::kPrivate},                           // unique local (RFC 4193)
    {{0x20, 0x01, 0x0D, 0xB8}, 32, AddressClass::kNever},          // documentation
    {{0x20, 0x01, 0x00}, 23, AddressClass::kNever},                // 2001::/23: Teredo, benchmarking, ORCHID
    {{0x3F, 0xFF, 0x00}, 20, AddressClass::kNever},                // documentation (RFC 9637)
    {{0x20}, 3, AddressClass::kPublic},                            // global unicast
};

bool has_prefix(const V6& address, const V6& network, int bits) {
  auto whole = static_cast<size_t>(bits / 8);
  if (!std::equal(network.begin(), network.begin() + static_cast<ptrdiff_t>(whole), address.begin()))
    return false;
  if (bits % 8 == 0) return true;
  auto mask = static_cast<uint8_t>(0xFF << (8 - bits % 8));
  return (address[whole] & mask) == (network[whole] & mask);
}

AddressClass classify4(uint32_t ip) {
  for (const auto& range : kRanges4) {
    if ((ip >> (32 - range.bits)) == (range.network >> (32 - range.bits))) return range.is;
  }
  return AddressClass::kPublic;
}

AddressClass classify6(const V6& ip) {
  auto inner = [&](size_t at) { return classify4(ip4(ip[at], ip[at + 1], ip[at + 2], ip[at + 3])); };
  if (has_prefix(ip, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96))
    return inner(12);                                                  // mapped (RFC 4291 2.5.5.2)
  if (has_prefix(ip, {0x00, 0x64, 0xFF, 0x9B}, 96)) return inner(12);  // NAT64 (RFC 6052 2.1)
  if (has_prefix(ip, {0x20, 0x02}, 16)) return inner(2);               // 6to4 (RFC 3056 2)
  for (const auto& range : kRanges6) {
    if (has_prefix(ip, range.network, range.bits)) return range.is;
  }
  return AddressClass::kNever;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

uint16_t default_port(std::string_view scheme) {
  if (scheme == "rtmp") return 1935;
  if (scheme == "rtmps" || scheme == "https") return 443;
  if (scheme == "rtsp") return 554;
  if (scheme == "http") return 80;
  return 0;
}

Result<> parse_authority(std::string_view authority, Url& url) {
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    size_t end = authority.find(']');
    if (end == std::string_view::npos) return fail(Errc::kInvalid, "the URL's IPv6 address lacks its ]");
    url.host = lowered(authority.substr(1, end - 1));
    if (!SocketAddress::parse(url.host, 0) || url.host.find(':') == std::string::npos) {
      return fail(Errc::kInvalid, "the URL's IPv6 address is not one");
    }
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') return fail(Errc::kInvalid, "the URL's host is malformed");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    size_t colon = authority.find(':');
    url.host = lowered(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
    if (url.host.empty() || url.host.size() > kMaxHost ||
        !std::all_of(url.host.begin(), url.host.end(), is_name_char)) {
      return fail(Errc::kInvalid, "the URL's host is malformed");
    }
  }
  url.port = default_port(url.scheme);
  if (!port.empty()) {
    url.port = decimal<uint16_t>(port).value_or(0);
    if (url.port == 0) return fail(Errc::kInvalid, "the URL's port is not a number from 1 to 65535");
  }
  return {};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string authority_of(const Url& url) {
  std::string out = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != 0) out += ":" + std::to_string(url.port);
  return out;
}

}  // namespace

std::string Url::origin() const {
  return scheme + "://" + authority_of(*this);
}

std::string Url::text() const {
  return scheme + "://" + (user_info.empty() ? "" : user_info + "@") + authority_of(*this) + path +
         (query.empty() ? "" : "?" + query);
}

std::optional<std::string> Url::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    size_t end = rest.find('&');
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
  }
  return std::nullopt;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrl) return fail(Errc::kInvalid, "the URL is longer than 2048 bytes");
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F' || c == '\\' || c == '#') {
      return fail(Errc::kInvalid, "the URL holds a space, a control character, a backslash or a #");
    }
  }
  if (!is_valid_utf8(text)) return fail(Errc::kInvalid, "the URL is not UTF-8");
  size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return fail(Errc::kInvalid, "the URL lacks its scheme");
  Url url;
  url.scheme = lowered(text.substr(0, colon));
  if (!std::all_of(url.scheme.begin(), url.scheme.end(),
                   [](char c) { return is_name_char(c) || c == '+'; })) {
    return fail(Errc::kInvalid, "the URL's scheme is malformed");
  }
  text.remove_prefix(colon + 3);
  size_t end = text.find_first_of("/?");
  OPENDAY_CHECK_OK(parse_authority(text.substr(0, end), url));
  if (end == std::string_view::npos) return url;
  text.remove_prefix(end);
  size_t question = text.find('?');
  url.path = text.substr(0, question);
  if (question != std::string_view::npos) url.query = text.substr(question + 1);
  return url;
}

Result<Url> check_url(std::string_view text, std::span<const std::string_view> schemes,
                      const EgressPolicy& policy) {
  OPENDAY_TRY(auto url, parse_url(text));
  if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end()) {
    std::string allowed;
    for (auto scheme : schemes) allowed += (allowed.empty() ? "" : ", ") + std::string(scheme);
    return fail(Errc::kRefused, "the scheme " + url.scheme + " is not allowed here; use one of " + allowed);
  }
  if (url.port == 0) return fail(Errc::kInvalid, "the URL lacks its port");
  if (auto literal = SocketAddress::parse(url.host, url.port); literal && !is_allowed(*literal, policy)) {
    return fail(Errc::kRefused, "the address " + literal->ip() + " is not a public one");
  }
  return url;
}

Result<Url> check_pull_url(std::string_view text, const EgressPolicy& policy) {
  // The RTSP demuxer of FFmpeg (5.1 at least) has no options for TLS: it takes any certificate.
  if (auto url = parse_url(text); url && url->scheme == "rtsps") {
    return fail(
        Errc::kRefused,
        "rtsps is not pulled, as the camera's certificate would not be checked; use rtsp inside a VPN, "
        "srt with a passphrase, or let the encoder push RTMPS");
  }
  return check_url(text, kPullSchemes, policy);
}

AddressClass classify(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address.raw(), sizeof v4);
    return classify4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, address.raw(), sizeof v6);
  V6 ip;
  std::memcpy(ip.data(), &v6.sin6_addr, ip.size());
  return classify6(ip);
}

bool is_allowed(const SocketAddress& address, const EgressPolicy& policy) {
  switch (classify(address)) {
    case AddressClass::kPublic: return true;
    case AddressClass::kPrivate: return policy.allow_private;
    case AddressClass::kNever: return false;
  }
  return false;
}

Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port,
                                           const EgressPolicy& policy) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // one entry per address; the answer holds for UDP too
  if (SocketAddress::parse(host, port)) hints.ai_flags = AI_NUMERICHOST;
  addrinfo* list = nullptr;
  if (int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0) {
    return fail(code == EAI_AGAIN ? Errc::kTimeout : Errc::kNotFound, host + ": " + ::gai_strerror(code));
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  std::vector<SocketAddress> out;
  for (const addrinfo* entry = list; entry != nullptr && out.size() < kMaxAddresses; entry = entry->ai_next) {
    auto address = SocketAddress::from(entry->ai_addr, entry->ai_addrlen);
    if (!address || !is_allowed(*address, policy)) continue;
    address->set_port(port);
    out.push_back(*address);
  }
  if (out.empty()) return fail(Errc::kRefused, host + " has no address that may be connected to");
  return out;
}

}  // namespace openday
