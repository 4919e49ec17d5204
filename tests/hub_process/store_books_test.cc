#include "app/store_books.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "../hub_http/harness.h"

using namespace openday;
using namespace openday::app;

namespace {

broadcast::Venue venue(const std::string& id) {
  return {id, id, {}, 0, 120, {1}};
}

struct Desk {
  Desk() {
    store = *store::Store::open(folder / "x.db", Log("test", LogLevel::kError, [](std::string_view) {}),
                                {.queue_bound = 2, .group_bound = 2});
    loop = *Loop::create(clock, 4);
    books = *StoreBooks::open(*loop, *store);
  }
  hub::test::TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<Loop> loop;  // outlives the store, whose writer posts to it
  std::unique_ptr<store::Store> store;
  std::unique_ptr<StoreBooks> books;
};

}  // namespace

TEST_CASE("outcomes come back on the loop's thread, in order, and are visible to readers by then") {
  Desk desk;
  std::vector<std::string> told;
  std::thread::id home;
  auto submit = [&](const std::string& id) {
    desk.books->submit([id](broadcast::Ledger& ledger) { return ledger.put(venue(id)); },
                       [&, id](Result<> outcome) {
                         CHECK(outcome);
                         CHECK(std::this_thread::get_id() == home);
                         CHECK(desk.books->view().venue(id));
                         told.push_back(id);
                         if (told.size() == 2) desk.loop->stop();
                       });
  };
  submit("a");
  submit("b");
  std::thread thread([&] {
    home = std::this_thread::get_id();
    desk.loop->run();
  });
  thread.join();
  CHECK(told == std::vector<std::string>{"a", "b"});
}

TEST_CASE("work beyond the queue is refused at once") {
  std::promise<void> begun;
  std::promise<void> go_on;
  Desk desk;  // its thread waits on them
  desk.books->submit(
      [&](broadcast::Ledger&) -> Result<> {
        begun.set_value();
        go_on.get_future().wait();
        return {};
      },
      [](Result<>) {});
  begun.get_future().wait();
  int busy = 0;
  for (int i = 0; i < 4; ++i) {
    desk.books->submit(
        [](broadcast::Ledger&) -> Result<> { return {}; },
        [&](Result<> outcome) { busy += !outcome && outcome.error().code == Errc::kBusy ? 1 : 0; });
  }
  CHECK(busy == 2);
  go_on.set_value();
}

TEST_CASE("a full mailbox delays outcomes but loses none") {
  Desk desk;
  while (desk.loop->post([] {})) {
  }
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    desk.books->submit([](broadcast::Ledger&) -> Result<> { return {}; },
                       [&](Result<>) {
                         if (++told == 2) desk.loop->stop();
                       });
  }
  std::thread thread([&] { desk.loop->run(); });
  thread.join();
  CHECK(told == 2);
}

TEST_CASE("books that end before their outcome tell nobody") {
  Desk desk;
  bool told = false;
  desk.books->submit([](broadcast::Ledger&) -> Result<> { return {}; }, [&](Result<>) { told = true; });
  desk.store.reset();  // finishes the unit and posts
  desk.books.reset();
  desk.loop->post([&] { desk.loop->stop(); });
  std::thread thread([&] { desk.loop->run(); });
  thread.join();
  CHECK_FALSE(told);
}
