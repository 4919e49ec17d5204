// The tip site without its server: requests in, pages out.
#include <atomic>
#include <set>

#include <fmt/format.h>

#include "tip_booth.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

TEST_CASE("a tip is sent, read by its receipt, answered, and written to again, with forms alone") {
  Booth booth;
  auto sent = booth.tip("2026-12-01T09:30:05&contact=me&text=They+sell+it%0D%0Athere");
  REQUIRE(sent.status == 200);
  std::string receipt = sent.receipt();
  REQUIRE(receipt.size() == 29);
  auto read = booth.ask(Method::kPost, "/answer",
                        "lang=en&receipt=" + std::regex_replace(receipt, std::regex(" "), "+"));
  CHECK(read.status == 200);
  CHECK(read.has("They sell it<br>there"));
  CHECK(read.has("Received, not read yet"));
  CHECK_FALSE(read.has("me</"));
  // A clip is kept at the turn of a minute, once.
  CHECK(booth.clips.asked.empty());
  booth.on_loop([&] { booth.tips->keep_clips(); });
  booth.on_loop([&] { booth.tips->keep_clips(); });
  CHECK(booth.clips.asked.size() == 1);
  auto tip = booth.on_loop([&] { return booth.desk_books.ledger.tips_.begin()->second; });
  CHECK(tip.broadcast == "day");
  CHECK(tip.clip == "clip-1");
  CHECK(std::get<1>(booth.clips.asked[0]).ms % 60'000 == 45'000);
  booth.on_loop([&] {
    auto& ledger = booth.desk_books.ledger;
    auto key = *desk::open_key(*ledger.copy(tip.id, booth.ana->public_half()), booth.ana);
    account::Act act{"ana", "session", booth.clock.wall()};
    REQUIRE(desk::triage(ledger, booth.books.ledger, tip.id, desk::Verdict::kLead, act));
    REQUIRE(desk::answer(ledger, booth.books.ledger, tip.id, key, "Thank you <3", 2, act));
  });
  read = booth.ask(Method::kPost, "/answer", "receipt=" + receipt);
  CHECK(read.has("Thank you &lt;3"));
  CHECK_FALSE(read.has("ana"));
  std::string digits = std::regex_replace(receipt, std::regex(" "), "");
  CHECK(read.has("name=\"receipt\" value=\"" + digits + "\""));
  auto written = booth.ask(Method::kPost, "/write", "lang=en&receipt=" + digits + "&text=One+more");
  CHECK(written.status == 200);
  CHECK(written.has("One more"));
  CHECK(written.has("Your message has been added."));
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.begin()->second.state; }) ==
        desk::State::kTriaged);
  CHECK(booth.on_loop([&] { return booth.lines.empty(); }));  // a log line would have an exact time
  CHECK(booth.books.ledger.audit(0, 100)->size() == 3);       // founded, triaged, answered
}

TEST_CASE("no page sets a cookie, is kept, tells where one came from, or may run anything") {
  Booth booth;
  std::vector<Page> pages = {booth.ask(Method::kGet, "/"),
                             booth.ask(Method::kGet, "/answer"),
                             booth.tip(),
                             booth.tip("&text="),
                             booth.ask(Method::kPost, "/answer", "receipt=1"),
                             booth.ask(Method::kGet, "/nothing"),
                             booth.ask(Method::kGet, "/send")};
  for (const auto& page : pages) {
    CAPTURE(page.status, page.html.substr(0, 300));
    CHECK(page.header("Set-Cookie").empty());
    CHECK(page.header("Cache-Control") == "no-store");
    CHECK(page.header("Referrer-Policy") == "no-referrer");
    CHECK(page.header("Content-Security-Policy").starts_with("default-src 'none'; style-src 'self'"));
    CHECK_FALSE(page.has("<script"));
    CHECK_FALSE(page.has("style="));
    CHECK_FALSE(page.has("http"));  // nothing of anybody else's
  }
  CHECK(pages[6].header("Location") == "/");
}

