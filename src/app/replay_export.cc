#include "app/replay_export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "hub/api_json.h"

namespace openday::app {
namespace {

namespace fs = std::filesystem;

constexpr auto kFailureKept = seconds(30);  // before the same export is tried again
constexpr auto kWatchEvery = seconds(10);
constexpr size_t kLooking = 64;                // requests that wait for the disk
constexpr const char* kFolder = "/.exports/";  // no id of a broadcast begins with a dot

const Error kNoSuchRendition{Errc::kNotFound, "there is no recording of this rendition"};
const Error kTooMany{Errc::kBusy, "too many recordings are being prepared; try again later"};
const Error kNoRoom{Errc::kBusy, "the disk has no room for a copy of this recording; try again later"};

Result<ReplayExport::Contents> contents_of(const std::string& store) {
  output::IndexReader reader(store);
  OPENDAY_TRY(auto news, reader.read());
  ReplayExport::Contents contents;
  int tallest = 0;
  for (const auto& fact : news.facts) {
    if (const auto* init = std::get_if<media::InitSegment>(&fact)) {
      if (init->height > tallest) {
        tallest = init->height;
        contents.tallest = init->rendition;
      }
    } else if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
      contents.bytes[segment->rendition] += segment->bytes;
    }
  }
  return contents;
}

// A bounded memory of what can be found out again.
template <class Map>
void remember(Map& map, const std::string& key, typename Map::mapped_type value) {
  if (map.size() > 100) map.clear();
  map.insert_or_assign(key, std::move(value));
}

struct Room {
  uint64_t free = 0;
  uint64_t all = 0;
};

Result<Room> room_of(const std::string& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return std::unexpected(errno_error("size of the disk"));
  return Room{static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize,
              static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize};
}

bool wants_page(const hub::Request& request) {
  return request.header("accept").find("text/html") != std::string_view::npos;
}

}  // namespace

ReplayExport::ReplayExport(Loop& loop, broadcast::LedgerView& ledger, Options options, Log log)
    : loop_(loop),
      ledger_(ledger),
      options_(std::move(options)),
      log_(std::move(log)),
      files_(loop, kLooking),
      look_(loop, kLooking),
      maker_(loop, kBound) {
  timer_ = loop_.every(kWatchEvery, [this] { watch(); });
}

ReplayExport::~ReplayExport() {
  loop_.cancel(timer_);
}

void ReplayExport::add_routes(hub::Router& router) {
  router.get(
      "/hls/{b}/replay.mp4",
      [this](const hub::Request& request, hub::Responder responder) { serve(request, std::move(responder)); },
      {.any_origin = true});
}

std::string ReplayExport::folder_of(const std::string& broadcast) const {
  return options_.root + kFolder + broadcast;
}

std::string ReplayExport::store_of(const std::string& broadcast) const {
  return options_.root + "/" + broadcast;
}

Result<broadcast::Broadcast> ReplayExport::recorded(const hub::Request& request) const {
  OPENDAY_TRY(auto broadcast, ledger_.broadcast(std::string(request.param("b"))));
  if (broadcast.state != broadcast::State::kEnded || !broadcast.recorded) {
    return fail(Errc::kNotFound, "there is no replay of this broadcast");
  }
  return broadcast;
}

void ReplayExport::serve(const hub::Request& request, hub::Responder responder) {
  auto broadcast = recorded(request);
  if (!broadcast) return responder.send(hub::error_response(broadcast.error(), request.id));
  if (look_.is_full()) return responder.send(hub::error_response(kTooMany, request.id));
  look_.ask(
      [path =
           output::index_path(store_of(broadcast->id))](const std::stop_token&) -> std::optional<uint64_t> {
        struct stat index{};
        if (::stat(path.c_str(), &index) != 0) return std::nullopt;
        return static_cast<uint64_t>(index.st_size);
      },
      [this, request, responder = std::move(responder)](std::optional<uint64_t> index_bytes) mutable {
        if (index_bytes) return serve_state(request, std::move(responder), *index_bytes);
        responder.send(
            hub::error_response({Errc::kNotFound, "there is no recording of this broadcast"}, request.id));
      });
}

