#include <catch2/catch.hpp>
#include <functional>

#include "../broadcast/memory_ledger.h"
#include "folder.h"
#include "store/ledger.h"
#include "store/migrations.h"

using namespace openday;
using namespace openday::broadcast;
using account::Session;

namespace {

Broadcast full_broadcast() {
  Broadcast b;
  b.id = "day";
  b.title = "开放日 \"1\"";
  b.description = "two\nlines";
  b.language = "en";
  b.hidden = true;
  b.state = State::kLive;
  b.created_at = {1};
  b.starts_at = ProgramTime{2};
  b.live_at = ProgramTime{3};
  b.house = {640, 360, 25};
  b.seats = {{1, "b", "B"}, {0, "a", "第一法庭"}};
  b.scene = {"grid", {"a", "b"}, true, false, "T"};
  b.mix = {{"a", {-6.5, true}}};
  b.preview = "p";
  b.public_from = ProgramTime{9};
  b.recorded = true;
  return b;
}

// What every ledger promises; run against SQLite and against the tests' own.
template <class AnyLedger>
void check_ledger(AnyLedger& ledger) {
  Broadcast day = full_broadcast();
  REQUIRE(ledger.put(day));
  CHECK(*ledger.broadcast("day") == day);
  CHECK(ledger.broadcast("other").error().code == Errc::kNotFound);

  REQUIRE(ledger.put("day", SavedScene{"intro", day.scene}));
  Target target{"t", "day", "N", "srt://h:1?***", {3}, {1, 2}, "720p", false};
  REQUIRE(ledger.put(target));
  int64_t first = *ledger.add({0, "day", {10}, {20}, "r", {30}});
  CHECK(*ledger.withdrawals("day") == std::vector<Withdrawal>{{first, "day", {10}, {20}, "r", {30}}});

  day.title = "changed";
  day.ended_at = ProgramTime{4};
  day.public_from = std::nullopt;
  REQUIRE(ledger.put(day));
  CHECK(*ledger.broadcast("day") == day);
  CHECK(ledger.scenes("day")->size() == 1);  // changing a broadcast keeps what belongs to it
  CHECK(*ledger.target("day", "t") == target);
  CHECK(ledger.target("day", "u").error().code == Errc::kNotFound);
  CHECK(ledger.remove_target("day", "u").error().code == Errc::kNotFound);

  Venue venue{"a", "A", {SourceKind::kPull, "rtsp://h", {9}, ""}, -5, 200, {7}};
  REQUIRE(ledger.put(venue));
  CHECK(*ledger.venue("a") == venue);
  IngestKey key{"a", {1, 1}, {2, 2}, {8}};
  REQUIRE(ledger.put(key));
  key.rtmp_digest = {3, 3};
  REQUIRE(ledger.put(key));
  CHECK(*ledger.ingest_key("a") == key);
  CHECK(*ledger.ingest_key_by_digest({3, 3}) == key);
  CHECK(ledger.ingest_key_by_digest({1, 1}).error().code == Errc::kNotFound);
  REQUIRE(ledger.remove_venue("a"));
  CHECK(ledger.ingest_key("a").error().code == Errc::kNotFound);
  CHECK(ledger.remove_venue("a").error().code == Errc::kNotFound);

  auto add = [&](const char* id, State state, std::optional<ProgramTime> starts,
                 std::optional<ProgramTime> live, std::optional<ProgramTime> ended) {
    Broadcast b;
    b.id = b.title = id;
    b.state = state;
    b.starts_at = starts;
    b.live_at = live;
    b.ended_at = ended;
    REQUIRE(ledger.put(b));
  };
  using P = ProgramTime;
  add("ended-old", State::kEnded, {}, P{100}, P{110});
  add("ended-new", State::kEnded, {}, P{200}, P{210});
  add("later", State::kScheduled, P{900}, {}, {});
  add("sooner", State::kScheduled, P{800}, {}, {});
  add("someday", State::kScheduled, {}, {}, {});
  add("rehearsing", State::kRehearsal, P{850}, {}, {});
  add("on-air", State::kLive, P{300}, P{300}, {});
  auto names = [](const Result<std::vector<Broadcast>>& found) {
    std::vector<std::string> ids;
    for (const auto& b : *found) ids.push_back(b.id);
    return ids;
  };
  using Names = std::vector<std::string>;
  CHECK(names(ledger.public_broadcasts(50)) ==
        Names{"on-air", "sooner", "rehearsing", "later", "someday", "ended-new", "ended-old"});
  CHECK(names(ledger.public_broadcasts(2)) == Names{"on-air", "sooner"});
  CHECK(names(ledger.active_broadcasts()) == Names{"day", "on-air", "rehearsing"});
  CHECK(ledger.broadcasts()->size() == 8);

  REQUIRE(ledger.remove_broadcast("day"));
  CHECK(ledger.scenes("day")->empty());
  CHECK(ledger.targets("day")->empty());
  CHECK(ledger.withdrawals("day")->empty());
  CHECK(ledger.remove_broadcast("day").error().code == Errc::kNotFound);

  REQUIRE(ledger.doom_media("day"));
  REQUIRE(ledger.doom_media("day"));
  REQUIRE(ledger.doom_media("eve"));
  CHECK(*ledger.doomed_media() == std::vector<std::string>{"day", "eve"});
  REQUIRE(ledger.media_gone("day"));
  REQUIRE(ledger.media_gone("day"));
  CHECK(*ledger.doomed_media() == std::vector<std::string>{"eve"});

  for (int i = 0; i < 5; ++i) {
    REQUIRE(ledger.append({0, {i}, "admin", "token", "x", std::to_string(i), i == 0 ? "" : "{}"}));
  }
  auto newest = ledger.audit(0, 2);
  REQUIRE(newest->size() == 2);
  CHECK((*newest)[0].number == 5);
  CHECK((*newest)[1].subject == "3");
  CHECK(ledger.audit(4, 10)->size() == 3);

  using account::Role;
  account::Person li{"li", "李法官", {Role::kProducer, Role::kOfficer}, "$argon2id$…", true, false, {5}};
  REQUIRE(ledger.put(li));
  CHECK(*ledger.person("li") == li);
  li.roles = {Role::kAdmin};
  li.must_change = false;
  li.disabled = true;
  REQUIRE(ledger.put(li));
  account::Person an{"an", "An", {Role::kModerator}, "x", false, false, {6}};
  REQUIRE(ledger.put(an));
  CHECK(*ledger.people() == std::vector<account::Person>{an, li});
  CHECK(ledger.person("nobody").error().code == Errc::kNotFound);

  REQUIRE(ledger.add(Session{"d", "li", {1}, {2}}));
  REQUIRE(ledger.renew("d", {3}));
  REQUIRE(ledger.renew("gone", {3}));
  CHECK(*ledger.sessions() == std::vector<Session>{{"d", "li", {1}, {3}}});
  REQUIRE(ledger.add(Session{"e", "li", {1}, {3}}));
  REQUIRE(ledger.add(Session{"f", "an", {1}, {3}}));
  REQUIRE(ledger.remove_sessions("li", "e"));
  CHECK(ledger.sessions()->size() == 2);
  REQUIRE(ledger.remove_session("e"));
  REQUIRE(ledger.remove_session("e"));
  REQUIRE(ledger.remove_sessions("an", ""));
  CHECK(ledger.sessions()->empty());
}

}  // namespace

