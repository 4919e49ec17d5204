#include "base/loop_worker.h"

#include <catch2/catch.hpp>
#include <future>
#include <semaphore>
#include <thread>
#include <vector>

using namespace openday;

TEST_CASE("work is done beside the loop, in order, and told on it") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  auto home = std::this_thread::get_id();
  std::vector<int> told;
  LoopWorker worker(*loop, 8);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(worker.ask([i](const std::stop_token&) { return std::pair(i, std::this_thread::get_id()); },
                       [&](std::pair<int, std::thread::id> done) {
                         CHECK(done.second != home);
                         CHECK(std::this_thread::get_id() == home);
                         told.push_back(done.first);
                         if (told.size() == 3) loop->stop();
                       }));
  }
  loop->run();
  CHECK(told == std::vector{0, 1, 2});
}

TEST_CASE("a full worker says so and takes nothing") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  std::binary_semaphore begun(0);
  std::binary_semaphore go_on(0);
  LoopWorker worker(*loop, 1);
  auto nothing = [](int) {};
  REQUIRE(worker.ask(
      [&](const std::stop_token&) {
        begun.release();
        go_on.acquire();
        return 1;
      },
      nothing));
  begun.acquire();
  CHECK_FALSE(worker.is_full());
  REQUIRE(worker.ask([](const std::stop_token&) { return 2; }, nothing));
  CHECK(worker.is_full());
  CHECK_FALSE(worker.ask([](const std::stop_token&) { return 3; }, nothing));
  go_on.release();
}

TEST_CASE("a worker that ends stops what runs, drops what waits, and tells nobody") {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  std::binary_semaphore begun(0);
  std::shared_ptr<int> held = std::make_shared<int>(7);
  bool second = false;
  bool told = false;
  {
    LoopWorker worker(*loop, 4);
    REQUIRE(worker.ask(
        [&](const std::stop_token& stop) {
          begun.release();
          std::promise<void> stopped;
          std::stop_callback when(stop, [&] { stopped.set_value(); });
          stopped.get_future().wait();
          return 0;
        },
        [&, held](int) { told = true; }));
    REQUIRE(
        worker.ask([&](const std::stop_token&) { return second = true; }, [&, held](bool) { told = true; }));
    begun.acquire();
    CHECK(held.use_count() == 3);
  }
  CHECK(held.use_count() == 1);
  loop->after(milliseconds(0), [&] { loop->stop(); });
  loop->run();
  CHECK_FALSE(second);
  CHECK_FALSE(told);
}
