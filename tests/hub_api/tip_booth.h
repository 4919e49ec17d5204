// The tip site on a loop of its own, over books in memory: asked directly, or through its real server.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <regex>
#include <thread>

#include "../desk/memory_desk.h"
#include "../hub_http/harness.h"
#include "base/random.h"
#include "desk/roster.h"
#include "desk/tips.h"
#include "hub/tip_site.h"
#include "wrap/sodium/keys.h"

namespace openday::hub::test {

using openday::test::MemoryBooks;
using openday::test::MemoryDeskBooks;

inline constexpr size_t kPerAddress = 6;

/// Strips nothing but what a test can see, and answers when the test says so.
class FakeCleaner final : public PhotoCleaner {
 public:
  explicit FakeCleaner(Loop& loop) : loop_(loop) {}
  void clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) override {
    ++asked;
    most_at_once = std::max(most_at_once, ++working);
    held.push_back([this, photo = std::move(photo), then = std::move(then)] {
      --working;
      std::string_view text = as_text(*photo);
      if (text.starts_with("GPS:")) return then(Bytes(photo->begin() + 4, photo->end()));
      if (text.starts_with("slow")) return then(fail(Errc::kTimeout, ""));
      if (text.starts_with("busy")) return then(fail(Errc::kBusy, ""));
      if (text.starts_with("down")) return then(fail(Errc::kIo, ""));
      then(fail(Errc::kUnsupported, ""));
    });
    if (!holds) go_on();
  }
  void go_on() {
    for (auto& one : std::exchange(held, {})) loop_.after(Duration(0), std::move(one));
  }

  bool holds = false;
  int asked = 0;
  int working = 0;
  int most_at_once = 0;
  std::vector<std::function<void()>> held;

 private:
  Loop& loop_;
};

class FakeClips final : public desk::ClipKeeper {
 public:
  void keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
            std::function<void(Result<std::string>)> done) override {
    asked.emplace_back(broadcast, from, to);
    there.push_back("clip-" + std::to_string(asked.size()));
    done(there.back());
  }
  void release(const std::string& clip) override {
    released.push_back(clip);
    std::erase(there, clip);
  }
  Result<std::vector<std::string>> kept() override { return there; }

  std::vector<std::tuple<std::string, ProgramTime, ProgramTime>> asked;
  std::vector<std::string> there;
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
  explicit Booth(bool found = true, bool photos = false, HttpOptions options = {})
      : loop(*Loop::create(clock)), cleaner(*loop) {
    options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = false}};
    server = HttpServer::create(std::move(options), *loop).value();
    auto day = broadcast("day", false);
    day.state = broadcast::State::kLive;
    day.live_at = day.public_from = *read_local_time("2026-12-01T09:00:00");
    books.ledger.put(day).value();
    auto eve = broadcast("eve", false);  // it was yesterday
    eve.state = broadcast::State::kEnded;
    eve.live_at = eve.public_from = *read_local_time("2026-11-30T09:00:00");
    eve.ended_at = *read_local_time("2026-11-30T10:00:00");
    books.ledger.put(eve).value();
    books.ledger.put(broadcast("soon", false)).value();
    books.ledger.put(broadcast("secret", true)).value();
    auto unlisted = broadcast("unlisted", true);
    unlisted.state = broadcast::State::kLive;
    unlisted.live_at = unlisted.public_from = day.live_at;
    books.ledger.put(unlisted).value();
    if (found) {
      REQUIRE(
          books.ledger.put(account::Person{"ana", "Ana", {account::Role::kOfficer}, "", false, false, {}}));
      REQUIRE(books.ledger.put(account::Keys{"ana", ana->public_half(), {}, {}, {}}));
      REQUIRE(desk::found(desk_books.ledger, books.ledger, house, ana, desk::make_recovery().pair,
                          {"ana", "session", {}}));
    }
    tips = std::make_unique<TipDesk>(TipDesk::Parts{*loop, desk_books, books, house, &clips, log});
    site = std::make_unique<TipSite>(TipSite::Parts{server->router(),
                                                    *tips,
                                                    photos ? &cleaner : nullptr,
                                                    books.view(),
                                                    clock,
                                                    {"法院", "Court", "", "", "", "", "110"},
                                                    "p{}",
                                                    kPerAddress});
    site->add_routes();
    thread = std::thread([this] { loop->run(); });
  }
  ~Booth() {
    on_loop([this] {
      server.reset();
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
    return send([&](Responder responder) { server->router().dispatch(request, std::move(responder)); });
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
  Page tip_from(const std::string& peer) {
    return ask(Method::kPost, "/send", "lang=en&kind=lead&broadcast=day&moment=&text=hello", peer);
  }

  ManualClock clock{{1'000'000'000}, *read_local_time("2026-12-01T09:45:00")};
  Log log{"test", LogLevel::kDebug, [this](std::string_view line) { lines.emplace_back(line); }};
  std::vector<std::string> lines;
  MemoryBooks books;
  MemoryDeskBooks desk_books{books};
  desk::HouseKeys house = *desk::HouseKeys::with_key(Bytes(32, 3));
  desk::Pair ana = sodium::KeyPair::random();
  FakeClips clips;
  std::unique_ptr<Loop> loop;
  FakeCleaner cleaner;
  std::unique_ptr<TipDesk> tips;
  std::unique_ptr<TipSite> site;
  std::unique_ptr<HttpServer> server;
  std::thread thread;
};

}  // namespace openday::hub::test
