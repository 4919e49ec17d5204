// HTTP/1.1 as bytes (RFC 9112): heads and chunked bodies. Pure; strict where leniency lets two parsers
// disagree about where a request ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "hub/http.h"

namespace openday::hub {

struct Http1Head {
  std::string method;
  std::string target;           // origin form: path and query
  int version = 11;             // 10 or 11
  std::vector<Header> headers;  // names in lower case; Host is set from an absolute target
  bool keep_alive = true;
  bool chunked = false;
  uint64_t content_length = 0;
  bool has_body = false;
  bool expects_continue = false;
  std::string upgrade;  // the Upgrade header, if Connection names it
};

struct Http1Limits {
  size_t head_bytes = 8 * 1024;
  size_t headers = 64;
};

/// Where the head of a request stands in its bytes.
struct Http1HeadState {
  enum class Kind { kIncomplete, kComplete, kBad } kind = Kind::kIncomplete;
  size_t consumed = 0;  // kComplete: bytes of the head
  int status = 0;       // kBad: 400, 414, 417, 431, 501 or 505; the connection cannot be used further
  const char* why = "";
};

/// `scanned` is how much of `bytes` an earlier call has seen already (0 at first); it is updated, so that a
/// head that trickles in is not searched again and again.
Http1HeadState parse_http1_head(std::string_view bytes, const Http1Limits& limits, size_t& scanned,
                                Http1Head& out);

/// Takes the framing off a chunked body (RFC 9112 7.1). Extensions and trailers are skipped, within bounds.
class ChunkedDecoder {
 public:
  /// Takes bytes and appends what they carry to `out`; returns how many were used, all unless the body has
  /// ended. kInvalid: not chunked coding. kLimit: more than `limit` bytes of body, or too much around it.
  Result<size_t> feed(std::string_view bytes, Bytes& out, size_t limit);
  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLine,
    kTrailerLf,
    kEndLf,
    kDone
  };
  Result<> step(char c);

  State state_ = State::kSize;
  uint64_t remaining_ = 0;
  int digits_ = 0;
  size_t overhead_ = 0;  // extension and trailer bytes
};

}  // namespace openday::hub
