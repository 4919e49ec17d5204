#include "hub/tip_pages.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "hub/html.h"
#include "hub/tip_form.h"

using namespace openday;
using namespace openday::hub;

namespace {

const std::string kNasty = "</textarea><script>alert(1)</script>\"'&<b>";

/// The process's time zone, until the end of its block.
class InZone {
 public:
  explicit InZone(const char* name) {
    if (const char* before = ::getenv("TZ")) before_ = before;
    set(name);
  }
  ~InZone() { set(before_ ? before_->c_str() : nullptr); }
  InZone(const InZone&) = delete;

 private:
  static void set(const char* name) {
    name != nullptr ? ::setenv("TZ", name, 1) : ::unsetenv("TZ");
    ::tzset();
  }
  std::optional<std::string> before_;
};

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("whatever text is written, no element comes of it") {
  Html html;
  html.open("p", {{"title", kNasty}, {"class", ""}, {"hidden", kHtmlFlag}}).text(kNasty).close();
  CHECK(html.page() ==
        "<!doctype html>\n<p "
        "title=\"&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;b&gt;\""
        " hidden>&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;b&gt;</p>");
  Html lines;
  lines.paragraphs("one\ntwo\n\n\nthree<");
  CHECK(lines.page() == "<!doctype html>\n<p>one<br>two</p><p>three&lt;</p>");
  CHECK(Html().fill_up(64).page().size() == 64);
}

TEST_CASE("a form is read as browsers send it") {
  auto fields = read_form("kind=lead&text=a+b%0D%0Ac%E4%BD%A0&text=second&empty=&flag");
  REQUIRE(fields);
  CHECK(fields->text("kind") == "lead");
  CHECK(fields->text("text") == "a b\nc你");
  CHECK(fields->text("empty").empty());
  CHECK(fields->text("flag").empty());
  CHECK(fields->text("nothing").empty());
  for (const char* wrong : {"a=%", "a=%4", "a=%zz", "a=%ff"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_form(wrong));
  }
  std::string many;
  for (int i = 0; i < 17; ++i) many += "f" + std::to_string(i) + "=1&";
  CHECK(read_form(many).error().code == Errc::kLimit);
}

TEST_CASE("local times are written as forms have them, and read back") {
  ProgramTime at{1'790'000'005'000};
  CHECK(read_local_time(local_time(at)) == at);
  std::string spaced = local_time(at);
  spaced[10] = ' ';
  CHECK(read_local_time(spaced) == at);
  CHECK(read_local_time(local_time(at) + ".250") == at);
  CHECK(local_minute(*read_local_time(local_minute(at))) == local_minute(at));
  for (const char* wrong : {"", "2026", "2026-04-31T09:30:00", "2026-13-01T09:30:00", "2026-12-01T24:30:00",
                            "2026-12-01T09:60:00", "2026-12-01T09:30:61", "2026-12-01T09:30:00Z",
                            "2026-12-01T09:30:00.1234", "1900-12-01T09:30:00", "2026-12-01X09:30:00"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_local_time(wrong));
  }
}

TEST_CASE("a local time is written with its zone") {
  ProgramTime at{1'790'000'005'000};  // 2026-09-21T14:13:25Z
  auto shown = [&](const char* zone) {
    InZone here(zone);
    return local_time(at) + " " + local_zone(at);
  };
  CHECK(shown("UTC") == "2026-09-21T14:13:25 UTC");
  CHECK(shown("CST-8") == "2026-09-21T22:13:25 UTC+8");
  CHECK(shown("IST-5:30") == "2026-09-21T19:43:25 UTC+5:30");
  CHECK(shown("NST3:30") == "2026-09-21T10:43:25 UTC-3:30");
  InZone here("CST-8");
  TipNotices notices;
  TipDesk::Dialog dialog{desk::State::kAnswered, {{at, true, "hello"}}};
  CHECK(dialog_page({notices, Tongue::kEn, true, ""}, dialog, "1", "", {}, false)
            .find(">2026-09-21 22:13 UTC+8</time>") != std::string::npos);
}

TEST_CASE("the first link of a page with a form leads to it, past the notices") {
  TipNotices notices;
  auto leads = [](const std::string& page) {
    size_t skip = page.find("<a href=\"#form\" class=\"skip\">跳到表单</a>");
    return skip != std::string::npos && skip == page.find("<a ") && page.find(" id=\"form\"") > skip &&
           count(page, " id=\"form\"") == 1;
  };
  TipPage page{notices, Tongue::kZh, true, ""};
  CHECK(leads(form_page(page, {}, {}, {}, false)));
  CHECK(leads(answer_form_page(page, {})));
  CHECK(message_page(page, phrase::kNotFound).find("#form") == std::string::npos);
}

TEST_CASE("the form keeps what was typed, names what is wrong, and links it to its field") {
  TipNotices notices{"法院", "Court", "", "", "", "", "110"};
  TipDraft draft{"report", "day", "2026-12-01T09:30:00", "UTC+8", kNasty, kNasty};
  std::string page =
      form_page({notices, Tongue::kEn, true, "/?lang=zh-CN"}, draft, {{"day", kNasty}, {"other", "Other"}},
                {{"text", phrase::kTextTooLong}}, false);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<html lang=\"en\">") != std::string::npos);
  CHECK(page.find("<a href=\"#text\">Your message is longer") != std::string::npos);
  CHECK(page.find("aria-describedby=\"text-hint text-wrong\" aria-invalid=\"true\"") != std::string::npos);
  CHECK(page.find("<option value=\"report\" selected>") != std::string::npos);
  CHECK(page.find("<option value=\"day\" selected>") != std::string::npos);
  CHECK(page.find("value=\"2026-12-01T09:30:00\"") != std::string::npos);
  CHECK(page.find("Time zone: UTC+8</p>") != std::string::npos);
  CHECK(page.find("href=\"tel:110\"") != std::string::npos);
  CHECK(page.find("type=\"file\"") == std::string::npos);
  CHECK(page.find("lang=\"zh-CN\">中文</button>") != std::string::npos);
  CHECK(count(page, "<label") == 5);
  std::string with_photos = form_page({notices, Tongue::kZh, true, ""}, {}, {}, {}, true);
  CHECK(with_photos.find("enctype=\"multipart/form-data\"") != std::string::npos);
  CHECK(with_photos.find("type=\"file\"") != std::string::npos);
  CHECK(with_photos.find("<html lang=\"zh-CN\">") != std::string::npos);
  CHECK(with_photos.find("提供线索 · 法院") != std::string::npos);
}

