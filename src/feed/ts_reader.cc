#include "feed/ts_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "feed/demux_units.h"
#include "wrap/av_decode/demuxer.h"

namespace openday::feed {
namespace {

constexpr size_t kMaxQueued = 8 * 1024 * 1024;
/// The one that the demuxer was putting together, and the one its parser still held.
constexpr int kTornPictures = 2;

}  // namespace

TsReader::TsReader(Out out) : out_(std::move(out)), thread_([this] { work(); }) {}

TsReader::~TsReader() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void TsReader::bytes(SharedBytes packets, HouseTime arrival, bool after_loss) {
  if (!packets || packets->empty()) return;
  {
    std::lock_guard lock(mutex_);
    bool lost = false;
    while (!chunks_.empty() && queued_ + packets->size() > kMaxQueued) {
      queued_ -= chunks_.front().bytes->size();
      chunks_.pop_front();
      ++dropped_;
      lost = true;
    }
    queued_ += packets->size();
    chunks_.push_back({std::move(packets), arrival, after_loss});
    chunks_.front().after_loss |= lost;
  }
  ready_.notify_one();
}

bool TsReader::wait_for_bytes() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return ended_ || !chunks_.empty(); });
  return !ended_;
}

size_t TsReader::read(uint8_t* into, size_t size) {
  if (!current_.bytes || at_ == current_.bytes->size()) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return ended_ || !chunks_.empty(); });
    if (ended_) return 0;
    current_ = std::move(chunks_.front());
    chunks_.pop_front();
    queued_ -= current_.bytes->size();
    if (current_.after_loss) torn_ = kTornPictures;
    at_ = 0;
  }
  size_t count = std::min(size, current_.bytes->size() - at_);
  std::memcpy(into, current_.bytes->data() + at_, count);
  at_ += count;
  return count;
}

void TsReader::work() {
  while (wait_for_bytes()) {
    auto demuxer = wrap::Demuxer::open_ts([this](uint8_t* into, size_t size) { return read(into, size); });
    DemuxUnits units;
    while (demuxer) {
      auto unit = demuxer->read();
      if (!unit) break;  // what it makes of the bytes is beyond it, or they ended
      Unit converted = units.convert(std::move(*unit), current_.arrival);
      if (torn_ > 0 && converted.kind == media::Kind::kVideo) {
        --torn_;
        converted.after_loss = true;
        converted.key = false;  // not one to start from
      }
      out_(std::move(converted));
    }
    std::lock_guard lock(mutex_);
    ++restarts_;
  }
}

uint64_t TsReader::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

uint64_t TsReader::restarts() const {
  std::lock_guard lock(mutex_);
  return restarts_;
}

}  // namespace openday::feed
