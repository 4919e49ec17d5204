#include "wrap/av_mux/ts_muxer.h"

#include <catch2/catch.hpp>
#include <map>

#include "encoded_program.h"

namespace openday::wrap {
namespace {

/// Payloads of one PID, in order.
std::map<int, Bytes> by_pid(const Bytes& ts) {
  std::map<int, Bytes> out;
  for (size_t at = 0; at + 188 <= ts.size(); at += 188) {
    REQUIRE(ts[at] == 0x47);
    int pid = (ts[at + 1] & 0x1F) << 8 | ts[at + 2];
    size_t start = at + 4;
    if (ts[at + 3] & 0x20) start += 1 + size_t{ts[at + 4]};
    if (!(ts[at + 3] & 0x10) || start > at + 188) continue;
    out[pid].insert(out[pid].end(), ts.begin() + static_cast<ptrdiff_t>(start),
                    ts.begin() + static_cast<ptrdiff_t>(at + 188));
  }
  return out;
}

size_t count_nal(const Bytes& payload, int type) {
  size_t count = 0;
  for (size_t i = 0; i + 4 < payload.size(); ++i) {
    if (payload[i] == 0 && payload[i + 1] == 0 && payload[i + 2] == 1 && (payload[i + 3] & 0x1F) == type)
      ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("every IDR carries its parameter sets, and packets are whole") {
  auto program = test::encode_program({.ticks = 130});
  auto muxer = TsMuxer::create({program.video, program.audio});
  REQUIRE(muxer);
  Bytes ts;
  size_t sound = 0;
  for (const auto& picture : program.pictures) {
    REQUIRE(muxer->add(picture, ts));
    CHECK(ts.size() % 188 == 0);
    while (sound < program.sound.size() && program.sound[sound].dts * 90 < picture.dts * 48) {
      REQUIRE(muxer->add(program.sound[sound++], ts));
    }
  }
  auto pids = by_pid(ts);
  CHECK(pids.contains(0));  // PAT
  REQUIRE(pids.contains(0x100));
  CHECK(count_nal(pids[0x100], 5) == 3);  // IDRs at ticks 0, 60 and 120
  CHECK(count_nal(pids[0x100], 7) == 3);
  CHECK(count_nal(pids[0x100], 8) == 3);
  REQUIRE(pids.contains(0x101));
  CHECK(pids[0x101].size() > 10'000);
}

TEST_CASE("a stream may begin in the middle of a run") {
  auto program = test::encode_program({.ticks = 70});
  auto muxer = TsMuxer::create({program.video});
  REQUIRE(muxer);
  Bytes ts;
  for (size_t i = 60; i < 70; ++i) REQUIRE(muxer->add(program.pictures[i], ts));
  CHECK(count_nal(by_pid(ts)[0x100], 5) == 1);
}

TEST_CASE("what does not fit the stream is refused") {
  auto program = test::encode_program({.ticks = 3});
  CHECK_FALSE(TsMuxer::create({}));
  CHECK_FALSE(TsMuxer::create({program.video, program.video}));
  media::Track hevc = program.video;
  hevc.codec = media::Codec::kHevc;
  CHECK_FALSE(TsMuxer::create({hevc}));
  auto muxer = TsMuxer::create({program.video});
  REQUIRE(muxer);
  Bytes ts;
  REQUIRE(muxer->add(program.pictures[1], ts));
  CHECK_FALSE(muxer->add(program.pictures[0], ts));
  CHECK_FALSE(muxer->add(program.sound[0], ts));
  CHECK_FALSE(muxer->add({}, ts));
}

}  // namespace openday::wrap
