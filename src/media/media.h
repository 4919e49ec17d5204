// The values that flow: raw frames into the mixer, access units out of the encoders, parts and segments to
// viewers. All are immutable once shared. No thread of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace openday::media {

/// A tick of the program: frame n of one engine run. Tick 0 is the run's first frame.
using Tick = int64_t;

/// House format of a broadcast: progressive, bt709 limited range, I420; 48 kHz stereo float.
struct HouseFormat {
  int width = 1280;
  int height = 720;
  int fps = 30;  // 25 or 30

  static constexpr int kSampleRate = 48000;
  static constexpr int kChannels = 2;

  [[nodiscard]] int samples_per_tick() const { return kSampleRate / fps; }
  [[nodiscard]] Duration tick_duration() const { return Duration(1'000'000'000 / fps); }
  /// Exact: the n-th tick, without accumulating rounding.
  [[nodiscard]] Duration since_start(Tick tick) const { return Duration(tick * 1'000'000'000 / fps); }
  bool operator==(const HouseFormat&) const = default;
};

/// A picture in somebody's memory: plane 0 luma, 1 Cb, 2 Cr. Owns nothing.
struct Planes {
  int width = 0;
  int height = 0;
  uint8_t* data[3] = {};
  int stride[3] = {};
};

/// One I420 picture. Rows are padded to 32 bytes; width and height are even, 2 to 4096.
class Image {
 public:
  Image(int width, int height);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  /// plane 0 luma, 1 Cb, 2 Cr
  [[nodiscard]] int stride(int plane) const { return plane == 0 ? luma_stride_ : luma_stride_ / 2; }
  [[nodiscard]] int rows(int plane) const { return plane == 0 ? height_ : height_ / 2; }
  [[nodiscard]] int columns(int plane) const { return plane == 0 ? width_ : width_ / 2; }
  [[nodiscard]] uint8_t* plane(int plane) { return data_.get() + offset(plane); }
  [[nodiscard]] const uint8_t* plane(int plane) const { return data_.get() + offset(plane); }
  void fill(uint8_t y, uint8_t u, uint8_t v);

  /// Bytes that an I420 picture of this size takes in this class's layout.
  static size_t size_of(int width, int height);
  /// The same layout in memory of size_of(width, height) bytes that is not this class's.
  static Planes lay_out(uint8_t* memory, int width, int height);
  [[nodiscard]] Planes planes() { return lay_out(data_.get(), width_, height_); }

 private:
  [[nodiscard]] size_t offset(int plane) const;

  struct Free {
    void operator()(uint8_t* data) const { ::operator delete[](data, std::align_val_t(64)); }
  };
  int width_;
  int height_;
  int luma_stride_;
  std::unique_ptr<uint8_t[], Free> data_;
};

using SharedImage = std::shared_ptr<const Image>;

/// Interleaved 48 kHz stereo float, nominal range −1 … 1.
using Samples = std::vector<float>;

/// What the mixer hands to the encoders, once per tick.
struct ProgramFrame {
  Tick tick = 0;
  ProgramTime at;  // program clock of this tick
  SharedImage image;
  std::shared_ptr<const Samples> audio;  // samples_per_tick() × 2 values
};

enum class Kind { kVideo, kAudio };
enum class Codec { kH264, kHevc, kAac, kOpus, kMp3, kAv1, kUnknown };

/// One rung of the ladder, or the audio alone.
struct Rendition {
  std::string name;  // "720p"; a slug, part of URLs
  int width = 0;     // 0 × 0: audio only
  int height = 0;
  int video_kbps = 0;
  int audio_kbps = 128;
  bool operator==(const Rendition&) const = default;
};

/// How an encoded track is set up; made once per run by its encoder, before its first access unit.
struct Track {
  Kind kind = Kind::kVideo;
  Codec codec = Codec::kUnknown;
  Bytes config;        // H.264: avcC; AAC: AudioSpecificConfig
  std::string codecs;  // RFC 6381: "avc1.64001f", "mp4a.40.2"
  int width = 0;
  int height = 0;
  int fps = 0;
};

/// One encoded frame. Times count from tick 0 of the run in 90 kHz (video) or 48 kHz (audio) units; an audio
/// encoder's priming may start below zero. H.264 is in AVC format: 4-byte big-endian NAL lengths, no
/// parameter sets in band.
struct AccessUnit {
  Kind kind = Kind::kVideo;
  int64_t pts = 0;
  int64_t dts = 0;
  int64_t duration = 0;
  bool key = false;  // IDR
  Tick tick = -1;    // video: the tick it shows
  SharedBytes data;
};

/// One CMAF chunk group of ~1/3 s (LL-HLS partial segment) of one rendition.
struct Part {
  std::string rendition;
  int64_t msn = 0;           // media sequence number of its segment; goes on across runs of the engine
  int index = 0;             // 0 … within the segment
  bool independent = false;  // starts with an IDR (audio only: always)
  bool last = false;         // closes its segment
  double duration = 0;       // seconds
  ProgramTime at;            // of its first frame
  SharedBytes data;          // moof + mdat; null: a gap, nothing was encoded in that time
};

/// What a player needs before any part of a rendition: one per rendition and run of the engine.
struct InitSegment {
  std::string run;  // unguessable, part of every media URL
  std::string rendition;
  std::string codecs;  // RFC 6381, video first: "avc1.64001f,mp4a.40.2"
  int width = 0;       // 0: audio only
  int height = 0;
  int fps = 0;
  int bandwidth = 0;       // bits/s, peak of a segment
  double part_target = 0;  // seconds, PART-TARGET; one value for the life of a stream
  int64_t first_msn = 0;
  int discontinuity = 0;  // earlier runs of this broadcast that have media: its discontinuity sequence number
  ProgramTime start;      // program clock of media time 0
  SharedBytes data;       // ftyp + moov
};

/// A finished segment: the parts of one rendition from an IDR to the next.
struct Segment {
  std::string rendition;
  int64_t msn = 0;
  int parts = 0;
  double duration = 0;
  ProgramTime at;
  bool discontinuity = false;  // first of a run that follows another
  uint64_t bytes = 0;          // 0: a gap
};

/// A segment that is whole in the media store, under the name of its run.
struct StoredSegment {
  std::string run;
  std::string rendition;
  int64_t msn = 0;
  ProgramTime at;
  double duration = 0;
  uint64_t bytes = 0;
  bool discontinuity = false;  // first of a run that follows another
};

}  // namespace openday::media
