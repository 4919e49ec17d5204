#include <algorithm>
#include <random>

#include "hub/websocket_frame.h"
#include "room_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

SharedBytes message(int number) {
  return std::make_shared<const Bytes>(ws_text_frame(R"({"t":"n","n":)" + std::to_string(number) + "}"));
}

/// A fanout on a loop of its own, and the sockets on it.
struct Hall {
  explicit Hall(Fanout::Bounds bounds = {}) {
    loop = *Loop::create(clock);
    fanout.emplace(*loop, bounds, [](WebSocket& socket, uint64_t first) {
      std::string text = R"({"t":"skipped","n":)" + std::to_string(first) + "}";
      socket.send(std::make_shared<const Bytes>(text.begin(), text.end()), WebSocket::Loss::kMustNot);
    });
  }
  void run(const std::function<void()>& task) {
    task();
    loop->run_ready();
  }
  void settle() {
    for (int round = 0; round < 20; ++round) loop->run_ready();
  }
  static std::vector<int> numbers(const FakeSocket& socket) {
    std::vector<int> found;
    for (const Json& one : socket.of("n")) found.push_back(one["n"]);
    return found;
  }

  ManualClock clock;
  std::unique_ptr<Loop> loop;
  std::optional<Fanout> fanout;
};

/// Goes on by a microsecond whenever it is read.
class CreepingClock final : public Clock {
 public:
  [[nodiscard]] HouseTime now() const override { return {now_ns_ += 1000}; }
  [[nodiscard]] ProgramTime wall() const override { return {}; }

 private:
  mutable int64_t now_ns_ = 0;
};

}  // namespace

TEST_CASE("everybody gets every message once and in order, whoever comes and goes meanwhile, at any pace") {
  const Duration pace = GENERATE(milliseconds(0), milliseconds(100));
  const int rounds = pace > Duration(0) ? 25 : 15;
  INFO("pace " << duration_cast<milliseconds>(pace).count() << " ms");
  Hall hall;
  hall.fanout->set_pace(pace);
  constexpr size_t kSockets = 2000;  // several turns of a pass
  std::vector<std::unique_ptr<FakeSocket>> sockets;
  std::vector<std::unique_ptr<Fanout::Place>> places;
  std::vector<int> first(kSockets, 0);
  std::vector<int> last(kSockets, 0);
  std::minstd_rand dice(7);
  int sent = 0;
  hall.run([&] {
    for (size_t n = 0; n < kSockets; ++n) {
      sockets.push_back(std::make_unique<FakeSocket>());
      places.push_back(std::make_unique<Fanout::Place>());
      hall.fanout->join(*sockets[n], *places[n]);
    }
  });
  std::vector<bool> present(kSockets, true);
  for (int round = 0; round < rounds; ++round) {
    hall.run([&] {
      for (int n = 0; n < 3; ++n) hall.fanout->publish(message(sent++), 0);
      for (int n = 0; n < 40; ++n) {
        size_t who = dice() % kSockets;
        if (present[who]) {
          hall.fanout->leave(*places[who]);
          last[who] = sent;
        } else {
          *sockets[who] = FakeSocket();
          hall.fanout->join(*sockets[who], *places[who]);
          first[who] = sent;
        }
        present[who] = !present[who];
      }
    });
    // A pass may be due or waiting for its time when the next messages come.
    hall.clock.advance(milliseconds(dice() % 60));
    for (auto turns = dice() % 3; turns > 0; --turns) hall.loop->run_ready();
  }
  hall.settle();
  hall.clock.advance(pace);
  // The last one comes when some have had their turn.
  hall.settle();
  hall.clock.advance(pace);
  hall.run([&] {
    for (int n = 0; n < 2; ++n) hall.fanout->publish(message(sent++), 0);
  });
  hall.settle();
  hall.clock.advance(pace);
  hall.settle();
  for (size_t n = 0; n < kSockets; ++n) {
    auto got = Hall::numbers(*sockets[n]);
    std::vector<int> wanted;
    for (int m = first[n]; m < first[n] + static_cast<int>(got.size()); ++m) wanted.push_back(m);
    CHECK(got == wanted);
    if (present[n]) CHECK(first[n] + static_cast<int>(got.size()) == sent);
    if (!present[n]) CHECK(first[n] + static_cast<int>(got.size()) <= last[n]);
  }
}

