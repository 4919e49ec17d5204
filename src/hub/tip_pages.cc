#include "hub/tip_pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "hub/html.h"
#include "hub/tip_form.h"

namespace openday::hub {
namespace {

constexpr size_t kPageStep = 16 * 1024;  // pages of answers are filled up to a multiple of it

class Site {
 public:
  /// `with_form`: the language is changed by the form, whose id is "form".
  Site(const TipPage& page, Phrase title, bool with_form = false) : page_(page) {
    html_.open("html", {{"lang", tag_of(page_.tongue)}});
    html_.open("head");
    html_.single("meta", {{"charset", "utf-8"}});
    html_.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    html_.single("meta", {{"name", "referrer"}, {"content", "no-referrer"}});
    html_.single("meta", {{"name", "robots"}, {"content", "noindex"}});
    html_.single("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
    std::string name = institution();
    html_.leaf("title", std::string(say(title)) + " · " + name);
    if (page_.styled) html_.single("link", {{"rel", "stylesheet"}, {"href", "/tips.css"}});
    html_.close().open("body");
    if (with_form) html_.leaf("a", say(phrase::kSkip), {{"href", "#form"}, {"class", "skip"}});
    html_.open("header").leaf("p", name, {{"class", "name"}});
    Tongue other = page_.tongue == Tongue::kZh ? Tongue::kEn : Tongue::kZh;
    if (with_form) {
      // What the Enter key presses is a form's first button, which must not be the language's
      // (HTML 4.10.22.2).
      html_.single("input", {{"type", "submit"}, {"form", "form"}, {"value", "↵"}, {"hidden", kHtmlFlag}});
      html_.leaf("button", say(phrase::kOtherTongue),
                 {{"type", "submit"},
                  {"form", "form"},
                  {"name", kSwitch},
                  {"value", tag_of(other)},
                  {"formnovalidate", kHtmlFlag},
                  {"lang", tag_of(other)}});
    } else if (!page_.here.empty()) {
      html_.leaf("a", say(phrase::kOtherTongue),
                 {{"href", page_.here}, {"hreflang", tag_of(other)}, {"lang", tag_of(other)}});
    }
    html_.close().open("main");
    html_.leaf("h1", say(title));
  }
  std::string finish(bool filled = false) {
    html_.close().close().close();
    if (filled) html_.fill_up(kPageStep);
    return html_.page();
  }
  Html& html() { return html_; }
  [[nodiscard]] std::string_view say(Phrase phrase) const { return phrase.in(page_.tongue); }
  [[nodiscard]] std::string institution() const {
    bool zh = page_.tongue == Tongue::kZh;
    const auto& name = zh ? page_.notices.name_zh : page_.notices.name_en;
    return name.empty() ? page_.notices.name_zh : name;
  }
  [[nodiscard]] std::string with_tongue(std::string_view path) const {
    return std::string(path) + "?lang=" + std::string(tag_of(page_.tongue));
  }

  [[nodiscard]] std::string words_of(const TipProblem& problem) const {
    std::string words(say(problem.what));
    bool zh = page_.tongue == Tongue::kZh;
    if (!problem.detail.empty())
      words += zh ? fmt::format("（{}）", problem.detail) : fmt::format(" ({})", problem.detail);
    if (problem.photo == 0) return words;
    return zh ? fmt::format("第 {} 张照片：{}", problem.photo, words)
              : fmt::format("Photo {}: {}", problem.photo, words);
  }

  void emergency() {
    const auto& own = page_.tongue == Tongue::kZh ? page_.notices.emergency_zh : page_.notices.emergency_en;
    html_.open("section", {{"class", "emergency"}, {"aria-labelledby", "emergency"}});
    html_.leaf("h2", say(phrase::kEmergency), {{"id", "emergency"}});
    const std::string& number = page_.notices.emergency_number;
    if (!own.empty()) {
      html_.paragraphs(own);
    } else if (number.empty()) {
      html_.leaf("p", say(phrase::kEmergencyHelp));
    } else {
      html_.open("p")
          .text(say(phrase::kEmergencyCall))
          .text(number)
          .text(say(phrase::kEmergencySlow))
          .close();
    }
    if (!number.empty()) {
      html_.open("p").open("a", {{"href", "tel:" + number}, {"class", "call"}});
      html_.text(say(phrase::kCall)).text(number).close().close();
    }
    html_.close();
  }
  void privacy() {
    const auto& own = page_.tongue == Tongue::kZh ? page_.notices.privacy_zh : page_.notices.privacy_en;
    html_.open("section", {{"aria-labelledby", "privacy"}});
    html_.leaf("h2", say(phrase::kPrivacy), {{"id", "privacy"}});
    html_.paragraphs(own.empty() ? say(phrase::kPrivacyText) : own);
    html_.close();
  }
  /// The summary at the top, each linked to its field.
  void problems(const std::vector<TipProblem>& problems) {
    if (problems.empty()) return;
    html_.open("div", {{"class", "problems"}, {"role", "alert"}, {"tabindex", "-1"}});
    html_.leaf("h2", say(phrase::kErrors)).open("ul");
    for (const auto& one : problems) {
      html_.open("li");
      if (one.field.empty()) {
        html_.text(words_of(one));
      } else {
        html_.leaf("a", words_of(one), {{"href", "#" + one.field}});
      }
      html_.close();
    }
    html_.close().close();
  }
  void start_form(std::string_view action, bool multipart = false) {
    html_.open("form", {{"method", "post"},
                        {"action", action},
                        {"id", "form"},
                        {"enctype", multipart ? "multipart/form-data" : ""},
                        {"accept-charset", "utf-8"},
                        {"autocomplete", "off"}});
    hidden("lang", tag_of(page_.tongue));
  }
  void hidden(std::string_view name, std::string_view value) {
    html_.single("input", {{"type", "hidden"}, {"name", name}, {"value", value}});
  }
  /// Label, hint (and what it ends with) and what is wrong, in front of a field; the ids for its
  /// aria-describedby.
  std::string label(std::string_view field, Phrase name, std::optional<Phrase> hint,
                    const std::vector<TipProblem>& problems, std::string_view hint_end = {}) {
    html_.open("div", {{"class", "field"}});
    html_.leaf("label", say(name), {{"for", field}});
    std::string described;
    if (hint) {
      described = std::string(field) + "-hint";
      html_.open("p", {{"id", described}, {"class", "hint"}}).text(say(*hint)).text(hint_end).close();
    }
    auto wrong = std::ranges::find(problems, field, &TipProblem::field);
    if (wrong != problems.end()) {
      std::string id = std::string(field) + "-wrong";
      html_.leaf("p", words_of(*wrong), {{"id", id}, {"class", "wrong"}});
      described += described.empty() ? id : " " + id;
    }
    return described;
  }
  static std::string_view flag(bool on) { return on ? kHtmlFlag : std::string_view(); }
  static std::string_view invalid(std::string_view field, const std::vector<TipProblem>& problems) {
    return std::ranges::find(problems, field, &TipProblem::field) != problems.end() ? "true" : "";
  }
  void text_area(Phrase name, Phrase hint, std::string_view value, const std::vector<TipProblem>& problems) {
    std::string about = label("text", name, hint, problems);
    html_.open("textarea", {{"id", "text"},
                            {"name", "text"},
                            {"rows", "10"},
                            {"maxlength", "10000"},
                            {"required", kHtmlFlag},
                            {"aria-describedby", about},
                            {"aria-invalid", invalid("text", problems)}});
    // The first line break after the tag is the parser's (HTML 13.1.2.5).
    html_.text("\n").text(value).close().close();
  }
  void button(Phrase name) { html_.leaf("button", say(name), {{"type", "submit"}}); }

 private:
  const TipPage& page_;
  Html html_;
};

void broadcast_field(Site& site, const TipDraft& draft, const std::vector<TipChoice>& broadcasts,
                     const std::vector<TipProblem>& problems) {
  std::string about = site.label("broadcast", phrase::kBroadcast, std::nullopt, problems);
  auto& html = site.html();
  html.open("select", {{"id", "broadcast"},
                       {"name", "broadcast"},
                       {"aria-describedby", about},
                       {"aria-invalid", Site::invalid("broadcast", problems)}});
  html.open("option", {{"value", kNoChoice}, {"selected", Site::flag(draft.broadcast.empty())}});
  html.text(site.say(phrase::kNoBroadcast)).close();
  for (const auto& one : broadcasts) {
    html.leaf("option", one.title, {{"value", one.id}, {"selected", Site::flag(one.id == draft.broadcast)}});
  }
  html.close().close();
}

void kind_field(Site& site, const TipDraft& draft, const std::vector<TipProblem>& problems) {
  site.label("kind", phrase::kKind, std::nullopt, problems);
  auto& html = site.html();
  html.open("select", {{"id", "kind"}, {"name", "kind"}});
  for (size_t i = 0; i < desk::kKinds.size(); ++i) {
    html.leaf("option", site.say(phrase::kKindNames[i]),
              {{"value", desk::kKinds[i]}, {"selected", Site::flag(desk::kKinds[i] == draft.kind)}});
  }
  html.close().close();
}

void dialog_lines(Site& site, const TipDesk::Dialog& dialog) {
  auto& html = site.html();
  html.open("p").leaf("strong", site.say(phrase::kState)).text(": ");
  html.text(site.say(phrase::kStateNames[static_cast<size_t>(dialog.state)])).close();
  html.open("ol", {{"class", "dialog"}});
  for (const auto& line : dialog.lines) {
    html.open("li", {{"class", line.mine ? "mine" : "ours"}});
    html.open("p", {{"class", "who"}}).leaf("strong", site.say(line.mine ? phrase::kYou : phrase::kUs));
    html.text(" ").leaf("time", local_minute(line.at) + " " + local_zone(line.at)).close();
    html.paragraphs(line.text).close();
  }
  html.close();
}

}  // namespace

std::string form_page(const TipPage& page, const TipDraft& draft, const std::vector<TipChoice>& broadcasts,
                      std::vector<TipProblem> problems, bool takes_photos) {
  auto about_photos = std::ranges::find(problems, "photos", &TipProblem::field);
  if (about_photos != problems.end()) {
    if (!takes_photos) about_photos->field.clear();  // there is nothing to link to
  } else if (draft.brought_photos && takes_photos) {
    problems.push_back({"photos", phrase::kPhotosAgain});
  }
  Site site(page, phrase::kTitle, /*with_form=*/true);
  auto& html = site.html();
  site.problems(problems);
  site.emergency();
  site.privacy();
  html.open("section", {{"aria-labelledby", "about"}});
  html.leaf("h2", site.say(phrase::kForm), {{"id", "about"}});
  // With the language: what the server refuses before it has read the form is said in it, too.
  site.start_form(site.with_tongue("/send"), takes_photos);
  kind_field(site, draft, problems);
  broadcast_field(site, draft, broadcasts, problems);
  std::string about = site.label("moment", phrase::kMoment, phrase::kMomentHint, problems, draft.zone);
  html.single("input", {{"type", "datetime-local"},
                        {"step", "1"},
                        {"id", "moment"},
                        {"name", "moment"},
                        {"value", draft.moment},
                        {"aria-describedby", about},
                        {"aria-invalid", Site::invalid("moment", problems)}});
  html.close();
  site.text_area(phrase::kText, phrase::kTextHint, draft.text, problems);
  about = site.label("contact", phrase::kContact, phrase::kContactHint, problems);
  html.single("input", {{"type", "text"},
                        {"id", "contact"},
                        {"name", "contact"},
                        {"maxlength", "200"},
                        {"value", draft.contact},
                        {"aria-describedby", about},
                        {"aria-invalid", Site::invalid("contact", problems)}});
  html.close();
  if (takes_photos) {
    about = site.label("photos", phrase::kPhotos, phrase::kPhotosHint, problems);
    html.single("input", {{"type", "file"},
                          {"id", "photos"},
                          {"name", "photos"},
                          {"accept", "image/jpeg,image/png,image/webp"},
                          {"multiple", kHtmlFlag},
                          {"aria-describedby", about},
                          {"aria-invalid", Site::invalid("photos", problems)}});
    html.close();
  }
  site.button(phrase::kSend);
  html.close().close();
  html.open("p").leaf("a", site.say(phrase::kHaveReceipt), {{"href", site.with_tongue("/answer")}}).close();
  return site.finish();
}

std::string receipt_page(const TipPage& page, std::string_view receipt) {
  Site site(page, phrase::kSent);
  auto& html = site.html();
  html.open("section", {{"class", "receipt"}, {"aria-labelledby", "receipt"}});
  html.leaf("h2", site.say(phrase::kReceipt), {{"id", "receipt"}});
  html.leaf("p", receipt, {{"class", "number"}});
  html.leaf("p", site.say(phrase::kReceiptOnce)).leaf("p", site.say(phrase::kReceiptKeep)).close();
  html.leaf("h2", site.say(phrase::kNext)).leaf("p", site.say(phrase::kNextText));
  html.open("p", {{"class", "screen"}})
      .leaf("a", site.say(phrase::kHaveReceipt), {{"href", site.with_tongue("/answer")}})
      .close();
  html.leaf("p", site.say(phrase::kLeave), {{"class", "screen"}});
  return site.finish();
}

std::string answer_form_page(const TipPage& page, const std::vector<TipProblem>& problems,
                             std::string_view typed) {
  Site site(page, phrase::kAnswerTitle, /*with_form=*/true);
  auto& html = site.html();
  site.problems(problems);
  site.start_form("/answer");
  std::string about = site.label("receipt", phrase::kReceiptField, std::nullopt, problems);
  html.single("input", {{"type", "text"},
                        {"id", "receipt"},
                        {"name", "receipt"},
                        {"inputmode", "numeric"},
                        {"autocomplete", "off"},
                        {"spellcheck", "false"},
                        {"required", kHtmlFlag},
                        {"value", typed},
                        {"aria-describedby", about},
                        {"aria-invalid", Site::invalid("receipt", problems)}});
  html.close();
  site.button(phrase::kOpen);
  html.close();
  html.open("p").leaf("a", site.say(phrase::kBack), {{"href", site.with_tongue("/")}}).close();
  return site.finish(/*filled=*/true);
}

std::string dialog_page(const TipPage& page, const TipDesk::Dialog& dialog, std::string_view receipt,
                        std::string_view draft, const std::vector<TipProblem>& problems, bool written) {
  Site site(page, phrase::kDialog);
  auto& html = site.html();
  site.problems(problems);
  if (written) html.leaf("p", site.say(phrase::kWritten), {{"class", "done"}, {"role", "status"}});
  if (!dialog.lines.empty()) dialog_lines(site, dialog);
  if (dialog.state == desk::State::kClosed) {
    html.leaf("p", site.say(phrase::kClosedText));
  } else {
    site.start_form("/write");
    site.hidden("receipt", receipt);
    site.text_area(phrase::kMore, phrase::kTextHint, draft, problems);
    site.button(phrase::kSend);
    html.close();
  }
  html.leaf("p", site.say(phrase::kLeave));
  return site.finish(/*filled=*/true);
}

std::string message_page(const TipPage& page, Phrase message) {
  Site site(page, phrase::kTitle);
  site.emergency();
  site.html().leaf("p", site.say(message));
  site.html().open("p").leaf("a", site.say(phrase::kBack), {{"href", site.with_tongue("/")}}).close();
  return site.finish();
}

Tongue tongue_of(std::string_view parameter, std::string_view accept_language) {
  if (parameter.starts_with("en")) return Tongue::kEn;
  if (parameter.starts_with("zh")) return Tongue::kZh;
  // Browsers list what they prefer first.
  while (!accept_language.empty()) {
    size_t comma = std::min(accept_language.find(','), accept_language.size());
    std::string_view one = trim_blanks(accept_language.substr(0, comma));
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
    if (one.starts_with("zh")) return Tongue::kZh;
    if (one.starts_with("en")) return Tongue::kEn;
  }
  return Tongue::kZh;
}

}  // namespace openday::hub
