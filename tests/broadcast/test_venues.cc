#include <catch2/catch.hpp>

#include "broadcast/life_cycle.h"
#include "broadcast/venues.h"
#include "memory_ledger.h"

using namespace openday;
using namespace openday::broadcast;

namespace {

struct VenueHouse {
  Result<Venue> make(const std::string& id, NewSource source = {}) {
    NewVenue venue;
    venue.id = id;
    venue.name = "Hall " + id;
    venue.source = std::move(source);
    return create_venue(ledger, venue, rules, act);
  }

  test::MemoryLedger ledger;
  Rules rules{{{"full", {1}}}, {}, *Vault::with_key(Bytes(32, 7))};
  Act act{"admin", "token", {1'790'000'000'000}};
};

}  // namespace

TEST_CASE("a pull source is shown without its password and can be opened again") {
  VenueHouse house;
  auto venue = house.make("cam", {SourceKind::kPull, "rtsp://op:s3cret@cam.example:554/live?token=abc", ""});
  REQUIRE(venue);
  CHECK(venue->source.url == "rtsp://op:***@cam.example:554/live?***");
  CHECK(house.rules.vault.open(venue->source.sealed_url) ==
        "rtsp://op:s3cret@cam.example:554/live?token=abc");
}

TEST_CASE("sources that reach what they must not are refused") {
  VenueHouse house;
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "file:///etc/passwd", ""})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "concat:a|b", ""})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "rtsp://", ""})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "srt://h.example", ""})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "http://169.254.169.254/", ""})) == Errc::kRefused);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "rtsp://127.0.0.1/", ""})) == Errc::kRefused);
  CHECK(test::code_of(house.make("x", {SourceKind::kPull, "rtsps://cam.example/", ""})) == Errc::kRefused);
  house.rules.egress.allow_private = true;
  CHECK(house.make("near", {SourceKind::kPull, "rtsp://127.0.0.1/", ""}));
  CHECK(test::code_of(house.make("x", {SourceKind::kFile, "", "/etc/passwd"})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kFile, "", "clips/../../x"})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kFile, "", ".."})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {SourceKind::kFile, "", ""})) == Errc::kInvalid);
  CHECK(house.make("x", {SourceKind::kFile, "", "clips/..intro.mp4"}));
}

TEST_CASE("a fresh key lets its venue in and locks the old one out") {
  VenueHouse house;
  REQUIRE(house.make("a"));
  REQUIRE(house.make("b"));
  REQUIRE(rotate_key(house.ledger, "a", {"key-one", "passphrase-one"}, house.rules, house.act));
  REQUIRE(rotate_key(house.ledger, "b", {"key-b", "passphrase-b"}, house.rules, house.act));
  CHECK(venue_of_stream_key(house.ledger, "key-one", house.rules) == "a");
  CHECK(venue_of_stream_key(house.ledger, "key-b", house.rules) == "b");
  CHECK(test::code_of(venue_of_stream_key(house.ledger, "key-onf", house.rules)) == Errc::kRefused);
  CHECK(test::code_of(venue_of_stream_key(house.ledger, "", house.rules)) == Errc::kRefused);
  CHECK(test::code_of(venue_of_stream_key(house.ledger, "a", house.rules)) == Errc::kRefused);
  REQUIRE(rotate_key(house.ledger, "a", {"key-two", "passphrase-two"}, house.rules, house.act));
  CHECK(test::code_of(venue_of_stream_key(house.ledger, "key-one", house.rules)) == Errc::kRefused);
  CHECK(venue_of_stream_key(house.ledger, "key-two", house.rules) == "a");
  CHECK(house.rules.vault.open(house.ledger.ingest_key("a")->sealed_passphrase) == "passphrase-two");
  Rules other{{}, {}, *Vault::with_key(Bytes(32, 8))};
  CHECK(test::code_of(venue_of_stream_key(house.ledger, "key-two", other)) == Errc::kRefused);
  CHECK_FALSE(other.vault.open(house.ledger.ingest_key("a")->sealed_passphrase));
  auto trail = house.ledger.audit(0, 100);
  for (const auto& entry : *trail) {
    CHECK(entry.detail.find("key-") == std::string::npos);
    CHECK(entry.detail.find("passphrase-") == std::string::npos);
  }
}

