// Coded pictures wait here for their time, are decoded, fitted and written.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "feed/clock_map.h"
#include "feed/picture_size.h"
#include "feed/stats.h"
#include "feed/unit.h"
#include "wrap/av_decode/deinterlacer.h"
#include "wrap/av_decode/fitter.h"
#include "wrap/av_decode/video_decoder.h"

namespace openday::feed {

/// One thread; the map, the sink and the stats outlive it.
///
/// Units wait coded (a second of 720p is 0.4 MB coded and 40 MB decoded) until shortly before their time.
/// Bounds: 600 units or 8 MiB waiting, then all of them go and the next key frame starts anew; 16 decoded
/// pictures waiting to be written, then the newest goes. Everything dropped is counted.
///
/// An idle venue costs its key frames: they alone are decoded, and the units since the last one are kept, at
/// most 4 s or 8 MiB. When the venue is wanted, they are decoded in a burst whose pictures are thrown away up
/// to the present one. Sources whose key frames lie further apart are decoded all the time.
class VideoLane {
 public:
  /// `later` is added to every picture's moment: how sound is made to come before it.
  VideoLane(const media::HouseFormat& house, const ClockMap& map, Sink& sink, Stats& stats, Duration later);

  void push(Unit unit, ClockMap::Anchor anchor);
  void want(const Want& want, HouseTime now);
  /// Another source.
  void reset();
  /// When run() has something to do; far in the future: nothing.
  [[nodiscard]] HouseTime next_due() const;
  /// Does what is due, a slice of it at a time: the caller looks after the sound in between.
  void run(HouseTime now);
  /// How far the newest waiting unit lies ahead of `now`.
  [[nodiscard]] Duration queued(HouseTime now) const;

 private:
  struct Item {
    Unit unit;
    ClockMap::Anchor anchor = 0;
  };
  /// What is remembered of a unit while the decoder has it.
  struct Ticket {
    Duration pts{0};
    HouseTime arrival;
    ClockMap::Anchor anchor = 0;
  };
  struct Shown {
    wrap::Picture picture;
    Ticket ticket;
  };

  void enqueue(Item item);
  [[nodiscard]] HouseTime due(const Item& item) const;
  void process(const Item& item, HouseTime now);
  void note_key(const Item& item);
  void process_idle(const Item& item, HouseTime now);
  void arm(HouseTime now);
  [[nodiscard]] bool bursting(HouseTime now) const { return now < burst_ends_; }
  void decode(const Item& item, HouseTime now);
  void collect(HouseTime now);
  void accept(const wrap::Picture& picture, HouseTime now);
  void damaged();
  bool open_decoder(const Unit& unit);
  void write_due(HouseTime now);
  [[nodiscard]] HouseTime write_due_at(HouseTime show_at) const;
  bool too_late(HouseTime show_at, HouseTime now) const;
  void write(const Shown& shown, HouseTime show_at, HouseTime now);
  void drop(uint64_t count) { stats_.dropped += count; }

  [[nodiscard]] HouseTime moment(ClockMap::Anchor anchor, Duration time) const {
    return map_.show_at(anchor, time) + later_;
  }

  const media::HouseFormat house_;
  const Duration later_;
  const ClockMap& map_;
  Sink& sink_;
  Stats& stats_;
  Want want_;

  std::deque<Item> waiting_;
  size_t waiting_bytes_ = 0;

  std::shared_ptr<const Setup> setup_;
  std::optional<wrap::VideoDecoder> decoder_;
  wrap::Deinterlacer deinterlacer_;
  bool deinterlacing_ = false;
  wrap::Fitter fitter_;
  bool need_key_ = true;
  int64_t next_tag_ = 0;
  std::array<Ticket, 64> tickets_;  // by tag; a decoder holds at most 16 pictures back

  bool keys_only_ = false;  // idle, and the key frames lie close enough
  std::deque<Item> gop_;    // since the last key frame, while keys_only_
  size_t gop_bytes_ = 0;
  bool long_gops_ = false;            // the last one did not fit
  std::optional<Duration> last_key_;  // its decode time
  size_t bytes_since_key_ = 0;

  std::deque<Shown> decoded_;    // waiting to be written, in the order shown
  std::deque<HouseTime> ahead_;  // moments of the last pictures written, oldest first
  std::optional<Shown> last_shown_;
  HouseTime last_show_at_;
  HouseTime last_written_;
  HouseTime burst_ends_;  // until then: catching up, and only the present is worth showing

  std::deque<Duration> recent_dts_;  // for the frame rate
};

}  // namespace openday::feed
