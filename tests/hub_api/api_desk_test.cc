#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "../desk/station.h"
#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;
using account::Role;

namespace {

const std::string kDesk = "/api/v1/desk";
const std::string kPassword = "correct horse battery";  // what log_in() gives everybody

struct DeskHouseTest : ControlHouse {
  /// As somebody with this cookie, from a page of this host.
  Answered as(const std::string& cookie, Method method, const std::string& path, const Json& body = nullptr) {
    Request made = request(method, path, body.is_null() ? "" : body.dump());
    made.headers.push_back({"cookie", cookie});
    made.headers.push_back({"x-openday", "1"});
    made.headers.push_back({"origin", "http://hub.example:8080"});
    return send(std::move(made));
  }
  std::string found() {
    ana = log_in("ana", {Role::kOfficer});
    auto founded = as(ana, Method::kPost, kDesk + "/found");
    REQUIRE(founded.status == 200);
    return founded.json["recovery_key"];
  }
  /// A tip that says this; its id.
  std::string plant(const std::string& text) {
    desk::NewTip wanted;
    wanted.id = random_name();
    wanted.content = {"lead", text, "138", ProgramTime{1'700'000'012'345}};
    wanted.broadcast = "day";
    wanted.receipt = {random_bytes(32), desk::make_content_key()};
    wanted.key = desk::make_content_key();
    wanted.photos.push_back({wanted.id, 1, desk::seal_photo(wanted.key, wanted.id, 1, as_bytes("JPEG"))});
    on_loop(
        [&] { REQUIRE(desk::record(desk_books.ledger, books.ledger, house_keys, wanted, clock.wall())); });
    planted_key = wanted.key;
    return wanted.id;
  }
  /// The tipster of the tip planted last.
  void write_again(const std::string& id) {
    on_loop(
        [&] { REQUIRE(desk::write(desk_books.ledger, id, planted_key, "one more thing", clock.wall())); });
  }
  std::string fingerprint(const std::string& officer) {
    for (const auto& one : as(ana, Method::kGet, kDesk).json["officers"]) {
      if (one["id"] == officer) return one["fingerprint"];
    }
    return {};
  }
  std::string state(const std::string& officer) {
    for (const auto& one : as(ana, Method::kGet, kDesk).json["officers"]) {
      if (one["id"] == officer) return one["state"];
    }
    return {};
  }
  Answered tip(const std::string& cookie, const std::string& id) {
    return as(cookie, Method::kGet, kDesk + "/tips/" + id);
  }
  std::string ana;
  desk::Key planted_key;
};

}  // namespace

TEST_CASE("an officer's key is made at log-in, opens with it, and closes with the session") {
  DeskHouseTest house;
  std::string ana = house.log_in("ana", {Role::kOfficer});
  auto desk = house.as(ana, Method::kGet, kDesk);
  REQUIRE(desk.status == 200);
  CHECK(desk.json["founded"] == false);
  CHECK(desk.json["open"] == true);
  CHECK(desk.json["me"]["state"] == "waiting");
  Json kept = {{"received", 730}, {"triaged", nullptr}, {"answered", nullptr}, {"closed", 180}, {"spam", 30}};
  CHECK(desk.json["keep_days"] == kept);
  std::string key = desk.json["me"]["fingerprint"];
  CHECK(key.size() == 39);
  // As after a restart of the hub.
  house.on_loop([&] { house.officer_keys->keep_only({}); });
  CHECK(house.as(ana, Method::kGet, kDesk).json["open"] == false);
  auto locked = house.as(ana, Method::kGet, kDesk + "/tips");
  CHECK(locked.status == 423);
  CHECK(locked.code() == "locked");
  CHECK(house.as(ana, Method::kPost, kDesk + "/unlock", {{"password", "wrong"}}).status == 403);
  CHECK(house.as(ana, Method::kPost, kDesk + "/unlock", {{"password", kPassword}}).status == 204);
  desk = house.as(ana, Method::kGet, kDesk);
  CHECK(desk.json["open"] == true);
  CHECK(desk.json["me"]["fingerprint"] == key);
  CHECK(house.as(ana, Method::kDelete, "/api/v1/session").status == 204);
  CHECK(house.as(ana, Method::kGet, kDesk).status == 401);
  auto session = house.on_loop([&] { return house.books.ledger.sessions()->size(); });
  CHECK(session == 0);
}

