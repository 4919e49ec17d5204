// Simulated sources: hours pass in milliseconds, nothing sleeps.
#include "feed/clock_map.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

using namespace openday;
using feed::ClockMap;
using media::Kind;

namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

/// A source that sends 30 pictures and 46.9 sound frames a second; tests bend its times.
struct Source {
  int64_t start_ns = 50 * kSecond;     // house time of its first unit
  int64_t epoch_ns = 7'000 * kSecond;  // its own time then
  double rate = 1.0;                   // source seconds per house second
  std::function<int64_t(int64_t)> network = [](int64_t) {
    return 20 * kMs;
  };  // house ns since start → delay ns
  std::function<int64_t(Kind, int64_t)> jump = [](Kind, int64_t) {
    return 0;
  };  // added to its timestamps, ns
};

struct Seen {
  Kind kind;
  int64_t sent_ns;     // house time at which it was captured
  int64_t show_at_ns;  // what the map said on its arrival
  int64_t arrival_ns;
};

/// Runs `source` from second `from` to second `to` through `map` and returns what it said.
std::vector<Seen> run(ClockMap& map, const Source& source, double from, double to) {
  struct Event {
    int64_t arrival;
    int64_t sent;
    Kind kind;
    int64_t dts;
  };
  std::vector<Event> events;
  auto add = [&](Kind kind, int64_t period) {
    auto first = static_cast<int64_t>(from * 1e9) / period;
    for (int64_t i = first; i * period < static_cast<int64_t>(to * 1e9); ++i) {
      int64_t at = i * period;
      if (at < static_cast<int64_t>(from * 1e9)) continue;
      int64_t dts = source.epoch_ns + static_cast<int64_t>(static_cast<double>(at) * source.rate) +
                    source.jump(kind, at);
      events.push_back({source.start_ns + at + source.network(at), source.start_ns + at, kind, dts});
    }
  };
  add(Kind::kVideo, kSecond / 30);
  add(Kind::kAudio, kSecond * 1024 / 48000);
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.sent < b.sent; });
  int64_t last = 0;
  std::vector<Seen> seen;
  for (auto& event : events) {  // TCP: nothing overtakes
    last = std::max(last, event.arrival);
    auto anchor = map.arrive(event.kind, Duration(event.dts), HouseTime{last});
    seen.push_back({event.kind, event.sent, map.show_at(anchor, Duration(event.dts)).ns, last});
  }
  return seen;
}

int64_t latency_ms(const Seen& seen) {
  return (seen.show_at_ns - seen.sent_ns) / kMs;
}

