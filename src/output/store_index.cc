#include "output/store_index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"

namespace openday::output {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMostAtOnce = 1 << 20;
constexpr int64_t kLargest = (int64_t{1} << 53) - 1;

/// Reads fields of a line; any that is wrong makes the whole line wrong.
struct Fields {
  const Json& line;
  bool good = true;

  int64_t whole(const char* name) {
    auto found = line.find(name);
    if (found == line.end() || !found->is_number_integer()) return good = false, 0;
    auto value = found->get<int64_t>();
    if (value < 0 || value > kLargest) good = false;
    return value;
  }
  int small(const char* name) {
    int64_t value = whole(name);
    if (value > 1'000'000'000) good = false;
    return static_cast<int>(value);
  }
  double number(const char* name) {
    auto found = line.find(name);
    if (found == line.end() || !found->is_number()) return good = false, 0;
    auto value = found->get<double>();
    if (!std::isfinite(value) || value < 0 || value > 3600) good = false;
    return value;
  }
  std::string text(const char* name) {
    auto found = line.find(name);
    if (found == line.end() || !found->is_string()) return good = false, std::string();
    return found->get<std::string>();
  }
  std::string slug(const char* name) {
    std::string value = text(name);
    if (!is_slug(value)) good = false;
    return value;
  }
  bool truth(const char* name) {
    auto found = line.find(name);
    if (found == line.end() || !found->is_boolean()) return good = false, false;
    return found->get<bool>();
  }
};

struct ToJson {
  Json operator()(const media::InitSegment& init) const {
    return {{"t", "run"},
            {"run", init.run},
            {"rendition", init.rendition},
            {"codecs", init.codecs},
            {"width", init.width},
            {"height", init.height},
            {"fps", init.fps},
            {"bandwidth", init.bandwidth},
            {"part_target", init.part_target},
            {"first_msn", init.first_msn},
            {"discontinuity", init.discontinuity},
            {"at", init.start.ms}};
  }
  Json operator()(const media::StoredSegment& segment) const {
    return {{"t", "segment"},
            {"run", segment.run},
            {"rendition", segment.rendition},
            {"msn", segment.msn},
            {"at", segment.at.ms},
            {"duration", segment.duration},
            {"bytes", segment.bytes},
            {"discontinuity", segment.discontinuity}};
  }
  Json operator()(const DroppedBefore& dropped) const { return {{"t", "drop"}, {"before", dropped.msn}}; }
  Json operator()(const Withdrawn& withdrawn) const {
    return {{"t", "withdraw"}, {"from", withdrawn.from.ms}, {"to", withdrawn.to.ms}};
  }
};

IndexFact read_fact(const std::string& type, Fields& fields) {
  if (type == "run") {
    media::InitSegment init;
    init.run = fields.slug("run");
    init.rendition = fields.slug("rendition");
    init.codecs = fields.text("codecs");
    init.width = fields.small("width");
    init.height = fields.small("height");
    init.fps = fields.small("fps");
    init.bandwidth = fields.small("bandwidth");
    init.part_target = fields.number("part_target");
    init.first_msn = fields.whole("first_msn");
    init.discontinuity = fields.small("discontinuity");
    init.start.ms = fields.whole("at");
    return init;
  }
  if (type == "segment") {
    media::StoredSegment segment;
    segment.run = fields.slug("run");
    segment.rendition = fields.slug("rendition");
    segment.msn = fields.whole("msn");
    segment.at.ms = fields.whole("at");
    segment.duration = fields.number("duration");
    segment.bytes = static_cast<uint64_t>(fields.whole("bytes"));
    segment.discontinuity = fields.truth("discontinuity");
    return segment;
  }
  if (type == "drop") return DroppedBefore{fields.whole("before")};
  if (type == "withdraw") return Withdrawn{{fields.whole("from")}, {fields.whole("to")}};
  fields.good = false;
  return DroppedBefore{};
}

}  // namespace

std::string to_line(const IndexFact& fact) {
  return std::visit(ToJson{}, fact).dump() + "\n";
}

Result<IndexFact> fact_from(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return fail(Errc::kInvalid, "an index line that is not an object");
  Fields fields{json};
  IndexFact fact = read_fact(json.value("t", Json()).is_string() ? json["t"].get<std::string>() : "", fields);
  if (!fields.good) return fail(Errc::kInvalid, "an index line with a wrong or missing field");
  return fact;
}

std::string index_path(const std::string& store) {
  return store + "/index.jsonl";
}

std::string segment_path(std::string_view run, std::string_view rendition, int64_t msn) {
  return std::string(run) + "/" + std::string(rendition) + "/" + std::to_string(msn) + ".m4s";
}

std::string init_path(std::string_view run, std::string_view rendition) {
  return std::string(run) + "/" + std::string(rendition) + "/init.mp4";
}

std::string thumbnail_path(ProgramTime at) {
  return "thumb/" + std::to_string(at.ms / kThumbnailMs * kThumbnailMs) + ".jpg";
}

IndexReader::IndexReader(const std::string& store) : path_(index_path(store)) {}

Result<IndexReader::News> IndexReader::read() {
  News news;
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return news;
    return std::unexpected(errno_error("stat of the index"));
  }
  if (!file_ || info.st_ino != inode_ || static_cast<uint64_t>(info.st_size) < at_) {
    file_ = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_ || ::fstat(file_.get(), &info) != 0) return std::unexpected(errno_error("open of the index"));
    inode_ = info.st_ino;
    at_ = 0;
    news.afresh = true;
  }
  std::string buffer;
  for (;;) {
    size_t had = buffer.size();
    buffer.resize(had + kMostAtOnce);
    ssize_t got = ::pread(file_.get(), buffer.data() + had, kMostAtOnce, static_cast<off_t>(at_ + had));
    if (got < 0) return std::unexpected(errno_error("read of the index"));
    buffer.resize(had + static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = buffer.find('\n', begin)) != std::string::npos; begin = end + 1) {
      Result<IndexFact> fact = fact_from(std::string_view(buffer).substr(begin, end - begin));
      if (fact) {
        news.facts.push_back(*std::move(fact));
      } else {
        ++news.unreadable;
      }
    }
    at_ += begin;
    buffer.erase(0, begin);
    if (got == 0) return news;
    if (buffer.size() > kMostAtOnce) return fail(Errc::kLimit, "an index line without an end");
  }
}