TEST_CASE("the key outlives a password one chooses, and not one that the admin gives") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("hello");
  std::string key = house.fingerprint("ana");
  CHECK(house
            .as(house.ana, Method::kPut, "/api/v1/session/password",
                {{"present", kPassword}, {"new", "another good one"}})
            .status == 204);
  CHECK(house.fingerprint("ana") == key);
  CHECK(house.tip(house.ana, id).json["readable"] == true);
  auto given = house.post("/api/v1/admin/people/ana/password", R"({"even_last_officer":true})");
  REQUIRE(given.status == 200);
  auto login = house.send([&] {
    Request made = ControlHouse::request(Method::kPost, "/api/v1/session",
                                         Json{{"name", "ana"}, {"password", given.json["password"]}}.dump());
    made.peer = "198.51.100.9";
    return made;
  }());
  REQUIRE(login.status == 200);
  std::string set = login.header("Set-Cookie");
  std::string again = set.substr(0, set.find(';'));
  CHECK(house.as(again, Method::kGet, kDesk).code() == "password_change_needed");
  CHECK(house
            .as(again, Method::kPut, "/api/v1/session/password",
                {{"present", given.json["password"]}, {"new", "a third good one"}})
            .status == 204);
  house.ana = again;
  CHECK(house.fingerprint("ana") != key);
  CHECK(house.state("ana") == "waiting");
  CHECK(house.tip(again, id).status == 403);
}

TEST_CASE("a key that does not open is not thrown away by a new password") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("hello");
  account::Keys good;
  house.on_loop([&] {
    good = **house.officer_keys->stored("ana");
    account::Keys bad = good;
    bad.wrapped.back() ^= 1;
    REQUIRE(house.books.ledger.put(bad));
  });
  auto change = [&] {
    return house.as(house.ana, Method::kPut, "/api/v1/session/password",
                    {{"present", kPassword}, {"new", "another good one"}});
  };
  auto refused = change();
  CHECK(refused.status == 409);
  CHECK(refused.message().find("does not open your stored key") != std::string::npos);
  CHECK(house.state("ana") == "root");
  CHECK(house.tip(house.ana, id).json["readable"] == true);
  house.on_loop([&] { REQUIRE(house.books.ledger.put(good)); });
  CHECK(change().status == 204);
  CHECK(house.tip(house.ana, id).json["readable"] == true);
}

