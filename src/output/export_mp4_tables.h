// The sample tables of a progressive MP4 (ISO/IEC 14496-12), filled sample by sample, written as a moov.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "output/recorder_fragment.h"

namespace openday::output {

/// One track on its way into a moov. Decode times are continuous: a sample lasts until the next begins.
class Mp4Track {
 public:
  Mp4Track(bool video, uint32_t timescale) : video_(video), timescale_(timescale) {}

  /// A chunk: samples that lie one behind the other, `at` bytes into the media data. They begin at
  /// `decode_time`; a gap before them lengthens the sample before, an overlap shortens it (by no more than
  /// there is).
  void add_chunk(uint64_t at, int64_t decode_time, const InitTrack& described,
                 const std::vector<FragmentSample>& samples);

  [[nodiscard]] bool empty() const { return sizes_.empty(); }
  [[nodiscard]] bool video() const { return video_; }
  [[nodiscard]] uint32_t timescale() const { return timescale_; }
  /// Where the next sample begins if nothing is between.
  [[nodiscard]] int64_t end() const { return end_; }
  [[nodiscard]] size_t samples() const { return sizes_.size(); }

  /// A "trak". `media_data_at`: where in the file the media data begins.
  void write(ByteWriter& out, Bytes& bytes, uint32_t id, uint64_t media_data_at) const;

 private:
  struct Run {  // stts
    uint32_t count = 0;
    uint32_t duration = 0;
  };
  struct ChunkRun {  // stsc
    uint32_t first_chunk = 0;
    uint32_t samples = 0;
    uint32_t description = 0;
  };

  void append_duration(uint32_t duration);
  void stretch_last(int64_t by);
  void write_tables(ByteWriter& out, Bytes& bytes, uint64_t media_data_at) const;

  const bool video_;
  const uint32_t timescale_;
  int width_ = 0;
  int height_ = 0;
  int64_t begin_ = 0;  // of the first sample; not zero: an empty edit leads to it
  int64_t end_ = 0;
  std::vector<Bytes> descriptions_;  // stsd entries, each once
  std::vector<Run> durations_;
  std::vector<uint32_t> sizes_;
  std::vector<uint32_t> keys_;  // sample numbers from 1
  std::vector<uint64_t> chunks_;
  std::vector<ChunkRun> chunk_runs_;
};

inline constexpr uint32_t kMovieTimescale = 90000;

/// ftyp, moov and the head of an mdat of `media_bytes`, which must follow. Tracks without samples are left
/// out.
Bytes mp4_head(const std::vector<Mp4Track>& tracks, uint64_t media_bytes);

}  // namespace openday::output
