#include "account/people.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "../broadcast/memory_ledger.h"

using namespace openday;
using namespace openday::account;
using test::code_of;

namespace {

struct Office {
  test::MemoryLedger roll;
  Act act{"boss", "session", {1'000}};
  Result<Person> add(const std::string& id, Roles roles) {
    return add_person(roll, {id, "Name of " + id, roles, "hash"}, act);
  }
};

}  // namespace

TEST_CASE("the table of rights names every right once, in order, and nobody but officers reads tips") {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kGrants.size(); ++i) {
    CHECK(static_cast<size_t>(kGrants[i].right) == i);
    CHECK(names.insert(kGrants[i].name).second);
    CHECK_FALSE(kGrants[i].roles.empty());
  }
  CHECK(grant_of(Right::kReadTips).roles == Roles{Role::kOfficer});
  CHECK_FALSE(may({Role::kAdmin}, Right::kReadTips));
  CHECK(may({Role::kAdmin, Role::kOfficer}, Right::kReadTips));
  CHECK_FALSE(may({}, Right::kOwnAccount));
}

TEST_CASE("docs/API.md shows the table of rights as it is") {
  std::ifstream file(OPENDAY_SOURCE_DIR "/docs/API.md");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  for (const auto& grant : kGrants) {
    std::string row = "| `" + std::string(grant.name) + "` |";
    for (const auto& [role, name] : kRoles) row += grant.roles.has(role) ? " ✓ |" : " – |";
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

TEST_CASE("roles are written as words and read again") {
  for (unsigned bits = 0; bits < 16; ++bits) {
    Roles roles;
    for (const auto& [role, name] : kRoles) {
      if ((bits >> static_cast<unsigned>(role) & 1u) != 0) roles.add(role);
    }
    CHECK(*roles_in(text_of(roles)) == roles);
  }
  CHECK(text_of({Role::kOfficer, Role::kAdmin}) == "admin,officer");
  CHECK(roles_in("admin,king").error().message ==
        "'king' is no role; there are admin, producer, moderator and officer");
  CHECK_FALSE(roles_in("admin,,officer"));
  CHECK_FALSE(roles_in("admin officer"));
}

TEST_CASE("a person is added once, with a name, a role and a password to be changed") {
  Office office;
  auto li = office.add("li", {Role::kProducer});
  REQUIRE(li);
  CHECK(li->must_change);
  CHECK_FALSE(li->disabled);
  CHECK(office.roll.person("li")->created_at == office.act.at);
  CHECK(code_of(office.add("li", {Role::kAdmin})) == Errc::kConflict);
  CHECK(code_of(office.add("Li", {Role::kAdmin})) == Errc::kInvalid);
  CHECK(code_of(office.add("an", {})) == Errc::kInvalid);
  CHECK(code_of(add_person(office.roll, {"an", " ", {Role::kAdmin}, "hash"}, office.act)) == Errc::kInvalid);
  auto noted = office.roll.audit(0, 9);
  REQUIRE(noted->size() == 1);
  CHECK(noted->front().action == "person.add");
  CHECK(noted->front().by == "boss");
  CHECK(noted->front().detail.find("hash") == std::string::npos);
}

TEST_CASE("one admin who can log in remains, whatever is changed") {
  Office office;
  REQUIRE(office.add("a", {Role::kAdmin}));
  PersonChanges off{.name = {}, .roles = {}, .disabled = true};
  PersonChanges demoted{.name = {}, .roles = Roles{Role::kProducer}, .disabled = {}};
  CHECK(code_of(edit_person(office.roll, "a", off, office.act)) == Errc::kConflict);
  CHECK(code_of(edit_person(office.roll, "a", demoted, office.act)) == Errc::kConflict);
  REQUIRE(office.add("b", {Role::kAdmin, Role::kProducer}));
  CHECK(edit_person(office.roll, "a", off, office.act));
  CHECK(code_of(edit_person(office.roll, "b", demoted, office.act)) == Errc::kConflict);  // a cannot log in
  PersonChanges on{.name = "A again", .roles = {}, .disabled = false};
  CHECK(edit_person(office.roll, "a", on, office.act)->name == "A again");
  CHECK(edit_person(office.roll, "b", demoted, office.act));
  CHECK(code_of(edit_person(office.roll, "nobody", on, office.act)) == Errc::kNotFound);
}

TEST_CASE("who is disabled or gets a new password has no session any more, but for the one they use") {
  Office office;
  REQUIRE(office.add("a", {Role::kAdmin}));
  REQUIRE(office.add("li", {Role::kOfficer}));
  auto sessions = [&](std::initializer_list<const char*> digests) {
    for (const char* digest : digests) REQUIRE(office.roll.add(Session{digest, "li", {1}, {2}}));
    REQUIRE(office.roll.add(Session{"of a", "a", {1}, {2}}));
  };
  auto left = [&] {
    std::set<std::string> digests;
    for (auto all = office.roll.sessions(); const auto& one : *all) digests.insert(one.digest);
    return digests;
  };
  sessions({"x", "y"});
  auto changed = set_password(office.roll, "li", {.hash = "new hash", .kept = "y"}, office.act);
  CHECK(changed->password == "new hash");
  CHECK_FALSE(changed->must_change);
  CHECK(left() == std::set<std::string>{"of a", "y"});
  sessions({"x"});
  REQUIRE(edit_person(office.roll, "li", {.name = {}, .roles = {}, .disabled = true}, office.act));
  CHECK(left() == std::set<std::string>{"of a"});
}

TEST_CASE("a password that was changed after it was checked is not changed over that") {
  Office office;
  REQUIRE(office.add("li", {Role::kOfficer}));
  REQUIRE(set_password(office.roll, "li", {.hash = "first"}, office.act));
  REQUIRE(office.roll.add(Session{"x", "li", {1}, {2}}));
  auto entries = office.roll.audit(0, 10)->size();
  auto late = set_password(office.roll, "li", {.hash = "mine", .checked = "before"}, office.act);
  CHECK(code_of(late) == Errc::kConflict);
  CHECK(office.roll.person("li")->password == "first");
  CHECK(office.roll.sessions()->size() == 1);
  CHECK(office.roll.audit(0, 10)->size() == entries);
  CHECK(set_password(office.roll, "li", {.hash = "mine", .checked = "first"}, office.act));
  CHECK(office.roll.person("li")->password == "mine");
}

TEST_CASE("a password counts by its length") {
  CHECK(check_password("correct horse", "li"));
  CHECK(check_password("一二三四五六七八九十", "li"));
  CHECK_FALSE(check_password("too short", "li"));
  CHECK_FALSE(check_password(std::string(201, 'x'), "li"));
  CHECK_FALSE(check_password("ten letters\n", "li"));
  CHECK_FALSE(check_password("administrator", "administrator"));
}