TEST_CASE("an officer reads nothing until a colleague has compared their key and countersigned it") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("behind the station");
  std::string bo = house.log_in("bo", {Role::kOfficer});
  CHECK(house.state("bo") == "waiting");
  CHECK(house.as(bo, Method::kGet, kDesk + "/tips").status == 403);
  CHECK(house.as(bo, Method::kPost, kDesk + "/found").status == 409);
  auto countersign = [&](const std::string& cookie, const std::string& who, const std::string& key) {
    return house
        .as(cookie, Method::kPost, kDesk + "/officers/" + who + "/countersign", {{"fingerprint", key}})
        .status;
  };
  std::string key = house.fingerprint("bo");
  CHECK(countersign(bo, "bo", key) == 403);
  CHECK(countersign(house.ana, "bo", house.fingerprint("ana")) == 409);
  CHECK(countersign(house.ana, "nobody", key) == 409);
  CHECK(countersign(house.ana, "bo", key) == 204);
  CHECK(house.state("bo") == "countersigned");
  auto tip = house.tip(bo, id);
  CHECK(tip.json["content"]["text"] == "behind the station");
  CHECK(tip.json["content"]["moment"] == "2023-11-14T22:13:32.345Z");
  CHECK(tip.json["minute"] == "2023-11-14T22:13:00.000Z");
  auto photo = house.as(bo, Method::kGet, kDesk + "/tips/" + id + "/photos/1");
  CHECK(photo.text == "JPEG");
  CHECK(photo.header("Cache-Control") == "no-store");
  CHECK(house.as(bo, Method::kGet, kDesk + "/tips/" + id + "/photos/2").status == 404);
  CHECK(house.as(bo, Method::kGet, kDesk + "/tips/" + id + "/photos/x").status == 404);
  // Without the role, without the tips.
  REQUIRE(house.ask(Method::kPatch, "/api/v1/admin/people/bo", R"({"roles":["moderator"]})").status == 200);
  CHECK(house.tip(bo, id).status == 403);
  REQUIRE(house.ask(Method::kPatch, "/api/v1/admin/people/bo", R"({"roles":["officer"]})").status == 200);
  CHECK(house.tip(bo, id).status == 423);
  CHECK(house.as(bo, Method::kPost, kDesk + "/unlock", {{"password", kPassword}}).status == 204);
  CHECK(house.tip(bo, id).status == 403);
  CHECK(house.state("bo") == "waiting");
}

TEST_CASE("whom nobody has vouched for comes to no tip, by whichever route, and leaves no trace in it") {
  DeskHouseTest house;
  std::string mole = house.log_in("mole", {Role::kOfficer});
  CHECK(house.as(mole, Method::kGet, kDesk + "/tips").status == 409);  // not founded
  house.found();
  std::string id = house.plant("behind the station");
  // What they need to be vouched for.
  const std::set<std::string> theirs = {kDesk, kDesk + "/unlock", kDesk + "/found", kDesk + "/recover",
                                        kDesk + "/events"};
  const std::map<std::string, Json> bodies = {{"/triage", {{"verdict", "spam"}}},
                                              {"/answer", {{"text", "no"}, {"after", 1}}},
                                              {"/close", {{"after", 1}}}};
  int walked = 0;
  for (const auto& route : house.api->staff_routes()) {
    if (!route.pattern.starts_with(kDesk) || theirs.contains(route.pattern)) continue;
    std::string path = route.pattern;
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{t}", id},
                                      {"{p}", "mole"},
                                      {"{n}", "1"},
                                      {"{path...}", "run1/r720/1.m4s"}}) {
      if (size_t at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
    }
    Json body;
    for (const auto& [end, one] : bodies) {
      if (path.ends_with(end)) body = one;
    }
    if (path.ends_with("/countersign")) body = {{"fingerprint", house.fingerprint("mole")}};
    CAPTURE(path);
    auto answer = house.as(mole, route.method, path, body);
    CHECK(answer.status == 403);
    CHECK(answer.code() == "refused");
    ++walked;
  }
  CHECK(walked == 9);
  auto desk = house.as(mole, Method::kGet, kDesk);
  CHECK(desk.json["me"]["state"] == "waiting");
  CHECK(desk.json["counts"] == nullptr);
  CHECK(house.tip(house.ana, id).json["timeline"].size() == 1);
}

TEST_CASE("who is on the roster and cannot open a tip cannot triage or close it either") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("behind the station");
  std::string bo = house.log_in("bo", {Role::kOfficer});
  // Vouched for, and what there was not shared yet.
  house.on_loop([&] {
    auto pair = house.officer_keys->of(broadcast::sha256_hex(house.ana.substr(house.ana.find('=') + 1)));
    auto keys = house.officer_keys->stored("bo");
    REQUIRE(desk::countersign(house.desk_books.ledger, house.books.ledger, house.house_keys, "bo",
                              (**keys).public_half, pair, {"ana", "session", house.clock.wall()}));
  });
  CHECK(house.state("bo") == "countersigned");
  CHECK(house.tip(bo, id).json["readable"] == false);
  CHECK(house.as(bo, Method::kPost, kDesk + "/tips/" + id + "/triage", {{"verdict", "spam"}}).status == 404);
  CHECK(house.as(bo, Method::kPost, kDesk + "/tips/" + id + "/close", {{"after", 1}}).status == 404);
  CHECK(house.tip(house.ana, id).json["timeline"].size() == 1);
}

