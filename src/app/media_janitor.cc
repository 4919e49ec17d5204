#include "app/media_janitor.h"

#include <filesystem>

#include "base/random.h"
#include "base/text.h"

namespace openday::app {
namespace {

namespace fs = std::filesystem;

// No id of a broadcast begins with a dot.
constexpr std::string_view kDoomed = ".deleted-";

}  // namespace

MediaJanitor::MediaJanitor(std::string root, const output::RetentionPolicy& policy, const Clock& clock,
                           Log log)
    : root_(std::move(root)),
      policy_(policy),
      clock_(clock),
      log_(std::move(log)),
      disk_(output::posix_disk()),
      queue_(kBound, WhenFull::kRefuse) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    if (!entry.path().filename().string().starts_with(kDoomed)) continue;
    queue_.push(
        [this, folder = entry.path().string()](const std::stop_token& stop) { delete_folder(folder, stop); });
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (auto job = queue_.pop(stop)) (*job)(stop);
  });
}

MediaJanitor::~MediaJanitor() = default;

void MediaJanitor::ask(const char* what, const std::string& broadcast, Job job) {
  if (!is_slug(broadcast)) return;  // becomes a path
  if (!queue_.push(std::move(job))) {
    log_.error("janitor_refused",
               {{"what", what}, {"broadcast", broadcast}, {"why", "too many requests wait"}});
  }
}

void MediaJanitor::remove(const std::string& broadcast) {
  if (!is_slug(broadcast)) return;
  fs::path folder = folder_of(broadcast);
  fs::path doomed = fs::path(root_) / (std::string(kDoomed) + random_name(8));
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  fs::rename(folder, doomed, error);
  if (error) {
    log_.error("media_not_deleted", {{"folder", folder.string()}, {"why", error.message()}});
    return;
  }
  ask("remove", broadcast,
      [this, doomed](const std::stop_token& stop) { delete_folder(doomed.string(), stop); });
}

void MediaJanitor::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  ask("withdraw", broadcast, [this, broadcast, from, to](const std::stop_token&) {
    std::error_code error;
    if (!fs::exists(folder_of(broadcast), error)) return;
    output::StoreWriter writer(folder_of(broadcast), policy_, *disk_, clock_, log_);
    auto opened = writer.open();
    if (opened) return writer.withdraw(from, to);
    if (opened.error().code != Errc::kBusy) {
      log_.error("withdrawal_not_indexed", {{"broadcast", broadcast}, {"why", opened.error().message}});
    }
  });
}

void MediaJanitor::expire(const std::string& broadcast, std::function<void()> emptied) {
  ask("expire", broadcast, [this, broadcast, emptied = std::move(emptied)](const std::stop_token&) {
    std::error_code error;
    if (!fs::exists(folder_of(broadcast), error)) return emptied();
    auto nothing_left = output::expire_store(folder_of(broadcast), policy_, *disk_, clock_, log_);
    if (!nothing_left) {
      log_.error("media_not_expired", {{"broadcast", broadcast}, {"why", nothing_left.error().message}});
    } else if (*nothing_left) {
      emptied();
    }
  });
}

void MediaJanitor::delete_folder(const std::string& folder, const std::stop_token& stop) const {
  std::error_code error;
  // File by file, so that a stop does not wait for a whole recording.
  for (fs::recursive_directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    if (stop.stop_requested()) return;
    std::error_code ignored;
    if (!file->is_directory(ignored)) fs::remove(file->path(), ignored);
  }
  fs::remove_all(folder, error);
  if (error) {
    log_.error("media_not_deleted", {{"folder", folder}, {"why", error.message()}});
  } else {
    log_.info("media_deleted", {{"folder", folder}});
  }
}

}  // namespace openday::app
