// What people type from paper: receipts and recovery keys.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "desk/receipt.h"
#include "desk/roster.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view typed(reinterpret_cast<const char*>(data), size);
  auto receipt = openday::desk::read_receipt(typed);
  if (receipt && openday::desk::read_receipt(openday::desk::shown_receipt(*receipt)) != receipt) std::abort();
  (void)openday::desk::read_recovery(typed);
  return 0;
}
