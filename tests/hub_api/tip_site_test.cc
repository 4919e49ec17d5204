// The tip site without its server: requests in, pages out.
#include "hub/tip_site.h"

#include <catch2/catch.hpp>
#include <future>
#include <regex>
#include <thread>

#include "../desk/memory_desk.h"
#include "base/random.h"
#include "desk/roster.h"
#include "desk/tips.h"
#include "hub/desk_office.h"
#include "wrap/sodium/keys.h"

using namespace openday;
using namespace openday::hub;
using openday::test::MemoryBooks;
using openday::test::MemoryDeskBooks;

namespace {

constexpr size_t kPerAddress = 6;

/// Strips nothing but what a test can see.
class FakeCleaner final : public desk::PhotoCleaner {
 public:
  void clean(SharedBytes image, std::function<void(Result<Bytes>)> done) override {
    if (as_text(*image).starts_with("GPS:")) return done(Bytes(image->begin() + 4, image->end()));
    done(fail(Errc::kUnsupported, "not a picture"));
  }
};

class FakeClips final : public desk::ClipKeeper {
 public:
  void keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
            std::function<void(Result<std::string>)> done) override {
    kept.emplace_back(broadcast, from, to);
    done("clip-" + std::to_string(kept.size()));
  }
  void release(const std::string& clip) override { released.push_back(clip); }
  std::vector<std::tuple<std::string, ProgramTime, ProgramTime>> kept;
  std::vector<std::string> released;
};

struct Page {
  int status = 0;
  std::string html;
  std::vector<Header> headers;
  [[nodiscard]] bool has(std::string_view text) const { return html.find(text) != std::string::npos; }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& one : headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
  [[nodiscard]] std::string receipt() const {
    std::smatch found;
    return std::regex_search(html, found, std::regex("class=\"number\">([0-9 ]{29})<")) ? found[1].str() : "";
  }
};

struct Booth {
  explicit Booth(bool found = true, desk::PhotoCleaner* photos = nullptr) : loop(*Loop::create(clock)) {
    books.ledger.put(broadcast("day", false)).value();
    books.ledger.put(broadcast("secret", true)).value();
    if (found) {
      REQUIRE(
          books.ledger.put(account::Person{"ana", "Ana", {account::Role::kOfficer}, "", false, false, {}}));
      REQUIRE(books.ledger.put(account::Keys{"ana", ana->public_half(), {}, {}, {}}));
      REQUIRE(desk::found(desk_books.ledger, books.ledger, house, ana, desk::make_recovery().pair,
                          {"ana", "session", {}}));
    }
    tips = std::make_unique<TipDesk>(TipDesk::Parts{*loop, desk_books, books, house, photos, &clips, log});
    site = std::make_unique<TipSite>(TipSite::Parts{
        router, *tips, books.view(), clock, {"法院", "Court", "", "", "", ""}, "p{}", kPerAddress});
    site->add_routes();
    thread = std::thread([this] { loop->run(); });
  }
  ~Booth() {
    on_loop([this] {
      site.reset();
      tips.reset();
    });
    loop->stop();
    thread.join();
  }
  static broadcast::Broadcast broadcast(const std::string& id, bool hidden) {
    broadcast::Broadcast made;
    made.id = id;
    made.title = "Title of " + id;
    made.hidden = hidden;
    return made;
  }
  template <class Task>
  auto on_loop(Task task) -> decltype(task()) {
    auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
    auto result = packaged->get_future();
    REQUIRE(loop->post([packaged] { (*packaged)(); }));
    return result.get();
  }
  Page ask(Method method, const std::string& target, const std::string& body = {},
           const std::string& peer = "192.0.2.1") {
    Request request;
    request.method = method;
    size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = *Query::parse(target.substr(question + 1));
    request.headers = {{"host", "tips.example"}, {"accept-language", "en"}};
    if (method == Method::kPost) {
      request.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
      request.body.assign(body.begin(), body.end());
    }
    request.peer = peer;
    return send([&](Responder responder) { router.dispatch(request, std::move(responder)); });
  }
  Page send(std::function<void(Responder)> task) {
    auto promise = std::make_shared<std::promise<Page>>();
    auto future = promise->get_future();
    on_loop([&] {
      task(make_responder([promise](const Response& response) {
        Page page{response.status, "", response.headers};
        if (auto* bytes = std::get_if<SharedBytes>(&response.body)) page.html = as_text(**bytes);
        promise->set_value(std::move(page));
      }));
    });
    REQUIRE(future.wait_for(seconds(20)) == std::future_status::ready);
    return future.get();
  }
  Page tip(const std::string& more = "&text=hello") {
    return ask(Method::kPost, "/send", "lang=en&kind=lead&broadcast=day&moment=" + more);
  }

