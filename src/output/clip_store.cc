#include "output/clip_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace openday::output {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostSources = 4;
constexpr uint64_t kMostList = 4 << 20;

ProgramTime end_of(const media::StoredSegment& segment) {
  return segment.at + to_ms(segment.duration);
}

bool overlaps(const Withdrawn& range, const media::StoredSegment& segment) {
  return range.from < end_of(segment) && segment.at < range.to;
}

std::string list_of(const Clip& clip) {
  Json head = {{"broadcast", clip.wish.broadcast},
               {"public_from", clip.wish.public_from.ms},
               {"from", clip.wish.from.ms},
               {"to", clip.wish.to.ms},
               {"complete", clip.complete}};
  std::string text = head.dump() + "\n";
  for (const auto& run : clip.runs) text += to_line(run);
  for (const auto& segment : clip.segments) text += to_line(segment);
  return text;
}

Result<ClipWish> read_wish(const Json& head, bool& complete) {
  auto whole = [&](const char* name) { return head.value(name, Json()); };
  bool good = head.is_object() && whole("broadcast").is_string() && whole("complete").is_boolean();
  for (const char* name : {"public_from", "from", "to"}) good = good && whole(name).is_number_integer();
  if (!good) return fail(Errc::kInvalid, "a clip's first line is not one");
  complete = head["complete"].get<bool>();
  return ClipWish{head["broadcast"].get<std::string>(),
                  {head["public_from"].get<int64_t>()},
                  {head["from"].get<int64_t>()},
                  {head["to"].get<int64_t>()}};
}

Result<Clip> clip_from(std::string_view text) {
  Clip clip;
  bool first = true;
  while (!text.empty()) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail(Errc::kInvalid, "a clip's list is cut off");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      OPENDAY_TRY(clip.wish, read_wish(Json::parse(line, nullptr, false), clip.complete));
      continue;
    }
    OPENDAY_TRY(IndexFact fact, fact_from(line));
    if (auto* run = std::get_if<media::InitSegment>(&fact)) clip.runs.push_back(std::move(*run));
    if (auto* segment = std::get_if<media::StoredSegment>(&fact))
      clip.segments.push_back(std::move(*segment));
  }
  if (first) return fail(Errc::kInvalid, "a clip's list is empty");
  return clip;
}

std::string path_of(const media::StoredSegment& segment) {
  return segment_path(segment.run, segment.rendition, segment.msn);
}

std::string key_of(const std::string& broadcast, const media::StoredSegment& segment) {
  return broadcast + "/" + path_of(segment);
}

}  // namespace

