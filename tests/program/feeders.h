// Venues without feeds: threads that write pictures and sound into the mixer's rings in real time, the way
// feeds do.
#pragma once

#include <atomic>
#include <cmath>
#include <memory>
#include <numbers>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "link/frame_ring.h"
#include "mixer/canvas.h"
#include "mixer/mixer.h"

namespace openday::test {

/// A flat colour and a tone; once a second, on the second of house time, a white picture and a beep.
struct Venue {
  int slot = 0;
  mixer::Ink ink;
  int width = 0;
  int height = 0;
  double hertz = 0;
  bool flash = false;
  std::atomic<bool> alive{true};
};

class Feeders {
 public:
  static constexpr Duration kAhead = milliseconds(60);  // a feed writes before it is due

  Feeders(mixer::Mixer& mixer, std::vector<std::unique_ptr<Venue>>& venues, const Clock& clock)
      : clock_(clock) {
    int fps = mixer.house().fps;
    for (auto& venue : venues) {
      auto fd = mixer.share(venue->slot);
      auto writer = link::RingWriter::attach(std::move(*fd));
      threads_.emplace_back(
          [this, fps, venue = venue.get(), ring = std::make_shared<link::RingWriter>(std::move(*writer))](
              std::stop_token stop) { run(*venue, *ring, fps, stop); });
    }
  }

 private:
  void run(const Venue& venue, link::RingWriter& ring, int fps, const std::stop_token& stop) {
    media::Image plain(venue.width, venue.height);
    plain.fill(venue.ink.y, venue.ink.u, venue.ink.v);
    media::Image white(venue.width, venue.height);
    white.fill(235, 128, 128);
    const int spt = 48000 / fps;
    int64_t sample = link::audio_index(clock_.now() + kAhead) / spt * spt;  // whole frames of the second
    std::vector<float> sound(static_cast<size_t>(spt) * 2);
    while (!stop.stop_requested()) {
      HouseTime show_at = link::audio_time(sample);
      if (Duration wait = show_at - kAhead - clock_.now(); wait > Duration(0))
        std::this_thread::sleep_for(wait);
      bool beep = venue.flash && sample % 48000 < spt;
      for (int i = 0; i < spt; ++i) {
        double t = static_cast<double>((sample + i) % 48000) / 48000;
        double value = beep ? 0.5 * std::sin(2 * std::numbers::pi * 2000 * t)
                            : 0.05 * std::sin(2 * std::numbers::pi * venue.hertz * t);
        sound[static_cast<size_t>(i) * 2] = sound[static_cast<size_t>(i) * 2 + 1] = static_cast<float>(value);
      }
      if (venue.alive) {
        (void)ring.write_picture(beep ? white : plain, show_at, show_at, 0);
        ring.write_audio(sample, sound.data(), spt);
        ring.beat(clock_.now());
      }
      sample += spt;
    }
  }

  const Clock& clock_;
  std::vector<std::jthread> threads_;
};

}  // namespace openday::test
