#include "hub/http1_parser.h"

#include <algorithm>

#include "base/text.h"

namespace openday::hub {
namespace {

using Kind = Http1HeadState::Kind;

Http1HeadState bad(int status, const char* why) {
  return {Kind::kBad, 0, status, why};
}

bool is_token_char(char c) {  // RFC 9110 5.6.2
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

/// Calls `use` with every element of a comma-separated list, in lower case.
template <class Use>
void for_each_element(std::string_view list, const Use& use) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view one = trim_blanks(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (!one.empty()) use(lower_ascii(one));
  }
}

bool is_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_token_char(c) || std::string_view("[]:,;=()").find(c) != std::string_view::npos;
  });
}

Http1HeadState parse_request_line(std::string_view line, Http1Head& out) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad(400, "the request line is not one");
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (!is_token(method) || target.empty()) return bad(400, "the request line is not one");
  for (char c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return bad(400, "the target holds a control character");
  }
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
    return bad(400, "the request line has no version");
  }
  if (version[5] != '1' || version[7] < '0' || version[7] > '9') return bad(505, "only HTTP/1.0, 1.1 and 2");
  out.version = version[7] == '0' ? 10 : 11;
  out.method = method;
  // RFC 9112 3.2.2: a server takes the absolute form too, and its authority replaces Host.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    size_t slash = target.find_first_of("/?");
    std::string_view authority = target.substr(0, slash);
    if (authority.empty() || !is_host(authority)) return bad(400, "the target names no host");
    out.headers.push_back({"host", std::string(authority)});
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
    if (target.starts_with('?')) out.target.push_back('/');
    out.target.append(target);
    return {Kind::kComplete, 0, 0, ""};
  }
  out.target = target;
  return {Kind::kComplete, 0, 0, ""};
}

Http1HeadState add_header(std::string_view line, Http1Head& out, bool& host_seen, bool host_fixed) {
  size_t colon = line.find(':');
  // RFC 9112 5.1: no space before the colon; 5.2: no folded lines.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return bad(400, "a header is malformed");
  std::string name = lower_ascii(line.substr(0, colon));
  std::string_view value = trim_blanks(line.substr(colon + 1));
  for (char c : value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      return bad(400, "a header holds a control character");
    }
  }
  if (name == "host") {
    if (host_seen || !is_host(value)) return bad(400, "Host is not one host");
    host_seen = true;
    if (host_fixed) return {Kind::kComplete, 0, 0, ""};
  }
  for (Header& known : out.headers) {
    if (known.name != name) continue;
    if (name == "content-length") return bad(400, "Content-Length came twice");
    known.value += name == "cookie" ? "; " : ", ";
    known.value += value;
    return {Kind::kComplete, 0, 0, ""};
  }
  out.headers.push_back({std::move(name), std::string(value)});
  return {Kind::kComplete, 0, 0, ""};
}

Http1HeadState interpret(Http1Head& out) {
  auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
    for (const Header& one : out.headers) {
      if (one.name == name) return one.value;
    }
    return std::nullopt;
  };
  if (out.version == 11 && !value_of("host")) return bad(400, "there is no Host");
  out.keep_alive = out.version == 11;
  bool upgrade = false;
  if (auto connection = value_of("connection")) {
    for_each_element(*connection, [&](const std::string& one) {
      if (one == "close") out.keep_alive = false;
      if (one == "upgrade") upgrade = true;
    });
  }
  if (auto name = value_of("upgrade"); upgrade && name && out.version == 11) out.upgrade = lower_ascii(*name);

  auto length = value_of("content-length");
  auto coding = value_of("transfer-encoding");
  if (coding) {
    // RFC 9112 6.1: both together, or from a 1.0 sender, is how requests are smuggled.
    if (length || out.version == 10)
      return bad(400, "Transfer-Encoding and Content-Length contradict each other");
    if (lower_ascii(*coding) != "chunked") return bad(501, "only the chunked transfer coding is understood");
    out.chunked = true;
    out.has_body = true;
  } else if (length) {
    auto bytes = decimal<decltype(out.content_length)>(*length);
    if (!bytes) return bad(400, "Content-Length is not a number");
    out.content_length = *bytes;
    out.has_body = out.content_length > 0;
  }
  if (auto expect = value_of("expect")) {
    if (lower_ascii(*expect) != "100-continue") return bad(417, "only 100-continue can be expected");
    out.expects_continue = out.version == 11 && out.has_body;
  }
  return {Kind::kComplete, 0, 0, ""};
}

}  // namespace

