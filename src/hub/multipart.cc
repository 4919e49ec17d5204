#include "hub/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace openday::hub {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// The next `name=value` of "; a=b; c=\"d\"". False at the end, or where it is malformed: then `rest` is not
/// empty.
bool next_parameter(std::string_view& rest, std::string& name, std::string& value) {
  std::string_view text = trim_blanks(rest);
  if (!text.starts_with(';')) return false;
  text = trim_blanks(text.substr(1));
  size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  name = lower_ascii(trim_blanks(text.substr(0, equals)));
  text = trim_blanks(text.substr(equals + 1));
  if (!text.starts_with('"')) {
    size_t end = std::min(text.find(';'), text.size());
    value = trim_blanks(text.substr(0, end));
    rest = text.substr(end);
    return true;
  }
  text.remove_prefix(1);
  // Some clients escape a quote in a file's name with a backslash, and others leave a backslash as it is: the
  // quote that ends a value is the one with a semicolon or nothing behind it.
  for (size_t end = text.find('"'); end != std::string_view::npos; end = text.find('"', end + 1)) {
    std::string_view behind = trim_blanks(text.substr(end + 1));
    if (!behind.empty() && behind.front() != ';') continue;
    value = text.substr(0, end);
    rest = behind;
    return true;
  }
  return false;
}

/// The one parameter `wanted` of a header's value; nothing when it is not there. kInvalid: given twice, or
/// the list is none.
Result<std::optional<std::string>> parameter(std::string_view list, std::string_view wanted) {
  std::optional<std::string> found;
  std::string_view rest = trim_blanks(list);
  std::string name;
  std::string value;
  while (next_parameter(rest, name, value)) {
    if (name != wanted) continue;
    if (found) return fail(Errc::kInvalid, fmt::format("{} is given twice", wanted));
    found = value;
  }
  if (!rest.empty()) return fail(Errc::kInvalid, "the parameters of a header are malformed");
  return found;
}

std::string_view list_of(std::string_view value) {
  size_t semicolon = value.find(';');
  return semicolon == std::string_view::npos ? std::string_view() : value.substr(semicolon);
}

std::string head_of(std::string_view value) {
  return lower_ascii(trim_blanks(value.substr(0, value.find(';'))));
}