TEST_CASE("the form is filled in with the broadcast and the moment, if they are public") {
  Booth booth;
  ProgramTime at{1'790'000'005'000};
  auto page = booth.ask(Method::kGet, "/?b=day&at=" + std::to_string(at.ms));
  CHECK(page.has("value=\"day\" selected"));
  CHECK(page.has("value=\"" + local_time(at) + "\""));
  page = booth.ask(Method::kGet, "/?b=secret&at=x");
  CHECK_FALSE(page.has("secret"));
  CHECK(page.has("<option value=\"none\" selected>"));
  CHECK_FALSE(booth.ask(Method::kGet, "/").has("unlisted"));
  CHECK(booth.ask(Method::kGet, "/?b=unlisted").has("value=\"unlisted\" selected"));
  // Nothing is dropped without a word.
  page = booth.ask(Method::kPost, "/send", "lang=en&kind=lead&broadcast=secret&text=PRECIOUS");
  CHECK(page.status == 422);
  CHECK(page.has("The chosen broadcast is not there any more."));
  CHECK(page.has("PRECIOUS"));
  CHECK_FALSE(page.has("Title of secret"));
  auto broadcasts = [&] {
    return booth.on_loop([&] {
      std::set<std::string> all;
      for (const auto& [id, tip] : booth.desk_books.ledger.tips_) all.insert(tip.broadcast);
      return all;
    });
  };
  CHECK(broadcasts().empty());
  REQUIRE(booth.ask(Method::kPost, "/send", "kind=lead&broadcast=none&text=x").status == 200);
  CHECK(broadcasts() == std::set<std::string>{""});
  REQUIRE(booth.ask(Method::kPost, "/send", "kind=lead&broadcast=unlisted&text=x").status == 200);
  CHECK(broadcasts() == std::set<std::string>{"", "unlisted"});
  CHECK(booth.ask(Method::kGet, "/?lang=zh-CN").has("<html lang=\"zh-CN\">"));
}

TEST_CASE("what is wrong is said, and what was written is still there") {
  Booth booth;
  auto page = booth.tip("not-a-time&contact=&text=" + std::string(10'001, 'x'));
  CHECK(page.status == 422);
  CHECK(page.has("href=\"#moment\""));
  CHECK(page.has("href=\"#text\""));
  CHECK(page.has("Your message is longer than 10,000 characters."));
  CHECK(page.has(std::string(10'001, 'x')));
  CHECK(booth.tip("&text=%20%0D%0A").has("Write your message."));
  CHECK(booth.tip("&text=a%01").has("cannot be kept"));
  CHECK(booth.tip("&text=a&contact=" + std::string(201, 'y')).status == 422);
  CHECK(booth.ask(Method::kPost, "/send", "text=x&kind=nonsense").status == 422);
  CHECK(booth.ask(Method::kPost, "/send", "text=%ff").status == 400);
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.empty(); }));
}

TEST_CASE(
    "a moment at which the chosen broadcast was not on is refused in words, with a minute's tolerance") {
  Booth booth;
  auto sent = [&](const std::string& moment, const std::string& broadcast, const std::string& lang = "en") {
    return booth.ask(
        Method::kPost, "/send",
        "lang=" + lang + "&kind=lead&text=PRECIOUS&broadcast=" + broadcast + "&moment=" + moment);
  };
  std::string zone = local_zone(*read_local_time("2026-12-01T09:00:00"));
  for (const char* moment : {"2026-12-01T08:58:59", "2026-12-01T09:46:01", "2026-11-30T09:30:00"}) {
    CAPTURE(moment);
    auto page = sent(moment, "day");
    CHECK(page.status == 422);
    CHECK(page.has("href=\"#moment\""));
    CHECK(
        page.has("The broadcast was not on at this moment. Change it, or leave it empty."
                 " (2026-12-01 09:00 – 2026-12-01 09:45 " +
                 zone + ")"));
    CHECK(page.has("PRECIOUS"));
    CHECK(page.has("value=\"" + std::string(moment) + "\""));
    CHECK(page.has("Time zone: " + zone));
  }
  CHECK(sent("2026-11-30T10:01:01", "eve", "zh").has("（2026-11-30 09:00 – 2026-11-30 10:00 " + zone + "）"));
  CHECK(sent("2026-12-01T09:30:00", "soon").status == 422);
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.empty(); }));
  CHECK(sent("2026-12-01T08:59:00", "day").status == 200);
  CHECK(sent("2026-12-01T09:46:00", "day").status == 200);
  CHECK(sent("2026-11-30T10:01:00", "eve").status == 200);
  CHECK(sent("2020-01-01T00:00:00", "none").status == 200);
}