/// Greatest difference between the latencies of picture and sound in the last `seconds` of a run.
int64_t av_error_ms(const std::vector<Seen>& seen, double last_seconds) {
  int64_t worst = 0;
  int64_t video = -1;
  for (const auto& unit : seen) {
    if (unit.sent_ns < seen.back().sent_ns - static_cast<int64_t>(last_seconds * 1e9)) continue;
    if (unit.kind == Kind::kVideo) {
      video = latency_ms(unit);
    } else if (video >= 0) {
      worst = std::max(worst, std::abs(latency_ms(unit) - video));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("a steady source is shown one delay after it arrives") {
  ClockMap map;
  auto seen = run(map, {}, 0, 5);
  for (const auto& unit : seen) CHECK(unit.show_at_ns == unit.arrival_ns + 120 * kMs);
  CHECK(map.reanchors() == 0);
}

TEST_CASE("jitter below the delay moves nothing") {
  ClockMap map;
  Source source;
  std::mt19937 random(1);
  source.network = [&](int64_t) { return static_cast<int64_t>(random() % 50) * kMs; };
  auto seen = run(map, source, 0, 120);
  int64_t previous = 0;
  for (const auto& unit : seen) {
    if (unit.kind != Kind::kVideo || unit.sent_ns < 55 * kSecond) continue;
    CHECK(unit.show_at_ns >= unit.arrival_ns);
    if (previous != 0) CHECK(std::abs(unit.show_at_ns - previous - kSecond / 30) <= kMs);
    previous = unit.show_at_ns;
  }
  CHECK(map.delay() == milliseconds(120));
  CHECK(map.reanchors() == 0);
}

TEST_CASE("a source whose clock is 100 ppm off stays in step for three hours, without a jump") {
  for (double rate : {1.0001, 0.9999}) {
    ClockMap map;
    Source source;
    source.rate = rate;
    auto seen = run(map, source, 0, 3 * 3600);
    int64_t previous = 0;
    int64_t worst_step = 0;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    for (const auto& unit : seen) {
      if (unit.kind != Kind::kAudio) continue;
      least = std::min(least, unit.show_at_ns - unit.arrival_ns);
      most = std::max(most, unit.show_at_ns - unit.arrival_ns);
      int64_t length = static_cast<int64_t>(kSecond * 1024.0 / 48000 * rate);
      if (previous != 0) worst_step = std::max(worst_step, std::abs(unit.show_at_ns - previous - length));
      previous = unit.show_at_ns;
    }
    CHECK(map.reanchors() == 0);
    CHECK(least > 110 * kMs);
    CHECK(most < 130 * kMs);
    // 0.5 % of a sound frame of 21.3 ms: the resampler can follow.
    CHECK(worst_step < kSecond * 1024 / 48000 / 200);
  }
}

TEST_CASE("timestamps that jump forward or back are followed at once and picture and sound stay together") {
  for (int64_t size :
       {2'500 * kMs, -2'500 * kMs, 400 * kMs, -400 * kMs, 5'000 * kMs, -5'000 * kMs, -300 * kMs, 300 * kMs,
        int64_t{1} << 52, -(int64_t{1} << 32) * kMs, 86'400'000 * kMs}) {
    INFO("jump of " << size / kMs << " ms");
    ClockMap map;
    Source source;
    // The sound jumps 150 ms of house time after the picture, as it lies in the queue of the encoder.
    source.jump = [&](Kind kind, int64_t at) {
      return at > 5 * kSecond + (kind == Kind::kAudio ? 150 * kMs : 0) ? size : 0;
    };
    auto seen = run(map, source, 0, 20);
    CHECK(map.reanchors() == 1);
    for (const auto& unit : seen) {
      INFO("sent at " << (unit.sent_ns - source.start_ns) / kMs << " ms");
      CHECK(unit.show_at_ns >= unit.arrival_ns + 60 * kMs);
      CHECK(unit.show_at_ns <= unit.arrival_ns + 140 * kMs);
    }
    CHECK(av_error_ms(seen, 10) <= 2);
  }
}

TEST_CASE("a jump that the sound makes first is followed as well") {
  for (int64_t size : {3'000 * kMs, -3'000 * kMs}) {
    ClockMap map;
    Source source;
    source.jump = [&](Kind kind, int64_t at) {
      return at > 5 * kSecond + (kind == Kind::kVideo ? 150 * kMs : 0) ? size : 0;
    };
    auto seen = run(map, source, 0, 20);
    CHECK(map.reanchors() == 1);
    CHECK(av_error_ms(seen, 10) <= 2);
  }
}

TEST_CASE("a source that jumps every two seconds is still shown in time") {
  ClockMap map;
  Source source;
  source.jump = [](Kind, int64_t at) { return (at / (2 * kSecond)) % 2 == 0 ? 0 : 1'000 * kMs; };
  for (const auto& unit : run(map, source, 0, 60)) {
    CHECK(unit.show_at_ns >= unit.arrival_ns);
    CHECK(unit.show_at_ns <= unit.arrival_ns + 200 * kMs);
  }
}

TEST_CASE("streams that jump apart for good are each shown in time") {
  ClockMap map;
  Source source;
  source.jump = [](Kind kind, int64_t at) {
    return at > 5 * kSecond && kind == Kind::kVideo ? 60 * kSecond : 0;
  };
  for (const auto& unit : run(map, source, 0, 60)) {
    CHECK(unit.show_at_ns >= unit.arrival_ns);
    CHECK(unit.show_at_ns <= unit.arrival_ns + 200 * kMs);
  }
  CHECK(map.reanchors() == 1);
}

TEST_CASE("the delay grows for what comes late, at most to a second, and shrinks slowly") {
  ClockMap map;
  Source source;
  source.network = [](int64_t at) {
    return at > 10 * kSecond && at < 10 * kSecond + 400 * kMs ? 400 * kMs : 20 * kMs;
  };
  run(map, source, 0, 12);
  Duration grown = map.delay();
  CHECK(grown >= milliseconds(430));
  CHECK(grown <= milliseconds(450));
  CHECK(map.jitter() >= milliseconds(370));
  CHECK(map.reanchors() == 0);
  auto later = run(map, source, 12, 60);
  CHECK(map.delay() < grown - milliseconds(60));
  CHECK(map.delay() > milliseconds(200));
  int64_t previous = 0;
  for (const auto& unit : later) {  // never faster than 0.5 %
    if (unit.kind != Kind::kAudio) continue;
    if (previous != 0) CHECK(unit.show_at_ns - previous > kSecond * 1024 / 48000 * 995 / 1000);
    previous = unit.show_at_ns;
  }
  run(map, source, 60, 400);
  CHECK(map.delay() == milliseconds(120));
}

TEST_CASE("a stall of three seconds that ends in a burst is no jump") {
  ClockMap map;
  Source source;
  source.network = [](int64_t at) {
    int64_t stall_end = 13 * kSecond;
    return at > 10 * kSecond && at < stall_end ? stall_end - at : 20 * kMs;
  };
  auto seen = run(map, source, 0, 20);
  CHECK(map.reanchors() == 0);
  CHECK(map.delay() <= seconds(1));
  CHECK(seen.back().show_at_ns >= seen.back().arrival_ns);
  CHECK(seen.back().show_at_ns <= seen.back().arrival_ns + 1'000 * kMs);
}

TEST_CASE("a source whose clock stood still for three seconds is in time again within half a second") {
  ClockMap map;
  Source source;
  // Its timestamps go on without a gap while three seconds pass.
  source.network = [](int64_t at) { return at > 10 * kSecond ? 3'020 * kMs : 20 * kMs; };
  auto seen = run(map, source, 0, 20);
  CHECK(map.reanchors() == 1);
  for (const auto& unit : seen) {
    if (unit.arrival_ns < source.start_ns + 13'600 * kMs && unit.arrival_ns > source.start_ns + 10'000 * kMs)
      continue;
    CHECK(unit.show_at_ns >= unit.arrival_ns);
    CHECK(unit.show_at_ns <= unit.arrival_ns + 1'000 * kMs);
  }
  CHECK(av_error_ms(seen, 5) <= 2);
}

TEST_CASE("a source that begins with a burst is shown live, not by the burst's length late") {
  ClockMap map;
  Source source;
  source.network = [](int64_t at) { return at < 3 * kSecond ? 3 * kSecond - at : 20 * kMs; };
  auto seen = run(map, source, 0, 10);
  CHECK(latency_ms(seen.back()) <= 260);
  CHECK(av_error_ms(seen, 5) <= 2);
}

TEST_CASE("sound and picture share one anchor though the multiplexer sends one ahead of the other") {
  for (int64_t skew : {-700 * kMs, -300 * kMs, -100 * kMs, 100 * kMs, 300 * kMs, 700 * kMs}) {
    for (int64_t sound_from : {int64_t{0}, 8 * kSecond}) {
      INFO("skew " << skew / kMs << " ms, sound from " << sound_from / kSecond << " s");
      ClockMap map;
      // The sound is stamped later (skew > 0) than what is sent beside it, so its true latency includes the
      // skew.
      std::vector<std::pair<int64_t, int64_t>> last(2);
      for (int64_t at = 0; at < 30 * kSecond; at += kSecond / 30) {
        HouseTime now{50 * kSecond + at};
        auto video = map.arrive(Kind::kVideo, Duration(at), now);
        last[0] = {at, map.show_at(video, Duration(at)).ns};
        if (at < sound_from) continue;
        auto audio = map.arrive(Kind::kAudio, Duration(at + skew), now);
        last[1] = {at + skew, map.show_at(audio, Duration(at + skew)).ns};
      }
      // Same source time, same house time.
      CHECK(std::abs((last[1].second - last[1].first) - (last[0].second - last[0].first)) <= 2 * kMs);
      CHECK(map.show_at(1, Duration(0)).ns >= 50 * kSecond);
    }
  }
}

TEST_CASE("after a reset another source starts afresh") {
  ClockMap map;
  run(map, {}, 0, 5);
  map.reset();
  Source other;
  other.start_ns = 100 * kSecond;
  other.epoch_ns = -5;
  for (const auto& unit : run(map, other, 0, 2)) CHECK(unit.show_at_ns == unit.arrival_ns + 120 * kMs);
  CHECK(map.reanchors() == 0);
}
