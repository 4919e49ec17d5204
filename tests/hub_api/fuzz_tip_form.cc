// What anybody may post to the tip site: its form, the times in it, and what becomes of them on the page.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "hub/tip_form.h"
#include "hub/tip_pages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace openday::hub;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)openday::hub::read_local_time(body);
  auto fields = read_form(body);
  if (!fields) return 0;
  for (const auto& [name, value] : fields->texts) {
    if (!openday::is_valid_utf8(value)) std::abort();
  }
  TipNotices notices;
  TipDraft draft{"lead", "", fields->text("moment"), "", fields->text("text"), fields->text("contact")};
  std::string page = form_page({notices, Tongue::kEn, true, ""}, draft, {}, {}, true);
  // Whatever was sent, the page has the elements it has.
  if (page.find("<script") != std::string::npos) std::abort();
  return 0;
}