TEST_CASE("the form comes in the other language with all that was typed, as often as one likes") {
  Booth booth;
  for (const char* target : {"/", "/answer"}) {
    auto page = booth.ask(Method::kGet, target);
    CHECK(page.has("<button type=\"submit\" form=\"form\" name=\"switch\" value=\"zh-CN\" formnovalidate"));
    // The Enter key presses the first.
    CHECK(page.html.find("<input type=\"submit\" form=\"form\"") < page.html.find("name=\"switch\""));
    CHECK_FALSE(page.has("hreflang"));
  }
  for (size_t i = 0; i < kPerAddress * TipSite::kReadsForATip; ++i) {
    auto page = booth.ask(Method::kPost, "/send",
                          "switch=zh-CN&lang=en&kind=report&broadcast=eve&moment=2026-11-30T09:30:00&text=%01"
                          "PRECIOUS&contact=ME");
    REQUIRE(page.status == 200);
    REQUIRE(page.has("<html lang=\"zh-CN\">"));
    REQUIRE(page.has("PRECIOUS"));
    REQUIRE(page.has("value=\"ME\""));
    REQUIRE(page.has("value=\"2026-11-30T09:30:00\""));
    REQUIRE(page.has("<option value=\"report\" selected>"));
    REQUIRE(page.has("<option value=\"eve\" selected>"));
    REQUIRE_FALSE(page.has("class=\"problems\""));
    page = booth.ask(Method::kPost, "/answer", "switch=zh-CN&lang=en&receipt=1234-not-yet");
    REQUIRE(page.status == 200);
    REQUIRE(page.has("<html lang=\"zh-CN\">"));
    REQUIRE(page.has("value=\"1234-not-yet\""));
  }
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.empty(); }));
  CHECK(booth.tip().status == 200);
  CHECK(booth.ask(Method::kPost, "/answer", "receipt=123456789012345678901234").status == 200);
}

TEST_CASE("without a founded desk nothing is taken, and nothing typed is lost") {
  Booth booth(false);
  CHECK(booth.ask(Method::kGet, "/").status == 503);
  auto page = booth.tip("&text=PRECIOUS");
  CHECK(page.status == 503);
  CHECK(page.has("PRECIOUS"));
}

TEST_CASE("that a tip could not be kept is logged when its minute is over, and not when it was sent") {
  Booth booth;
  booth.on_loop([&] {
    booth.clock.advance(seconds(7));
    booth.desk_books.before = [&] { booth.desk_books.ledger.root_.reset(); };
  });
  CHECK(booth.tip("&text=PRECIOUS").status == 503);
  // Also nothing a moment before.
  auto lines = [&] { return booth.on_loop([&] { return booth.lines; }); };
  CHECK(lines().empty());
  int64_t rest = booth.on_loop([&] {
    int64_t left = 60'000 - booth.clock.wall().ms % 60'000;
    booth.clock.advance(milliseconds(left - 1));
    return left;
  });
  REQUIRE(rest > 1);
  CHECK(lines().empty());
  booth.on_loop([&] { booth.clock.advance(milliseconds(1)); });
  for (auto end = std::chrono::steady_clock::now() + seconds(10);
       lines().empty() && std::chrono::steady_clock::now() < end;) {
    std::this_thread::yield();
  }
  REQUIRE(lines().size() == 1);
  CHECK(lines()[0].find("tip_not_kept") != std::string::npos);
  CHECK(lines()[0].find("PRECIOUS") == std::string::npos);
  CHECK(lines()[0].find("192.0.2.1") == std::string::npos);
}

