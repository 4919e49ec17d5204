#include "base/queue.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace openday;

TEST_CASE("a queue that refuses keeps what it has and counts the rest") {
  BoundedQueue<int> queue(2, WhenFull::kRefuse);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK_FALSE(queue.push(3));
  CHECK(queue.dropped() == 1);
  CHECK(queue.try_pop() == 1);
}

TEST_CASE("a leaky queue drops its oldest and counts it") {
  BoundedQueue<int> queue(2, WhenFull::kDropOldest);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK(queue.push(3));
  CHECK(queue.dropped() == 1);
  CHECK(queue.try_pop() == 2);
  CHECK(queue.try_pop() == 3);
  CHECK_FALSE(queue.try_pop());
}

TEST_CASE("a waiting consumer is woken by an item, a close and a stop request") {
  BoundedQueue<int> queue(4, WhenFull::kRefuse);
  std::thread producer([&] { queue.push(7); });
  CHECK(queue.pop() == 7);
  producer.join();

  std::jthread consumer([&](std::stop_token stop) { CHECK_FALSE(queue.pop(stop)); });
  consumer.request_stop();
  consumer.join();

  std::thread closer([&] { queue.close(); });
  CHECK_FALSE(queue.pop());
  closer.join();
  CHECK_FALSE(queue.push(1));
}
