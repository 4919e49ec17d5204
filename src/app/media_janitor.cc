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

MediaJanitor::MediaJanitor(std::string root, Log log)
    : root_(std::move(root)), log_(std::move(log)), queue_(kBound, WhenFull::kRefuse) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    if (entry.path().filename().string().starts_with(kDoomed)) queue_.push(entry.path().string());
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

MediaJanitor::~MediaJanitor() = default;

void MediaJanitor::remove(const std::string& broadcast) {
  if (!is_slug(broadcast)) return;  // becomes a path
  fs::path folder = fs::path(root_) / broadcast;
  fs::path doomed = fs::path(root_) / (std::string(kDoomed) + random_name(8));
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  fs::rename(folder, doomed, error);
  if (error) {
    log_.error("media_not_deleted", {{"folder", folder.string()}, {"why", error.message()}});
    return;
  }
  queue_.push(doomed.string());
}

void MediaJanitor::work(const std::stop_token& stop) {
  while (auto folder = queue_.pop(stop)) {
    std::error_code error;
    // File by file, so that a stop does not wait for a whole recording.
    for (fs::recursive_directory_iterator file(*folder, error), end; !error && file != end;
         file.increment(error)) {
      if (stop.stop_requested()) return;
      std::error_code ignored;
      if (!file->is_directory(ignored)) fs::remove(file->path(), ignored);
    }
    fs::remove_all(*folder, error);
    if (error) {
      log_.error("media_not_deleted", {{"folder", *folder}, {"why", error.message()}});
    } else {
      log_.info("media_deleted", {{"folder", *folder}});
    }
  }
}

}  // namespace openday::app
