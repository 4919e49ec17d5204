// Raw frames from a feed to its slot in the engine, through one sealed memfd.
//
// The engine creates and seals the memory; the feed gets a descriptor and writes; the engine reads. Neither
// trusts the other's indices: the reader copies a header before it checks it, copies a picture and then
// checks its sequence again, so a feed that lies can spoil its own tile and nothing else. All times are house
// time (CLOCK_MONOTONIC, ns).
//
// Video: kVideoSlots pictures, each up to the house size, written round-robin under a sequence lock.
// Audio: kAudioFrames stereo float frames addressed by absolute index = house time × 48000; frame i lives at
// i mod kAudioFrames. `valid from` … `valid to` is the range that may be read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "media/media.h"

namespace openday::link {

inline constexpr int kVideoSlots = 8;
inline constexpr int64_t kAudioFrames = 1 << 17;  // 2.7 s

struct RingGeometry {
  int max_width = 1280;
  int max_height = 720;
};

struct PictureInfo {
  uint64_t sequence = 0;    // counts pictures from 1; never repeats within a generation
  uint32_t generation = 0;  // counts feed processes on this ring
  int width = 0;
  int height = 0;
  HouseTime show_at;       // when the program should show it
  HouseTime arrival;       // when its bytes arrived
  int64_t source_pts = 0;  // as the source stamped it, in 90 kHz
};

/// Audio frame index of a house time, and back.
inline int64_t audio_index(HouseTime at) {
  return at.ns / 1'000'000'000 * 48000 + at.ns % 1'000'000'000 * 48000 / 1'000'000'000;
}
inline HouseTime audio_time(int64_t index) {
  return {index / 48000 * 1'000'000'000 + index % 48000 * 1'000'000'000 / 48000};
}

class RingMemory;

/// The engine's side. One thread.
class RingReader {
 public:
  static Result<RingReader> create(const RingGeometry& geometry);
  RingReader(RingReader&&) noexcept;
  RingReader& operator=(RingReader&&) noexcept;
  ~RingReader();

  /// A descriptor to hand to the feed.
  [[nodiscard]] Result<UniqueFd> share() const;

  /// The picture to show at `at`: the newest with show_at ≤ at; nothing if there is none. Does not copy
  /// pixels.
  [[nodiscard]] std::optional<PictureInfo> choose(HouseTime at) const;
  /// The newest picture whatever its time (thumbnails, catching up).
  [[nodiscard]] std::optional<PictureInfo> newest() const;
  /// Copies the picture's pixels; false when it was overwritten meanwhile (choose again). `into` must have
  /// its size.
  [[nodiscard]] bool copy(const PictureInfo& picture, media::Image& into) const;

  /// Copies `count` stereo frames from absolute index `from`; frames not written are silence. Returns how
  /// many were there.
  int64_t read_audio(int64_t from, int64_t count, float* into) const;

  /// Counts up each time a feed attaches.
  [[nodiscard]] uint32_t generation() const;
  /// Last time the feed said that its source is delivering. 0 ns: never.
  [[nodiscard]] HouseTime heartbeat() const;

 private:
  explicit RingReader(std::unique_ptr<RingMemory> memory);
  std::unique_ptr<RingMemory> memory_;
};

/// The feed's side. One thread.
class RingWriter {
 public:
  /// Checks size and seals before it maps.
  static Result<RingWriter> attach(UniqueFd fd);
  RingWriter(RingWriter&&) noexcept;
  RingWriter& operator=(RingWriter&&) noexcept;
  ~RingWriter();

  [[nodiscard]] RingGeometry geometry() const;
  /// kLimit when the picture is larger than the geometry.
  Result<> write_picture(const media::Image& image, HouseTime show_at, HouseTime arrival, int64_t source_pts);
  /// The same, drawn straight into the ring. When `draw` returns false the picture is not there; false is
  /// kInvalid.
  using Draw = std::function<bool(const media::Planes&)>;
  Result<> write_picture(int width, int height, HouseTime show_at, HouseTime arrival, int64_t source_pts,
                         const Draw& draw);
  /// Writes `count` stereo frames at absolute index `from`. A gap since the last write becomes silence; a
  /// jump back or of more than a second forward starts a new valid range.
  void write_audio(int64_t from, const float* samples, int64_t count);
  void beat(HouseTime now);

 private:
  explicit RingWriter(std::unique_ptr<RingMemory> memory);
  std::unique_ptr<RingMemory> memory_;
  uint64_t next_sequence_ = 1;
  uint32_t generation_ = 0;
};

}  // namespace openday::link