TEST_CASE("with the recovery key an officer gets in when nobody else is left") {
  DeskHouseTest house;
  std::string printed = house.found();
  std::string id = house.plant("behind the station");
  std::string bo = house.log_in("bo", {Role::kOfficer});
  // Not by mistake: nobody else is on the roster.
  const std::string her = "/api/v1/admin/people/ana";
  for (const auto& answer :
       {house.ask(Method::kPatch, her, R"({"disabled":true})"),
        house.ask(Method::kPatch, her, R"({"roles":["moderator"]})"), house.post(her + "/password")}) {
    CHECK(answer.status == 409);
    CHECK(answer.message().find("the last officer who can read tips") != std::string::npos);
  }
  CHECK(house.state("ana") == "root");
  CHECK(house.tip(house.ana, id).json["readable"] == true);
  CHECK(house.ask(Method::kPatch, her, R"({"name":"Ana"})").status == 200);
  REQUIRE(house.ask(Method::kPatch, her, R"({"disabled":true,"even_last_officer":true})").status == 200);
  house.ana = bo;
  std::string key = house.fingerprint("bo");
  auto ask = [&](const std::string& typed, const std::string& fingerprint) {
    return house.as(bo, Method::kPost, kDesk + "/recover", {{"key", typed}, {"fingerprint", fingerprint}});
  };
  auto recover = [&](const std::string& typed, const std::string& fingerprint) {
    return ask(typed, fingerprint).status;
  };
  CHECK(recover("AAAA", key) == 400);
  CHECK(recover(desk::make_recovery().printed, key) == 403);
  CHECK(recover(printed, "0000") == 409);
  CHECK(recover(printed, key) == 204);
  CHECK(house.tip(bo, id).json["content"]["text"] == "behind the station");
  CHECK(recover(printed, key) == 409);  // is on the roster
  auto often = ask(printed, key);
  CHECK(often.status == 429);
  // Of the minute that began with the first try.
  int wait = std::stoi(often.header("Retry-After"));
  CHECK(wait > 30);
  CHECK(wait <= 60);
}