bool is_clip_id(std::string_view id) {
  return id.size() == 32 &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

ClipStore::ClipStore(Options options, Disk& disk, const Clock& clock, Log log)
    : options_(std::move(options)), disk_(disk), clock_(clock), log_(std::move(log)) {}

Result<std::map<std::string, Clip>> ClipStore::load() {
  auto names = disk_.list(options_.root);
  if (!names && names.error().code != Errc::kNotFound) return std::unexpected(names.error());
  clips_.clear();
  holders_.clear();
  bytes_ = 0;
  for (const std::string& id : names ? *names : std::vector<std::string>()) {
    if (!is_clip_id(id)) continue;
    auto clip = read(id);
    if (clip) {
      reconcile(id, *clip);
      tally(id, nullptr, &*clip);
      clips_[id] = std::move(*clip);
    } else if (clip.error().code == Errc::kNotFound) {
      remove_files(folder_of(id));  // it was not made, or was removed, to the end
    } else {
      log_.error("clip_unreadable", {{"clip", id}, {"why", clip.error().message}});
    }
  }
  return clips_;
}

Result<> ClipStore::create(const std::string& id, const ClipWish& wish) {
  if (!is_clip_id(id) || !is_slug(wish.broadcast)) return fail(Errc::kInvalid, "no name of a clip");
  if (!(wish.from < wish.to) || wish.to.ms - wish.from.ms > kLongest.count())
    return fail(Errc::kInvalid, "a clip is of up to ten minutes");
  if (wish.to.ms > clock_.wall().ms + kLongest.count())
    return fail(Errc::kInvalid, "a clip is of what has been, or begins now");
  if (clips_.contains(id)) return fail(Errc::kConflict, "this clip exists");
  if (bytes_ >= options_.most_bytes) return fail(Errc::kLimit, "there are too many clips");
  Clip clip;
  clip.wish = wish;
  OPENDAY_CHECK_OK(disk_.make_folder(folder_of(id)));
  OPENDAY_CHECK_OK(write(id, clip));
  clips_[id] = std::move(clip);
  return {};
}

Result<Clip> ClipStore::advance(const std::string& id) {
  auto found = clips_.find(id);
  if (found == clips_.end()) return fail(Errc::kNotFound, "there is no such clip");
  if (found->second.complete) return found->second;
  OPENDAY_TRY(Source * from, source(found->second.wish.broadcast));
  Clip clip = found->second;
  const ClipWish& wish = clip.wish;
  bool complete = wish.to.ms + options_.patience.count() <= clock_.wall().ms;
  Result<> taken;
  for (const auto& [msn, segment] : from->segments) {
    complete = complete || !(end_of(segment) < wish.to);
    bool wanted = segment.at < wish.to && wish.from < end_of(segment) && !(segment.at < wish.public_from);
    if (!wanted || is_withdrawn(wish.broadcast, *from, segment)) continue;
    if (std::ranges::find(clip.segments, msn, &media::StoredSegment::msn) != clip.segments.end()) continue;
    taken = take(id, clip, *from, segment);
    if (!taken && taken.error().code == Errc::kNotFound) {
      taken = {};  // retention was faster
    } else if (!taken) {
      break;
    }
  }
  clip.complete = complete && taken;
  std::ranges::sort(clip.segments, {}, &media::StoredSegment::msn);
  if (clip.complete || clip.segments.size() != found->second.segments.size()) {
    OPENDAY_CHECK_OK(write(id, clip));
    tally(id, &found->second, &clip);
    found->second = clip;
  }
  if (!taken) return std::unexpected(taken.error());
  return clip;
}

Result<> ClipStore::take(const std::string& id, Clip& clip, const Source& source,
                         const media::StoredSegment& segment) {
  std::string store = options_.store_of(clip.wish.broadcast) + "/";
  std::string folder = folder_of(id) + "/";
  OPENDAY_TRY(uint64_t free, disk_.free_space(options_.root));
  if (free < options_.reserve_bytes) return fail(Errc::kLimit, "the disk is full");
  bool new_run = std::ranges::none_of(clip.runs, [&](const auto& run) {
    return run.run == segment.run && run.rendition == segment.rendition;
  });
  OPENDAY_CHECK_OK(disk_.make_folder(folder + segment.run + "/" + segment.rendition));
  if (new_run) {
    std::string init = init_path(segment.run, segment.rendition);
    OPENDAY_CHECK_OK(disk_.link(store + init, folder + init));
  }
  // A name of another clip's file, if there is one: on another disk that is no second copy.
  auto holders = holders_.find(key_of(clip.wish.broadcast, segment));
  Result<> linked = fail(Errc::kNotFound, "no clip has it");
  if (holders != holders_.end())
    linked =
        disk_.link(folder_of(*holders->second.begin()) + "/" + path_of(segment), folder + path_of(segment));
  if (!linked) linked = disk_.link(store + path_of(segment), folder + path_of(segment));
  OPENDAY_CHECK_OK(linked);
  if (new_run) clip.runs.push_back(source.tallest.at(segment.run));
  clip.segments.push_back(segment);
  return {};
}

void ClipStore::tally(const std::string& id, const Clip* before, const Clip* after) {
  if (after != nullptr) {
    for (const auto& segment : after->segments) {
      auto& holders = holders_[key_of(after->wish.broadcast, segment)];
      if (holders.empty()) bytes_ += segment.bytes;
      holders.insert(id);
    }
  }
  if (before == nullptr) return;
  for (const auto& segment : before->segments) {
    bool kept = after != nullptr && std::ranges::any_of(after->segments, [&](const auto& one) {
                  return path_of(one) == path_of(segment);
                });
    auto holders = holders_.find(key_of(before->wish.broadcast, segment));
    if (kept || holders == holders_.end() || holders->second.erase(id) == 0) continue;
    if (!holders->second.empty()) continue;
    bytes_ -= segment.bytes;
    holders_.erase(holders);
  }
}

Result<> ClipStore::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  Withdrawn range{from, to};
  auto& told = withdrawn_[broadcast];
  if (std::ranges::find(told, range) == told.end()) told.push_back(range);
  Result<> first;
  for (auto& [id, clip] : clips_) {
    if (clip.wish.broadcast != broadcast) continue;
    Clip left = clip;
    std::erase_if(left.segments, [&](const auto& segment) { return overlaps(range, segment); });
    if (left.segments.size() == clip.segments.size()) continue;
    // The list first: should this be the last thing that happens, the next load() removes the files.
    Result<> done = write(id, left);
    for (const auto& segment : clip.segments) {
      if (!done) break;
      if (!overlaps(range, segment)) continue;
      auto removed = disk_.remove(folder_of(id) + "/" + path_of(segment));
      if (!removed && removed.error().code != Errc::kNotFound) done = removed;
    }
    if (done) {
      tally(id, &clip, &left);
      clip = std::move(left);
    } else if (first) {
      first = done;
    }
  }
  return first;
}

