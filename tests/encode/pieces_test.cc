#include <catch2/catch.hpp>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>

#include "decoder.h"
#include "encode/meter.h"
#include "encode/shedding.h"
#include "encode/sound_framer.h"
#include "encode/thumbnails.h"
#include "wrap/av_encode/avc.h"
#include "wrap/scale/scaler.h"

using namespace openday;
using namespace openday::encode;
using namespace openday::encode::test;

namespace {

struct Frames {
  std::vector<int64_t> pts;
  std::vector<float> left;
  SoundFramer::Sink sink() {
    return [this](const float* samples, int64_t at) {
      pts.push_back(at);
      for (int i = 0; i < 1024; ++i) left.push_back(samples[i * 2]);
    };
  }
};

media::Samples block(const media::HouseFormat& house, float value) {
  return media::Samples(static_cast<size_t>(house.samples_per_tick()) * 2, value);
}

}  // namespace

TEST_CASE("a picture keeps its look at half its size and at any other") {
  media::Image from(128, 72);
  for (int p = 0; p < 3; ++p) {
    for (int y = 0; y < from.rows(p); ++y) {
      for (int x = 0; x < from.columns(p); ++x) {
        from.plane(p)[y * from.stride(p) + x] = static_cast<uint8_t>(40 + p * 20 + 96 * x / from.columns(p));
      }
    }
  }
  for (auto [width, height] : {std::pair(64, 36), std::pair(96, 54), std::pair(64, 54)}) {
    CAPTURE(width, height);
    media::Image into(width, height);
    CHECK(wrap::Scaler::halves(from, into) == (width == 64 && height == 36));
    wrap::Scaler scaler;
    REQUIRE(scaler.scale(from, into));
    for (int p = 0; p < 3; ++p) {
      for (int y = 0; y < into.rows(p); ++y) {
        for (int x = 0; x < into.columns(p); ++x) {
          double expected = 40 + p * 20 + 96 * (x + 0.5) / into.columns(p);
          REQUIRE(std::abs(into.plane(p)[y * into.stride(p) + x] - expected) <= 3);
        }
      }
    }
  }
}

TEST_CASE("shedding rises at once and falls step by step, a second each") {
  ShedPolicy policy(30, 32);
  CHECK(policy.update(0, 0, false) == Shedding::kNone);
  CHECK(policy.update(1, 7, false) == Shedding::kNone);
  CHECK(policy.update(2, 8, false) == Shedding::kThumbnails);
  CHECK(policy.update(3, 16, false) == Shedding::kPreviews);
  CHECK(policy.update(4, 32, true) == Shedding::kFrames);
  CHECK(policy.update(33, 0, false) == Shedding::kFrames);
  CHECK(policy.update(34, 0, false) == Shedding::kPreviews);
  CHECK(policy.update(63, 0, false) == Shedding::kPreviews);
  CHECK(policy.update(64, 0, false) == Shedding::kThumbnails);
  CHECK(policy.update(80, 9, false) == Shedding::kThumbnails);  // still called for: calm begins anew
  CHECK(policy.update(109, 0, false) == Shedding::kThumbnails);
  CHECK(policy.update(110, 0, false) == Shedding::kNone);
}

TEST_CASE("blocks of a tick become frames of 1024 without losing or inventing a sample") {
  for (int fps : {25, 30}) {
    media::HouseFormat house{1280, 720, fps};
    SoundFramer framer(house, 1024);
    Frames frames;
    for (media::Tick tick = 0; tick < 100; ++tick) {
      framer.add(tick, block(house, static_cast<float>(tick + 1)), frames.sink());
    }
    framer.finish(frames.sink());
    for (size_t i = 0; i < frames.pts.size(); ++i) REQUIRE(frames.pts[i] == static_cast<int64_t>(i) * 1024);
    for (int i = 0; i < house.samples_per_tick() * 100; ++i) {
      REQUIRE(frames.left[static_cast<size_t>(i)] == static_cast<float>(i / house.samples_per_tick() + 1));
    }
  }
}

