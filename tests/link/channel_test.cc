#include "link/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

using namespace openday;
using namespace openday::link;

namespace {

struct Pair {
  SystemClock clock;
  std::unique_ptr<Loop> loop = Loop::create(clock).value();
  std::pair<UniqueFd, UniqueFd> ends = socket_pair().value();
};

}  // namespace

TEST_CASE("messages with bodies and descriptors arrive whole and in order") {
  Pair pair;
  std::vector<Message> got;
  auto a = Channel::open(*pair.loop, std::move(pair.ends.first), 1 << 24, [](Message) {}, {}).value();
  auto b = Channel::open(*pair.loop, std::move(pair.ends.second), 1 << 24,
                         [&](Message message) {
                           got.push_back(std::move(message));
                           if (got.size() == 3) pair.loop->stop();
                         },
                         {})
               .value();
  auto big = std::make_shared<Bytes>(3'000'000, uint8_t{9});
  REQUIRE(a->send(make_message("big", {{"n", 1}}, big)));
  Message with_fd = make_message("fd");
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  with_fd.fds.emplace_back(pipe_ends[1]);
  UniqueFd read_end(pipe_ends[0]);
  REQUIRE(a->send(std::move(with_fd)));
  REQUIRE(a->send(make_message("last")));
  pair.loop->run();
  CHECK(got[0].type() == "big");
  CHECK(*got[0].body == *big);
  REQUIRE(got[1].fds.size() == 1);
  REQUIRE(::write(got[1].fds[0].get(), "!", 1) == 1);
  char c = 0;
  CHECK(::read(read_end.get(), &c, 1) == 1);
  CHECK(got[2].type() == "last");
}

TEST_CASE("a peer that does not read fills its bound and no more") {
  Pair pair;
  auto a = Channel::open(*pair.loop, std::move(pair.ends.first), 1'000'000, [](Message) {}, {}).value();
  auto body = std::make_shared<const Bytes>(Bytes(100'000));
  int sent = 0;
  while (a->send(make_message("x", Json::object(), body))) ++sent;
  CHECK(sent < 40);  // the bound plus what the kernel's buffer takes
  CHECK(a->queued() <= 1'000'000);
  CHECK(a->counters().refused == 1);
}

TEST_CASE("garbage closes the channel and is told once") {
  Pair pair;
  int closed = 0;
  std::string why;
  auto a = Channel::open(
               *pair.loop, std::move(pair.ends.first), 1 << 20, [](Message) {},
               [&](const Error& error) {
                 ++closed;
                 why = error.message;
                 pair.loop->stop();
               })
               .value();
  REQUIRE(::write(pair.ends.second.get(), "GET / HTTP/1.1\r\n\r\n", 18) == 18);
  pair.loop->run();
  CHECK(closed == 1);
  CHECK(why == "link: not a version 1 message");
  CHECK(a->send(make_message("x")).error().code == Errc::kClosed);
}

TEST_CASE("a peer that goes away is told to the owner") {
  Pair pair;
  Errc code = Errc::kInternal;
  auto a = Channel::open(
               *pair.loop, std::move(pair.ends.first), 1 << 20, [](Message) {},
               [&](const Error& error) {
                 code = error.code;
                 pair.loop->stop();
               })
               .value();
  pair.ends.second.reset();
  pair.loop->run();
  CHECK(code == Errc::kClosed);
}

TEST_CASE("several threads may send at once") {
  Pair pair;
  constexpr int kEach = 500;
  int got = 0;
  std::atomic<int> refused = 0;  // Catch's assertions are for one thread
  auto a = Channel::open(*pair.loop, std::move(pair.ends.first), 1 << 26, [](Message) {}, {}).value();
  auto b = Channel::open(*pair.loop, std::move(pair.ends.second), 1 << 20,
                         [&](Message) {
                           if (++got == 3 * kEach) pair.loop->stop();
                         },
                         {})
               .value();
  std::vector<std::jthread> senders;
  for (int s = 0; s < 3; ++s) {
    senders.emplace_back([&] {
      auto body = std::make_shared<const Bytes>(Bytes(1000));
      for (int i = 0; i < kEach; ++i) refused += a->send(make_message("x", {{"i", i}}, body)) ? 0 : 1;
    });
  }
  pair.loop->run();
  CHECK(got == 3 * kEach);
  CHECK(refused == 0);
}
