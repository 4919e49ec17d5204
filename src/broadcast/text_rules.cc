#include "broadcast/text_rules.h"

#include <cctype>

#include "base/egress.h"

namespace openday::broadcast {

Result<> check_language(std::string_view tag) {
  size_t subtag = 0;
  size_t index = 0;
  bool good = !tag.empty() && tag.size() <= 35;
  for (size_t i = 0; good && i <= tag.size(); ++i) {
    if (i == tag.size() || tag[i] == '-') {
      good = index == 0 ? subtag >= 2 && subtag <= 3 : subtag >= 2 && subtag <= 8;
      subtag = 0;
      ++index;
    } else {
      auto c = static_cast<unsigned char>(tag[i]);
      good = c < 0x80 && (index == 0 ? std::isalpha(c) != 0 : std::isalnum(c) != 0);
      ++subtag;
    }
  }
  if (good) return {};
  return fail(Errc::kInvalid, "language must be a tag such as zh-CN or en");
}

std::string shown(std::string_view text) {
  auto url = parse_url(text);
  if (!url) return "***";
  // Tokens and passphrases travel in queries under many names, so none of them is shown.
  if (!url->query.empty()) url->query = "***";
  if (size_t colon = url->user_info.find(':'); colon != std::string::npos) {
    url->user_info.replace(colon + 1, std::string::npos, "***");
  }
  return url->text();
}

}  // namespace openday::broadcast
