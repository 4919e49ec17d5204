// A program that runs in a loop through Targets, as an engine's would.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "encoded_program.h"
#include "output/targets.h"

namespace openday::test {

/// Two seconds of pictures and sound, again and again.
class Restreamer {
  static constexpr int kTicks = 60;

  SystemClock clock_;
  const Duration pace_;
  EncodedProgram program_;
  std::mutex mutex_;
  std::string lines_;
  std::unique_ptr<Log> log_;

 public:
  std::unique_ptr<output::Targets> targets;  // uses what stands above

  /// `pace`: real time between two frames.
  explicit Restreamer(output::TargetsOptions options, Duration pace = milliseconds(4)) : pace_(pace) {
    program_ = encode_program({.ticks = kTicks});
    options.egress.allow_private = true;
    log_ = std::make_unique<Log>("test", LogLevel::kDebug, [this](std::string_view line) {
      std::lock_guard lock(mutex_);
      lines_ += line;
    });
    targets = std::make_unique<output::Targets>(
        std::vector<output::RenditionTrack>{
            {"720p", program_.video}, {"360p", program_.video}, {"audio", program_.audio}},
        std::move(options), clock_, *log_);
    loop_ = *Loop::create(clock_);
    loop_->every(pace_, [this] { push_frame(); });
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Restreamer() {
    loop_->stop();
    thread_.join();
  }
  Restreamer(const Restreamer&) = delete;
  Restreamer& operator=(const Restreamer&) = delete;

  output::TargetStats stats(const std::string& id) {
    for (const auto& stats : targets->stats()) {
      if (stats.id == id) return stats;
    }
    FAIL("no target " << id);
    return {};
  }
  std::string log() {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  void push_frame() {
    int64_t round = tick_ / kTicks;
    auto picture = program_.pictures[static_cast<size_t>(tick_ % kTicks)];
    picture.pts = picture.dts += round * kTicks * 3000;
    picture.tick = tick_;
    ++tick_;
    // Sound is ahead of the pictures, as from encoders without a lookahead.
    while (sound_at_ < (tick_ + 10) * 1600) {
      if (sound_ >= program_.sound.size() || program_.sound[sound_].pts >= kTicks * 1600) {
        sound_ = 0;
        ++sound_round_;
      }
      auto sound = program_.sound[sound_++];
      if (sound.pts < 0) continue;
      sound.pts = sound.dts += sound_round_ * kTicks * 1600;
      sound_at_ = sound.dts + 1024;
      targets->push("audio", sound);
    }
    targets->push("720p", picture);
    targets->push("360p", picture);
  }

  std::unique_ptr<Loop> loop_;
  int64_t tick_ = 0;
  size_t sound_ = 0;
  int64_t sound_round_ = 0;
  int64_t sound_at_ = 0;
  std::thread thread_;
};

}  // namespace openday::test
