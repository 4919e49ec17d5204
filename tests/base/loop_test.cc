#include "base/loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace openday;

TEST_CASE("timers fire in the order of their times and stop when cancelled") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  std::string order;
  loop->after(milliseconds(20), [&] { order += 'b'; });
  loop->after(milliseconds(5), [&] { order += 'a'; });
  auto never = loop->after(milliseconds(10), [&] { order += 'x'; });
  loop->cancel(never);
  loop->after(milliseconds(30), [&] { loop->stop(); });
  loop->run();
  CHECK(order == "ab");
}

TEST_CASE("a repeating timer may cancel itself") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  int beats = 0;
  Loop::TimerId id = 0;
  id = loop->every(milliseconds(1), [&] {
    if (++beats == 3) {
      loop->cancel(id);
      loop->after(milliseconds(5), [&] { loop->stop(); });
    }
  });
  loop->run();
  CHECK(beats == 3);
}

TEST_CASE("tasks posted from another thread run on the loop's thread, and none is lost") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  int ran = 0;
  std::thread::id home;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) {
      while (!loop->post([&] {
        ++ran;
        home = std::this_thread::get_id();
        if (ran == 1000) loop->stop();
      })) {
        std::this_thread::yield();
      }
    }
  });
  loop->run();
  poster.join();
  CHECK(ran == 1000);
  CHECK(home == std::this_thread::get_id());
}

TEST_CASE("a full mailbox refuses instead of growing") {
  SystemClock clock;
  auto loop = Loop::create(clock, 2).value();
  CHECK(loop->post([] {}));
  CHECK(loop->post([] {}));
  CHECK_FALSE(loop->post([] {}));
}

TEST_CASE("a descriptor unwatched by another's callback in the same turn is not called") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  auto one = socket_pair().value();
  auto two = socket_pair().value();
  int calls = 0;
  auto only_once = [&](int other) {
    return [&calls, &loop, other](uint32_t) {
      ++calls;
      loop->unwatch(other);
      loop->stop();
    };
  };
  REQUIRE(loop->watch(one.first.get(), Loop::kRead, only_once(two.first.get())));
  REQUIRE(loop->watch(two.first.get(), Loop::kRead, only_once(one.first.get())));
  REQUIRE(::write(one.second.get(), "x", 1) == 1);
  REQUIRE(::write(two.second.get(), "x", 1) == 1);
  loop->run();
  CHECK(calls == 1);
}
