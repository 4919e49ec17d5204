#include "desk/roster.h"

#include "station.h"

using namespace openday;
using namespace openday::desk;
using namespace openday::test;

namespace {

std::vector<std::string> names(Station& station) {
  auto readers = roster(station.ledger, station.books.ledger, station.house);
  REQUIRE(readers);
  std::vector<std::string> found;
  for (const auto& one : readers->officers()) found.push_back(one.person);
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the first officer is the root, once, and with their own key only") {
  Station station;
  Pair ana = station.join("ana");
  Pair recovery = make_recovery().pair;
  CHECK(code_of(found(station.ledger, station.books.ledger, station.house, sodium::KeyPair::random(),
                      recovery, station.act("ana"))) == Errc::kConflict);
  REQUIRE(found(station.ledger, station.books.ledger, station.house, ana, recovery, station.act("ana")));
  CHECK(names(station) == Names{"ana"});
  Pair bo = station.join("bo");
  CHECK(code_of(found(station.ledger, station.books.ledger, station.house, bo, recovery,
                      station.act("bo"))) == Errc::kConflict);
  CHECK(names(station) == Names{"ana"});
}

TEST_CASE("an officer counts once somebody on the roster, or the recovery key, has vouched for them") {
  Station station;
  station.found();
  Pair bo = station.join("bo");
  Pair cy = station.join("cy");
  CHECK(names(station) == Names{"ana"});
  CHECK(code_of(station.countersign("bo", bo, cy)) == Errc::kRefused);
  CHECK(code_of(station.countersign("bo", bo, bo)) == Errc::kRefused);
  REQUIRE(station.countersign("bo", bo, station.ana));
  CHECK(code_of(station.countersign("bo", bo, station.ana)) == Errc::kConflict);
  REQUIRE(station.countersign("cy", cy, bo));
  CHECK(names(station) == Names{"ana", "bo", "cy"});
  Pair di = station.join("di");
  REQUIRE(station.countersign("di", di, station.recovery));
  CHECK(names(station) == Names{"ana", "bo", "cy", "di"});
  CHECK(code_of(station.countersign("bo", cy, station.ana)) == Errc::kConflict);  // not bo's key
}

TEST_CASE("whoever an intruder writes into the database is told nothing") {
  Station station;
  station.found();
  Pair bo = station.join("bo");
  REQUIRE(station.countersign("bo", bo, station.ana));
  Pair eve = station.join("eve");
  SECTION("with a certificate of their own") {
    station.ledger.certificates_.push_back(certify("eve", eve->public_half(), eve));
  }
  SECTION("with bo's certificate under another name") {
    auto stolen = station.ledger.certificates_.front();
    stolen.person = "eve";
    station.ledger.certificates_.push_back(stolen);
  }
  SECTION("with bo's certificate for another key") {
    auto stolen = station.ledger.certificates_.front();
    stolen.public_half = eve->public_half();
    station.ledger.certificates_.push_back(stolen);
  }
  SECTION("with a ring of intruders") {
    Pair mal = station.join("mal");
    station.ledger.certificates_.push_back(certify("mal", mal->public_half(), eve));
    station.ledger.certificates_.push_back(certify("eve", eve->public_half(), mal));
  }
  SECTION("with bo's row of keys") {
    REQUIRE(station.books.ledger.put(account::Keys{"bo", eve->public_half(), {}, {}, {}}));
    CHECK(names(station) == Names{"ana"});
    return;
  }
  CHECK(names(station) == Names{"ana", "bo"});
}

TEST_CASE("a root that is not this server's, or another recovery key, stops everything") {
  Station station;
  station.found();
  Root good = *station.ledger.root_;
  Pair eve = station.join("eve");
  auto refused = [&] {
    auto readers = roster(station.ledger, station.books.ledger, station.house);
    return !readers && readers.error().code == Errc::kRefused;
  };
  station.ledger.root_->public_half = eve->public_half();
  CHECK(refused());
  station.ledger.root_ = good;
  station.ledger.root_->recovery = eve->public_half();
  CHECK(refused());
  station.ledger.root_ = make_root(*HouseKeys::with_key(Bytes(32, 8)), "eve", eve, make_recovery().pair);
  CHECK(refused());
  CHECK(code_of(record(station.ledger, station.books.ledger, station.house, station.tip(), station.now)) ==
        Errc::kRefused);
  station.ledger.root_ = good;
  CHECK_FALSE(refused());
}

TEST_CASE("who loses the role or is disabled is off the roster; whom they vouched for stays") {
  Station station;
  station.found();
  REQUIRE(station.books.ledger.put(Person{"boss", "boss", {Role::kAdmin}, "", false, false, {}}));
  Pair bo = station.join("bo");
  REQUIRE(station.countersign("bo", bo, station.ana));
  Pair cy = station.join("cy");
  REQUIRE(station.countersign("cy", cy, bo));
  std::string tip = station.record();
  CHECK(station.opens(tip, bo));
  REQUIRE(account::edit_person(station.books.ledger, "bo",
                               {.name = {}, .roles = account::Roles{Role::kModerator}, .disabled = {}},
                               station.act("boss")));
  CHECK(names(station) == Names{"ana", "cy"});
  CHECK_FALSE(station.opens(tip, bo));
  REQUIRE(account::edit_person(station.books.ledger, "ana", {.name = {}, .roles = {}, .disabled = true},
                               station.act("boss")));
  CHECK(names(station) == Names{"cy"});
  CHECK(code_of(station.countersign("cy", cy, station.ana)) == Errc::kRefused);
  // With the role back they have a new key, and are strangers.
  REQUIRE(account::edit_person(station.books.ledger, "bo",
                               {.name = {}, .roles = account::Roles{Role::kOfficer}, .disabled = {}},
                               station.act("boss")));
  Pair newer = station.new_pair("bo");
  CHECK(names(station) == Names{"cy"});
  REQUIRE(station.countersign("bo", newer, cy));
  CHECK(names(station) == Names{"bo", "cy"});
}

TEST_CASE("nobody without the right, or with a password that others know, keeps a key") {
  Station station;
  station.join("mo", {Role::kAdmin, Role::kModerator, Role::kProducer});
  Pair pair = sodium::KeyPair::random();
  CHECK(code_of(account::keep_keys(station.books.ledger, {"mo", pair->public_half(), {}, {}, {}},
                                   station.act("mo"))) == Errc::kConflict);
  REQUIRE(station.books.ledger.put(Person{"new", "new", {Role::kOfficer}, "", true, false, {}}));
  CHECK(code_of(account::keep_keys(station.books.ledger, {"new", pair->public_half(), {}, {}, {}},
                                   station.act("new"))) == Errc::kConflict);
}

TEST_CASE("the recovery key is read as it was printed, however it is typed, and mistakes are seen") {
  auto made = make_recovery();
  CHECK(made.printed.size() == 44);
  auto read = read_recovery(made.printed);
  REQUIRE(read);
  CHECK((*read)->public_half() == made.pair->public_half());
  std::string sloppy;
  for (char c : made.printed) {
    sloppy += c == '-' ? ' ' : c == '0' ? 'o' : c == '1' ? 'l' : static_cast<char>(tolower(c));
  }
  CHECK((*read_recovery(sloppy))->public_half() == made.pair->public_half());
  int unseen = 0;
  for (size_t at = 0; at < made.printed.size(); ++at) {
    if (made.printed[at] == '-') continue;
    std::string wrong = made.printed;
    wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
    if (read_recovery(wrong)) ++unseen;
  }
  CHECK(unseen == 0);
  CHECK_FALSE(read_recovery(""));
  CHECK_FALSE(read_recovery(made.printed + "A"));
  CHECK_FALSE(read_recovery(made.printed.substr(0, 40)));
  CHECK_FALSE(read_recovery("UUUU"));
}

TEST_CASE("a fingerprint is eight groups of four") {
  Pair pair = sodium::KeyPair::random();
  CHECK(fingerprint(pair->public_half()).size() == 39);
  CHECK(fingerprint(pair->public_half()) != fingerprint(sodium::KeyPair::random()->public_half()));
}
