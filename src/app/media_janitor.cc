#include "app/media_janitor.h"

#include <algorithm>
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
  queue_.push([this](const std::stop_token& stop) { sweep(stop); });
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (auto job = queue_.pop(stop)) (*job)(stop);
  });
}

MediaJanitor::~MediaJanitor() = default;

void MediaJanitor::ask(const char* what, const std::string& of, Job job) {
  if (!queue_.push(std::move(job))) {
    log_.error("janitor_refused", {{"what", what}, {"of", of}, {"why", "too many requests wait"}});
  }
}

/// What was left when the process before this one ended.
void MediaJanitor::sweep(const std::stop_token& stop) {
  std::error_code error;
  std::vector<std::string> doomed;
  for (fs::directory_iterator entry(root_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with(kDoomed)) doomed.push_back(entry->path());
  }
  for (const std::string& folder : doomed) delete_folder(folder, stop);
}

Result<> MediaJanitor::remove(const std::string& broadcast) {
  if (!is_slug(broadcast)) return fail(Errc::kInvalid, "no name of a broadcast");  // becomes a path
  return discard(folder_of(broadcast));
}

Result<> MediaJanitor::discard(const std::string& folder) {
  fs::path doomed = fs::path(root_) / (std::string(kDoomed) + random_name(8));
  std::error_code error;
  bool there = fs::exists(folder, error);  // an error is not an answer
  if (!there && !error) return {};
  if (!error) fs::rename(folder, doomed, error);
  if (error) {
    log_.error("media_not_deleted", {{"folder", folder}, {"why", error.message()}});
    return fail(Errc::kIo, error.message());
  }
  ask("discard", folder,
      [this, doomed](const std::stop_token& stop) { delete_folder(doomed.string(), stop); });
  return {};
}

void MediaJanitor::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  if (!is_slug(broadcast)) return;  // becomes a path
  ask("withdraw", broadcast, [this, broadcast, from, to](const std::stop_token&) {
    std::error_code error;
    if (!fs::exists(folder_of(broadcast), error)) return;
    output::StoreWriter writer(folder_of(broadcast), policy_, *disk_, clock_, log_);
    auto opened = writer.open_if_free();
    if (opened) return writer.withdraw(from, to);
    if (opened.error().code != Errc::kBusy) {
      log_.error("withdrawal_not_indexed", {{"broadcast", broadcast}, {"why", opened.error().message}});
    }
  });
}

void MediaJanitor::expire(std::vector<std::string> resting, std::vector<std::string> recording,
                          std::function<void(const std::string& broadcast)> emptied) {
  std::erase_if(resting, [](const std::string& id) { return !is_slug(id); });  // they become paths
  std::erase_if(recording, [](const std::string& id) { return !is_slug(id); });
  ask("expire", "",
      [this, resting = std::move(resting), recording = std::move(recording), emptied = std::move(emptied)](
          const std::stop_token& stop) { expire_all(resting, recording, emptied, stop); });
}

void MediaJanitor::expire_all(const std::vector<std::string>& resting,
                              const std::vector<std::string>& recording,
                              const std::function<void(const std::string& broadcast)>& emptied,
                              const std::stop_token& stop) {
  std::erase_if(surveyed_, [&](const auto& entry) {
    return std::ranges::find(resting, entry.first) == resting.end() &&
           std::ranges::find(recording, entry.first) == recording.end();
  });
  uint64_t bytes = 0;
  for (const std::string& id : recording) bytes += survey(id).bytes;
  std::vector<std::pair<ProgramTime, std::string>> kept;  // by the age of their media
  ProgramTime oldest_kept{policy_.most_age.count() > 0 ? clock_.wall().ms - policy_.most_age.count() : 0};
  for (const std::string& id : resting) {
    if (stop.stop_requested()) return;
    std::error_code error;
    if (!fs::exists(folder_of(id), error)) continue;  // never recorded, or its disk is not mounted
    output::StoreSurvey found = survey(id);
    if (!found.oldest || *found.oldest < oldest_kept) {
      expire_one(id, 0, emptied);
      found = survey(id);
    }
    bytes += found.bytes;
    if (found.oldest) kept.emplace_back(*found.oldest, id);
  }
  if (policy_.most_bytes == 0) return;
  std::ranges::sort(kept);
  for (const auto& [oldest, id] : kept) {
    if (bytes <= policy_.most_bytes || stop.stop_requested()) return;
    uint64_t had = survey(id).bytes;
    uint64_t over = bytes - policy_.most_bytes;
    expire_one(id, std::max<uint64_t>(1, had - std::min(had, over)), emptied);
    bytes -= had - std::min(had, survey(id).bytes);
  }
}

void MediaJanitor::expire_one(const std::string& broadcast, uint64_t most_bytes,
                              const std::function<void(const std::string& broadcast)>& emptied) const {
  output::RetentionPolicy policy = policy_;
  policy.most_bytes = most_bytes;
  auto nothing_left = output::expire_store(folder_of(broadcast), policy, *disk_, clock_, log_);
  if (!nothing_left) {
    if (nothing_left.error().code == Errc::kBusy) return;  // an engine has just begun to record
    log_.error("media_not_expired", {{"broadcast", broadcast}, {"why", nothing_left.error().message}});
  } else if (*nothing_left) {
    emptied(broadcast);
  }
}

output::StoreSurvey MediaJanitor::survey(const std::string& broadcast) {
  std::error_code error;
  uintmax_t size = fs::file_size(output::index_path(folder_of(broadcast)), error);
  if (error) return {};
  Surveyed& known = surveyed_[broadcast];
  if (known.index_bytes == size) return known.survey;
  auto survey = output::survey_store(folder_of(broadcast));
  if (!survey) {
    log_.error("store_not_surveyed", {{"broadcast", broadcast}, {"why", survey.error().message}});
    return known.survey;
  }
  known = {size, *survey};
  return *survey;
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