Http1HeadState parse_http1_head(std::string_view bytes, const Http1Limits& limits, size_t& scanned,
                                Http1Head& out) {
  // RFC 9112 2.2: empty lines before the request line are skipped (some old clients end a body with one).
  size_t begin = 0;
  while (begin < 4 && bytes.substr(begin).starts_with("\r\n")) begin += 2;
  size_t from = std::max(begin, scanned < 3 ? 0 : scanned - 3);
  size_t end = bytes.find("\r\n\r\n", from);
  scanned = bytes.size();
  size_t size = end == std::string_view::npos ? bytes.size() - begin : end + 4 - begin;
  if (size > limits.head_bytes) {
    bool line_ended = bytes.substr(begin, limits.head_bytes).find("\r\n") != std::string_view::npos;
    return line_ended ? bad(431, "the headers are too large") : bad(414, "the request line is too long");
  }
  if (end == std::string_view::npos) {
    // Tell a wrong protocol at its first bytes rather than at the end of a head that never comes.
    std::string_view start = bytes.substr(begin);
    if (!start.empty() && start != "\r" && !is_token_char(start.front())) return bad(400, "this is not HTTP");
    return {};
  }
  std::string_view head = bytes.substr(begin, end - begin);
  if (head.find('\0') != std::string_view::npos) return bad(400, "a NUL in the headers");
  out = {};
  bool first = true;
  bool host_seen = false;
  bool host_fixed = false;
  size_t count = 0;
  while (true) {
    size_t eol = head.find("\r\n");
    std::string_view line = head.substr(0, eol);
    // A bare CR or LF is a line end to some parsers and not to others: refused.
    if (line.find_first_of("\r\n") != std::string_view::npos)
      return bad(400, "a bare line end in the headers");
    if (!first && ++count > limits.headers) return bad(431, "there are too many headers");
    Http1HeadState state =
        first ? parse_request_line(line, out) : add_header(line, out, host_seen, host_fixed);
    if (state.kind == Kind::kBad) return state;
    if (first) host_fixed = !out.headers.empty();
    first = false;
    if (eol == std::string_view::npos) break;
    head.remove_prefix(eol + 2);
  }
  Http1HeadState state = interpret(out);
  state.consumed = end + 4;
  return state;
}

Result<> ChunkedDecoder::step(char c) {
  constexpr size_t kMaxOverhead = 4096;
  switch (state_) {
    case State::kSize: {
      int digit = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (digit >= 0) {
        if (++digits_ > 15) return fail(Errc::kLimit, "a chunk is too large");
        remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
        return {};
      }
      if (digits_ == 0) return fail(Errc::kInvalid, "a chunk has no size");
      if (c == '\r') {
        state_ = State::kSizeLf;
        return {};
      }
      if (c != ';') return fail(Errc::kInvalid, "a chunk's size is not hexadecimal");
      state_ = State::kExtension;
      return {};
    }
    case State::kExtension:
      if (++overhead_ > kMaxOverhead) return fail(Errc::kLimit, "too much around the chunks");
      if (c == '\n') return fail(Errc::kInvalid, "a bare line end in a chunk");
      if (c == '\r') state_ = State::kSizeLf;
      return {};
    case State::kSizeLf:
      if (c != '\n') return fail(Errc::kInvalid, "a chunk's size is not ended");
      digits_ = 0;
      state_ = remaining_ > 0 ? State::kData : State::kTrailer;
      return {};
    case State::kDataCr:
      if (c != '\r') return fail(Errc::kInvalid, "a chunk is longer than it said");
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return fail(Errc::kInvalid, "a chunk is not ended");
      state_ = State::kSize;
      return {};
    case State::kTrailer:
      state_ = c == '\r' ? State::kEndLf : State::kTrailerLine;
      if (c == '\n') return fail(Errc::kInvalid, "a bare line end in the trailers");
      return {};
    case State::kTrailerLine:
      if (++overhead_ > kMaxOverhead) return fail(Errc::kLimit, "too much around the chunks");
      if (c == '\n') return fail(Errc::kInvalid, "a bare line end in the trailers");
      if (c == '\r') state_ = State::kTrailerLf;
      return {};
    case State::kTrailerLf:
      if (c != '\n') return fail(Errc::kInvalid, "a trailer is not ended");
      state_ = State::kTrailer;
      return {};
    case State::kEndLf:
      if (c != '\n') return fail(Errc::kInvalid, "the body is not ended");
      state_ = State::kDone;
      return {};
    case State::kData:
    case State::kDone: return fail(Errc::kInternal, "not a framing byte");
  }
  return {};
}

Result<size_t> ChunkedDecoder::feed(std::string_view bytes, Bytes& out, size_t limit) {
  size_t at = 0;
  while (at < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      auto take = static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size() - at));
      if (take > limit - std::min(limit, out.size())) return fail(Errc::kLimit, "the body is too large");
      out.insert(out.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                 bytes.begin() + static_cast<ptrdiff_t>(at + take));
      at += take;
      remaining_ -= take;
      if (remaining_ == 0) state_ = State::kDataCr;
      continue;
    }
    OPENDAY_CHECK_OK(step(bytes[at]));
    ++at;
  }
  return at;
}

}  // namespace openday::hub
