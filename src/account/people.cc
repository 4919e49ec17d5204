#include "account/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check_text.h"

namespace openday::account {
namespace {

using Json = nlohmann::json;

Result<> note(Roll& roll, const Act& act, const char* action, const std::string& person, const Json& detail) {
  return roll.append(
      {0, act.at, act.by, act.via, action, person, detail.is_null() ? std::string() : detail.dump()});
}

Result<> check_roles(Roles roles) {
  if (!roles.empty()) return {};
  return fail(Errc::kInvalid, "roles must name at least one of admin, producer, moderator, officer");
}

bool leads(const Person& person) {
  return person.roles.has(Role::kAdmin) && !person.disabled;
}

bool may_have_keys(const Person& person) {
  return may(person.roles, Right::kReadTips) && !person.disabled;
}

}  // namespace

Result<> check_password(const std::string& password, const std::string& id) {
  OPENDAY_CHECK_OK(check_line("password", password, 10, 200));
  if (password == id) return fail(Errc::kInvalid, "password must not be the log-in name");
  return {};
}

Result<Person> add_person(Roll& roll, const NewPerson& wanted, const Act& act) {
  OPENDAY_CHECK_OK(check_id("id", wanted.id));
  OPENDAY_CHECK_OK(check_line("name", wanted.name, 1, 80));
  OPENDAY_CHECK_OK(check_roles(wanted.roles));
  OPENDAY_TRY(auto present, roll.people());
  if (std::ranges::any_of(present, [&](const Person& one) { return one.id == wanted.id; })) {
    return fail(Errc::kConflict, fmt::format("there is a person {} already", wanted.id));
  }
  if (present.size() >= kMostPeople) {
    return fail(Errc::kLimit, fmt::format("there are at most {} people", kMostPeople));
  }
  Person made{wanted.id, wanted.name, wanted.roles, wanted.password, wanted.must_change, false, act.at};
  OPENDAY_CHECK_OK(roll.put(made));
  OPENDAY_CHECK_OK(
      note(roll, act, "person.add", made.id, {{"name", made.name}, {"roles", text_of(made.roles)}}));
  return made;
}

Result<Person> edit_person(Roll& roll, const std::string& id, const PersonChanges& changes, const Act& act) {
  OPENDAY_TRY(Person person, roll.person(id));
  bool led = leads(person);
  Json detail = Json::object();
  if (changes.name) {
    OPENDAY_CHECK_OK(check_line("name", *changes.name, 1, 80));
    detail["name"] = person.name = *changes.name;
  }
  if (changes.roles) {
    OPENDAY_CHECK_OK(check_roles(*changes.roles));
    person.roles = *changes.roles;
    detail["roles"] = text_of(person.roles);
  }
  if (changes.disabled) detail["disabled"] = person.disabled = *changes.disabled;
  if (led && !leads(person)) {
    OPENDAY_TRY(auto all, roll.people());
    bool another = std::ranges::any_of(all, [&](const Person& one) { return one.id != id && leads(one); });
    if (!another) return fail(Errc::kConflict, fmt::format("{} is the last admin who can log in", id));
  }
  OPENDAY_CHECK_OK(roll.put(person));
  if (person.disabled) OPENDAY_CHECK_OK(roll.remove_sessions(id, ""));
  if (!may_have_keys(person)) OPENDAY_CHECK_OK(roll.remove_keys(id));
  OPENDAY_CHECK_OK(note(roll, act, "person.edit", id, detail));
  return person;
}

Result<Person> set_password(Roll& roll, const std::string& id, const PasswordChange& change, const Act& act) {
  OPENDAY_TRY(Person person, roll.person(id));
  if (change.checked && *change.checked != person.password) {
    return fail(Errc::kConflict, "the password has just been changed by somebody else; log in again");
  }
  person.password = change.hash;
  person.must_change = change.must_change;
  OPENDAY_CHECK_OK(roll.put(person));
  OPENDAY_CHECK_OK(roll.remove_sessions(id, change.kept));
  OPENDAY_CHECK_OK(note(roll, act, "person.password", id, nullptr));
  return person;
}

Result<> keep_keys(Roll& roll, const Keys& keys, const Act& act) {
  OPENDAY_TRY(Person person, roll.person(keys.person));
  if (!may_have_keys(person)) return fail(Errc::kConflict, keys.person + " may not read tips");
  if (person.must_change) return fail(Errc::kConflict, "others know the password of " + keys.person);
  OPENDAY_TRY(auto present, roll.keys());
  bool same = std::ranges::any_of(present, [&](const Keys& one) {
    return one.person == keys.person && one.public_half == keys.public_half;
  });
  OPENDAY_CHECK_OK(roll.put(keys));
  return same ? Result<>() : note(roll, act, "desk.key", keys.person, nullptr);
}

}  // namespace openday::account
