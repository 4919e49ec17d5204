// AMF0: what is read can be written, and is read the same again.
#include <cstdlib>

#include "rtmp/amf0.h"

using namespace openday;
using namespace openday::rtmp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto values = decode_amf0({data, size});
  if (!values) return 0;
  Bytes written;
  for (const auto& value : *values) encode_amf0(written, value);
  AmfLimits roomy{.depth = 64, .values = 1 << 20, .text = 1 << 20};
  auto again = decode_amf0(written, roomy);
  if (!again || again->size() != values->size()) std::abort();
  Bytes rewritten;
  for (const auto& value : *again) encode_amf0(rewritten, value);
  if (rewritten != written) std::abort();  // by bytes: a NaN is not equal to itself
  return 0;
}