TEST_CASE("a short loss of ticks becomes silence of its length, a long one a jump in time") {
  media::HouseFormat house{1280, 720, 30};
  SoundFramer framer(house, 1024);
  Frames frames;
  framer.add(10, block(house, 1), frames.sink());
  framer.add(14, block(house, 2), frames.sink());
  CHECK(frames.pts.front() == 16'000);
  CHECK(frames.left[1599] == 1);
  CHECK(frames.left[1600] == 0);
  CHECK(frames.left[4 * 1600 - 1] == 0);
  CHECK(frames.left[4 * 1600] == 2);
  CHECK(framer.silenced() == 3 * 1600);
  Frames after;
  framer.add(1000, block(house, 3), after.sink());
  framer.add(1001, block(house, 3), after.sink());
  REQUIRE(after.pts.size() >= 2);
  CHECK(after.pts[0] == frames.pts.back() + 1024);  // the rest of what was pending, filled up
  CHECK(after.pts[1] == 1'600'000);
  CHECK(after.left[1024] == 3);
  CHECK(framer.silenced() == 3 * 1600);  // the jump shows in the times
  Frames none;
  framer.add(900, block(house, 4), none.sink());
  CHECK(none.pts.empty());
}

TEST_CASE("the meter forgets what is older than a second") {
  ManualClock clock;
  EncoderMeter meter(clock);
  for (int n = 0; n < 30; ++n) {
    meter.add(milliseconds(10), 1250);
    clock.advance(milliseconds(30));
  }
  auto reading = meter.read();
  CHECK(reading.per_second == 30);
  CHECK(reading.busy_share == Approx(0.3));
  CHECK(reading.kbps == Approx(300));
  clock.advance(seconds(2));
  CHECK(meter.read().per_second == 0);
}

TEST_CASE("a byte stream becomes length-prefixed units without parameter sets, delimiters and SEI") {
  Bytes stream = {0, 0, 0, 1,    0x09, 0x10,                             // delimiter
                  0, 0, 0, 1,    0x67, 0x64, 0,    0x1f, 0xac,           // SPS
                  0, 0, 0, 1,    0x68, 0xee, 0x3c,                       // PPS
                  0, 0, 1, 0x06, 5,    1,    2,    0x80,                 // SEI
                  0, 0, 1, 0x65, 0xb8, 0,    0,    3,    1,    0, 0, 0,  // IDR, then trailing zeros
                  0, 0, 1, 0x41, 0x9a};
  CHECK(wrap::to_length_prefixed(stream) ==
        Bytes{0, 0, 0, 6, 0x65, 0xb8, 0, 0, 3, 1, 0, 0, 0, 2, 0x41, 0x9a});
  auto config = wrap::avc_config(stream);
  REQUIRE(config);
  CHECK(*config == Bytes{1,    0x64, 0, 0x1f, 0xff, 0xe1, 0,    5,    0x67, 0x64, 0, 0x1f,
                         0xac, 1,    0, 3,    0x68, 0xee, 0x3c, 0xfd, 0xf8, 0xf8, 0});
  CHECK(wrap::avc_codecs(*config) == "avc1.64001f");
  CHECK_FALSE(wrap::avc_config(Bytes{0, 0, 1, 0x67, 1}));
  CHECK(wrap::to_length_prefixed({}).empty());
}

TEST_CASE("thumbnails are small JPEGs of the right picture in the right colours") {
  media::HouseFormat house{1280, 720, 30};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Thumbnail> made;
  Thumbnails thumbnails(house, [&](Thumbnail thumbnail) {
    std::lock_guard lock(mutex);
    made.push_back(std::move(thumbnail));
    changed.notify_all();
  });
  auto wait_for = [&](size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, seconds(20), [&] { return made.size() >= count; });
  };
  auto picture = [](int width, int height) {
    auto image = std::make_shared<media::Image>(width, height);
    image->fill(63, 102, 240);  // bt709 limited: pure red
    return image;
  };
  thumbnails.venue("court-1", picture(640, 360), ProgramTime{1234});
  REQUIRE(wait_for(1));
  CHECK(made[0].what == Thumbnail::What::kVenue);
  CHECK(made[0].venue == "court-1");
  CHECK(made[0].at == ProgramTime{1234});
  auto jpeg = decode_jpeg(*made[0].jpeg);
  CHECK(jpeg.width == 320);
  CHECK(jpeg.height == 180);
  Rgb color = jpeg.at(100, 100);
  CHECK(color.red == Approx(255).margin(6));
  CHECK(color.green == Approx(0).margin(6));
  CHECK(color.blue == Approx(0).margin(6));

  thumbnails.venue("court-2", picture(90, 160), ProgramTime{});  // small ones are not enlarged
  REQUIRE(wait_for(2));
  jpeg = decode_jpeg(*made[1].jpeg);
  CHECK(jpeg.width == 90);
  CHECK(jpeg.height == 160);

  thumbnails.venue("court-3", picture(360, 640), ProgramTime{});
  REQUIRE(wait_for(3));
  jpeg = decode_jpeg(*made[2].jpeg);
  CHECK(jpeg.width == 102);
  CHECK(jpeg.height == 180);

  media::ProgramFrame frame{0, ProgramTime{5000}, picture(1280, 720), nullptr};
  for (media::Tick tick = 0; tick < 60; ++tick) {
    frame.tick = tick;
    thumbnails.program(frame);
  }
  REQUIRE(wait_for(6));
  std::map<std::string, int> count;
  for (const auto& thumbnail : made) ++count[name_of(thumbnail.what)];
  CHECK(count == std::map<std::string, int>{{"venue", 3}, {"program", 2}, {"poster", 1}});
  for (const auto& thumbnail : made) {
    if (thumbnail.what != Thumbnail::What::kPoster) continue;
    jpeg = decode_jpeg(*thumbnail.jpeg);
    CHECK(jpeg.width == 640);
    CHECK(jpeg.height == 360);
  }

  CHECK(thumbnails.dropped() == 0);
  thumbnails.shed(true);
  thumbnails.venue("court-1", picture(320, 180), ProgramTime{});
  CHECK(thumbnails.dropped() == 1);
}
