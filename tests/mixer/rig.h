// A mixer with fake feeds on stepped time.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "link/frame_ring.h"
#include "mixer/audio.h"
#include "mixer/mixer.h"

namespace openday::mixer::test {

/// A feed that writes one flat picture and a tone per tick. Its clock is the mixer's.
struct FakeFeed {
  std::optional<link::RingWriter> writer;
  Ink ink;
  double hertz = 0;  // 0: silence
  float amplitude = 0.25f;
  int width = 0;
  int height = 0;
  bool pictures = true;
  bool sound = true;

  void write(const Mixer& mixer, media::Tick tick, HouseTime start) {
    if (!writer) return;
    if (pictures) {
      media::Image image(width, height);
      image.fill(ink.y, ink.u, ink.v);
      REQUIRE(writer->write_picture(image, mixer.time_of(tick), mixer.time_of(tick), 0));
    }
    if (sound) {
      int spt = mixer.house().samples_per_tick();
      std::vector<float> samples(static_cast<size_t>(spt) * 2);
      for (int i = 0; i < spt; ++i) {
        double t = static_cast<double>(tick * spt + i) / 48000;
        auto value = static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hertz * t));
        samples[static_cast<size_t>(i) * 2] = samples[static_cast<size_t>(i) * 2 + 1] = value;
      }
      writer->write_audio(link::audio_index(start) + tick * spt, samples.data(), spt);
    }
  }
};

inline const Ink kRed{63, 102, 240};
inline const Ink kGreen{173, 42, 26};
inline const Ink kBlue{32, 240, 118};

struct Rig {
  media::HouseFormat house{320, 180, 25};
  HouseTime start{5'000'000'123};
  ProgramTime wall{1'700'000'000'000};
  std::unique_ptr<Mixer> mixer;
  std::map<int, FakeFeed> feeds;
  std::vector<Taken> taken;
  std::vector<std::vector<Want>> wants;
  std::vector<VenuePicture> pictures;
  media::Tick next = 0;
  std::optional<media::ProgramFrame> last;

  explicit Rig(media::HouseFormat format = {320, 180, 25}) : house(format) {
    auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
    REQUIRE(book);
    MixerConfig config;
    config.house = house;
    config.title = "公开庭审";
    config.slots = {{0, "a", "第一法庭"}, {1, "b", "第二法庭"}, {2, "c", "第三法庭"}};
    MixerEvents events;
    events.taken = [this](const Taken& t) { taken.push_back(t); };
    events.wants = [this](const std::vector<Want>& w) { wants.push_back(w); };
    events.venue_picture = [this](VenuePicture p) { pictures.push_back(std::move(p)); };
    auto made = Mixer::create(config, *book, events);
    REQUIRE(made);
    mixer = std::move(*made);
    mixer->start(start, wall);
  }

  Rig(const Rig&) = delete;  // the events hold its address

  void connect(int slot, const Ink& ink, double hertz = 0, int width = 320, int height = 180) {
    auto fd = mixer->share(slot);
    REQUIRE(fd);
    auto writer = link::RingWriter::attach(std::move(*fd));
    REQUIRE(writer);
    feeds[slot].writer.emplace(std::move(*writer));
    feeds[slot].ink = ink;
    feeds[slot].hertz = hertz;
    feeds[slot].width = width;
    feeds[slot].height = height;
    mixer->feed_state(slot, {true, true});
  }

  void kill(int slot) { feeds.erase(slot); }

  /// What the feeds would have written by the time of `tick`.
  void feed(media::Tick tick) {
    for (auto& [slot, one] : feeds) one.write(*mixer, tick, start);
  }

  const media::ProgramFrame& step() {
    feed(next);
    last = mixer->compose(next++);
    return *last;
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }

  void take(const Scene& scene) { REQUIRE(mixer->take(scene)); }

  [[nodiscard]] Ink at(int x, int y) const {
    const media::Image& image = *last->image;
    return {image.plane(0)[y * image.stride(0) + x], image.plane(1)[y / 2 * image.stride(1) + x / 2],
            image.plane(2)[y / 2 * image.stride(2) + x / 2]};
  }
};

inline bool same(const Ink& a, const Ink& b, int tolerance = 1) {
  return std::abs(a.y - b.y) <= tolerance && std::abs(a.u - b.u) <= tolerance &&
         std::abs(a.v - b.v) <= tolerance;
}

/// Most that two neighbouring samples of a channel differ.
inline float roughness(const std::vector<float>& samples) {
  float most = 0;
  for (size_t i = 2; i < samples.size(); ++i) most = std::max(most, std::abs(samples[i] - samples[i - 2]));
  return most;
}

inline float loudest(const media::Samples& samples) {
  float most = 0;
  for (float value : samples) most = std::max(most, std::abs(value));
  return most;
}

}  // namespace openday::mixer::test

namespace Catch {
template <>
struct StringMaker<openday::mixer::Ink> {
  static std::string convert(const openday::mixer::Ink& ink) {
    return std::to_string(ink.y) + "," + std::to_string(ink.u) + "," + std::to_string(ink.v);
  }
};
}  // namespace Catch
