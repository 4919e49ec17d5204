// What rooms tell: values as the JSON of docs/ROOM.md. Pure.
#pragma once

#include <string>
#include <vector>

#include "engage/archive.h"
#include "engage/claims.h"
#include "engage/values.h"
#include "hub/api_json.h"

namespace openday::hub {

/// The beginning of what a comment answers.
struct Quoted {
  int64_t id = 0;
  std::string name;
  std::string text;
};

Json comment_json(const engage::Comment& comment, const Quoted* quoted);
/// To its author, what a person made of it.
Json decided_json(const engage::Comment& comment);
Json why_json(const std::optional<engage::Why>& why);
Json ban_json(const engage::Ban& ban);  // to whom it concerns
/// To moderators; `person_name`: of who banned.
Json ban_entry_json(const engage::Ban& ban, const std::string& person_name);
Json claims_json(const std::vector<engage::Claim>& claims);
/// `open`: the broadcast is live. `pinned`: a comment_json or null.
Json room_json(const engage::RoomSettings& settings, bool open, Json pinned);

/// What moderators see beside the comment.
struct Around {
  std::map<std::string, int64_t> reports;
  int64_t similar = 0;
  int64_t earlier = 0;
  std::optional<engage::Ban> ban;
};
Json item_json(const engage::Comment& comment, const Quoted* quoted, const Around& around);

/// At most `characters` of the text, cut between characters.
std::string beginning(std::string_view text, size_t characters);

}  // namespace openday::hub
