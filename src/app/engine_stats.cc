#include "app/engine_stats.h"

namespace openday::app {

using link::Json;
using link::plain_fields;

namespace {

Json member(const Json& said, const char* name) {
  auto found = said.is_object() ? said.find(name) : said.end();
  return found != said.end() && found->is_object() ? *found : Json();
}

}  // namespace

Json to_json(const std::vector<encode::EncoderStats>& encoders) {
  Json list = Json::array();
  for (const auto& e : encoders) {
    list.push_back({{"rendition", e.rendition},
                    {"fps", e.fps},
                    {"speed", e.speed},
                    {"queue", e.queue},
                    {"shed", e.shed},
                    {"kbps", e.kbps}});
  }
  return list;
}

Json to_json(const package::PackagerCounters& packager) {
  return {{"refused", packager.refused},
          {"undecodable", packager.undecodable},
          {"misplaced", packager.misplaced},
          {"without_audio", packager.without_audio},
          {"without_picture", packager.without_picture},
          {"failed", packager.failed}};
}

Json to_json(const std::vector<output::TargetStats>& targets) {
  Json list = Json::array();
  for (const auto& t : targets) {
    list.push_back({{"id", t.id},
                    {"state", output::name_of(t.state)},
                    {"kbps", t.kbps},
                    {"acked_bytes", t.acked_bytes},
                    {"reconnects", t.reconnects},
                    {"dropped", t.dropped},
                    {"why", t.why},
                    {"since_ms", t.since.ms},
                    {"rtt_ms", t.rtt_ms},
                    {"lost", t.lost}});
  }
  return list;
}

Json to_json(const output::RecordingStatus& recording) {
  return {{"state", output::name_of(recording.state)},
          {"bytes", recording.bytes},
          {"free_bytes", recording.free_bytes},
          {"stored", recording.stored},
          {"dropped", recording.dropped},
          {"why", recording.why}};
}

Json feed_state(const Json& said) {
  Json state = plain_fields(said, {"state", "caught_up", "why", "waiting_for_key_frame"});
  Json source = member(said, "source");
  Json video = member(source, "video");
  Json audio = member(source, "audio");
  state["source"] = {
      {"video", video.is_null() ? Json() : plain_fields(video, {"codec", "width", "height", "fps"})},
      {"audio", audio.is_null() ? Json() : plain_fields(audio, {"codec", "rate", "channels"})}};
  state["stats"] =
      plain_fields(member(said, "stats"), {"frames", "dropped", "decode_errors", "kbps", "fps", "reconnects",
                                           "jitter_ms", "queue_ms", "av_offset_ms", "reanchors"});
  return state;
}

}  // namespace openday::app
