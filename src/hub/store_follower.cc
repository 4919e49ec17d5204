#include "hub/store_follower.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace openday::hub {
namespace {

namespace fs = std::filesystem;

StoreFollower::Listing listing_of(const std::string& store) {
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

bool StoreFollower::read(std::shared_ptr<output::IndexReader> index, std::string list,
                         std::function<void(News)> done) {
  bool taken = worker_.ask(
      [index = std::move(index), list = std::move(list)](const std::stop_token&) {
        News news;
        if (index) news.index = index->read();
        if (!list.empty()) news.listing = listing_of(list);
        return news;
      },
      [this, done = std::move(done)](News news) {
        --asked_;
        begun_ = clock_.now();
        done(std::move(news));
      });
  if (taken && asked_++ == 0) begun_ = clock_.now();
  return taken;
}

}  // namespace openday::hub
