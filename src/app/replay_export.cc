#include "app/replay_export.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "base/text.h"
#include "hub/api_json.h"

namespace openday::app {
namespace {

namespace fs = std::filesystem;

constexpr auto kFailureKept = seconds(30);  // before the same export is tried again

// The tallest rendition of the store and how many bytes of it there are; or those of `wanted`.
struct Choice {
  std::string rendition;
  uint64_t bytes = 0;
};

Result<Choice> choose(const std::string& store, const std::string& wanted) {
  output::IndexReader reader(store);
  OPENDAY_TRY(auto news, reader.read());
  Choice choice{wanted, 0};
  int tallest = 0;
  std::map<std::string, uint64_t> bytes;
  for (const auto& fact : news.facts) {
    if (const auto* init = std::get_if<media::InitSegment>(&fact); init != nullptr && wanted.empty()) {
      if (init->height > tallest) {
        tallest = init->height;
        choice.rendition = init->rendition;
      }
    } else if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
      bytes[segment->rendition] += segment->bytes;
    }
  }
  if (!bytes.contains(choice.rendition))
    return fail(Errc::kNotFound, "there is no recording of this rendition");
  choice.bytes = bytes[choice.rendition];
  return choice;
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
      files_(loop, 64),
      queue_(kBound, WhenFull::kRefuse),
      alive_(std::make_shared<bool>(true)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

ReplayExport::~ReplayExport() {
  *alive_ = false;
  for (auto& [path, running] : running_) running.progress->cancelled = true;
}

void ReplayExport::add_routes(hub::Router& router) {
  router.get(
      "/hls/{b}/replay.mp4",
      [this](const hub::Request& request, hub::Responder responder) { serve(request, std::move(responder)); },
      {.any_origin = true});
}

std::string ReplayExport::folder_of(const std::string& broadcast) const {
  return options_.root + "/.exports/" + broadcast;  // no id of a broadcast begins with a dot
}

void ReplayExport::serve(const hub::Request& request, hub::Responder responder) {
  auto refuse = [&](const Error& error) { responder.send(hub::error_response(error, request.id)); };
  auto broadcast = ledger_.broadcast(std::string(request.param("b")));
  if (!broadcast) return refuse(broadcast.error());
  if (broadcast->state != broadcast::State::kEnded || !broadcast->recorded) {
    return refuse({Errc::kNotFound, "there is no replay of this broadcast"});
  }
  std::string rendition(request.query.get("rendition").value_or(""));
  if (!rendition.empty() && !is_slug(rendition)) return refuse({Errc::kInvalid, "rendition is not a name"});
  auto withdrawals = ledger_.withdrawals(broadcast->id);
  if (!withdrawals) return refuse(withdrawals.error());
  struct stat index{};
  std::string store = options_.root + "/" + broadcast->id;
  if (::stat(output::index_path(store).c_str(), &index) != 0) {
    return refuse({Errc::kNotFound, "there is no recording of this broadcast"});
  }
  std::string suffix = fmt::format("-{}-{}.mp4", index.st_size, withdrawals->size());
  std::string path = folder_of(broadcast->id) + "/" + (rendition.empty() ? "best" : rendition) + suffix;
  if (auto running = running_.find(path); running != running_.end()) {
    return responder.send(preparing(request, *running->second.progress));
  }
  struct stat file{};
  if (::stat(path.c_str(), &file) == 0) {
    return files_.serve({path, "video/mp4", "public, max-age=60", std::string(request.header("range"))},
                        std::move(responder));
  }
  if (auto failed = failed_.find(path); failed != failed_.end()) {
    if (loop_.clock().now() < failed->second.second) return refuse(failed->second.first);
    failed_.erase(failed);
  }
  Job job;
  job.folder = folder_of(broadcast->id);
  job.path = path;
  job.suffix = suffix;
  job.reserve_bytes = options_.reserve_bytes;
  job.request.store = store;
  job.request.rendition = rendition;
  for (const auto& one : *withdrawals) job.request.withdrawn.push_back({one.from, one.to});
  // Segments are taken whole, so the one in which the broadcast went live would show the end of the
  // rehearsal.
  job.request.withdrawn.push_back({ProgramTime{0}, broadcast->public_from.value_or(ProgramTime{0})});
  job.progress = std::make_shared<Progress>();
  auto progress = job.progress;
  if (!queue_.push(std::move(job))) {
    return refuse({Errc::kBusy, "too many recordings are being prepared; try again later"});
  }
  running_[path] = {broadcast->id, progress};
  responder.send(preparing(request, *progress));
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
  for (auto& [path, running] : running_) {
    if (running.broadcast == broadcast) running.progress->cancelled = true;
  }
  std::error_code error;
  fs::remove_all(folder_of(broadcast), error);  // a handful of files at most
  if (error) log_.error("export_not_deleted", {{"broadcast", broadcast}, {"why", error.message()}});
}

void ReplayExport::work(const std::stop_token& stop) {
  while (auto job = queue_.pop(stop)) {
    std::stop_callback cancel(stop, [&] { job->progress->cancelled = true; });
    auto outcome = make(*job);
    // A forgotten export may have been finished at the same moment.
    if (job->progress->cancelled) ::unlink(job->path.c_str());
    auto tell = [this, alive = alive_, path = job->path, outcome] {
      if (*alive) finished(path, outcome);
    };
    while (!stop.stop_requested() && !loop_.post(tell)) std::this_thread::sleep_for(milliseconds(50));
  }
}

Result<> ReplayExport::make(Job& job) {
  OPENDAY_TRY(Choice choice, choose(job.request.store, job.request.rendition));
  job.request.rendition = choice.rendition;
  std::error_code error;
  fs::create_directories(job.folder, error);
  for (const auto& file : fs::directory_iterator(job.folder, error)) {
    std::error_code ignored;
    if (!file.path().string().ends_with(job.suffix)) fs::remove(file.path(), ignored);
  }
  struct statvfs disk{};
  if (error || ::statvfs(job.folder.c_str(), &disk) != 0)
    return fail(Errc::kIo, "the export's folder cannot be made");
  uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free < choice.bytes + job.reserve_bytes) {
    return fail(Errc::kIo, "the disk has no room for another copy of the recording");
  }
  return output::export_mp4(job.request, job.path, [&](double share) {
    job.progress->share = share;
    return !job.progress->cancelled;
  });
}

void ReplayExport::finished(const std::string& path, const Result<>& outcome) {
  auto running = running_.extract(path);
  if (running.empty()) return;
  if (outcome) {
    log_.info("exported", {{"broadcast", running.mapped().broadcast}});
  } else if (!running.mapped().progress->cancelled) {
    log_.error("not_exported", {{"broadcast", running.mapped().broadcast}, {"why", outcome.error().message}});
    if (failed_.size() > 100) failed_.clear();
    failed_[path] = {outcome.error(), loop_.clock().now() + kFailureKept};
  }
}

}  // namespace openday::app
