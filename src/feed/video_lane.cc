#include "feed/video_lane.h"

#include <algorithm>
#include <cmath>

namespace openday::feed {
namespace {

constexpr size_t kMostVideoUnits = 600;
constexpr size_t kMostVideoBytes = 8 * 1024 * 1024;
constexpr size_t kMaxGopBytes = 8 * 1024 * 1024;
constexpr Duration kMaxGop = seconds(4);
constexpr size_t kMaxDecoded = 16;
constexpr int kUnitsPerRun = 6;

// Decoding starts so long before a picture's time: with the usual delay that is on its arrival, so a unit
// wakes this thread once.
constexpr Duration kDecodeLead = milliseconds(200);
// Pictures are written early too, but the ring holds eight: one is shown, one may be read, one is written.
constexpr size_t kMostAhead = 5;
// While catching up or overloaded, late pictures are skipped, but one is written at least so often.
constexpr Duration kSkipAtMost = milliseconds(250);
// A machine that cannot decode the kept units in this time shows what it has.
constexpr Duration kMaxBurst = seconds(1);
// A picture that comes so much before the last one is a new start, not a disorder.
constexpr Duration kBackwards = milliseconds(300);

}  // namespace

VideoLane::VideoLane(const media::HouseFormat& house, const ClockMap& map, Sink& sink, Stats& stats,
                     Duration later)
    : house_(house), later_(later), map_(map), sink_(sink), stats_(stats) {}

void VideoLane::reset() {
  drop(waiting_.size());
  waiting_.clear();
  waiting_bytes_ = 0;
  gop_.clear();
  gop_bytes_ = 0;
  decoded_.clear();
  last_shown_.reset();
  setup_.reset();
  decoder_.reset();
  deinterlacer_.reset();
  deinterlacing_ = false;
  need_key_ = true;
  keys_only_ = false;
  long_gops_ = false;
  last_key_.reset();
  bytes_since_key_ = 0;
  burst_ends_ = {};
  recent_dts_.clear();
  stats_.video = {};
  stats_.caught_up = false;
  stats_.needs_key = false;
}

HouseTime VideoLane::due(const Item& item) const {
  return moment(item.anchor, item.unit.dts) - kDecodeLead;
}

HouseTime VideoLane::next_due() const {
  HouseTime next = kNoTime;
  if (!waiting_.empty()) next = due(waiting_.front());
  if (!decoded_.empty()) {
    const Ticket& first = decoded_.front().ticket;
    next = std::min(next, write_due_at(moment(first.anchor, first.pts)));
  }
  return next;
}

// As soon as there is room for it in the ring.
HouseTime VideoLane::write_due_at(HouseTime show_at) const {
  HouseTime room = ahead_.size() >= kMostAhead ? ahead_.front() : HouseTime{};
  return std::min(std::max(room, show_at - kDecodeLead), show_at);
}

Duration VideoLane::queued(HouseTime now) const {
  if (waiting_.empty()) return Duration(0);
  const Item& newest = waiting_.back();
  return std::max(Duration(0), moment(newest.anchor, newest.unit.dts) - now);
}

void VideoLane::push(Unit unit, ClockMap::Anchor anchor) {
  // The rate is what arrives, whatever of it is decoded.
  if (!recent_dts_.empty() && unit.dts < recent_dts_.back()) recent_dts_.clear();
  recent_dts_.push_back(unit.dts);
  if (recent_dts_.size() > 60) recent_dts_.pop_front();
  if (recent_dts_.size() > 10 && recent_dts_.back() > recent_dts_.front()) {
    double span = static_cast<double>((recent_dts_.back() - recent_dts_.front()).count()) / 1e9;
    stats_.video.fps = std::round(static_cast<double>(recent_dts_.size() - 1) / span * 10) / 10;
  }
  enqueue({std::move(unit), anchor});
}

void VideoLane::enqueue(Item item) {
  if (waiting_.size() >= kMostVideoUnits || waiting_bytes_ + item.unit.data->size() > kMostVideoBytes) {
    drop(waiting_.size());
    waiting_.clear();
    waiting_bytes_ = 0;
    need_key_ = true;
  }
  waiting_bytes_ += item.unit.data->size();
  waiting_.push_back(std::move(item));
}

void VideoLane::run(HouseTime now) {
  for (int i = 0; i < kUnitsPerRun && !waiting_.empty() && due(waiting_.front()) <= now; ++i) {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= item.unit.data->size();
    process(item, now);
  }
  write_due(now);
}

void VideoLane::process(const Item& item, HouseTime now) {
  const Unit& unit = item.unit;
  if (unit.after_loss && !unit.key) need_key_ = true;
  if (!setup_ || (setup_ != unit.setup && *setup_ != *unit.setup)) {
    if (!unit.key || !open_decoder(unit)) {
      stats_.needs_key = !unit.key;
      drop(1);
      return;
    }
    need_key_ = true;
  }
  if (need_key_ && !unit.key) {
    stats_.needs_key = true;
    drop(1);
    return;
  }
  stats_.needs_key = false;
  bytes_since_key_ += unit.data->size();
  if (unit.key) note_key(item);
  if (std::exchange(need_key_, false) && decoder_) decoder_->flush();
  if (keys_only_) {
    process_idle(item, now);
  } else {
    decode(item, now);
  }
}

bool VideoLane::open_decoder(const Unit& unit) {
  setup_.reset();
  decoder_.reset();
  gop_.clear();
  gop_bytes_ = 0;
  last_key_.reset();
  auto opened = wrap::VideoDecoder::open({unit.setup->codec, unit.setup->config});
  if (!opened) {
    ++stats_.decode_errors;
    return false;
  }
  decoder_ = std::move(*opened);
  setup_ = unit.setup;
  stats_.video.codec = setup_->codec;
  return true;
}

// Decides at each key frame whether the units that follow need decoding.
void VideoLane::note_key(const Item& item) {
  if (last_key_) {
    Duration span = item.unit.dts - *last_key_;
    long_gops_ = span > kMaxGop || bytes_since_key_ > kMaxGopBytes;
  }
  last_key_ = item.unit.dts;
  bytes_since_key_ = item.unit.data->size();
  keys_only_ = want_.mode == Mode::kIdle && !long_gops_;
  gop_.clear();
  gop_bytes_ = 0;
}

void VideoLane::process_idle(const Item& item, HouseTime now) {
  gop_.push_back(item);
  gop_bytes_ += item.unit.data->size();
  if (item.unit.key) {
    decoder_->flush();
    decode(item, now);
    if (need_key_) return;  // it was damaged
    decoder_->drain();
    collect(now);
    decoder_->flush();
  } else if (item.unit.dts - gop_.front().unit.dts > kMaxGop || gop_bytes_ > kMaxGopBytes) {
    long_gops_ = true;
    arm(now);
  }
}

// What was kept goes back to the front of the queue: it is due, so it is decoded as fast as it can be.
void VideoLane::arm(HouseTime now) {
  keys_only_ = false;
  if (gop_.empty()) return;
  if (decoder_) decoder_->flush();
  deinterlacer_.reset();
  waiting_bytes_ += gop_bytes_;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(gop_.begin()),
                  std::make_move_iterator(gop_.end()));
  gop_.clear();
  gop_bytes_ = 0;
  last_key_.reset();  // this key frame comes by a second time
  burst_ends_ = now + kMaxBurst;
}

