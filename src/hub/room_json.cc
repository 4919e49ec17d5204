#include "hub/room_json.h"

namespace openday::hub {
namespace {

Json until_json(const std::optional<ProgramTime>& until) {
  return until ? Json(until->ms) : Json();
}

}  // namespace

std::string beginning(std::string_view text, size_t characters) {
  size_t at = 0;
  for (size_t count = 0; at < text.size(); ++at) {
    bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts && count++ == characters) break;
  }
  return std::string(text.substr(0, at));
}

Json comment_json(const engage::Comment& comment, const Quoted* quoted) {
  Json json{{"id", comment.id},     {"at", comment.at.ms},  {"moment", comment.moment.ms},
            {"by", comment.author}, {"name", comment.name}, {"text", comment.text}};
  if (comment.badge != engage::Badge::kNone) json["staff"] = name_of(comment.badge);
  if (quoted != nullptr) {
    json["reply_to"] = {{"id", quoted->id}, {"name", quoted->name}, {"text", quoted->text}};
  }
  return json;
}

Json decided_json(const engage::Comment& comment) {
  return {{"t", "decided"},
          {"id", comment.id},
          {"state", name_of(comment.state)},
          {"reason", comment.decision ? comment.decision->reason : ""}};
}

Json why_json(const std::optional<engage::Why>& why) {
  if (!why) return nullptr;
  Json json{{"rule", why->rule}};
  if (why->to > why->from) {
    json["from"] = why->from;
    json["to"] = why->to;
  }
  return json;
}

Json ban_json(const engage::Ban& ban) {
  return {{"until", until_json(ban.until)}, {"reason", ban.reason}};
}

Json ban_entry_json(const engage::Ban& ban, const std::string& person_name) {
  return {{"n", ban.number},      {"by", ban.author},
          {"name", ban.name},     {"until", until_json(ban.until)},
          {"reason", ban.reason}, {"since", ban.since.ms},
          {"person", ban.person}, {"person_name", person_name}};
}

Json claims_json(const std::vector<engage::Claim>& claims) {
  Json list = Json::array();
  for (const auto& claim : claims) {
    list.push_back({{"id", claim.id},
                    {"by", claim.by.empty() ? Json() : Json(claim.by)},
                    {"name", claim.name},
                    {"until", claim.until.ms}});
  }
  return list;
}

Json room_json(const engage::RoomSettings& settings, bool open, Json pinned) {
  return {{"mode", name_of(settings.mode)}, {"open", open},
          {"slow_s", settings.slow_s},      {"max_text", engage::kMostText},
          {"pinned", std::move(pinned)},    {"reactions", engage::kReactions}};
}

Json item_json(const engage::Comment& comment, const Quoted* quoted, const Around& around) {
  Json json = comment_json(comment, quoted);
  json["state"] = name_of(comment.state);
  json["why"] = why_json(comment.why);
  if (engage::refused_by_rule(comment)) json["by_rule"] = true;
  json["reports"] = around.reports;
  json["similar"] = around.similar;
  json["earlier"] = around.earlier;
  json["banned"] = around.ban ? ban_json(*around.ban) : Json();
  json["decision"] = nullptr;
  if (const auto& decision = comment.decision) {
    json["decision"] = {{"by", decision->by},         {"name", decision->name},
                        {"at", decision->at.ms},      {"state", name_of(comment.state)},
                        {"reason", decision->reason}, {"note", decision->note}};
  }
  return json;
}

}  // namespace openday::hub
