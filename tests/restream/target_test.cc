#include "output/target.h"

#include <catch2/catch.hpp>
#include <future>

#include "restreamer.h"
#include "rtmp_server.h"

namespace openday::output {
namespace {

using test::Signal;

/// What the test and a leg on the target's thread share.
struct Script {
  std::atomic<int> legs{0};
  std::atomic<bool> ready{false};
  std::atomic<bool> overdue{false};
  std::atomic<uint64_t> sent{0};
  std::shared_future<void> stuck;  // start() waits for it, if there is one
  std::string unreachable;         // the address at which nobody answers
};

/// A connection that does as the script says.
class PlayedLeg final : public Leg {
 public:
  PlayedLeg(Script& script, const SocketAddress& address, Events events)
      : script_(script), reached_(address.ip() != script.unreachable), events_(std::move(events)) {
    ++script_.legs;
  }
  void start() override {
    if (script_.stuck.valid()) script_.stuck.wait();
    if (!reached_) return events_.ended({Errc::kIo, "connect: no route to host"});
    events_.live();
  }
  [[nodiscard]] bool ready() const override { return script_.ready; }
  void send(const media::AccessUnit& unit) override { script_.sent += unit.data->size(); }
  [[nodiscard]] LegProgress progress() override {
    return {.reached = reached_, .acked_bytes = script_.sent, .open_bytes = 0, .overdue = script_.overdue};
  }
  void finish() override {}

 private:
  Script& script_;
  const bool reached_;
  Events events_;
};

TargetPlan plan_of(Script& script) {
  TargetPlan plan;
  plan.id = "one";
  plan.origin = "rtmp://127.0.0.1";
  plan.host = "127.0.0.1";
  plan.port = 1;
  plan.egress.allow_private = true;
  plan.pacing.first = milliseconds(50);
  plan.with_audio = false;
  plan.make_leg = [&](Loop&, const SocketAddress& address, Leg::Events events) {
    return std::make_unique<PlayedLeg>(script, address, std::move(events));
  };
  return plan;
}

media::AccessUnit picture(int tick) {
  media::AccessUnit unit;
  unit.pts = unit.dts = int64_t{tick} * 3000;
  unit.key = tick % 60 == 0;
  unit.tick = tick;
  unit.data = std::make_shared<const Bytes>(1000);
  return unit;
}

}  // namespace

TEST_CASE("a target whose thread is stuck delays nobody and keeps a bounded queue") {
  SystemClock clock;
  Script script;
  std::promise<void> go;
  script.stuck = go.get_future().share();
  auto target = *Target::start(plan_of(script), clock, Log("test", LogLevel::kError));
  REQUIRE(Signal().wait([&] { return script.legs == 1; }));
  auto start = std::chrono::steady_clock::now();
  for (int tick = 0; tick < 10'000; ++tick) target->push(picture(tick));
  CHECK(std::chrono::steady_clock::now() - start < seconds(2));  // 5.5 minutes of program
  CHECK(target->stats().dropped == 0);                           // nothing was promised yet
  go.set_value();
  REQUIRE(Signal().wait([&] { return target->stats().state == TargetState::kLive; }));
  for (int tick = 10'000; tick < 12'000; ++tick) target->push(picture(tick));  // live and never ready
  CHECK(target->stats().dropped > 1'700);
  script.ready = true;
  target->push(picture(12'000));
  CHECK(Signal().wait([&] { return script.sent > 0; }));
  CHECK(script.sent <= 125 * 1000);  // four seconds at most were kept
}

TEST_CASE("a connection whose other program is stuck is given up although its bytes are confirmed") {
  SystemClock clock;
  Script script;
  script.ready = true;
  auto target = *Target::start(plan_of(script), clock, Log("test", LogLevel::kError));
  REQUIRE(Signal().wait([&] { return target->stats().state == TargetState::kLive; }));
  script.overdue = true;
  CHECK(Signal().wait([&] { return target->stats().why == "the server takes no more bytes"; }));
  script.overdue = false;
  CHECK(Signal().wait([&] { return target->stats().state == TargetState::kLive; }));
  CHECK(script.legs >= 2);
  CHECK(target->stats().reconnects >= 1);
}

TEST_CASE("when one address of a name does not answer, the next is tried before any waiting") {
  SystemClock clock;
  Script script;
  script.unreachable = "2001:db8::1";
  auto plan = plan_of(script);
  plan.host = "live.example";
  plan.pacing.first = seconds(60);
  plan.resolve = [](const std::string&, uint16_t port, const EgressPolicy&) -> Resolver::Addresses {
    return std::vector{*SocketAddress::parse("2001:db8::1", port), *SocketAddress::parse("192.0.2.1", port)};
  };
  auto target = *Target::start(std::move(plan), clock, Log("test", LogLevel::kError));
  CHECK(Signal().wait([&] { return target->stats().state == TargetState::kLive; }));
  CHECK(script.legs == 2);
}

TEST_CASE("a name server that does not answer is reported, and keeps nobody from leaving") {
  SystemClock clock;
  Script script;
  auto plan = plan_of(script);
  plan.host = "live.example";
  plan.pacing.resolve = milliseconds(50);
  auto go = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::atomic<int>>(0);
  plan.resolve = [wait = go->get_future().share(), ended](const std::string&, uint16_t,
                                                          const EgressPolicy&) -> Resolver::Addresses {
    wait.wait();
    ++*ended;
    return fail(Errc::kNotFound, "too late");
  };
  auto target = *Target::start(std::move(plan), clock, Log("test", LogLevel::kError));
  CHECK(Signal().wait([&] { return target->stats().state == TargetState::kBackoff; }));
  CHECK(target->stats().why == "no name server answers for live.example");
  target.reset();
  CHECK(*ended == 0);
  go->set_value();
  CHECK(Signal().wait([&] { return *ended >= 1; }));
}

}  // namespace openday::output