TEST_CASE("a wrong receipt is answered like a right one, and guessing comes to an end") {
  Booth booth;
  auto sent = booth.tip();
  std::string receipt = std::regex_replace(sent.receipt(), std::regex(" "), "");
  auto right = booth.ask(Method::kPost, "/answer", "lang=en&receipt=" + receipt);
  receipt.back() = receipt.back() == '0' ? '1' : '0';
  auto wrong = booth.ask(Method::kPost, "/answer", "lang=en&receipt=" + receipt);
  CHECK(wrong.has("There is nothing for this receipt. Type it again, and compare every digit."));
  CHECK(wrong.status == right.status);
  CHECK(wrong.html.size() == right.html.size());
  CHECK_FALSE(wrong.has(receipt));
  CHECK(booth.ask(Method::kPost, "/answer", "receipt=12").status == 422);
  int refused = 0;
  for (size_t i = 2; i < kPerAddress * TipSite::kReadsForATip + 2; ++i) {
    if (booth.ask(Method::kPost, "/answer", "receipt=" + receipt).status == 429) ++refused;
  }
  CHECK(refused == 2);
  CHECK(booth.ask(Method::kPost, "/answer", "receipt=" + receipt, "192.0.2.2").status == 200);
}

TEST_CASE("who cannot be answered now is told so, and not that the receipt is still there or wrong") {
  Booth booth;
  std::string receipt = std::regex_replace(booth.tip().receipt(), std::regex(" "), "");
  auto look = [&] { return booth.ask(Method::kPost, "/answer", "lang=en&receipt=" + receipt); };
  auto only_says = [&](const Page& page, std::string_view words) {
    CAPTURE(page.html);
    CHECK(page.has(words));
    CHECK_FALSE(page.has("still here"));
    CHECK_FALSE(page.has("aria-invalid=\"true\""));
    CHECK_FALSE(page.has(receipt));
  };
  booth.on_loop([&] { booth.desk_books.ledger.tips_.begin()->second.for_tipster.back() ^= 1; });
  auto page = look();
  CHECK(page.status == 503);
  only_says(page, "It cannot be looked up just now. Try again in a few minutes, with your receipt.");
  for (size_t i = 1; i < kPerAddress * TipSite::kReadsForATip; ++i) REQUIRE(look().status == 503);
  page = look();
  CHECK(page.status == 429);
  only_says(page, "Too many requests. Try again in a few minutes, with your receipt.");
  // What was written is still there, and is said to be.
  page = booth.ask(Method::kPost, "/write", "lang=en&receipt=" + receipt + "&text=PRECIOUS");
  CHECK(page.status == 429);
  CHECK(page.has("what you wrote is still here"));
  CHECK(page.has("PRECIOUS"));
}

TEST_CASE("however many look for answers, from however many addresses, tips are still taken") {
  Booth booth;
  auto answered = std::make_shared<std::atomic<size_t>>(0);
  auto look = [&](size_t i) {
    Request request;
    request.method = Method::kPost;
    request.path = "/answer";
    request.headers = {{"host", "tips.example"}, {"content-type", "application/x-www-form-urlencoded"}};
    const std::string body = "receipt=123456789012345678901234";
    request.body.assign(body.begin(), body.end());
    request.peer = "198.51." + std::to_string(i) + ".1";
    booth.server->router().dispatch(request, make_responder([answered](const Response&) { ++*answered; }));
  };
  booth.on_loop([&] {
    for (size_t i = 0; i < TipSite::kReadsAMinute; ++i) look(i);
  });
  CHECK(booth.tip().status == 200);  // with lookups waiting
  for (auto end = std::chrono::steady_clock::now() + seconds(60);
       *answered < TipSite::kReadsAMinute && std::chrono::steady_clock::now() < end;) {
    std::this_thread::yield();
  }
  REQUIRE(*answered == TipSite::kReadsAMinute);
  CHECK(booth.ask(Method::kPost, "/answer", "receipt=123456789012345678901234", "192.0.2.9").status == 429);
  CHECK(booth.tip().status == 200);
  booth.on_loop([&] { booth.clock.advance(seconds(61)); });
  CHECK(booth.ask(Method::kPost, "/answer", "receipt=123456789012345678901234", "192.0.2.9").status == 200);
}

