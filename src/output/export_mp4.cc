#include "output/export_mp4.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "output/export_mp4_tables.h"
#include "output/recorder_fragment.h"

namespace openday::output {
namespace {

constexpr size_t kHeadBytes = 4096;  // holds the moof of 1/3 s; if not, more is read
constexpr size_t kCopyBytes = 1 << 20;
/// A clock that ticks whole for 90 kHz and 48 kHz.
constexpr int64_t kCommonClock = 720'000;

Result<std::vector<media::StoredSegment>> choose(const ExportRequest& request) {
  OPENDAY_TRY(IndexReader::News index, IndexReader(request.store).read());
  std::map<int64_t, media::StoredSegment> by_msn;
  std::vector<Withdrawn> withdrawn = request.withdrawn;
  int64_t dropped_before = 0;
  for (const IndexFact& fact : index.facts) {
    if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
      if (segment->rendition == request.rendition) by_msn.emplace(segment->msn, *segment);
    }
    if (const auto* range = std::get_if<Withdrawn>(&fact)) withdrawn.push_back(*range);
    if (const auto* dropped = std::get_if<DroppedBefore>(&fact))
      dropped_before = std::max(dropped_before, dropped->msn);
  }
  std::vector<media::StoredSegment> out;
  for (const auto& [msn, segment] : by_msn) {
    ProgramTime end = segment.at + milliseconds(std::llround(segment.duration * 1000));
    auto overlaps = [&](ProgramTime from, ProgramTime to) { return segment.at < to && from < end; };
    bool wanted = msn >= dropped_before && overlaps(request.from, request.to);
    for (const Withdrawn& range : withdrawn) wanted = wanted && !overlaps(range.from, range.to);
    if (wanted) out.push_back(segment);
  }
  if (out.empty())
    return fail(Errc::kNotFound, "there is no recording of '" + request.rendition + "' in that time");
  return out;
}

Result<> read_at(int fd, uint64_t offset, std::span<uint8_t> into, size_t& got) {
  got = 0;
  while (got < into.size()) {
    ssize_t now = ::pread(fd, into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return std::unexpected(errno_error("read of a recording"));
    if (now == 0) break;
    got += static_cast<size_t>(now);
  }
  return {};
}

}  // namespace

/// Goes through the segments once and fills the tables.
class Mp4Planner {
 public:
  explicit Mp4Planner(const ExportRequest& request) : request_(request) {}

  Result<Mp4Plan> plan(const std::vector<media::StoredSegment>& segments, const ExportProgress& progress) {
    for (size_t i = 0; i < segments.size(); ++i) {
      if (progress && !progress(0)) return fail(Errc::kClosed, "the export was cancelled");
      const media::StoredSegment& segment = segments[i];
      bool follows = i > 0 && segments[i - 1].run == segment.run && segments[i - 1].msn + 1 == segment.msn;
      OPENDAY_CHECK_OK(add(segment, follows));
    }
    std::vector<Mp4Track> tracks;
    for (const Mp4Track& track : {picture_, sound_}) {
      plan_.duration_ = std::max(plan_.duration_, static_cast<double>(track.end()) / track.timescale());
      tracks.push_back(track);
    }
    plan_.head_ = mp4_head(tracks, media_bytes_);
    for (Mp4Plan::Extent& extent : plan_.extents_) extent.at += plan_.head_.size();
    plan_.size_ = plan_.head_.size() + media_bytes_;
    return std::move(plan_);
  }

 private:
  Result<> add(const media::StoredSegment& segment, bool follows) {
    OPENDAY_TRY(const std::vector<InitTrack>* tracks, tracks_of(segment.run));
    std::string path = request_.store + "/" + segment_path(segment.run, segment.rendition, segment.msn);
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::unexpected(errno_error("open of a recording"));
    plan_.files_.push_back(path);
    if (!follows) shift_.reset();
    for (uint64_t at = 0; at < segment.bytes;) {
      OPENDAY_TRY(Fragment fragment, fragment_at(file.get(), at, segment.bytes));
      add_fragment(fragment, at, *tracks);
      at += fragment.size;
    }
    return {};
  }

  Result<const std::vector<InitTrack>*> tracks_of(const std::string& run) {
    auto known = tracks_.find(run);
    if (known == tracks_.end()) {
      OPENDAY_TRY(Bytes init,
                  disk_->read(request_.store + "/" + init_path(run, request_.rendition), kMostInit));
      OPENDAY_TRY(std::vector<InitTrack> tracks, read_init(init));
      known = tracks_.emplace(run, std::move(tracks)).first;
    }
    return &known->second;
  }

  Result<Fragment> fragment_at(int fd, uint64_t at, uint64_t file_size) {
    for (size_t want = kHeadBytes;; want = kMostMoof + 64) {
      buffer_.resize(std::min<uint64_t>(want, file_size - at));
      size_t got = 0;
      OPENDAY_CHECK_OK(read_at(fd, at, buffer_, got));
      Result<Fragment> fragment = read_fragment(ByteView(buffer_).first(got));
      if (fragment && fragment->size <= file_size - at) return fragment;
      bool more = !fragment && fragment.error().code == Errc::kLimit && want == kHeadBytes && got == want;
      if (!more) return fail(Errc::kIo, "a recording is not what the index says");
    }
  }

  static int64_t in_common(int64_t time, uint32_t timescale) { return time * (kCommonClock / timescale); }

