#include <cstdlib>

#include "base/bytes.h"
#include "package/playlist.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace openday;
  auto parsed = package::parse_blocking_query(as_text({data, size}));
  if (!parsed || !*parsed) return 0;
  // What was accepted says the same again in its canonical form.
  const package::BlockingRequest& request = **parsed;
  std::string canonical = "_HLS_msn=" + std::to_string(request.msn);
  if (request.part) canonical += "&_HLS_part=" + std::to_string(*request.part);
  auto again = package::parse_blocking_query(canonical);
  if (!again || !*again || **again != request) std::abort();
  return 0;
}