void VideoLane::want(const Want& wanted, HouseTime now) {
  if (wanted == want_) return;
  bool resized = wanted.width != want_.width || wanted.height != want_.height;
  want_ = wanted;
  if (want_.mode == Mode::kIdle) {
    stats_.caught_up = false;  // what is decoded goes on to the next key frame
  } else if (keys_only_) {
    arm(now);
  }
  // A key frame may be far: what is shown now is wanted in the new size now.
  if (resized && keys_only_ && last_shown_) write(*last_shown_, now, now);
}

void VideoLane::decode(const Item& item, HouseTime now) {
  int64_t tag = next_tag_++;
  tickets_[static_cast<size_t>(tag) % tickets_.size()] = {item.unit.pts, item.unit.arrival, item.anchor};
  if (!decoder_->send(*item.unit.data, tag)) {
    damaged();
    return;
  }
  collect(now);
}

void VideoLane::collect(HouseTime now) {
  while (auto picture = decoder_->receive()) {
    if (picture->damaged) {
      damaged();
      return;
    }
    deinterlacing_ = deinterlacing_ || picture->interlaced;
    if (!deinterlacing_ || keys_only_) {  // a lone key frame has no neighbours to be completed from
      accept(*picture, now);
      continue;
    }
    auto progressive = deinterlacer_.push(*picture);
    if (!progressive) {
      ++stats_.decode_errors;
    } else if (*progressive) {
      accept(**progressive, now);
    }
  }
}