TEST_CASE("one line with many networks uses up neither everybody's tips of a minute nor their answers") {
  Booth booth;
  auto from = [](size_t i) { return fmt::format("2001:db8:1:{:x}::1", i); };
  const std::string look = "receipt=123456789012345678901234";
  for (size_t i = 0; i < TipSite::kOfANetworkAMinute; ++i) {
    REQUIRE(booth.tip_from(from(i)).status == 200);
    REQUIRE(booth.ask(Method::kPost, "/answer", look, from(i)).status == 200);
  }
  for (size_t i = 0; i < TipSite::kSendsAMinute; ++i) {
    auto page = booth.tip_from(from(100 + i));
    REQUIRE(page.status == 429);
    REQUIRE(page.has("hello"));
    REQUIRE(booth.ask(Method::kPost, "/answer", look, from(100 + i)).status == 429);
  }
  for (const char* other : {"2001:db8:2::1", "198.51.100.1", "::ffff:198.51.101.1"}) {
    CAPTURE(other);
    CHECK(booth.tip_from(other).status == 200);
    CHECK(booth.ask(Method::kPost, "/answer", look, other).status == 200);
  }
  booth.on_loop([&] { booth.clock.advance(seconds(61)); });
  CHECK(booth.tip_from(from(0)).status == 200);
}

TEST_CASE("who may send no more takes nothing from their neighbours") {
  Booth booth;
  for (size_t i = 0; i < kPerAddress; ++i) REQUIRE(booth.tip_from("198.51.100.1").status == 200);
  for (size_t i = 0; i < TipSite::kOfANetworkAMinute; ++i)
    REQUIRE(booth.tip_from("198.51.100.1").status == 429);
  CHECK(booth.tip_from("198.51.100.2").status == 200);
}

TEST_CASE("one address sends six tips in a quarter of an hour; the seventh is still on the page") {
  Booth booth;
  for (size_t i = 0; i < kPerAddress; ++i) CHECK(booth.tip().status == 200);
  auto page = booth.tip("&text=SEVENTH");
  CHECK(page.status == 429);
  CHECK(page.has("SEVENTH"));
  booth.on_loop([&] { booth.clock.advance(std::chrono::minutes(16)); });
  CHECK(booth.tip().status == 200);
}

TEST_CASE("clips that no tip names are released, and none that is just being noted") {
  Booth booth;
  REQUIRE(booth.tip("2026-12-01T09:30:05&text=one").status == 200);
  REQUIRE(booth.tip("2026-12-01T09:30:15&text=two").status == 200);
  // Left behind by a stop between a clip and its note.
  booth.on_loop([&] { booth.clips.there.push_back("left-behind"); });
  std::vector<std::string> while_noted;
  booth.desk_books.before = [&] {
    booth.tips->sweep_clips();
    while_noted = booth.clips.released;
  };
  booth.on_loop([&] { booth.tips->keep_clips(); });
  CHECK(while_noted == std::vector<std::string>{"left-behind"});
  booth.desk_books.before = nullptr;
  booth.on_loop([&] { booth.tips->sweep_clips(); });
  CHECK(booth.clips.released == while_noted);
  CHECK(booth.clips.there.size() == 2);
  // A tip that went while its clip was being made.
  REQUIRE(booth.tip("2026-12-01T09:31:05&text=three").status == 200);
  booth.desk_books.before = [&] {
    auto tips = booth.desk_books.ledger.tips_;
    for (const auto& [id, tip] : tips) {
      if (tip.clip.empty()) REQUIRE(booth.desk_books.ledger.remove_tip(id));
    }
  };
  booth.on_loop([&] { booth.tips->keep_clips(); });
  CHECK(booth.clips.released.back() == "clip-3");
  CHECK(booth.clips.there.size() == 2);
}
