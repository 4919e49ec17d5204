#include "package/wire.h"

#include <cmath>

#include "base/text.h"

namespace openday::package {
namespace {

using link::Json;

constexpr int64_t kLargest = (int64_t{1} << 53) - 1;

/// Reads typed fields out of a head; the first that is wrong decides the error.
class Fields {
 public:
  explicit Fields(const Json& head) : head_(head) {}

  std::string text(const char* name, size_t longest) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_string()) return wrong(name), std::string();
    auto out = value->get<std::string>();
    if (out.size() > longest) return wrong(name), std::string();
    return out;
  }
  std::string slug(const char* name) {
    std::string out = text(name, 64);
    if (!is_slug(out)) wrong(name);
    return out;
  }
  int64_t whole(const char* name, int64_t least, int64_t most) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_number_integer()) return wrong(name), least;
    auto out = value->get<int64_t>();
    if (out < least || out > most) return wrong(name), least;
    return out;
  }
  double seconds(const char* name) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_number()) return wrong(name), 0;
    auto out = value->get<double>();
    if (!std::isfinite(out) || out <= 0 || out > 60) return wrong(name), 0;
    return out;
  }
  bool truth(const char* name) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_boolean()) return wrong(name), false;
    return value->get<bool>();
  }
  bool is_null(const char* name) const {
    const Json* value = find(name);
    return value == nullptr || value->is_null();
  }
  Fields inside(const char* name) {
    static const Json empty = Json::object();
    const Json* value = find(name);
    if (value == nullptr || !value->is_object()) wrong(name);
    return Fields(value != nullptr && value->is_object() ? *value : empty);
  }
  Result<> done() const {
    if (wrong_.empty()) return {};
    return fail(Errc::kInvalid, "the field " + wrong_ + " is missing or wrong");
  }

 private:
  const Json* find(const char* name) const {
    auto found = head_.find(name);
    return found == head_.end() ? nullptr : &*found;
  }
  void wrong(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }

  const Json& head_;
  std::string wrong_;
};

}  // namespace

link::Message to_message(const media::InitSegment& init) {
  Json track = {{"codecs", init.codecs}, {"width", init.width},         {"height", init.height},
                {"fps", init.fps},       {"bandwidth", init.bandwidth}, {"part_target", init.part_target}};
  return link::make_message("init",
                            {{"run", init.run},
                             {"rendition", init.rendition},
                             {"track", std::move(track)},
                             {"first_msn", init.first_msn},
                             {"discontinuity", init.discontinuity},
                             {"at", init.start.ms}},
                            init.data);
}

link::Message to_message(const std::string& run, const media::Part& part) {
  return link::make_message("part",
                            {{"run", run},
                             {"rendition", part.rendition},
                             {"msn", part.msn},
                             {"index", part.index},
                             {"independent", part.independent},
                             {"last", part.last},
                             {"duration", part.duration},
                             {"at", part.at.ms}},
                            part.data);
}

link::Message to_message(const std::string& run, const media::Segment& segment, const std::string& path) {
  return link::make_message("segment", {{"run", run},
                                        {"rendition", segment.rendition},
                                        {"msn", segment.msn},
                                        {"parts", segment.parts},
                                        {"duration", segment.duration},
                                        {"at", segment.at.ms},
                                        {"discontinuity", segment.discontinuity},
                                        {"bytes", segment.bytes},
                                        {"path", path.empty() ? Json(nullptr) : Json(path)}});
}

Result<media::InitSegment> init_from(const link::Message& message) {
  Fields head(message.head);
  media::InitSegment out;
  out.run = head.slug("run");
  out.rendition = head.slug("rendition");
  Fields track = head.inside("track");
  out.codecs = track.text("codecs", 128);
  out.width = static_cast<int>(track.whole("width", 0, 4096));
  out.height = static_cast<int>(track.whole("height", 0, 4096));
  out.fps = static_cast<int>(track.whole("fps", 0, 240));
  out.bandwidth = static_cast<int>(track.whole("bandwidth", 0, 1'000'000'000));
  out.part_target = track.seconds("part_target");
  out.first_msn = head.whole("first_msn", 0, kLargest);
  out.discontinuity = static_cast<int>(head.whole("discontinuity", 0, 1'000'000'000));
  out.start.ms = head.whole("at", 0, kLargest);
  OPENDAY_CHECK_OK(head.done());
  OPENDAY_CHECK_OK(track.done());
  if (message.body == nullptr || message.body->empty())
    return fail(Errc::kInvalid, "an init message without a body");
  out.data = message.body;
  return out;
}

Result<FromRun<media::Part>> part_from(const link::Message& message) {
  Fields head(message.head);
  FromRun<media::Part> out;
  out.run = head.slug("run");
  media::Part& part = out.value;
  part.rendition = head.slug("rendition");
  part.msn = head.whole("msn", 0, kLargest);
  part.index = static_cast<int>(head.whole("index", 0, 9999));
  part.independent = head.truth("independent");
  part.last = head.truth("last");
  part.duration = head.seconds("duration");
  part.at.ms = head.whole("at", 0, kLargest);
  OPENDAY_CHECK_OK(head.done());
  if (message.body != nullptr && !message.body->empty()) part.data = message.body;
  return out;
}

Result<ArrivedSegment> segment_from(const link::Message& message) {
  Fields head(message.head);
  ArrivedSegment out;
  out.run = head.slug("run");
  media::Segment& segment = out.segment;
  segment.rendition = head.slug("rendition");
  segment.msn = head.whole("msn", 0, kLargest);
  segment.parts = static_cast<int>(head.whole("parts", 0, 9999));
  segment.duration = head.seconds("duration");
  segment.at.ms = head.whole("at", 0, kLargest);
  segment.discontinuity = head.truth("discontinuity");
  segment.bytes = static_cast<uint64_t>(head.whole("bytes", 0, kLargest));
  if (!head.is_null("path")) out.path = head.text("path", 1024);
  OPENDAY_CHECK_OK(head.done());
  return out;
}

}  // namespace openday::package
