// The sockets' queue against std::deque.
#include "hub/lean_queue.h"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <random>

using openday::hub::LeanQueue;

TEST_CASE("a lean queue does what a deque does, and lets go of what has left it") {
  std::minstd_rand dice(11);
  LeanQueue<std::shared_ptr<int>> lean;
  std::deque<std::shared_ptr<int>> plain;
  for (int step = 0; step < 20'000; ++step) {
    size_t what = dice() % 100;
    bool filling = step / 500 % 2 == 0;
    if (what < (filling ? 60u : 35u)) {
      auto item = std::make_shared<int>(step);
      lean.push_back(item);
      plain.push_back(item);
    } else if (what < 95 && !plain.empty()) {
      std::weak_ptr<int> gone = plain.front();
      plain.pop_front();
      lean.pop_front();
      REQUIRE(gone.expired());
    } else if (what < 99 && !plain.empty()) {
      auto at = static_cast<ptrdiff_t>(dice() % plain.size());
      plain.erase(plain.begin() + at);
      lean.erase(lean.begin() + at);
    } else if (what == 99 && step % 7 == 0) {
      plain.clear();
      lean.clear();
    }
    REQUIRE(lean.size() == plain.size());
    REQUIRE(lean.empty() == plain.empty());
    if (!plain.empty()) REQUIRE(lean.front() == plain.front());
    if (step % 50 == 0) REQUIRE(std::equal(lean.begin(), lean.end(), plain.begin(), plain.end()));
  }
}
