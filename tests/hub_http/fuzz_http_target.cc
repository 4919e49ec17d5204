// Paths, queries, ranges and the lists in headers.
#include <cstdlib>

#include "hub/http.h"
#include "hub/http_exchange.h"
#include "hub/http_parse.h"

using namespace openday;
using namespace openday::hub;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto path = parse_path(text)) {
    if (!path->starts_with('/') || path->find("//") != std::string::npos || path->size() > kMaxPath)
      std::abort();
    if ((*path + "/").find("/../") != std::string::npos || path->find('\\') != std::string::npos)
      std::abort();
  }
  if (auto query = Query::parse(text)) {
    for (const auto& [name, value] : query->pairs()) static_cast<void>(query->integer(name));
  }
  constexpr uint64_t kSize = 1000;
  RangeAnswer range = parse_range(text, kSize);
  if (range.kind == RangeKind::kPartial && (range.range.length == 0 || range.range.first >= kSize ||
                                            range.range.length > kSize - range.range.first)) {
    std::abort();
  }
  static_cast<void>(accepts_coding(text, "gzip"));
  static_cast<void>(etag_matches(text, "\"a\""));
  if (auto network = Network::parse(text)) {
    static_cast<void>(network->contains(text));
  }
  std::string_view client = forwarded_client(text, [](std::string_view) { return true; });
  if (!client.empty() && !is_address(client)) std::abort();
  Request request;
  request.headers = {{"cookie", std::string(text)}, {"origin", std::string(text)}, {"host", "a"}};
  static_cast<void>(request.cookie("session"));
  static_cast<void>(request.same_origin());
  static_cast<void>(make_request("GET", text, {}));
  return 0;
}
