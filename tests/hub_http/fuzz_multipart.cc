// multipart/form-data whole, in two pieces and byte by byte: all must agree.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "hub/multipart.h"

using namespace openday;
using namespace openday::hub;

namespace {

struct Heard final : MultipartEvents {
  Result<size_t> on_part(const MultipartPart& part) override {
    if (inside || part.name.empty() || part.name.size() > MultipartParser::kMaxName) std::abort();
    if (++parts > MultipartParser::kMaxParts) std::abort();
    inside = true;
    size = 0;
    text += "[" + part.name + "|" + part.content_type + ":";
    return kMost;
  }
  Result<> on_bytes(ByteView bytes) override {
    size += bytes.size();
    if (!inside || bytes.empty() || size > kMost) std::abort();
    text += as_text(bytes);
    return {};
  }
  Result<> on_part_end() override {
    if (!inside) std::abort();
    inside = false;
    text += "]";
    return {};
  }
  static constexpr size_t kMost = 100;
  bool inside = false;
  size_t parts = 0;
  size_t size = 0;
  std::string text;
};

std::string parse(ByteView bytes, size_t step) {
  Heard heard;
  auto parser = MultipartParser::create("multipart/form-data; boundary=b", heard).value();
  for (size_t at = 0; at < bytes.size(); at += step) {
    // How far it came before an error depends on the pieces; that there is one does not.
    if (!parser.feed(bytes.subspan(at, std::min(step, bytes.size() - at)))) return "error";
  }
  return heard.text + (parser.finish() ? "" : "...");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  ByteView bytes(data + 1, size - 1);
  std::string whole = parse(bytes, bytes.size());
  std::string pieces = parse(bytes, data[0] + size_t{1});
  std::string single = parse(bytes, 1);
  // Content that may be a delimiter's beginning is told later, or never when the body is cut there.
  if (!whole.ends_with("...") && (whole != pieces || whole != single)) std::abort();
  if (whole.ends_with("...") != pieces.ends_with("...")) std::abort();
  Heard heard;
  static_cast<void>(MultipartParser::create({reinterpret_cast<const char*>(data), size}, heard));
  return 0;
}
