// What clients send, read into what the rules take. Pure; every body of docs/API.md is read here.
#pragma once

#include "account/people.h"
#include "broadcast/life_cycle.h"
#include "broadcast/targets.h"
#include "broadcast/venues.h"
#include "desk/tip.h"
#include "hub/api_json.h"

namespace openday::hub {

/// Ids that are not given are left empty: the caller makes one up.
Result<broadcast::NewBroadcast> read_new_broadcast(const Json& body, const media::HouseFormat& house);
Result<broadcast::BroadcastChanges> read_broadcast_changes(const Json& body,
                                                           const media::HouseFormat& present);
Result<broadcast::NewVenue> read_new_venue(const Json& body);
Result<broadcast::VenueChanges> read_venue_changes(const Json& body);
Result<broadcast::NewTarget> read_new_target(const Json& body);
Result<broadcast::TargetChanges> read_target_changes(const Json& body);
Result<broadcast::Scene> read_scene(const Json& body, const std::string& where = {});

/// {"saved": name}
Result<std::string> read_saved(const Json& body);

struct NamedScene {
  std::string name;
  broadcast::Scene scene;
};
Result<NamedScene> read_named_scene(const Json& body);

/// `present` fills in what a venue's entry leaves out.
Result<std::map<std::string, broadcast::Mix>> read_mix(const Json& body,
                                                       const std::map<std::string, broadcast::Mix>& present);

struct WithdrawBody {
  ProgramTime from;
  ProgramTime to;
  std::string reason;
};
Result<WithdrawBody> read_withdraw(const Json& body);

/// {"on": bool}; `otherwise` when it may be absent and is.
Result<bool> read_switch(const Json& body, std::optional<bool> otherwise = std::nullopt);
/// {}
Result<> read_nothing(const Json& body);
/// {"confirm": text}
Result<std::string> read_confirm(const Json& body);

struct LoginBody {
  std::string name;
  std::string password;
};
Result<LoginBody> read_login(const Json& body);

/// {"password": text}
Result<std::string> read_password(const Json& body);

struct NewPasswordBody {
  std::string present;
  std::string chosen;
};
/// {"present": text, "new": text}
Result<NewPasswordBody> read_new_password(const Json& body);

struct CountersignBody {
  std::string fingerprint;
};
Result<CountersignBody> read_countersign(const Json& body);
struct RecoverBody {
  std::string key;
  std::optional<std::string> person;  // none: who asks
  std::string fingerprint;            // of the person's key
};
Result<RecoverBody> read_recover(const Json& body);
/// {"verdict": text}
Result<desk::Verdict> read_verdict(const Json& body);
struct AnswerBody {
  std::string text;
  int after = 0;  // number of an entry
};
/// {"text": text, "after": number} or {"standard": true, "after": number}
Result<AnswerBody> read_answer(const Json& body);
/// {"after": number}
Result<int> read_close(const Json& body);

struct NewPersonBody {
  std::string id;
  std::string name;
  account::Roles roles;
  std::optional<std::string> password;  // none: the server makes one up
};
Result<NewPersonBody> read_new_person(const Json& body);
/// What else a change of somebody needs to say.
struct Meant {
  bool even_last_officer = false;  // nobody can read tips then without the recovery key
};
struct PersonChangesBody : Meant {
  account::PersonChanges changes;
};
Result<PersonChangesBody> read_person_changes(const Json& body);
/// {"even_last_officer"?: bool}
Result<Meant> read_password_reset(const Json& body);

}  // namespace openday::hub
