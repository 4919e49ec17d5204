// multipart/form-data (RFC 7578, on the syntax of RFC 2046 5.1) as it comes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::hub {

/// What a part says of itself. A file's name is not among it: it is the sender's, and nobody's business here.
struct MultipartPart {
  std::string name;          // 1 to 64 bytes of UTF-8
  std::string content_type;  // lower case, without parameters; empty when not given
};

/// Hears of the parts, one after the other. An Error ends the parsing and is feed()'s.
class MultipartEvents {
 public:
  virtual ~MultipartEvents() = default;
  /// The value is how many bytes the part may have; more is kLimit.
  virtual Result<size_t> on_part(const MultipartPart& part) = 0;
  /// As they come; the pieces are the parser's choice.
  virtual Result<> on_bytes(ByteView bytes) = 0;
  virtual Result<> on_part_end() = 0;
};

/// Holds the headers of one part at most, and between two calls no more content than a delimiter's length.
/// After an error it is to be thrown away.
class MultipartParser {
 public:
  static constexpr size_t kMaxHeaders = 4 * 1024;  // bytes of one part's headers
  static constexpr size_t kMaxParts = 32;
  static constexpr size_t kMaxName = 64;
  static constexpr size_t kMaxBoundary = 70;  // RFC 2046 5.1.1

  /// By the request's Content-Type. kUnsupported: not multipart/form-data. kInvalid: its boundary is none.
  static Result<MultipartParser> create(std::string_view content_type, MultipartEvents& events);

  /// kInvalid: not the format. kLimit: more or larger than allowed. kUnsupported: a transfer encoding.
  Result<> feed(ByteView bytes);
  /// The body has ended. kInvalid: in the middle of it.
  [[nodiscard]] Result<> finish() const;

 private:
  enum class State {
    kPreamble,   // before the first delimiter; means nothing (RFC 2046 5.1.1)
    kDelimited,  // behind a delimiter: padding and a line end, or the two dashes of the last one
    kHeaders,
    kContent,
    kEpilogue  // behind the last delimiter; means nothing either
  };

  MultipartParser(std::string_view boundary, MultipartEvents& events);
  Result<bool> step();
  Result<bool> scan_content();
  Result<bool> read_delimiter_end();
  Result<bool> read_headers();
  Result<> pass(std::string_view content);

  MultipartEvents* events_;
  std::string delimiter_;  // CR LF, two dashes, the boundary
  State state_ = State::kPreamble;
  std::string held_;  // not yet understood
  size_t at_ = 0;     // of held_: what lies before is done with
  size_t parts_ = 0;
  size_t room_ = 0;  // bytes more that the present part (or the preamble) may have
  size_t skip_ = 0;  // bytes in front of its content that are not
};

}  // namespace openday::hub