Result<> ClipStore::remove(const std::string& id) {
  auto found = clips_.find(id);
  if (found == clips_.end()) return fail(Errc::kNotFound, "there is no such clip");
  auto removed = disk_.remove(folder_of(id) + "/clip.jsonl");
  if (!removed && removed.error().code != Errc::kNotFound) return removed;
  tally(id, &found->second, nullptr);
  clips_.erase(found);
  remove_files(folder_of(id));
  return {};
}

bool ClipStore::is_withdrawn(const std::string& broadcast, const Source& from,
                             const media::StoredSegment& segment) const {
  auto covers = [&](const Withdrawn& range) { return overlaps(range, segment); };
  auto told = withdrawn_.find(broadcast);
  return std::ranges::any_of(from.withdrawn, covers) ||
         (told != withdrawn_.end() && std::ranges::any_of(told->second, covers));
}

Result<ClipStore::Source*> ClipStore::source(const std::string& broadcast) {
  auto found = sources_.find(broadcast);
  if (found == sources_.end()) {
    if (sources_.size() >= kMostSources) sources_.clear();
    found = sources_.emplace(broadcast, Source{IndexReader(options_.store_of(broadcast)), {}, {}, {}}).first;
  }
  OPENDAY_TRY(IndexReader::News news, found->second.reader.read());
  if (news.afresh) {
    found->second.tallest.clear();
    found->second.segments.clear();
    found->second.withdrawn.clear();
  }
  for (const IndexFact& fact : news.facts) apply(found->second, fact);
  return &found->second;
}

void ClipStore::apply(Source& source, const IndexFact& fact) {
  if (const auto* init = std::get_if<media::InitSegment>(&fact)) {
    auto [known, fresh] = source.tallest.try_emplace(init->run, *init);
    bool taller =
        std::pair(init->height, init->bandwidth) > std::pair(known->second.height, known->second.bandwidth);
    if (fresh || !taller) return;
    known->second = *init;
    std::erase_if(source.segments, [&](const auto& one) { return one.second.run == init->run; });
  } else if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
    auto run = source.tallest.find(segment->run);
    if (run != source.tallest.end() && run->second.rendition == segment->rendition)
      source.segments.insert_or_assign(segment->msn, *segment);
  } else if (const auto* dropped = std::get_if<DroppedBefore>(&fact)) {
    source.segments.erase(source.segments.begin(), source.segments.lower_bound(dropped->msn));
  } else if (const auto* range = std::get_if<Withdrawn>(&fact)) {
    source.withdrawn.push_back(*range);
  }
}

Result<> ClipStore::write(const std::string& id, const Clip& clip) {
  return disk_.replace(folder_of(id) + "/clip.jsonl", as_bytes(list_of(clip)));
}

Result<Clip> ClipStore::read(const std::string& id) {
  OPENDAY_TRY(Bytes text, disk_.read(folder_of(id) + "/clip.jsonl", kMostList));
  return clip_from(as_text(text));
}

/// Files that were linked and not listed, or listed no more and not removed, go; so does from the list what a
/// power cut has taken from the folder.
void ClipStore::reconcile(const std::string& id, Clip& clip) {
  std::set<std::string> named;
  for (const auto& segment : clip.segments) named.insert(path_of(segment));
  auto names_in = [&](const std::string& folder) {
    return disk_.list(folder).value_or(std::vector<std::string>());
  };
  std::set<std::string> there;
  const std::string folder = folder_of(id);
  for (const std::string& run : names_in(folder)) {
    for (const std::string& rendition : names_in(fmt::format("{}/{}", folder, run))) {
      for (const std::string& name : names_in(fmt::format("{}/{}/{}", folder, run, rendition))) {
        std::string path = fmt::format("{}/{}/{}", run, rendition, name);
        if (name == "init.mp4") continue;
        if (named.contains(path)) {
          there.insert(path);
        } else {
          (void)disk_.remove(fmt::format("{}/{}", folder, path));
        }
      }
    }
  }
  std::erase_if(clip.segments, [&](const auto& segment) { return !there.contains(path_of(segment)); });
}

void ClipStore::remove_files(const std::string& folder) {
  if (auto names = disk_.list(folder)) {
    for (const std::string& name : *names) remove_files(fmt::format("{}/{}", folder, name));
  }
  auto removed = disk_.remove(folder);
  if (!removed && removed.error().code != Errc::kNotFound)
    log_.error("clip_file_not_removed", {{"path", folder}, {"why", removed.error().message}});
}

}  // namespace openday::output
