// The tip site's pages as HTML. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "desk/tip.h"
#include "hub/tip_desk.h"
#include "hub/tip_texts.h"

namespace openday::hub {

/// The institution's own words; what is empty is ours. Without a number there is nothing to call.
struct TipNotices {
  std::string name_zh;
  std::string name_en;
  std::string emergency_zh;
  std::string emergency_en;
  std::string privacy_zh;
  std::string privacy_en;
  std::string emergency_number;
};

/// What the form sends as "broadcast" when none is chosen.
inline constexpr std::string_view kNoChoice = "none";

struct TipChoice {
  std::string id;
  std::string title;
};

/// What every page needs.
struct TipPage {
  const TipNotices& notices;
  Tongue tongue = Tongue::kZh;
  bool styled = false;  // there is a style sheet
  std::string here;     // without a form: the same page in the other language; empty: there is none
};

/// The field by which a form asks for itself in the other language. Its button is in front of all others, so
/// that it is the first to come; what was typed comes with it.
inline constexpr std::string_view kSwitch = "switch";

/// A problem and the field it is about (empty: none).
struct TipProblem {
  std::string field;
  Phrase what;
  int photo = 0;         // which of them, from 1; 0: none
  std::string detail{};  // said behind it in brackets, the same in every language
};

/// What stands in the form.
struct TipDraft {
  std::string kind = "lead";
  std::string broadcast;
  std::string moment;  // as local_time()
  std::string zone;    // of that: local_zone()
  std::string text;
  std::string contact;
  bool brought_photos = false;  // which no page can put back into its form
};

/// Whoever brought photos is told to choose them again, unless a problem with photos says it.
std::string form_page(const TipPage& page, const TipDraft& draft, const std::vector<TipChoice>& broadcasts,
                      std::vector<TipProblem> problems, bool takes_photos);
/// `receipt` as it is shown.
std::string receipt_page(const TipPage& page, std::string_view receipt);
/// For the receipt; and after a wrong one. `typed` stands in it. Filled up like dialog_page(): to a multiple
/// of 16 KiB, so that the length tells nothing of a dialog that is shorter than that.
std::string answer_form_page(const TipPage& page, const std::vector<TipProblem>& problems,
                             std::string_view typed = {});
/// Without lines nothing of it is known just now. `receipt` goes into the form to write again. `draft`: what
/// could not be added.
std::string dialog_page(const TipPage& page, const TipDesk::Dialog& dialog, std::string_view receipt,
                        std::string_view draft, const std::vector<TipProblem>& problems, bool written);
std::string message_page(const TipPage& page, Phrase message);

/// The language asked for, by the parameter, else by Accept-Language: Chinese unless it prefers English.
Tongue tongue_of(std::string_view parameter, std::string_view accept_language);

}  // namespace openday::hub