TEST_CASE("a socket that cannot take a message keeps its place and goes on from there") {
  Hall hall;
  FakeSocket slow;
  FakeSocket fast;
  Fanout::Place slow_place;
  Fanout::Place fast_place;
  hall.run([&] {
    slow.allowed = 2;
    hall.fanout->join(slow, slow_place);
    hall.fanout->join(fast, fast_place);
    for (int n = 0; n < 10; ++n) hall.fanout->publish(message(n), 0);
  });
  hall.settle();
  CHECK(Hall::numbers(slow) == std::vector{0, 1});
  CHECK(slow.wants);
  CHECK(Hall::numbers(fast).size() == 10);
  hall.run([&] {
    slow.allowed = -1;
    hall.fanout->writable(slow_place);
  });
  CHECK(Hall::numbers(slow) == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a socket gets what it has missed with few writes") {
  Hall hall;
  FakeSocket slow;
  Fanout::Place place;
  hall.run([&] {
    slow.allowed = 0;
    hall.fanout->join(slow, place);
    for (int n = 0; n < 40; ++n) hall.fanout->publish(message(n), 0);
  });
  hall.settle();
  slow.writes = 0;
  hall.run([&] {
    slow.allowed = -1;
    hall.fanout->writable(place);
  });
  CHECK(Hall::numbers(slow).size() == 40);
  CHECK(slow.writes == 3);  // 16, 16 and 8
  // Messages that are large one by one are not gathered without end.
  slow.writes = 0;
  hall.run([&] {
    slow.allowed = 0;
    std::string filler(40'000, 'x');
    for (int n = 0; n < 4; ++n) {
      std::string text = R"({"t":"n","n":1,"more":")" + filler + "\"}";
      hall.fanout->publish(std::make_shared<const Bytes>(ws_text_frame(text)), 0);
    }
  });
  hall.settle();
  slow.writes = 0;
  hall.run([&] {
    slow.allowed = -1;
    hall.fanout->writable(place);
  });
  CHECK(Hall::numbers(slow).size() == 44);
  CHECK(slow.writes == 4);
}

TEST_CASE(
    "who falls off the end of what is kept skips to the newest and is told, and the third time closed") {
  Hall hall({5, 1 << 20});
  FakeSocket slow;
  Fanout::Place place;
  int sent = 0;
  hall.run([&] { hall.fanout->join(slow, place); });
  for (int skip = 1; skip <= 3; ++skip) {
    hall.run([&] {
      slow.allowed = 0;
      for (int n = 0; n < 10; ++n, ++sent) hall.fanout->publish(message(sent), static_cast<uint64_t>(sent));
    });
    hall.settle();
    hall.run([&] {
      slow.allowed = -1;
      hall.fanout->writable(place);
    });
    if (skip < 3) {
      CHECK(slow.last("skipped")["n"] == sent - 1);
      CHECK(Hall::numbers(slow).back() == sent - 1);
      CHECK(slow.closed == 0);
    }
  }
  CHECK(slow.closed == 1013);
  hall.run([&] { CHECK(hall.fanout->counters().skips == 3); });
}

TEST_CASE("skips that lie more than a minute apart cost nobody their connection") {
  Hall hall({5, 1 << 20});
  FakeSocket slow;
  Fanout::Place place;
  hall.run([&] { hall.fanout->join(slow, place); });
  for (int skip = 0; skip < 10; ++skip) {
    hall.run([&] {
      slow.allowed = 0;
      for (int n = 0; n < 10; ++n) hall.fanout->publish(message(n), 0);
    });
    hall.settle();
    hall.run([&] {
      slow.allowed = -1;
      hall.fanout->writable(place);
      hall.clock.advance(seconds(61));
    });
  }
  CHECK(slow.closed == 0);
}

TEST_CASE("what is kept is bounded in bytes, and the newest message always goes out") {
  Hall hall({1000, 100});
  FakeSocket socket;
  Fanout::Place place;
  hall.run([&] {
    hall.fanout->join(socket, place);
    std::string text = R"({"t":"n","n":1,"more":")" + std::string(5000, 'x') + "\"}";
    hall.fanout->publish(std::make_shared<const Bytes>(ws_text_frame(text)), 0);
  });
  hall.settle();
  CHECK(Hall::numbers(socket) == std::vector{1});
}