  /// The first fragment after a break decides how far its run's clock is shifted: so that neither track goes
  /// back, and both as they were to each other.
  void find_shift(const Fragment& fragment, const std::vector<InitTrack>& tracks) {
    std::optional<int64_t> shift;
    std::optional<int64_t> first;
    for (const FragmentRun& run : fragment.runs) {
      const InitTrack* track = described(tracks, run.track);
      if (track == nullptr || run.samples.empty()) continue;
      const Mp4Track& into = track->video ? picture_ : sound_;
      int64_t begins = in_common(static_cast<int64_t>(run.decode_time), into.timescale());
      first = std::min(first.value_or(begins), begins);
      if (!into.empty()) {
        int64_t needed = in_common(into.end(), into.timescale()) - begins;
        shift = std::max(shift.value_or(needed), needed);
      }
    }
    if (first) shift_ = shift.value_or(-*first);  // the very first begins at zero
  }

  void add_fragment(const Fragment& fragment, uint64_t at, const std::vector<InitTrack>& tracks) {
    if (!shift_) find_shift(fragment, tracks);
    for (const FragmentRun& run : fragment.runs) {
      const InitTrack* track = described(tracks, run.track);
      if (track == nullptr || run.samples.empty()) continue;
      Mp4Track& into = track->video ? picture_ : sound_;
      int64_t begins =
          in_common(static_cast<int64_t>(run.decode_time), into.timescale()) + shift_.value_or(0);
      into.add_chunk(media_bytes_ + run.data_at - fragment.payload_at,
                     std::max<int64_t>(0, begins) / (kCommonClock / into.timescale()), *track, run.samples);
    }
    plan_.extents_.push_back({.at = media_bytes_,
                              .size = fragment.payload_size,
                              .offset = at + fragment.payload_at,
                              .file = plan_.files_.size() - 1});
    media_bytes_ += fragment.payload_size;
  }

  static const InitTrack* described(const std::vector<InitTrack>& tracks, uint32_t id) {
    for (const InitTrack& track : tracks) {
      if (track.id == id && track.timescale == (track.video ? 90'000u : 48'000u)) return &track;
    }
    return nullptr;
  }

  const ExportRequest& request_;
  std::unique_ptr<Disk> disk_ = posix_disk();
  std::map<std::string, std::vector<InitTrack>> tracks_;  // by run
  Mp4Track picture_{true, 90'000};
  Mp4Track sound_{false, 48'000};
  std::optional<int64_t> shift_;  // common clock: exported time minus the run's media time; none: to be found
  uint64_t media_bytes_ = 0;
  Bytes buffer_;
  Mp4Plan plan_;
};

Result<Mp4Plan> Mp4Plan::make(const ExportRequest& request, const ExportProgress& progress) {
  OPENDAY_TRY(std::vector<media::StoredSegment> segments, choose(request));
  return Mp4Planner(request).plan(segments, progress);
}

Result<size_t> Mp4Plan::read(uint64_t offset, std::span<uint8_t> into) {
  size_t done = 0;
  while (done < into.size() && offset < size_) {
    std::span<uint8_t> rest = into.subspan(done);
    size_t now = 0;
    if (offset < head_.size()) {
      now = std::min(rest.size(), head_.size() - static_cast<size_t>(offset));
      std::memcpy(rest.data(), head_.data() + offset, now);
    } else {
      auto extent = std::prev(std::ranges::upper_bound(extents_, offset, {}, &Extent::at));
      if (!open_ || open_file_ != extent->file) {
        open_ = UniqueFd(::open(files_[extent->file].c_str(), O_RDONLY | O_CLOEXEC));
        open_file_ = extent->file;
        if (!open_) return std::unexpected(errno_error("open of a recording"));
      }
      uint64_t inside = offset - extent->at;
      rest = rest.first(static_cast<size_t>(std::min<uint64_t>(rest.size(), extent->size - inside)));
      OPENDAY_CHECK_OK(read_at(open_.get(), extent->offset + inside, rest, now));
      if (now < rest.size()) return fail(Errc::kIo, "a recording is shorter than it was");
    }
    done += now;
    offset += now;
  }
  return done;
}

Result<> export_mp4(const ExportRequest& request, const std::string& path, const ExportProgress& progress) {
  OPENDAY_TRY(Mp4Plan plan, Mp4Plan::make(request, progress));
  std::string beside = path + ".part";
  UniqueFd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return std::unexpected(errno_error("create the export"));
  auto copy = [&]() -> Result<> {
    Bytes buffer(kCopyBytes);
    for (uint64_t at = 0; at < plan.size();) {
      if (progress && !progress(static_cast<double>(at) / static_cast<double>(plan.size()))) {
        return fail(Errc::kClosed, "the export was cancelled");
      }
      OPENDAY_TRY(size_t got, plan.read(at, buffer));
      for (size_t written = 0; written < got;) {
        ssize_t now = ::write(file.get(), buffer.data() + written, got - written);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return std::unexpected(errno_error("write the export"));
        written += static_cast<size_t>(now);
      }
      at += got;
    }
    if (::fdatasync(file.get()) != 0) return std::unexpected(errno_error("sync the export"));
    if (::rename(beside.c_str(), path.c_str()) != 0) return std::unexpected(errno_error("rename the export"));
    return {};
  };
  Result<> done = copy();
  if (!done) ::unlink(beside.c_str());
  if (done && progress) progress(1);
  return done;
}

}  // namespace openday::output