TEST_CASE(
    "a tip is triaged, answered and closed through the API, and every step is noted without its words") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("behind the station");
  std::string one = kDesk + "/tips/" + id;
  auto post = [&](const std::string& what, const Json& body) {
    return house.as(house.ana, Method::kPost, one + what, body).status;
  };
  CHECK(post("/answer", {{"text", "too early"}, {"after", 1}}) == 409);
  CHECK(post("/triage", {{"verdict", "none"}}) == 400);
  CHECK(post("/triage", {{"verdict", "lead"}}) == 204);
  CHECK(post("/close", {{"after", 2}}) == 409);
  CHECK(post("/close", Json::object()) == 400);
  CHECK(post("/answer", {{"standard", true}, {"after", 2}}) == 409);
  CHECK(post("/answer", {{"after", 2}}) == 400);
  CHECK(post("/answer", {{"text", "what have I seen?"}}) == 400);
  CHECK(house.tip(house.ana, id).json["wrote_again"] == false);
  house.write_again(id);
  CHECK(house.tip(house.ana, id).json["wrote_again"] == true);
  CHECK(post("/answer", {{"text", "SECRET-ANSWER"}, {"after", 2}}) == 409);
  CHECK(post("/answer", {{"text", "SECRET-ANSWER"}, {"after", 3}}) == 204);
  CHECK(house.tip(house.ana, id).json["wrote_again"] == false);
  CHECK(post("/close", {{"after", 4}}) == 204);
  auto tip = house.tip(house.ana, id).json;
  CHECK(tip["state"] == "closed");
  CHECK(tip["verdict"] == "lead");
  REQUIRE(tip["timeline"].size() == 5);
  CHECK(tip["timeline"][0]["by"] == nullptr);
  CHECK(tip["timeline"][3]["text"] == "SECRET-ANSWER");
  CHECK(tip["timeline"][3]["by"] == "ana");
  auto listed = house.as(house.ana, Method::kGet, kDesk + "/tips?state=closed").json["tips"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["excerpt"] == "behind the station");
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips?state=received").json["tips"].empty());
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips?state=gone").status == 400);
  CHECK(house.as(house.ana, Method::kGet, kDesk).json["counts"]["closed"] == 1);
  CHECK(house.tip(house.ana, "unknown").status == 404);
  auto audit = house.get("/api/v1/admin/audit");
  CHECK(audit.text.find("tip.close") != std::string::npos);
  CHECK(audit.text.find("SECRET") == std::string::npos);
  CHECK(audit.text.find("station") == std::string::npos);
  std::string spam = house.plant("buy now");
  one = kDesk + "/tips/" + spam;
  CHECK(post("/triage", {{"verdict", "spam"}}) == 204);
  CHECK(post("/answer", {{"standard", true}, {"after", 2}}) == 204);
  CHECK(post("/close", {{"after", 3}}) == 204);
}

TEST_CASE(
    "who opened a tip is noted once in a session, by its text, photo or clip; what cannot be noted does not "
    "open") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("behind the station");
  std::string other = house.plant("on the roof");
  auto opened = [&](const std::string& by) {
    return house.on_loop([&] {
      std::vector<std::string> tips;
      for (auto all = house.books.ledger.audit(0, 500); const auto& entry : *all) {
        if (entry.action != "tip.open" || entry.by != by) continue;
        CHECK(entry.at.ms % 60'000 == 0);
        CHECK(entry.detail.empty());
        tips.push_back(entry.subject);
      }
      return tips;
    });
  };
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips").status == 200);
  CHECK(opened("ana").empty());
  house.on_loop([&] { house.books.refuse = true; });
  CHECK(house.tip(house.ana, id).status == 429);
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips/" + id + "/photos/1").status == 429);
  house.on_loop([&] { house.books.refuse = false; });
  CHECK(house.tip(house.ana, id).status == 200);
  CHECK(house.tip(house.ana, id).status == 200);
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips/" + id + "/photos/1").status == 200);
  CHECK(opened("ana") == std::vector<std::string>{id});
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips/" + other + "/photos/1").status == 200);
  CHECK(opened("ana") == std::vector<std::string>{other, id});
  CHECK(house.tip(house.ana, "unknown").status == 404);
  // Another session of hers.
  house.ana = house.log_in("ana", {Role::kOfficer});
  CHECK(house.tip(house.ana, id).status == 200);
  CHECK(opened("ana") == std::vector<std::string>{id, other, id});
}

TEST_CASE("the admin gets nothing of the desk, and an excerpt is not cut inside a character") {
  DeskHouseTest house;
  house.found();
  std::string long_text;
  for (int i = 0; i < 300; ++i) long_text += "字";
  std::string id = house.plant(long_text);
  CHECK(house.get(kDesk).status == 403);
  CHECK(house.get(kDesk + "/tips/" + id).status == 403);
  std::string excerpt = house.as(house.ana, Method::kGet, kDesk + "/tips").json["tips"][0]["excerpt"];
  CHECK(excerpt.size() == 600 + 3);
  // A boss who is officer, too, is told no more than any other stranger.
  std::string boss = house.log_in("boss", {Role::kAdmin, Role::kOfficer});
  CHECK(house.tip(boss, id).status == 403);
}

