// Inside the packager: how access units of one rendition become parts. One thread, no clock: all waiting is
// counted in ticks of the other track.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "media/media.h"
#include "package/cadence.h"
#include "package/packager.h"

namespace openday::wrap {
class CmafMuxer;
}

namespace openday::package {

/// Muxes parts, numbers them, sums up segments and tells the listener.
class PartMaker {
 public:
  struct Span {
    int64_t segment = 0;   // counted from tick 0 of the run
    int64_t begin_ms = 0;  // since tick 0
    double duration = 0;   // seconds
    bool last = false;
    bool independent = false;
  };

  PartMaker(const PackagerOptions& options, std::string rendition, wrap::CmafMuxer muxer,
            PackageListener& listener, PackagerCounters& counters);
  PartMaker(PartMaker&&) noexcept;
  ~PartMaker();

  /// The units go into the part as they are: all video, then all audio. None of either: a gap.
  void make(const Span& span, const std::vector<media::AccessUnit>& video,
            const std::vector<media::AccessUnit>& audio);
  /// Tells the segment that is open, if one is.
  void end_segment();
  [[nodiscard]] bool in_segment() const { return segment_.parts > 0; }
  [[nodiscard]] const SharedBytes& init() const;

 private:
  SharedBytes mux(const std::vector<media::AccessUnit>& video, const std::vector<media::AccessUnit>& audio);

  const std::string rendition_;
  const ProgramTime start_;
  const int64_t first_msn_;
  bool first_of_run_that_follows_;
  std::unique_ptr<wrap::CmafMuxer> muxer_;
  PackageListener& listener_;
  PackagerCounters& counters_;
  media::Segment segment_;  // being summed up; parts == 0: none
};

/// Video with the broadcast's audio, whose decode times rise (the core sees to it).
///
/// The grid of parts and segments follows from tick numbers alone and never moves, whatever the encoder
/// sheds:
/// - A part is complete when a tick at or behind its end has come. Ticks that never came were shed; the
///   picture before (in the part) or behind (first of the part) is shown in their place, so that decode times
///   are contiguous.
/// - Segment k holds ticks from k × 2 s. Pictures before its first IDR cannot be decoded by those who begin
///   there and are dropped; its first picture is an IDR, and every playlist may say
///   EXT-X-INDEPENDENT-SEGMENTS.
/// - Audio belongs to the part in which it starts. A complete part waits for it kAudioPatience ticks, once:
///   while audio stays away, the parts that follow do not wait. Late audio goes into the next part, if it is
///   not more than 2 s late.
/// - Sound outlives the picture. When no picture has come for kVideoPatience ticks of sound, parts close with
///   the sound alone, from the run's beginning if it must be; a picture that comes after its part has gone is
///   dropped, and with it what refers to it. With the first one that comes, parts wait again.
/// - A part without any media is told as a gap; a segment without any is not told at all.
class VideoRendition {
 public:
  VideoRendition(Cadence cadence, bool has_audio, PartMaker maker, PackagerCounters& counters);

  void push(const media::AccessUnit& unit);
  void push_audio(const media::AccessUnit& unit);
  void lost();
  void finish();
  [[nodiscard]] const PartMaker& maker() const { return maker_; }

 private:
  [[nodiscard]] media::Tick part_end() const;
  [[nodiscard]] bool audio_is_there(media::Tick end);
  [[nodiscard]] bool video_is_away(media::Tick end);
  [[nodiscard]] bool is_complete(media::Tick end, bool wait_for_audio);
  void begin_at(media::Tick tick);
  void close_complete(bool wait_for_audio);
  void skip_empty_segments(bool wait_for_audio);
  void close_part(media::Tick end, bool last);

  const Cadence cadence_;
  const bool has_audio_;
  PartMaker maker_;
  PackagerCounters& counters_;

  bool started_ = false;
  media::Tick next_tick_ = 0;  // all before it are here, or will never be
  media::Tick part_begin_ = 0;
  int64_t segment_ = 0;           // that part_begin_ is in
  int64_t gop_segment_ = -1;      // whose IDR has come; pictures of another are not decodable
  int64_t video_end_ = -1;        // pts where the last picture that was muxed ends
  int64_t audio_end_ = 0;         // in samples
  int64_t heard_at_picture_ = 0;  // audio_end_ when the last picture came
  bool audio_away_ = false;
  bool video_away_ = false;
  std::deque<media::AccessUnit> video_;
  std::deque<media::AccessUnit> audio_;
};

/// Audio alone: parts of 16 AAC frames (PART-TARGET 341.3 ms), a segment begins with the first frame that
/// starts at or behind k × 2 s, so that its number agrees with the video's.
class AudioRendition {
 public:
  explicit AudioRendition(PartMaker maker);

  void push(const media::AccessUnit& unit);
  void finish();
  [[nodiscard]] const PartMaker& maker() const { return maker_; }

 private:
  void close_part(bool last);

  PartMaker maker_;
  int64_t segment_ = -1;
  int64_t end_ = 0;  // in samples
  std::vector<media::AccessUnit> units_;
};

}  // namespace openday::package