Result<StoreSummary> summarize_store(Disk& disk, const std::string& store) {
  StoreSummary summary;
  Result<std::vector<std::string>> runs = disk.list(store);
  if (!runs && runs.error().code == Errc::kNotFound) return summary;
  if (!runs) return std::unexpected(runs.error());
  // What is no folder, or has gone meanwhile, holds nothing; what cannot be read may hold anything.
  auto names_in = [&disk](const std::string& folder) -> Result<std::vector<std::string>> {
    auto names = disk.list(folder);
    if (!names && names.error().code == Errc::kNotFound) return std::vector<std::string>();
    return names;
  };
  std::set<std::string> with_media;
  for (const std::string& run : *runs) {
    if (!is_slug(run) || run == "thumb") continue;
    OPENDAY_TRY(auto renditions, names_in(fmt::format("{}/{}", store, run)));
    for (const std::string& rendition : renditions) {
      OPENDAY_TRY(auto names, names_in(fmt::format("{}/{}/{}", store, run, rendition)));
      for (const std::string& name : names) {
        if (!name.ends_with(".m4s")) continue;
        int64_t msn = decimal<int64_t>(std::string_view(name).substr(0, name.find('.'))).value_or(-1);
        summary.next_msn = std::max(summary.next_msn, msn + 1);
        with_media.insert(run);
      }
    }
  }
  // What retention has removed was published all the same.
  OPENDAY_TRY(IndexReader::News index, IndexReader(store).read());
  int64_t dropped_before = 0;
  for (const IndexFact& fact : index.facts) {
    if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
      summary.next_msn = std::max(summary.next_msn, segment->msn + 1);
      summary.end = std::max(summary.end, segment->at + to_ms(segment->duration));
      with_media.insert(segment->run);
    }
    if (const auto* dropped = std::get_if<DroppedBefore>(&fact)) dropped_before = dropped->msn;
  }
  summary.next_msn = std::max(summary.next_msn, dropped_before);
  summary.runs = static_cast<int>(with_media.size());
  for (const IndexFact& fact : index.facts) {
    const auto* init = std::get_if<media::InitSegment>(&fact);
    if (init != nullptr && (with_media.contains(init->run) || init->first_msn < dropped_before)) {
      summary.runs = std::max(summary.runs, init->discontinuity + 1);
    }
  }
  return summary;
}

Result<StoreSurvey> survey_store(const std::string& store) {
  OPENDAY_TRY(IndexReader::News index, IndexReader(store).read());
  std::multimap<int64_t, media::StoredSegment> stored;  // by msn
  for (IndexFact& fact : index.facts) {
    if (auto* segment = std::get_if<media::StoredSegment>(&fact))
      stored.emplace(segment->msn, std::move(*segment));
    if (const auto* dropped = std::get_if<DroppedBefore>(&fact)) {
      stored.erase(stored.begin(), stored.lower_bound(dropped->msn));
    }
  }
  StoreSurvey survey;
  for (const auto& [msn, segment] : stored) survey.bytes += segment.bytes;
  if (!stored.empty()) {
    const media::StoredSegment& first = stored.begin()->second;
    survey.oldest = first.at + milliseconds(static_cast<int64_t>(first.duration * 1000));
  }
  return survey;
}

}  // namespace openday::output
