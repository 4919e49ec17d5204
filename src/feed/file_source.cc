#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "feed/demux_units.h"
#include "feed/pacer.h"
#include "feed/pull_source.h"
#include "wrap/av_decode/demuxer.h"

namespace openday::feed {
namespace {

constexpr Duration kRetry = seconds(5);

}  // namespace

Result<UniqueFd> open_media(const std::string& media_root, const std::string& path) {
  if (media_root.empty()) return fail(Errc::kRefused, "files are off: no media root is configured");
  UniqueFd root(::open(media_root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return std::unexpected(errno_error("the media root"));
  // The kernel refuses every step that leads out: "..", absolute links, links in /proc.
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe in the folder must not hold us up
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  std::string inside = path;
  if (inside.starts_with(media_root)) inside.erase(0, media_root.size());
  inside.erase(0, std::min(inside.find_first_not_of('/'), inside.size()));
  UniqueFd file(static_cast<int>(::syscall(SYS_openat2, root.get(), inside.c_str(), &how, sizeof how)));
  if (!file) return std::unexpected(errno_error("the media file"));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(Errc::kInvalid, "the media file is not a regular file");
  }
  return file;
}

FileSource::FileSource(const Clock& clock, UniqueFd file, SourceEvents events)
    : clock_(clock), file_(std::move(file)), events_(std::move(events)), thread_([this] { work(); }) {}

FileSource::~FileSource() {
  stop_.stop();
  thread_.join();
}

void FileSource::work() {
  while (!stop_.stopped()) {
    auto played = play();
    if (stop_.stopped()) return;
    events_.lost(played ? Error{Errc::kClosed, "the file ended"} : played.error());
    if (!stop_.sleep_until(clock_.now() + kRetry)) return;
  }
}

Result<> FileSource::play() {
  OPENDAY_TRY(UniqueFd copy, duplicate(file_));
  if (::lseek(copy.get(), 0, SEEK_SET) != 0) return std::unexpected(errno_error("the media file"));
  OPENDAY_TRY(auto demuxer, wrap::Demuxer::open_file(std::move(copy)));
  events_.begin();
  DemuxUnits units;
  Pacer pacer;
  Duration offset{0};  // of this round
  Duration end{0};     // of everything so far
  bool new_round = true;
  size_t in_round = 0;
  while (!stop_.stopped()) {
    auto unit = demuxer.read();
    if (!unit) {
      if (unit.error().code != Errc::kClosed) return std::unexpected(unit.error());
      if (std::exchange(in_round, 0) == 0)
        return fail(Errc::kInvalid, "the file holds nothing that can be played");
      OPENDAY_CHECK_OK(demuxer.rewind());
      new_round = true;
      continue;
    }
    ++in_round;
    // The first unit of a round comes where the round before ended, so decoders and clocks notice nothing.
    if (std::exchange(new_round, false)) offset = end - unit->dts;
    unit->dts += offset;
    unit->pts += offset;
    Duration length = unit->duration > Duration(0) ? unit->duration : Duration(milliseconds(20));
    end = std::max(end, unit->dts + length);
    HouseTime arrival = pacer.due(unit->dts, clock_.now());
    if (!stop_.sleep_until(arrival)) return {};
    events_.unit(units.convert(std::move(*unit), arrival));
  }
  return {};
}

}  // namespace openday::feed
