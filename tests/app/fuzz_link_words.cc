// What engines, feeds and the origin are told (docs/LINK.md): one line of JSON, then the body. What was taken
// can be told again and means the same.
#include <algorithm>
#include <memory>
#include <string_view>

#include "app/engine_config.h"
#include "feed/messages.h"
#include "mixer/scene.h"
#include "package/wire.h"

using namespace openday;

namespace {

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

void media_words(const link::Message& message) {
  if (auto init = package::init_from(message)) expect(!init->run.empty() && !init->rendition.empty());
  if (auto part = package::part_from(message)) {
    auto again = package::part_from(package::to_message(part->run, part->value));
    expect(again && again->value.msn == part->value.msn && again->value.index == part->value.index);
  }
  if (auto segment = package::segment_from(message)) {
    auto again = package::segment_from(package::to_message(segment->run, segment->segment, segment->path));
    expect(again && again->path == segment->path && again->segment.msn == segment->segment.msn);
  }
}

void engine_words(const link::Json& json) {
  if (auto config = app::parse_engine_config(json)) {
    const auto& house = config->mixer.house;
    expect(house.width > 0 && house.height > 0 && house.fps > 0);
  }
  (void)app::parse_slots(json);
  auto checkpoint = app::parse_checkpoint(json);
  expect(checkpoint.msn >= -1 && checkpoint.msn <= app::kLargestMsn);
  expect(checkpoint.runs >= 0 && checkpoint.runs <= app::kMostRuns);
  expect(checkpoint.clock >= ProgramTime{} && checkpoint.clock <= app::kLatestClock);
  auto handed_on = app::parse_checkpoint(app::to_json(checkpoint));
  expect(handed_on.msn == checkpoint.msn && handed_on.runs == checkpoint.runs &&
         handed_on.clock == checkpoint.clock);
  if (auto mix = app::parse_mix(json)) expect(app::parse_mix(app::to_json(*mix))->size() == mix->size());
  if (auto scene = mixer::parse_scene(json)) {
    expect(scene->title.size() <= mixer::kMaxTitleBytes);
    auto again = mixer::parse_scene(mixer::to_json(*scene));
    expect(again && *again == *scene);
  }
}

void feed_words(const link::Json& json) {
  (void)feed::parse_want(json);
  auto config = feed::parse_config(json);
  if (!config) return;
  expect(config->jitter <= seconds(1) && config->house.fps >= 1);
  if (const auto* pull = std::get_if<feed::PullConfig>(&config->source)) (void)feed::check_pull(*pull);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view all(reinterpret_cast<const char*>(data), size);
  size_t line = std::min(all.find('\n'), all.size());
  auto head = link::parse_json(all.substr(0, line));
  if (!head || !head->is_object()) return 0;  // the decoder lets nothing else through
  link::Message message;
  message.head = *std::move(head);
  if (line < all.size()) message.body = std::make_shared<const Bytes>(data + line + 1, data + size);
  media_words(message);
  engine_words(message.head);
  feed_words(message.head);
  return 0;
}
