#include "hub/media_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "hub/http_parse.h"

namespace openday::hub {

namespace {

struct Opened {
  std::shared_ptr<const UniqueFd> file;  // null: not there
  uint64_t size = 0;
};

/// As much as is read ahead before the answer begins: a segment, as a rule.
constexpr uint64_t kWarm = 4 * 1024 * 1024;

Opened open_warm(const MediaFiles::Wanted& asked) {
  UniqueFd file(::open(asked.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  auto size = static_cast<uint64_t>(info.st_size);
  if (asked.touch) ::futimens(file.get(), nullptr);
  RangeAnswer wanted = parse_range(asked.range, size);
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

void MediaFiles::serve(Wanted wanted, Responder responder, std::function<void(int status)> done,
                       std::function<void(Responder)> missing) {
  if (worker_.is_full()) {
    if (done) done(503);
    Response busy = Response::error(503, "busy", "the media store is busy", "");
    return responder.send(std::move(busy.with("Retry-After", "1")));
  }
  auto work = [wanted](const std::stop_token&) { return open_warm(wanted); };
  worker_.ask(std::move(work),
              [wanted = std::move(wanted), responder = std::move(responder), done = std::move(done),
               missing = std::move(missing)](const Opened& opened) mutable {
                if (!opened.file && missing) return missing(std::move(responder));
                Response response = answer_for(opened, wanted);
                if (done) done(response.status);
                responder.send(std::move(response));
              });
}

}  // namespace openday::hub
