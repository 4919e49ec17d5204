#include "hub/api_bodies.h"

#include <algorithm>

#include "desk/tips.h"

namespace openday::hub {
namespace {

using namespace broadcast;  // NOLINT(google-build-using-namespace): its values fill this file

constexpr size_t kMaxNames = 64;  // the rules have tighter bounds; this one only keeps lists short

std::optional<media::HouseFormat> read_house(Fields& parent, const media::HouseFormat& present) {
  const Json* json = parent.object("house");
  if (json == nullptr) return std::nullopt;
  Fields fields(*json, "house");
  media::HouseFormat house = present;
  house.width = static_cast<int>(fields.integer("width", 160, 1920).value_or(present.width));
  house.height = static_cast<int>(fields.integer("height", 90, 1080).value_or(present.height));
  house.fps = static_cast<int>(fields.integer("fps", 25, 30).value_or(present.fps));
  if (auto done = fields.finish(); !done) {
    parent.fail_with(done.error());
    return std::nullopt;
  }
  return house;
}

std::optional<NewSource> read_source(Fields& parent) {
  const Json* json = parent.object("source");
  if (json == nullptr) return std::nullopt;
  Fields fields(*json, "source");
  static const std::vector<std::string> kKinds = {"ingest", "pull", "file", "test"};
  NewSource source;
  source.kind = static_cast<SourceKind>(fields.need("kind", fields.choice("kind", kKinds)));
  auto url = fields.text("url");
  auto path = fields.text("path");
  if (source.kind == SourceKind::kPull) source.url = fields.need("url", url);
  if (source.kind == SourceKind::kFile) source.path = fields.need("path", path);
  if (url && source.kind != SourceKind::kPull) fields.complain(Errc::kInvalid, "url", "belongs to kind pull");
  if (path && source.kind != SourceKind::kFile)
    fields.complain(Errc::kInvalid, "path", "belongs to kind file");
  if (auto done = fields.finish(); !done) {
    parent.fail_with(done.error());
    return std::nullopt;
  }
  return source;
}

NewTarget target_from(Fields& fields) {
  NewTarget target;
  target.id = fields.text("id").value_or("");
  target.name = fields.need("name", fields.text("name"));
  target.url = fields.need("url", fields.text("url"));
  target.key = fields.text("key").value_or("");
  target.rendition = fields.text("rendition").value_or("");
  target.enabled = fields.truth("enabled").value_or(true);
  return target;
}

Scene scene_from_fields(Fields& fields) {
  Scene scene;
  scene.layout = fields.need("layout", fields.text("layout"));
  scene.venues = fields.need("venues", fields.texts("venues", kMaxNames));
  scene.slate = fields.truth("slate").value_or(false);
  scene.follow_audio = fields.truth("follow_audio").value_or(true);
  scene.title = fields.text("title").value_or("");
  return scene;
}

template <class T>
Result<T> finished(Fields& fields, T value) {
  OPENDAY_CHECK_OK(fields.finish());
  return value;
}

std::optional<account::Roles> read_roles(Fields& fields) {
  auto names = fields.texts("roles", account::kRoles.size());
  if (!names) return std::nullopt;
  account::Roles roles;
  for (const std::string& name : *names) {
    auto one = account::roles_in(name);
    if (!one) fields.complain(Errc::kInvalid, "roles", one.error().message);
    for (const auto& [role, its_name] : account::kRoles) {
      if (one && one->has(role)) roles.add(role);
    }
  }
  return roles;
}

}  // namespace

Result<NewBroadcast> read_new_broadcast(const Json& body, const media::HouseFormat& house) {
  Fields fields(body);
  NewBroadcast wanted;
  wanted.id = fields.text("id").value_or("");
  wanted.title = fields.need("title", fields.text("title"));
  wanted.description = fields.text("description").value_or("");
  wanted.language = fields.text("language").value_or(wanted.language);
  wanted.starts_at = fields.time_or_null("starts_at").value_or(std::nullopt);
  wanted.hidden = fields.truth("hidden").value_or(false);
  wanted.venues = fields.texts("venues", kMaxNames).value_or(std::vector<std::string>());
  wanted.house = read_house(fields, house).value_or(house);
  if (const Json* targets = fields.array("targets", kMaxTargets)) {
    for (size_t i = 0; i < targets->size(); ++i) {
      Fields one((*targets)[i], "targets[" + std::to_string(i) + "]");
      wanted.targets.push_back(target_from(one));
      if (auto done = one.finish(); !done) fields.fail_with(done.error());
    }
  }
  return finished(fields, std::move(wanted));
}

Result<BroadcastChanges> read_broadcast_changes(const Json& body, const media::HouseFormat& present) {
  Fields fields(body);
  BroadcastChanges changes;
  changes.title = fields.text("title");
  changes.description = fields.text("description");
  changes.language = fields.text("language");
  changes.starts_at = fields.time_or_null("starts_at");
  changes.hidden = fields.truth("hidden");
  changes.venues = fields.texts("venues", kMaxNames);
  changes.house = read_house(fields, present);
  return finished(fields, std::move(changes));
}

Result<NewVenue> read_new_venue(const Json& body) {
  Fields fields(body);
  NewVenue wanted;
  wanted.id = fields.text("id").value_or("");
  wanted.name = fields.need("name", fields.text("name"));
  wanted.source = read_source(fields).value_or(NewSource());
  wanted.av_offset_ms = static_cast<int>(
      fields.integer("av_offset_ms", -kMaxAvOffsetMs, kMaxAvOffsetMs).value_or(wanted.av_offset_ms));
  wanted.jitter_ms =
      static_cast<int>(fields.integer("jitter_ms", kMinJitterMs, kMaxJitterMs).value_or(wanted.jitter_ms));
  return finished(fields, std::move(wanted));
}

Result<VenueChanges> read_venue_changes(const Json& body) {
  Fields fields(body);
  VenueChanges changes;
  changes.name = fields.text("name");
  changes.source = read_source(fields);
  auto offset = fields.integer("av_offset_ms", -kMaxAvOffsetMs, kMaxAvOffsetMs);
  if (offset) changes.av_offset_ms = static_cast<int>(*offset);
  auto jitter = fields.integer("jitter_ms", kMinJitterMs, kMaxJitterMs);
  if (jitter) changes.jitter_ms = static_cast<int>(*jitter);
  return finished(fields, std::move(changes));
}

Result<NewTarget> read_new_target(const Json& body) {
  Fields fields(body);
  NewTarget target = target_from(fields);
  return finished(fields, std::move(target));
}

Result<TargetChanges> read_target_changes(const Json& body) {
  Fields fields(body);
  TargetChanges changes;
  changes.name = fields.text("name");
  changes.url = fields.text("url");
  changes.key = fields.text("key");
  changes.rendition = fields.text("rendition");
  changes.enabled = fields.truth("enabled");
  return finished(fields, std::move(changes));
}

Result<Scene> read_scene(const Json& body, const std::string& where) {
  Fields fields(body, where);
  Scene scene = scene_from_fields(fields);
  return finished(fields, std::move(scene));
}

Result<std::string> read_saved(const Json& body) {
  Fields fields(body);
  return finished(fields, fields.need("saved", fields.text("saved")));
}

Result<NamedScene> read_named_scene(const Json& body) {
  Fields fields(body);
  NamedScene named;
  named.name = fields.need("name", fields.text("name"));
  const Json* scene = fields.object("scene");
  if (scene == nullptr) fields.complain(Errc::kInvalid, "scene", "is missing");
  OPENDAY_CHECK_OK(fields.finish());
  OPENDAY_TRY(named.scene, read_scene(*scene, "scene"));
  return named;
}

Result<std::map<std::string, Mix>> read_mix(const Json& body, const std::map<std::string, Mix>& present) {
  Fields fields(body);
  std::map<std::string, Mix> mix;
  const Json* venues = fields.object("venues");
  if (venues == nullptr) fields.complain(Errc::kInvalid, "venues", "is missing");
  OPENDAY_CHECK_OK(fields.finish());
  if (venues->size() > kMaxNames) return fail(Errc::kLimit, "venues has too many entries");
  for (const auto& [venue, value] : venues->items()) {
    Fields one(value, "venues." + venue.substr(0, 64));
    auto before = present.find(venue);
    Mix wanted = before != present.end() ? before->second : Mix();
    wanted.gain_db = one.number("gain_db", -60, 12).value_or(wanted.gain_db);
    wanted.mute = one.truth("mute").value_or(wanted.mute);
    OPENDAY_CHECK_OK(one.finish());
    mix[venue] = wanted;
  }
  return mix;
}

Result<WithdrawBody> read_withdraw(const Json& body) {
  Fields fields(body);
  WithdrawBody wanted;
  wanted.from = fields.need("from", fields.time("from"));
  wanted.to = fields.need("to", fields.time("to"));
  wanted.reason = fields.need("reason", fields.text("reason"));
  return finished(fields, std::move(wanted));
}

Result<bool> read_switch(const Json& body, std::optional<bool> otherwise) {
  Fields fields(body);
  auto on = fields.truth("on");
  if (!on) on = otherwise;
  bool value = fields.need("on", on);
  return finished(fields, value);
}

Result<> read_nothing(const Json& body) {
  return Fields(body).finish();
}

Result<std::string> read_confirm(const Json& body) {
  Fields fields(body);
  return finished(fields, fields.need("confirm", fields.text("confirm")));
}

Result<LoginBody> read_login(const Json& body) {
  Fields fields(body);
  LoginBody login;
  login.name = fields.need("name", fields.text("name"));
  login.password = fields.need("password", fields.text("password"));
  return finished(fields, std::move(login));
}

Result<std::string> read_password(const Json& body) {
  Fields fields(body);
  std::string password = fields.need("password", fields.text("password"));
  return finished(fields, std::move(password));
}

Result<CountersignBody> read_countersign(const Json& body) {
  Fields fields(body);
  CountersignBody wanted{fields.need("fingerprint", fields.text("fingerprint"))};
  return finished(fields, std::move(wanted));
}

Result<RecoverBody> read_recover(const Json& body) {
  Fields fields(body);
  RecoverBody wanted;
  wanted.key = fields.need("key", fields.text("key"));
  wanted.person = fields.text("person");
  wanted.fingerprint = fields.need("fingerprint", fields.text("fingerprint"));
  return finished(fields, std::move(wanted));
}

Result<desk::Verdict> read_verdict(const Json& body) {
  static const std::vector<std::string> kNames = {"spam", "consultation", "feedback", "report", "lead"};
  Fields fields(body);
  size_t chosen = fields.need("verdict", fields.choice("verdict", kNames));
  auto verdict = desk::value_named(desk::kVerdicts, kNames[chosen]).value_or(desk::Verdict::kNone);
  return finished(fields, verdict);
}

Result<AnswerBody> read_answer(const Json& body) {
  Fields fields(body);
  AnswerBody wanted;
  auto text = fields.text("text");
  bool standard = fields.truth("standard").value_or(false);
  if (standard && text) fields.complain(Errc::kInvalid, "standard", "stands instead of text");
  if (!standard) (void)fields.need("text", text);
  wanted.text = standard ? desk::standard_answer() : text.value_or("");
  wanted.after = static_cast<int>(fields.need("after", fields.integer("after", 1, desk::kMostEntries)));
  return finished(fields, std::move(wanted));
}

Result<int> read_close(const Json& body) {
  Fields fields(body);
  int64_t after = fields.need("after", fields.integer("after", 1, desk::kMostEntries));
  return finished(fields, static_cast<int>(after));
}

Result<NewPasswordBody> read_new_password(const Json& body) {
  Fields fields(body);
  NewPasswordBody wanted;
  wanted.present = fields.need("present", fields.text("present"));
  wanted.chosen = fields.need("new", fields.text("new"));
  return finished(fields, std::move(wanted));
}

Result<NewPersonBody> read_new_person(const Json& body) {
  Fields fields(body);
  NewPersonBody wanted;
  wanted.id = fields.need("id", fields.text("id"));
  wanted.name = fields.need("name", fields.text("name"));
  wanted.roles = fields.need("roles", read_roles(fields));
  wanted.password = fields.text("password");
  return finished(fields, std::move(wanted));
}

Result<PersonChangesBody> read_person_changes(const Json& body) {
  Fields fields(body);
  PersonChangesBody wanted;
  wanted.changes.name = fields.text("name");
  wanted.changes.roles = read_roles(fields);
  wanted.changes.disabled = fields.truth("disabled");
  wanted.even_last_officer = fields.truth("even_last_officer").value_or(false);
  return finished(fields, std::move(wanted));
}

Result<Meant> read_password_reset(const Json& body) {
  Fields fields(body);
  return finished(fields, Meant{fields.truth("even_last_officer").value_or(false)});
}

}  // namespace openday::hub