bool is_boundary(std::string_view text) {  // RFC 2046 5.1.1: bchars, and no space at the end
  if (text.empty() || text.size() > MultipartParser::kMaxBoundary || text.back() == ' ') return false;
  return std::ranges::all_of(text, [](char c) {
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= MultipartParser::kMaxName && is_valid_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// `lines`: a part's headers, without the empty line behind them.
Result<MultipartPart> parse_headers(std::string_view lines) {
  MultipartPart part;
  bool disposed = false;
  while (!lines.empty()) {
    size_t end = std::min(lines.find(kLineEnd), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(lines.size(), end + kLineEnd.size()));
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.find_first_of("\r\n") != std::string_view::npos)
      return fail(Errc::kInvalid, "a header of a part is malformed");
    std::string name = lower_ascii(line.substr(0, colon));
    std::string_view value = trim_blanks(line.substr(colon + 1));
    if (name == "content-disposition") {
      if (std::exchange(disposed, true))
        return fail(Errc::kInvalid, "a part has two headers Content-Disposition");
      if (head_of(value) != "form-data") return fail(Errc::kInvalid, "a part is not form-data");
      OPENDAY_TRY(auto given, parameter(list_of(value), "name"));
      if (!given || !is_name(*given))
        return fail(Errc::kInvalid,
                    fmt::format("a part needs a name of 1 to {} bytes", MultipartParser::kMaxName));
      part.name = std::move(*given);
    } else if (name == "content-type") {
      part.content_type = head_of(value);
    } else if (name == "content-transfer-encoding") {
      // RFC 7578 4.7: senders should not; these three change nothing.
      std::string coding = lower_ascii(value);
      if (coding != "binary" && coding != "8bit" && coding != "7bit")
        return fail(Errc::kUnsupported, "a part's Content-Transfer-Encoding is not understood");
    }
  }
  if (!disposed) return fail(Errc::kInvalid, "a part has no Content-Disposition");
  return part;
}

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary, MultipartEvents& events)
    : events_(&events),
      delimiter_(fmt::format("{}--{}", kLineEnd, boundary)),
      held_(kLineEnd),  // the first delimiter may begin the body
      room_(kMaxHeaders) {}

Result<MultipartParser> MultipartParser::create(std::string_view content_type, MultipartEvents& events) {
  if (head_of(content_type) != "multipart/form-data")
    return fail(Errc::kUnsupported, "the body is not multipart/form-data");
  OPENDAY_TRY(auto boundary, parameter(list_of(content_type), "boundary"));
  if (!boundary || !is_boundary(*boundary))
    return fail(Errc::kInvalid, "the Content-Type's boundary is missing or not one");
  return MultipartParser(*boundary, events);
}

Result<> MultipartParser::feed(ByteView bytes) {
  held_.append(as_text(bytes));
  bool goes_on = true;
  while (goes_on) {
    OPENDAY_TRY(goes_on, step());
  }
  held_.erase(0, at_);
  at_ = 0;
  return {};
}

Result<> MultipartParser::finish() const {
  if (state_ != State::kEpilogue) return fail(Errc::kInvalid, "the body ends before its last delimiter");
  return {};
}

/// False: more bytes are needed.
Result<bool> MultipartParser::step() {
  switch (state_) {
    case State::kPreamble:
    case State::kContent: return scan_content();
    case State::kDelimited: return read_delimiter_end();
    case State::kHeaders: return read_headers();
    case State::kEpilogue: at_ = held_.size(); return false;
  }
  return false;
}

Result<bool> MultipartParser::scan_content() {
  std::string_view rest = std::string_view(held_).substr(at_);
  size_t end = rest.find(delimiter_);
  bool found = end != std::string_view::npos;
  // What may be a delimiter's beginning waits for the rest of it.
  if (!found) end = rest.size() - std::min(rest.size(), delimiter_.size() - 1);
  OPENDAY_CHECK_OK(pass(rest.substr(0, end)));
  at_ += end;
  if (!found) return false;
  at_ += delimiter_.size();
  if (state_ == State::kContent) OPENDAY_CHECK_OK(events_->on_part_end());
  state_ = State::kDelimited;
  return true;
}

Result<> MultipartParser::pass(std::string_view content) {
  size_t skipped = std::min(skip_, content.size());
  content.remove_prefix(skipped);
  skip_ -= skipped;
  if (content.empty()) return {};
  if (content.size() > room_)
    return fail(Errc::kLimit,
                state_ == State::kPreamble ? "too much stands before the first part" : "a part is too large");
  room_ -= content.size();
  return state_ == State::kPreamble ? Result<>() : events_->on_bytes(as_bytes(content));
}

Result<bool> MultipartParser::read_delimiter_end() {
  std::string_view rest = std::string_view(held_).substr(at_);
  if (rest.size() < 2) return false;
  if (rest.starts_with("--")) {
    state_ = State::kEpilogue;
    return true;
  }
  size_t padding = std::min(rest.find_first_not_of(" \t"), rest.size());
  if (padding > kMaxHeaders) return fail(Errc::kLimit, "too much stands behind a delimiter");
  rest.remove_prefix(padding);
  if (rest.size() < kLineEnd.size()) {
    if (!kLineEnd.starts_with(rest)) return fail(Errc::kInvalid, "a delimiter's line is not ended");
    return false;
  }
  if (!rest.starts_with(kLineEnd)) return fail(Errc::kInvalid, "a delimiter's line is not ended");
  at_ += padding;  // its line end begins the headers, so that "\r\n\r\n" ends them even where there are none
  state_ = State::kHeaders;
  return true;
}

Result<bool> MultipartParser::read_headers() {
  std::string_view rest = std::string_view(held_).substr(at_);
  size_t end = rest.find("\r\n\r\n");
  bool found = end != std::string_view::npos;
  if (found ? end > kMaxHeaders : rest.size() >= kMaxHeaders + 4)
    return fail(Errc::kLimit, "the headers of a part are too large");
  if (!found) return false;
  if (++parts_ > kMaxParts) return fail(Errc::kLimit, fmt::format("there are more than {} parts", kMaxParts));
  std::string_view lines = rest.substr(0, end);
  lines.remove_prefix(std::min(lines.size(), kLineEnd.size()));
  OPENDAY_TRY(MultipartPart part, parse_headers(lines));
  OPENDAY_TRY(room_, events_->on_part(part));
  // The empty line's end is not content, but may begin a delimiter: RFC 2046's part without a body.
  at_ += end + kLineEnd.size();
  skip_ = kLineEnd.size();
  state_ = State::kContent;
  return true;
}

}  // namespace openday::hub