TEST_CASE("between two writes to a socket lies the pace, and what comes meanwhile shares one") {
  Hall hall;
  constexpr size_t kSockets = 1200;  // several turns of a pass
  std::vector<FakeSocket> sockets(kSockets);
  std::vector<Fanout::Place> places(kSockets);
  hall.run([&] {
    hall.fanout->set_pace(milliseconds(100));
    for (size_t n = 0; n < kSockets; ++n) hall.fanout->join(sockets[n], places[n]);
    hall.fanout->publish(message(0), 0);
  });
  hall.settle();
  auto all_have = [&](int messages, int writes) {
    return std::ranges::all_of(sockets, [&](const FakeSocket& socket) {
      return Hall::numbers(socket).size() == static_cast<size_t>(messages) && socket.writes == writes;
    });
  };
  CHECK(all_have(1, 1));  // at once
  for (int n = 1; n < 4; ++n) {
    hall.clock.advance(milliseconds(25));
    hall.run([&] { hall.fanout->publish(message(n), 0); });
    hall.settle();
  }
  CHECK(all_have(1, 1));
  hall.clock.advance(milliseconds(25));
  hall.settle();
  CHECK(all_have(4, 2));
  hall.clock.advance(milliseconds(100));
  hall.run([&] {
    hall.fanout->add(message(4), 0);
    hall.fanout->publish(message(5), 0);
  });
  hall.settle();
  CHECK(all_have(6, 3));
}

TEST_CASE("what ends while messages wait for the pace, or between two turns, sends nothing more") {
  Hall hall;
  hall.fanout->set_pace(milliseconds(100));
  std::vector<FakeSocket> sockets(Fanout::kTurn + 100);
  std::vector<Fanout::Place> places(sockets.size());
  auto writes = [&] {
    size_t all = 0;
    for (const FakeSocket& socket : sockets) all += static_cast<size_t>(socket.writes);
    return all;
  };
  bool waits = GENERATE(true, false);
  for (size_t n = 0; n < sockets.size(); ++n) hall.fanout->join(sockets[n], places[n]);
  hall.fanout->publish(message(0), 0);
  if (waits) {
    hall.settle();
    REQUIRE(writes() == sockets.size());
    hall.fanout->publish(message(1), 0);
  }
  size_t before = writes();
  CHECK(before == (waits ? sockets.size() : Fanout::kTurn));
  hall.fanout.reset();
  hall.clock.advance(seconds(1));
  hall.settle();
  CHECK(writes() == before);
}

TEST_CASE("between two passes others have their turn, however long the first one took") {
  CreepingClock clock;
  auto loop = *Loop::create(clock);
  Fanout fanout(*loop, {}, [](WebSocket&, uint64_t) {});
  fanout.set_pace(Duration(1));
  std::vector<FakeSocket> sockets(Fanout::kTurn * 2 + 100);
  std::vector<Fanout::Place> places(sockets.size());
  for (size_t n = 0; n < sockets.size(); ++n) fanout.join(sockets[n], places[n]);
  auto writes = [&] {
    size_t all = 0;
    for (const FakeSocket& socket : sockets) all += static_cast<size_t>(socket.writes);
    return all;
  };
  fanout.publish(message(0), 0);
  REQUIRE(writes() == Fanout::kTurn);
  fanout.publish(message(1), 0);  // half of them have had their message: one more pass
  for (size_t before = 0; writes() > before;) {
    before = writes();
    loop->run_ready();
    CHECK(writes() - before <= Fanout::kTurn);
  }
  CHECK(std::ranges::all_of(sockets, [](const FakeSocket& one) { return one.of("n").size() == 2; }));
}