void ReplayExport::serve_state(const hub::Request& request, hub::Responder responder, uint64_t index_bytes) {
  auto refuse = [&](const Error& error) { responder.send(hub::error_response(error, request.id)); };
  auto broadcast = recorded(request);
  if (!broadcast) return refuse(broadcast.error());
  std::string rendition(request.query.get("rendition").value_or(""));
  if (!rendition.empty() && !is_slug(rendition)) return refuse({Errc::kInvalid, "rendition is not a name"});
  auto withdrawals = ledger_.withdrawals(broadcast->id);
  if (!withdrawals) return refuse(withdrawals.error());
  Job job;
  job.folder = folder_of(broadcast->id);
  job.suffix = fmt::format("-{}-{}.mp4", index_bytes, withdrawals->size());
  if (auto contents = contents_.find(job.folder + job.suffix); contents != contents_.end()) {
    if (rendition.empty()) rendition = contents->second.tallest;
    if (!contents->second.bytes.contains(rendition)) return refuse(kNoSuchRendition);
  }
  job.request.store = store_of(broadcast->id);
  job.request.rendition = rendition;
  for (const auto& one : *withdrawals) job.request.withdrawn.push_back({one.from, one.to});
  // Segments are taken whole, so the one in which the broadcast went live would show the end of the
  // rehearsal.
  job.request.withdrawn.push_back({ProgramTime{0}, broadcast->public_from.value_or(ProgramTime{0})});
  if (rendition.empty()) return prepare(request, std::move(responder), broadcast->id, std::move(job));
  // Its age is since when nobody has asked for it.
  hub::MediaFiles::Wanted wanted{job.path(), "video/mp4", "public, max-age=60",
                                 std::string(request.header("range")), true};
  files_.serve(std::move(wanted), std::move(responder), {},
               [this, request, id = broadcast->id, job = std::move(job)](hub::Responder again) {
                 prepare(request, std::move(again), id, job);
               });
}

void ReplayExport::prepare(const hub::Request& request, hub::Responder responder,
                           const std::string& broadcast, Job job) {
  auto refuse = [&](const Error& error) { responder.send(hub::error_response(error, request.id)); };
  std::string key = job.path();
  if (auto running = running_.find(key); running != running_.end()) {
    return responder.send(preparing(request, *running->second.progress));
  }
  if (auto failed = failed_.find(key); failed != failed_.end()) {
    if (loop_.clock().now() < failed->second.second) return refuse(failed->second.first);
    failed_.erase(failed);
  }
  if (maker_.is_full()) return refuse(kTooMany);
  job.progress = std::make_shared<Progress>();
  running_[key] = {broadcast, job.progress};
  responder.send(preparing(request, *job.progress));
  std::string state = job.folder + job.suffix;
  maker_.ask(
      [this, job = std::move(job)](const std::stop_token& stop) mutable {
        std::stop_callback cancel(stop, [&] { job.progress->cancelled = true; });
        return make(job);
      },
      [this, key, state](const Outcome& outcome) { finished(key, state, outcome); });
}

hub::Response ReplayExport::preparing(const hub::Request& request, const Progress& progress) const {
  double share = progress.share;
  if (wants_page(request)) {
    // A browser that followed a link asks again by itself and gets the file as soon as it is there.
    auto page = fmt::format(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">"
        "<title>MP4</title><p>正在准备 MP4 文件 / Preparing the MP4: {:.0f} %</p>",
        share * 100);
    auto response = hub::Response::bytes(202, "text/html; charset=utf-8",
                                         std::make_shared<const Bytes>(page.begin(), page.end()));
    return std::move(response.with("Cache-Control", "no-store"));
  }
  auto response =
      hub::Response::json(202, fmt::format(R"({{"state":"preparing","progress":{:.3f}}})", share));
  return std::move(response.with("Retry-After", "2"));
}

void ReplayExport::forget(const std::string& broadcast) {
  for (auto& [key, running] : running_) {
    if (running.broadcast == broadcast) running.progress->cancelled = true;
  }
  options_.discard(folder_of(broadcast));
}

