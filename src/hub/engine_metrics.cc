#include "hub/engine_metrics.h"

#include <functional>
#include <optional>

namespace openday::hub {
namespace {

using Type = MetricsText::Type;

// Reports come from our own processes but are read as if they did not: what has the wrong type is not there.
const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::optional<double> number_in(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

struct Report {
  std::string broadcast;
  const Json& stats;
};

struct Column {
  const char* name;
  Type type;
  const char* help;
  std::function<std::optional<double>(const Json& row)> read;
};

auto from(const char* key) {
  return [key](const Json& row) { return number_in(row, key); };
}
auto from(const char* outer, const char* key) {
  return [outer, key](const Json& row) { return number_in(member(row, outer), key); };
}
auto from(const char* outer, const char* middle, const char* key) {
  return [outer, middle, key](const Json& row) { return number_in(member(member(row, outer), middle), key); };
}

// A family for each column; a sample for each row that has it.
void write_table(MetricsText& out, const std::vector<Report>& reports, const char* list, const char* id,
                 const char* label, const std::vector<Column>& columns) {
  for (const auto& column : columns) {
    out.metric(column.name, column.type, column.help);
    for (const auto& report : reports) {
      for (const auto& row : member(report.stats, list)) {
        std::string name = link::text_in(row, id);
        auto value = column.read(row);
        if (!name.empty() && value) out.value({{"broadcast", report.broadcast}, {label, name}}, *value);
      }
    }
  }
}

void write_venue_states(MetricsText& out, const std::vector<Report>& reports) {
  out.metric("openday_venue_state", Type::kGauge,
             "1 for the state of the venue's feed: waiting, starting, live, stalled, error.");
  for (const auto& report : reports) {
    for (const auto& slot : member(report.stats, "slots")) {
      std::string venue = link::text_in(slot, "venue");
      std::string state = link::text_in(member(slot, "feed"), "state");
      if (venue.empty()) continue;
      for (const char* one : {"waiting", "starting", "live", "stalled", "error"}) {
        out.value({{"broadcast", report.broadcast}, {"venue", venue}, {"state", one}}, state == one ? 1 : 0);
      }
    }
  }
}

void write_broadcasts(MetricsText& out, const std::vector<Report>& reports) {
  static const std::vector<Column> kColumns = {
      {"openday_program_ticks_total", Type::kCounter, "Ticks of the engine's present run.", from("tick")},
      {"openday_program_late_milliseconds", Type::kGauge, "How late the last ticks came.", from("late_ms")},
      {"openday_program_dropped_ticks_total", Type::kCounter, "Ticks that were left out.",
       from("dropped_ticks")},
      {"openday_program_repeated_ticks_total", Type::kCounter, "Ticks that repeated the picture before.",
       from("repeated_ticks")},
      {"openday_program_sound_lost_milliseconds_total", Type::kCounter,
       "Sound that never reached the program's parts; silence stands in its place.", from("sound_lost_ms")},
      {"openday_program_parts_without_sound_total", Type::kCounter,
       "Parts that closed before their sound came.", from("packager", "without_audio")},
      {"openday_program_parts_without_picture_total", Type::kCounter,
       "Parts of a video rendition that have sound alone.", from("packager", "without_picture")},
      {"openday_program_loudness_lufs", Type::kGauge, "Loudness of the program.", from("program", "lufs")},
      {"openday_engine_link_dropped_total", Type::kCounter, "Messages the engine could not hand to the hub.",
       from("link_dropped")},
      {"openday_recording_bytes", Type::kGauge, "Bytes of the recording.", from("recording", "bytes")},
      {"openday_recording_free_bytes", Type::kGauge, "Bytes free on the recording's disk.",
       from("recording", "free_bytes")},
      {"openday_recording_dropped_total", Type::kCounter, "Segments that were not recorded.",
       from("recording", "dropped")},
  };
  for (const auto& column : kColumns) {
    out.metric(column.name, column.type, column.help);
    for (const auto& report : reports) {
      if (auto value = column.read(report.stats)) out.value({{"broadcast", report.broadcast}}, *value);
    }
  }
  out.metric("openday_program_shedding", Type::kGauge,
             "1 for what the engine sheds now: none, thumbnails, previews, frames.");
  for (const auto& report : reports) {
    std::string now = link::text_in(report.stats, "shedding");
    if (now.empty()) continue;
    for (const char* one : {"none", "thumbnails", "previews", "frames"}) {
      out.value({{"broadcast", report.broadcast}, {"what", one}}, now == one ? 1 : 0);
    }
  }
  out.metric("openday_recording_state", Type::kGauge, "1 for the state the recording is in.");
  for (const auto& report : reports) {
    std::string state = link::text_in(member(report.stats, "recording"), "state");
    if (!state.empty()) out.value({{"broadcast", report.broadcast}, {"state", state}}, 1);
  }
}

}  // namespace

void engine_metrics(MetricsText& out, const Engines& engines, const std::vector<std::string>& broadcasts) {
  static const Json kNone = Json::object();
  std::vector<Report> reports;
  out.metric("openday_engine_up", Type::kGauge, "1 while the broadcast's engine reports.");
  for (const auto& id : broadcasts) {
    const Json* stats = engines.stats(id);
    reports.push_back({id, stats != nullptr ? *stats : kNone});
    out.value({{"broadcast", id}}, std::string_view(engines.state(id)) == "running" ? 1 : 0);
  }
  write_broadcasts(out, reports);
  write_venue_states(out, reports);
  write_table(
      out, reports, "slots", "venue", "venue",
      {{"openday_venue_on_air", Type::kGauge, "1 while the venue is in the program.", from("on_air")},
       {"openday_venue_waiting_for_key_frame", Type::kGauge,
        "1 while the venue's stream comes and its first picture is still to begin.",
        from("feed", "waiting_for_key_frame")},
       {"openday_venue_kbps", Type::kGauge, "Bit rate of the venue's stream.", from("feed", "stats", "kbps")},
       {"openday_venue_fps", Type::kGauge, "Pictures of the venue taken in, per second.",
        from("feed", "stats", "fps")},
       {"openday_venue_reconnects_total", Type::kCounter,
        "Times the venue's source came back, since its feed started.", from("feed", "stats", "reconnects")},
       {"openday_venue_frames_total", Type::kCounter, "Pictures decoded.", from("feed", "stats", "frames")},
       {"openday_venue_dropped_total", Type::kCounter, "Pictures dropped.", from("feed", "stats", "dropped")},
       {"openday_venue_decode_errors_total", Type::kCounter, "Pictures that could not be decoded.",
        from("feed", "stats", "decode_errors")},
       {"openday_venue_jitter_milliseconds", Type::kGauge, "Unevenness of arrival.",
        from("feed", "stats", "jitter_ms")},
       {"openday_venue_queue_milliseconds", Type::kGauge, "Media waiting in the jitter queue.",
        from("feed", "stats", "queue_ms")},
       {"openday_venue_av_offset_milliseconds", Type::kGauge, "Audio after video, as measured.",
        from("feed", "stats", "av_offset_ms")},
       {"openday_venue_reanchors_total", Type::kCounter, "Jumps of the source's clock.",
        from("feed", "stats", "reanchors")}});
  write_table(out, reports, "encoders", "rendition", "rendition",
              {{"openday_encoder_fps", Type::kGauge, "Frames encoded in the last second.", from("fps")},
               {"openday_encoder_speed", Type::kGauge, "Times real time it could do.", from("speed")},
               {"openday_encoder_queue", Type::kGauge, "Frames that wait.", from("queue")},
               {"openday_encoder_shed_total", Type::kCounter, "Frames lost to a full queue.", from("shed")},
               {"openday_encoder_kbps", Type::kGauge, "Bit rate made in the last second.", from("kbps")}});
  write_table(
      out, reports, "targets", "id", "target",
      {{"openday_target_kbps", Type::kGauge, "Bit rate that the target acknowledges.", from("kbps")},
       {"openday_target_acked_bytes_total", Type::kCounter, "Bytes that the target acknowledged.",
        from("acked_bytes")},
       {"openday_target_reconnects_total", Type::kCounter, "Connections made again.", from("reconnects")},
       {"openday_target_dropped_total", Type::kCounter, "Frames dropped for the target.", from("dropped")}});
  out.metric("openday_target_state", Type::kGauge, "1 for the state the target is in.");
  for (const auto& report : reports) {
    for (const auto& target : member(report.stats, "targets")) {
      std::string id = link::text_in(target, "id");
      std::string state = link::text_in(target, "state");
      if (!id.empty() && !state.empty()) {
        out.value({{"broadcast", report.broadcast}, {"target", id}, {"state", state}}, 1);
      }
    }
  }
}

void gateway_metrics(MetricsText& out, const Publishers& publishers) {
  out.metric("openday_gateway_up", Type::kGauge, "1 while the gateway is attached.");
  out.value(publishers.attached() ? 1 : 0);
  out.metric("openday_gateway_connections", Type::kGauge, "Open connections of publishers.");
  if (auto open = number_in(publishers.stats(), "connections")) out.value(*open);
  out.metric("openday_gateway_refused_total", Type::kCounter, "Publishers refused, by reason.");
  if (const Json& refused = member(publishers.stats(), "refused"); refused.is_object()) {
    for (const auto& [reason, count] : refused.items()) {
      if (count.is_number()) out.value({{"reason", reason}}, count.get<double>());
    }
  }
  out.metric("openday_publisher_connects_total", Type::kCounter, "Times the venue's encoder has connected.");
  for (const auto& [venue, connects] : publishers.connects()) {
    out.value({{"venue", venue}}, static_cast<double>(connects));
  }
  struct Family {
    const char* name;
    Type type;
    const char* help;
    const char* key;
  };
  static constexpr Family kFamilies[] = {
      {"openday_publisher_bytes_total", Type::kCounter, "Bytes of the venue's present connection.", "bytes"},
      {"openday_publisher_kbps", Type::kGauge, "Bit rate that arrives at the gateway.", "kbps"},
      {"openday_publisher_rtt_milliseconds", Type::kGauge, "Round trip to the encoder.", "rtt_ms"},
      {"openday_publisher_lost_total", Type::kCounter, "Packets lost or sent again.", "lost"},
      {"openday_publisher_dropped_total", Type::kCounter,
       "RTMP messages and runs of SRT packets that the venue's feed was too slow for.", "dropped"}};
  for (const auto& family : kFamilies) {
    out.metric(family.name, family.type, family.help);
    for (const auto& publisher : member(publishers.stats(), "publishers")) {
      std::string venue = link::text_in(publisher, "venue");
      auto value = number_in(publisher, family.key);
      if (!venue.empty() && value) {
        out.value({{"venue", venue}, {"protocol", link::text_in(publisher, "protocol")}}, *value);
      }
    }
  }
}

void process_metrics(MetricsText& out, const Json& children) {
  out.metric("openday_process_restarts_total", Type::kCounter, "Restarts of a process under the supervisor.");
  for (const auto& child : children.is_array() ? children : Json::array()) {
    if (auto restarts = number_in(child, "restarts")) {
      out.value({{"role", link::text_in(child, "role")}, {"id", link::text_in(child, "id")}}, *restarts);
    }
  }
  out.metric("openday_process_up", Type::kGauge, "1 while the process is ready.");
  for (const auto& child : children.is_array() ? children : Json::array()) {
    if (!child.is_object()) continue;
    out.value({{"role", link::text_in(child, "role")}, {"id", link::text_in(child, "id")}},
              link::text_in(child, "state") == "ready" ? 1 : 0);
  }
}

}  // namespace openday::hub
