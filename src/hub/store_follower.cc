#include "hub/store_follower.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace openday::hub {
namespace {

namespace fs = std::filesystem;

StoreFollower::Listing list(const std::string& store) {
  StoreFollower::Listing found;
  std::error_code error;
  for (fs::directory_iterator entry(store, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename();
    std::error_code ignored;
    if (is_slug(name) && name != "thumb" && entry->is_directory(ignored)) found.runs.push_back(name);
  }
  for (fs::directory_iterator entry(store + "/thumb", error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    constexpr std::string_view kSuffix = ".jpg";
    if (!name.ends_with(kSuffix)) continue;
    auto ms = decimal<int64_t>(std::string_view(name).substr(0, name.size() - kSuffix.size()));
    if (ms) found.thumbnails.push_back({*ms});
  }
  std::ranges::sort(found.thumbnails);
  return found;
}

}  // namespace

StoreFollower::StoreFollower(Loop& loop, size_t bound)
    : loop_(loop),
      queue_(bound, WhenFull::kRefuse),
      alive_(std::make_shared<bool>(true)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

StoreFollower::~StoreFollower() {
  *alive_ = false;
  queue_.close();
  thread_.request_stop();
  thread_.join();
}

bool StoreFollower::read(std::shared_ptr<output::IndexReader> index, std::string list,
                         std::function<void(News)> done) {
  return queue_.push({std::move(index), std::move(list), std::move(done)});
}

void StoreFollower::work(const std::stop_token& stop) {
  while (auto job = queue_.pop(stop)) {
    if (stop.stop_requested()) return;
    auto news = std::make_shared<News>(News{job->index->read(), std::nullopt});
    if (!job->list.empty()) news->listing = list(job->list);
    auto task = [alive = alive_, news, done = std::move(job->done)] {
      if (*alive) done(std::move(*news));
    };
    // The hub may be too busy to take mail; there is nothing better to do than to try again.
    while (!loop_.post(task) && !stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
  }
}

}  // namespace openday::hub