  ManualClock clock;
  Log log{"test", LogLevel::kDebug, [this](std::string_view line) { lines.emplace_back(line); }};
  std::vector<std::string> lines;
  MemoryBooks books;
  MemoryDeskBooks desk_books{books};
  desk::HouseKeys house = *desk::HouseKeys::with_key(Bytes(32, 3));
  desk::Pair ana = sodium::KeyPair::random();
  FakeClips clips;
  Router router;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<TipDesk> tips;
  std::unique_ptr<TipSite> site;
  std::thread thread;
};

}  // namespace

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
  CHECK(booth.clips.kept.empty());
  booth.on_loop([&] { booth.tips->keep_clips(); });
  booth.on_loop([&] { booth.tips->keep_clips(); });
  CHECK(booth.clips.kept.size() == 1);
  auto tip = booth.on_loop([&] { return booth.desk_books.ledger.tips_.begin()->second; });
  CHECK(tip.broadcast == "day");
  CHECK(tip.clip == "clip-1");
  CHECK(std::get<1>(booth.clips.kept[0]).ms % 60'000 == 45'000);
  booth.on_loop([&] {
    auto& ledger = booth.desk_books.ledger;
    auto key = *desk::open_key(*ledger.copy(tip.id, booth.ana->public_half()), booth.ana);
    account::Act act{"ana", "session", booth.clock.wall()};
    REQUIRE(desk::triage(ledger, booth.books.ledger, tip.id, desk::Verdict::kLead, act));
    REQUIRE(desk::answer(ledger, booth.books.ledger, tip.id, key, "Thank you <3", act));
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
  CHECK(booth.lines.empty());                            // a log line would have an exact time
  CHECK(booth.books.ledger.audit(0, 100)->size() == 3);  // founded, triaged, answered
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
  CHECK(page.has("href=\"/?lang=zh-CN&amp;at=" + std::to_string(at.ms) + "&amp;b=day\""));
  page = booth.ask(Method::kGet, "/?b=secret&at=x");
  CHECK_FALSE(page.has("secret"));
  CHECK(page.has("<option value=\"none\" selected>"));
  REQUIRE(booth.ask(Method::kPost, "/send", "kind=lead&broadcast=secret&text=x").status == 200);
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.begin()->second.broadcast; }).empty());
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

TEST_CASE("without a founded desk nothing is taken, and nothing typed is lost") {
  Booth booth(false);
  CHECK(booth.ask(Method::kGet, "/").status == 503);
  auto page = booth.tip("&text=PRECIOUS");
  CHECK(page.status == 503);
  CHECK(page.has("PRECIOUS"));
}

TEST_CASE("a wrong receipt is answered like a right one, and guessing comes to an end") {
  Booth booth;
  auto sent = booth.tip();
  std::string receipt = std::regex_replace(sent.receipt(), std::regex(" "), "");
  auto right = booth.ask(Method::kPost, "/answer", "lang=en&receipt=" + receipt);
  receipt.back() = receipt.back() == '0' ? '1' : '0';
  auto wrong = booth.ask(Method::kPost, "/answer", "lang=en&receipt=" + receipt);
  CHECK(wrong.has("There is nothing for this receipt."));
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

TEST_CASE("one address sends six tips in a quarter of an hour; the seventh is still on the page") {
  Booth booth;
  for (size_t i = 0; i < kPerAddress; ++i) CHECK(booth.tip().status == 200);
  auto page = booth.tip("&text=SEVENTH");
  CHECK(page.status == 429);
  CHECK(page.has("SEVENTH"));
  booth.on_loop([&] { booth.clock.advance(std::chrono::minutes(16)); });
  CHECK(booth.tip().status == 200);
}

TEST_CASE("photos are sealed as they come out of the cleaner, and one that is none is named") {
  FakeCleaner cleaner;
  Booth booth(true, &cleaner);
  auto bytes = [](std::string_view text) { return std::make_shared<const Bytes>(text.begin(), text.end()); };
  Request request;
  request.method = Method::kPost;
  request.headers = {{"accept-language", "en"}};
  request.peer = "192.0.2.1";
  auto send = [&](std::vector<SharedBytes> photos) {
    TipFields fields;
    fields.texts = {{"kind", "lead"}, {"text", "look"}};
    fields.photos = std::move(photos);
    return booth.send(
        [&](Responder responder) { booth.site->send(request, std::move(fields), std::move(responder)); });
  };
  CHECK(booth.ask(Method::kGet, "/").has("type=\"file\""));
  auto page = send({bytes("GPS:picture one"), bytes("GPS:picture two")});
  REQUIRE(page.status == 200);
  booth.on_loop([&] {
    auto& ledger = booth.desk_books.ledger;
    std::string id = ledger.tips_.begin()->first;
    CHECK(ledger.tips_.begin()->second.photos == 2);
    auto key = *desk::open_key(*ledger.copy(id, booth.ana->public_half()), booth.ana);
    CHECK(as_text(*desk::open_photo(key, *ledger.photo(id, 2))) == "picture two");
  });
  page = send({bytes("GPS:picture"), bytes("something else")});
  CHECK(page.status == 422);
  CHECK(page.has("href=\"#photos\""));
  CHECK(page.has("look"));
  CHECK(send(std::vector<SharedBytes>(6, bytes("GPS:x"))).status != 200);
  CHECK(booth.on_loop([&] { return booth.desk_books.ledger.tips_.size(); }) == 1);
}