TEST_CASE("the ledger in memory keeps the ledger's promises") {
  test::MemoryLedger ledger;
  check_ledger(ledger);
}

TEST_CASE("the ledger in SQLite keeps the ledger's promises") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(db->script("PRAGMA foreign_keys = ON"));
  REQUIRE(store::migrate(*db));
  store::SqliteLedger ledger(*db);
  check_ledger(ledger);
}

TEST_CASE("the audit trail cannot be edited, and editing around that is noticed") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(store::migrate(*db));
  store::SqliteLedger ledger(*db);
  for (int i = 0; i < 4; ++i) REQUIRE(ledger.append({0, {i}, "admin", "token", "act", "s", ""}));
  CHECK(store::verify_audit(*db));
  CHECK_FALSE(db->run("UPDATE audit SET subject = 'x' WHERE number = 2"));
  CHECK_FALSE(db->run("DELETE FROM audit WHERE number = 2"));
  CHECK(store::verify_audit(*db));
  REQUIRE(db->script("DROP TRIGGER audit_is_not_changed; UPDATE audit SET subject = 'x' WHERE number = 2"));
  auto verdict = store::verify_audit(*db);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().message.find("entry 2 ") != std::string::npos);
}

TEST_CASE("the audit trail notices a missing entry") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(store::migrate(*db));
  store::SqliteLedger ledger(*db);
  for (int i = 0; i < 4; ++i) REQUIRE(ledger.append({0, {i}, "admin", "token", "act", "s", ""}));
  REQUIRE(db->script("DROP TRIGGER audit_is_not_removed; DELETE FROM audit WHERE number = 3"));
  CHECK_FALSE(store::verify_audit(*db));
}

TEST_CASE("the audit trail's end is not cut off unseen by who has noted its head") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(store::migrate(*db));
  auto head = store::verify_audit(*db);
  REQUIRE(head);
  CHECK(head->entries == 0);
  CHECK(head->hash.empty());
  store::SqliteLedger ledger(*db);
  auto append = [&](int64_t at, int count) {
    for (int i = 0; i < count; ++i) REQUIRE(ledger.append({0, {at + i}, "admin", "token", "act", "s", ""}));
  };
  append(0, 4);
  head = store::verify_audit(*db);
  REQUIRE(head);
  CHECK(head->entries == 4);
  CHECK(head->hash.size() == 64);
  append(4, 2);  // it goes on
  CHECK(store::verify_audit(*db, head->hash)->entries == 6);
  CHECK(store::verify_audit(*db)->hash != head->hash);
  REQUIRE(db->script("DROP TRIGGER audit_is_not_removed; DELETE FROM audit WHERE number > 3"));
  CHECK(store::verify_audit(*db)->entries == 3);
  CHECK_FALSE(store::verify_audit(*db, head->hash));
  append(100, 3);  // others in their place
  CHECK(store::verify_audit(*db)->entries == 6);
  CHECK_FALSE(store::verify_audit(*db, head->hash));
  CHECK_FALSE(store::verify_audit(*db, "nonsense"));
}