void VideoLane::damaged() {
  ++stats_.decode_errors;
  decoder_->flush();
  deinterlacer_.reset();
  gop_.clear();
  gop_bytes_ = 0;
  need_key_ = true;
}

bool VideoLane::too_late(HouseTime show_at, HouseTime now) const {
  if (show_at + house_.tick_duration() >= now) return false;
  bool more_is_due = !waiting_.empty() && due(waiting_.front()) <= now;
  return more_is_due && (bursting(now) || now - last_written_ < kSkipAtMost);
}

void VideoLane::accept(const wrap::Picture& picture, HouseTime now) {
  const Ticket& ticket = tickets_[static_cast<size_t>(picture.tag) % tickets_.size()];
  HouseTime show_at = moment(ticket.anchor, ticket.pts);
  stats_.video.width = picture.width;
  stats_.video.height = picture.height;
  if (too_late(show_at, now)) {
    if (!bursting(now)) drop(1);
    return;
  }
  if (decoded_.size() >= kMaxDecoded) {
    drop(1);
    return;
  }
  decoded_.push_back({picture, ticket});
}

void VideoLane::write_due(HouseTime now) {
  while (!decoded_.empty()) {
    const Ticket& ticket = decoded_.front().ticket;
    HouseTime show_at = moment(ticket.anchor, ticket.pts);
    while (!ahead_.empty() && ahead_.front() <= now) ahead_.pop_front();
    if (write_due_at(show_at) > now) break;
    Shown shown = std::move(decoded_.front());
    decoded_.pop_front();
    bool disordered = show_at <= last_show_at_ && last_show_at_ - show_at < kBackwards;
    // Sources faster than the house would only push pictures out of the ring before they are shown.
    bool surplus = show_at > last_show_at_ && show_at - last_show_at_ < house_.tick_duration() * 55 / 100;
    bool late = too_late(show_at, now);
    if (late && !bursting(now)) drop(1);
    if (disordered || surplus || late) continue;
    if (show_at + house_.tick_duration() >= now) {
      burst_ends_ = {};
      stats_.caught_up = want_.mode != Mode::kIdle && !keys_only_;
    }
    write(shown, show_at, now);
  }
}

void VideoLane::write(const Shown& shown, HouseTime show_at, HouseTime now) {
  const wrap::Picture& picture = shown.picture;
  Size box{std::min(want_.width, house_.width), std::min(want_.height, house_.height)};
  Size size = fit_size({picture.width, picture.height, picture.sar_num, picture.sar_den}, box);
  bool drawn = true;
  sink_.picture(size.width, size.height, show_at, shown.ticket.arrival,
                shown.ticket.pts.count() / 100'000 * 9, [&](const media::Planes& into) {
                  drawn = fitter_.fit(picture, into).has_value();
                  return drawn;
                });
  if (!drawn) {
    ++stats_.decode_errors;
    return;
  }
  ++stats_.frames;
  ahead_.push_back(show_at);
  if (ahead_.size() > kMostAhead) ahead_.pop_front();
  last_show_at_ = show_at;
  last_written_ = now;
  stats_.last_output = now;
  if (keys_only_) {
    last_shown_ = shown;
  } else {
    last_shown_.reset();
  }
}

}  // namespace openday::feed