TEST_CASE("a venue is renamed in the broadcasts to come, not in those that were") {
  VenueHouse house;
  REQUIRE(house.make("a"));
  for (const char* id : {"past", "next"}) {
    NewBroadcast wanted;
    wanted.id = wanted.title = id;
    wanted.venues = {"a"};
    REQUIRE(create(house.ledger, wanted, house.rules, house.act));
  }
  REQUIRE(go_live(house.ledger, "past", std::nullopt, house.act));
  REQUIRE(end(house.ledger, "past", "past", house.act));
  VenueChanges changes;
  changes.name = "Great hall";
  REQUIRE(edit_venue(house.ledger, "a", changes, house.rules, house.act));
  CHECK(house.ledger.broadcast("next")->seats[0].name == "Great hall");
  CHECK(house.ledger.broadcast("past")->seats[0].name == "Hall a");
}

TEST_CASE("a venue that a coming broadcast counts on is not deleted") {
  VenueHouse house;
  REQUIRE(house.make("a"));
  NewBroadcast wanted;
  wanted.id = wanted.title = "day";
  wanted.venues = {"a"};
  REQUIRE(create(house.ledger, wanted, house.rules, house.act));
  CHECK_FALSE(remove_venue(house.ledger, "a", house.act));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  REQUIRE(end(house.ledger, "day", "day", house.act));
  CHECK(remove_venue(house.ledger, "a", house.act));
  CHECK(house.ledger.broadcast("day")->seats[0].name == "Hall a");
}

TEST_CASE("offsets and jitter have bounds, and an id is taken once") {
  VenueHouse house;
  REQUIRE(house.make("a"));
  CHECK(test::code_of(house.make("a")) == Errc::kConflict);
  VenueChanges changes;
  changes.av_offset_ms = 1001;
  CHECK(test::code_of(edit_venue(house.ledger, "a", changes, house.rules, house.act)) == Errc::kInvalid);
  changes.av_offset_ms = -1000;
  changes.jitter_ms = 10;
  CHECK(test::code_of(edit_venue(house.ledger, "a", changes, house.rules, house.act)) == Errc::kInvalid);
  changes.jitter_ms = 1001;
  CHECK(test::code_of(edit_venue(house.ledger, "a", changes, house.rules, house.act)) == Errc::kInvalid);
  changes.jitter_ms = 500;
  CHECK(edit_venue(house.ledger, "a", changes, house.rules, house.act)->jitter_ms == 500);
}

TEST_CASE("a URL that comes back as it was shown is the one that is kept") {
  VenueHouse house;
  REQUIRE(house.make("cam", {SourceKind::kPull, "rtsp://op:s3cret@cam.example/live?token=abc", ""}));
  VenueChanges changes;
  changes.name = "Camera";
  changes.source = NewSource{SourceKind::kPull, "rtsp://op:***@cam.example:554/live?***", ""};
  auto edited = edit_venue(house.ledger, "cam", changes, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->name == "Camera");
  CHECK(house.rules.vault.open(edited->source.sealed_url) == "rtsp://op:s3cret@cam.example/live?token=abc");
  changes.source->url = "rtsp://op:***@other.example:554/live";
  CHECK(test::code_of(edit_venue(house.ledger, "cam", changes, house.rules, house.act)) == Errc::kInvalid);
  changes.source->url = "rtsp://other.example/live";
  CHECK(edit_venue(house.ledger, "cam", changes, house.rules, house.act)->source.url ==
        "rtsp://other.example:554/live");
}
