#include "hub/media_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "hub/http_parse.h"

namespace openday::hub {

struct MediaFiles::Opened {
  std::shared_ptr<const UniqueFd> file;  // null: not there
  uint64_t size = 0;
};

namespace {

/// As much as is read ahead before the answer begins: a segment, as a rule.
constexpr uint64_t kWarm = 4 * 1024 * 1024;

template <class Opened>
Opened open_warm(const std::string& path, const std::string& range) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  auto size = static_cast<uint64_t>(info.st_size);
  RangeAnswer wanted = parse_range(range, size);
  uint64_t at = wanted.kind == RangeKind::kPartial ? wanted.range.first : 0;
  uint64_t length = wanted.kind == RangeKind::kPartial ? wanted.range.length : size;
  uint64_t end = at + std::min(length, kWarm);
  std::vector<uint8_t> buffer(256 * 1024);
  while (at < end) {
    ssize_t got = ::pread(file.get(), buffer.data(), std::min<uint64_t>(buffer.size(), end - at),
                          static_cast<off_t>(at));
    if (got <= 0) break;
    at += static_cast<uint64_t>(got);
  }
  return {std::make_shared<const UniqueFd>(std::move(file)), size};
}

template <class Opened>
Response answer_for(const Opened& opened, const MediaFiles::Wanted& wanted) {
  if (!opened.file) return Response::error(404, "not_found", "this media is not there", "");
  RangeAnswer range = parse_range(wanted.range, opened.size);
  Response response;
  response.with("Content-Type", wanted.content_type);
  response.with("Accept-Ranges", "bytes");
  if (range.kind == RangeKind::kUnsatisfiable) {
    response.status = 416;
    response.with("Content-Range", fmt::format("bytes */{}", opened.size));
    return response;
  }
  response.with("Cache-Control", wanted.cache_control);
  if (range.kind == RangeKind::kPartial) {
    response.status = 206;
    response.with("Content-Range", fmt::format("bytes {}-{}/{}", range.range.first,
                                               range.range.first + range.range.length - 1, opened.size));
    response.body = FileRange{opened.file, range.range.first, range.range.length};
  } else {
    response.body = FileRange{opened.file, 0, opened.size};
  }
  return response;
}

}  // namespace

MediaFiles::MediaFiles(Loop& loop, size_t bound)
    : loop_(loop),
      queue_(bound, WhenFull::kRefuse),
      alive_(std::make_shared<bool>(true)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

MediaFiles::~MediaFiles() {
  *alive_ = false;
  queue_.close();
  thread_.request_stop();
  thread_.join();
}

void MediaFiles::serve(Wanted wanted, Responder responder, std::function<void(int status)> done) {
  uint64_t id = next_id_++;
  if (queue_.push({id, wanted.path, wanted.range})) {
    pending_.emplace(id, Pending{std::move(wanted), std::move(responder), std::move(done)});
    return;
  }
  if (done) done(503);
  Response busy = Response::error(503, "busy", "the media store is busy", "");
  responder.send(std::move(busy.with("Retry-After", "1")));
}

void MediaFiles::work(const std::stop_token& stop) {
  while (auto job = queue_.pop(stop)) {
    if (stop.stop_requested()) return;
    auto opened = open_warm<Opened>(job->path, job->range);
    auto task = [this, alive = alive_, id = job->id, opened] {
      if (*alive) finish(id, opened);
    };
    // The hub may be too busy to take mail; there is nothing better to do than to try again.
    while (!loop_.post(task) && !stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
  }
}

void MediaFiles::finish(uint64_t id, const Opened& opened) {
  auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending pending = std::move(found->second);
  pending_.erase(found);
  Response response = answer_for(opened, pending.wanted);
  if (pending.done) pending.done(response.status);
  pending.responder.send(std::move(response));
}

}  // namespace openday::hub