TEST_CASE(
    "an officer sees the clip of a tip, as far as it has come and was not withdrawn, and nobody else does") {
  DeskHouseTest house;
  house.found();
  std::string id = house.plant("look at 0:10");
  std::string one = kDesk + "/tips/" + id;
  auto clip_of = [&] {
    auto tip = house.tip(house.ana, id).json;
    return std::pair(tip["clip_hls"], tip["clip_complete"]);
  };
  CHECK(clip_of() == std::pair(Json(nullptr), Json(false)));
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/clip.m3u8").status == 404);
  // Ten seconds of a recording.
  std::string store = house.media_folder / "day";
  std::filesystem::create_directories(store + "/run1/r720");
  std::ofstream index(output::index_path(store));
  media::InitSegment init;
  init.run = "run1";
  init.rendition = "r720";
  init.height = 720;
  index << output::to_line(init);
  std::ofstream(store + "/run1/r720/init.mp4") << "init";
  ProgramTime begin{house.clock.wall().ms - 60'000};
  for (int64_t msn = 0; msn < 5; ++msn) {
    ProgramTime at{begin.ms + 2000 * msn};
    std::ofstream(store + "/" + output::segment_path("run1", "r720", msn)) << "segment" << msn;
    index << output::to_line(media::StoredSegment{"run1", "r720", msn, at, 2.0, 8, false});
  }
  index.close();
  house.until([&] { return house.clips->ids().has_value(); });
  std::string clip;
  house.on_loop([&] {
    house.clips->keep({"day", begin, begin + seconds(1), begin + seconds(7)},
                      [&](Result<std::string> made) { clip = made.value(); });
  });
  house.until([&] { return !clip.empty() && house.clips->view(clip)->complete; });
  house.on_loop([&] { REQUIRE(desk::note_clip(house.desk_books.ledger, id, clip)); });
  CHECK(clip_of() == std::pair(Json(one + "/clip/clip.m3u8"), Json(true)));
  auto listed = house.as(house.ana, Method::kGet, kDesk + "/tips").json["tips"][0];
  CHECK(listed["clip_hls"] == one + "/clip/clip.m3u8");
  CHECK(listed["clip"] == true);
  CHECK(listed.dump().find(clip) == std::string::npos);
  auto playlist = house.as(house.ana, Method::kGet, one + "/clip/clip.m3u8");
  CHECK(playlist.status == 200);
  CHECK(playlist.header("Content-Type") == "application/vnd.apple.mpegurl");
  CHECK(playlist.header("Cache-Control") == "no-store");
  CHECK(playlist.text.find("run1/r720/1.m4s") != std::string::npos);
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/run1/r720/1.m4s").status == 200);
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/run1/r720/4.m4s").status == 404);
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/clip.jsonl").status == 404);
  CHECK(house.as(house.ana, Method::kGet, kDesk + "/tips/other/clip/run1/r720/1.m4s").status == 404);
  std::string mod = house.log_in("mod", {Role::kModerator});
  for (const char* path : {"/clip/clip.m3u8", "/clip/run1/r720/1.m4s"}) {
    CHECK(house.as(mod, Method::kGet, one + path).status == 403);
    CHECK(house.get(one + path).status == 403);  // the admin
    CHECK(house.ask(Method::kGet, one + path, {}, false).status == 401);
  }
  house.on_loop([&] { house.clips->withdraw("day", begin + seconds(2), begin + seconds(4)); });
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/run1/r720/1.m4s").status == 404);
  house.on_loop([&] { house.clips->withdraw("day", begin, begin + seconds(10)); });
  CHECK(clip_of() == std::pair(Json(nullptr), Json(true)));
  CHECK(house.as(house.ana, Method::kGet, one + "/clip/clip.m3u8").status == 404);
}