std::string ReplayExport::Job::path() const {
  return fmt::format("{}/{}{}", folder, request.rendition, suffix);
}

void ReplayExport::watch() {
  if (watching_) return;
  watching_ = maker_.ask([this](const std::stop_token&) { return make_room(0); },
                         [this](const Result<>& room) {
                           watching_ = false;
                           if (!room) log_.debug("no_room_to_make", {{"why", room.error().message}});
                         });
}

ReplayExport::Outcome ReplayExport::make(Job& job) const {
  auto found = contents_of(job.request.store);
  if (!found) return {std::nullopt, std::unexpected(found.error())};
  Outcome outcome{*std::move(found), {}};
  const Contents& contents = *outcome.contents;
  if (job.request.rendition.empty()) job.request.rendition = contents.tallest;
  auto size = contents.bytes.find(job.request.rendition);
  if (size == contents.bytes.end()) {
    outcome.made = std::unexpected(kNoSuchRendition);
    return outcome;
  }
  std::string path = job.path();
  std::error_code error;
  if (fs::exists(path, error)) return outcome;
  fs::create_directories(job.folder, error);
  for (fs::directory_iterator file(job.folder, error), end; !error && file != end; file.increment(error)) {
    std::error_code ignored;
    if (!file->path().string().ends_with(job.suffix)) fs::remove(file->path(), ignored);
  }
  outcome.made = make_room(size->second);
  if (!outcome.made) return outcome;
  HouseTime looked = loop_.clock().now();
  bool crowded = false;
  outcome.made = output::export_mp4(job.request, path, [&](double share) {
    job.progress->share = share;
    if (loop_.clock().now() - looked > kWatchEvery) {  // the disk may fill up meanwhile
      looked = loop_.clock().now();
      auto room = room_of(options_.root);
      crowded = room && room->free < 2 * options_.reserve_bytes;
    }
    return !crowded && !job.progress->cancelled;
  });
  if (crowded) outcome.made = std::unexpected(kNoRoom);
  // A forgotten export may have been finished at the same moment.
  if (job.progress->cancelled) ::unlink(path.c_str());
  return outcome;
}

/// Deletes exports until another of `wanted` bytes may be made. Its own thread.
Result<> ReplayExport::make_room(uint64_t wanted) const {
  struct File {
    fs::file_time_type used;
    fs::path path;
    uint64_t bytes;
  };
  std::vector<File> files;
  uint64_t held = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator file(options_.root + kFolder, error), end; !error && file != end;
       file.increment(error)) {
    std::error_code vanished;
    if (!file->is_regular_file(vanished)) continue;
    File one{file->last_write_time(vanished), file->path(), file->file_size(vanished)};
    if (vanished) continue;
    held += one.bytes;
    files.push_back(std::move(one));
  }
  std::ranges::sort(files, {}, &File::used);
  OPENDAY_TRY(Room room, room_of(options_.root));
  uint64_t most = (options_.most_bytes > 0 ? options_.most_bytes : room.all) / 10;
  for (const File& file : files) {
    if (held + wanted <= most && room.free >= wanted + 2 * options_.reserve_bytes) return {};
    fs::remove(file.path, error);
    held -= file.bytes;
    OPENDAY_TRY(room, room_of(options_.root));
  }
  if (room.free < wanted + 2 * options_.reserve_bytes) return std::unexpected(kNoRoom);
  return {};
}

void ReplayExport::finished(const std::string& key, const std::string& state, const Outcome& outcome) {
  auto running = running_.extract(key);
  if (running.empty()) return;
  if (outcome.contents) remember(contents_, state, *outcome.contents);
  if (outcome.made) {
    log_.info("exported", {{"broadcast", running.mapped().broadcast}});
  } else if (!running.mapped().progress->cancelled) {
    log_.error("not_exported",
               {{"broadcast", running.mapped().broadcast}, {"why", outcome.made.error().message}});
    remember(failed_, key, {outcome.made.error(), loop_.clock().now() + kFailureKept});
  }
}

}  // namespace openday::app