TEST_CASE("the institution's own notices stand in the place of ours") {
  TipNotices notices{"法院", "", "紧急", "Emergency <now>", "隐私", "One\n\nTwo", "+861234"};
  std::string page = form_page({notices, Tongue::kEn, false, ""}, {}, {}, {}, false);
  CHECK(page.find("<p>Emergency &lt;now&gt;</p>") != std::string::npos);
  CHECK(page.find("<p>One</p><p>Two</p>") != std::string::npos);
  CHECK(page.find("法院") != std::string::npos);  // there is no English name
  CHECK(page.find("stylesheet") == std::string::npos);
  CHECK(page.find("<a href=\"tel:+861234\" class=\"call\">Call +861234</a>") != std::string::npos);
  CHECK(page.find("110") == std::string::npos);
}

TEST_CASE("the number to call is the institution's, in our words too; without one there is no button") {
  TipNotices notices{"法院", "", "", "", "", "", "112"};
  std::string page = form_page({notices, Tongue::kZh, false, ""}, {}, {}, {}, false);
  CHECK(page.find("请立即拨打 112。这里的内容") != std::string::npos);
  CHECK(page.find(">拨打 112</a>") != std::string::npos);
  notices.emergency_number.clear();
  page = form_page({notices, Tongue::kEn, false, ""}, {}, {}, {}, false);
  CHECK(page.find("get help at once. What is sent here is not read at once.") != std::string::npos);
  CHECK(page.find("tel:") == std::string::npos);
}

TEST_CASE("right and wrong receipts are answered with pages of the same length") {
  TipNotices notices;
  TipPage page{notices, Tongue::kEn, true, ""};
  TipDesk::Dialog dialog{desk::State::kAnswered,
                         {{{1'790'000'000'000}, true, "hello"}, {{1'790'000'060'000}, false, "good\nday"}}};
  std::string right = dialog_page(page, dialog, "123456789012345678901234", "", {}, false);
  std::string wrong = answer_form_page(page, {{"receipt", phrase::kUnknown}});
  CHECK(right.size() == wrong.size());
  CHECK(right.find("good<br>day") != std::string::npos);
  CHECK(right.find("Answered") != std::string::npos);
  dialog.state = desk::State::kClosed;
  CHECK(dialog_page(page, dialog, "1", "", {}, false).find("<textarea") == std::string::npos);
}

TEST_CASE(
    "lengths of answers are multiples of 16 KiB: what is short is as long as nothing, what is long is not") {
  TipNotices notices;
  TipPage page{notices, Tongue::kZh, true, ""};
  auto length = [&](size_t characters) {
    std::string text;
    for (size_t i = 0; i < characters; ++i) text += "证";
    TipDesk::Dialog dialog{desk::State::kReceived, {{{1'790'000'000'000}, true, text}}};
    return dialog_page(page, dialog, "1", "", {}, false).size();
  };
  size_t step = 16 * 1024;
  CHECK(answer_form_page(page, {}).size() == step);
  CHECK(length(1) == step);
  CHECK(length(4500) == step);
  CHECK(length(5500) == 2 * step);
  CHECK(length(10'000) == 2 * step);
}

TEST_CASE("photos are asked for again only by a form that takes them") {
  TipNotices notices;
  TipPage page{notices, Tongue::kEn, true, ""};
  TipDraft draft;
  auto asks = [&](bool takes) {
    return form_page(page, draft, {}, {}, takes).find("Choose your photos again.") != std::string::npos;
  };
  CHECK_FALSE(asks(true));
  draft.brought_photos = true;
  CHECK(asks(true));
  CHECK_FALSE(asks(false));
}

TEST_CASE("the language is the one asked for, else the browser's, else Chinese") {
  CHECK(tongue_of("en", "zh-CN") == Tongue::kEn);
  CHECK(tongue_of("zh-CN", "en") == Tongue::kZh);
  CHECK(tongue_of("", "en-GB,en;q=0.9") == Tongue::kEn);
  CHECK(tongue_of("", "fr, en;q=0.8, zh;q=0.5") == Tongue::kEn);
  CHECK(tongue_of("", "zh;q=0.9, en;q=0.8") == Tongue::kZh);
  CHECK(tongue_of("xx", "fr") == Tongue::kZh);
  CHECK(tongue_of("", "sv-en") == Tongue::kZh);
}
