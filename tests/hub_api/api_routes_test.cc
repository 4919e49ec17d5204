#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

const std::string kAdmin = "/api/v1/admin";

// A pattern with something in the place of its names.
std::string path_of(std::string pattern) {
  for (const char* name : {"{b}", "{v}", "{t}", "{p}", "{n}", "{name}", "{path...}"}) {
    if (size_t at = pattern.find(name); at != std::string::npos) pattern.replace(at, std::strlen(name), "x");
  }
  return pattern;
}

}  // namespace

TEST_CASE("nobody gets past a route of the staff without an account, whatever is sent") {
  ControlHouse house;
  auto routes = house.on_loop([&] { return house.api->staff_routes(); });
  REQUIRE(routes.size() > 30);
  for (const auto& route : routes) {
    CAPTURE(name_of(route.method), route.pattern);
    for (const char* body : {"", "{}", "not json"}) {
      auto answer = house.ask(route.method, path_of(route.pattern), body, false);
      CHECK(answer.status == 401);
      CHECK(answer.code() == "unauthorized");
      CHECK(answer.json["error"]["id"] == "0badcafe");
      CHECK(answer.header("WWW-Authenticate") == "Bearer");
    }
    Request wrong = ControlHouse::request(route.method, path_of(route.pattern), "{}");
    wrong.headers.push_back({"authorization", "Bearer wrong"});
    CHECK(house.send(std::move(wrong)).status == 401);
    Request forged = ControlHouse::request(route.method, path_of(route.pattern), "{}");
    forged.headers.push_back({"cookie", "openday=0123456789abcdef"});
    CHECK(house.send(std::move(forged)).status == 401);
  }
  CHECK(house.books.ledger.audit(0, 10)->empty());
}

TEST_CASE("with a session cookie, every route that changes something refuses other sites") {
  ControlHouse house;
  std::string cookie = house.log_in("admin", {account::Role::kAdmin, account::Role::kOfficer});
  for (const auto& route : house.on_loop([&] { return house.api->staff_routes(); })) {
    CAPTURE(name_of(route.method), route.pattern);
    Request made = ControlHouse::request(route.method, path_of(route.pattern), "{}");
    made.headers.push_back({"cookie", cookie});
    made.headers.push_back({"x-openday", "1"});
    made.headers.push_back({"origin", "http://evil.example"});
    auto answer = house.send(std::move(made));
    if (route.method == Method::kGet) {
      CHECK(answer.status != 403);
      CHECK(answer.status != 401);
    } else {
      CHECK(answer.status == 403);
    }
  }
}

TEST_CASE("every route is open to the roles that the table of rights names, and to no other") {
  ControlHouse house;
  auto routes = house.on_loop([&] { return house.api->staff_routes(); });
  for (const auto& [role, name] : account::kRoles) {
    std::string cookie = house.log_in(std::string(name), {role});
    for (const auto& route : routes) {
      CAPTURE(name, name_of(route.method), route.pattern);
      Request made = ControlHouse::request(route.method, path_of(route.pattern), R"({"surely_unknown":1})");
      made.headers.push_back({"cookie", cookie});
      made.headers.push_back({"x-openday", "1"});
      made.headers.push_back({"origin", "http://hub.example:8080"});
      auto answer = house.send(std::move(made));
      CHECK((answer.code() == "forbidden") == !account::may({role}, route.right));
    }
  }
}

TEST_CASE("people are added, changed and given new passwords, and every step is noted") {
  ControlHouse house;
  auto added = house.post(kAdmin + "/people", R"({"id":"li","name":"李","roles":["producer","moderator"]})");
  REQUIRE(added.status == 201);
  std::string first = added.json["password"];
  CHECK(added.json["must_change_password"] == true);
  CHECK(added.json["roles"] == Json::array({"producer", "moderator"}));
  CHECK(house.post(kAdmin + "/people", R"({"id":"li","name":"x","roles":["admin"]})").status == 409);
  CHECK(house.post(kAdmin + "/people", R"({"id":"an","name":"x","roles":["king"]})").status == 400);
  CHECK(house.post(kAdmin + "/people", R"({"id":"an","name":"x","roles":[]})").status == 400);
  CHECK(house.post(kAdmin + "/people", R"({"id":"an","name":"x","roles":["admin"],"password":"short"})")
            .status == 400);
  auto login = [&](const std::string& password) {
    return house
        .ask(Method::kPost, "/api/v1/session", Json{{"name", "li"}, {"password", password}}.dump(), false)
        .status;
  };
  CHECK(login(first) == 200);
  auto renewed = house.post(kAdmin + "/people/li/password");
  REQUIRE(renewed.status == 200);
  CHECK(login(first) == 401);
  CHECK(login(renewed.json["password"]) == 200);
  CHECK(house.ask(Method::kPatch, kAdmin + "/people/li", R"({"disabled":true})").status == 200);
  CHECK(login(renewed.json["password"]) == 401);
  CHECK(house.get(kAdmin + "/people/li").json["disabled"] == true);
  CHECK(house.get(kAdmin + "/people").json["people"].size() == 1);
  CHECK(house.get(kAdmin + "/people").text.find("argon2") == std::string::npos);
  std::vector<std::string> actions;
  for (auto all = house.books.ledger.audit(0, 10); const auto& entry : *all) {
    actions.push_back(entry.action);
    CHECK(entry.detail.find(first) == std::string::npos);
  }
  CHECK(actions == std::vector<std::string>{"person.edit", "session.login", "person.password",
                                            "session.login", "person.add"});
}

TEST_CASE("every route that takes a body refuses what is not a JSON object of known keys") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kAdmin + "/broadcasts/day/rehearse").status == 200);
  struct Case {
    Method method;
    std::string path;
  };
  const std::vector<Case> cases = {{Method::kPost, "/api/v1/session"},
                                   {Method::kPost, kAdmin + "/people"},
                                   {Method::kPatch, kAdmin + "/people/a"},
                                   {Method::kPost, kAdmin + "/people/a/password"},
                                   {Method::kPost, kAdmin + "/broadcasts"},
                                   {Method::kPatch, kAdmin + "/broadcasts/day"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/rehearse"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/go-live"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/end"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/take"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/slate"},
                                   {Method::kPatch, kAdmin + "/broadcasts/day/mix"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/withdraw"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/scenes"},
                                   {Method::kPut, kAdmin + "/broadcasts/day/scenes/s"},
                                   {Method::kPost, kAdmin + "/broadcasts/day/targets"},
                                   {Method::kPatch, kAdmin + "/broadcasts/day/targets/t"},
                                   {Method::kPost, kAdmin + "/venues"},
                                   {Method::kPatch, kAdmin + "/venues/a"},
                                   {Method::kPost, kAdmin + "/venues/a/key"}};
  for (const auto& one : cases) {
    CAPTURE(name_of(one.method), one.path);
    for (const char* body : {"not json", "[]", R"({"surely_unknown":1})", R"({"a":1,"a":2})"}) {
      CAPTURE(body);
      CHECK(house.ask(one.method, one.path, body).status == 400);
    }
    CHECK(house.ask(one.method, one.path, R"({"a":[[[[[[[[[[1]]]]]]]]]]})").status == 413);
    Request form = ControlHouse::request(one.method, one.path, "a=b");
    form.headers = {{"content-type", "application/x-www-form-urlencoded"},
                    {"authorization", "Bearer the-admin-token"}};
    CHECK(house.send(std::move(form)).status == 415);
  }
}

TEST_CASE("routes about what does not exist answer 404") {
  ControlHouse house;
  for (const auto& path :
       {"/broadcasts/x", "/broadcasts/x/status", "/broadcasts/x/scenes", "/broadcasts/x/targets",
        "/broadcasts/x/withdraw", "/venues/x", "/venues/x/thumbnail.jpg", "/broadcasts/x/program.jpg"}) {
    CAPTURE(path);
    auto answer = house.get(kAdmin + path);
    CHECK(answer.status == 404);
    CHECK(answer.code() == "not_found");
  }
  CHECK(house.ask(Method::kDelete, kAdmin + "/broadcasts/x").status == 404);
  CHECK(house.ask(Method::kPatch, kAdmin + "/broadcasts/x", R"({"title":"t"})").status == 404);
  CHECK(house.post(kAdmin + "/broadcasts/x/rehearse").status == 404);
  CHECK(house.post(kAdmin + "/broadcasts/x/go-live").status == 404);
  CHECK(house.post(kAdmin + "/broadcasts/x/end", R"({"confirm":"x"})").status == 404);
  CHECK(house.post(kAdmin + "/broadcasts/x/take", R"({"layout":"full","venues":[]})").status == 404);
  CHECK(house.ask(Method::kPatch, kAdmin + "/broadcasts/x/mix", R"({"venues":{}})").status == 404);
  CHECK(house.ask(Method::kDelete, kAdmin + "/venues/x").status == 404);
  CHECK(house.post(kAdmin + "/venues/x/key").status == 404);
  CHECK(house.ask(Method::kGet, "/api/v1/broadcasts/x", "", false).status == 404);
}

TEST_CASE("broadcasts are made, listed, shown, changed and deleted") {
  ControlHouse house;
  house.furnish();
  auto made =
      house.post(kAdmin + "/broadcasts", R"({"title":"Judgment day","description":"A\nB","hidden":true,
      "starts_at":"2027-01-01T00:00:00Z","language":"en","venues":["c"],"house":{"width":1280,"height":720},
      "targets":[{"name":"P","url":"rtmp://live.example/app","key":"secret-key"}]})");
  REQUIRE(made.status == 201);
  std::string id = made.json["id"];
  CHECK(id.starts_with("b-"));
  CHECK(made.json["house"] == Json::parse(R"({"width":1280,"height":720,"fps":25})"));
  CHECK(made.json["state"] == "scheduled");
  CHECK(made.json["targets"][0]["has_key"] == true);
  CHECK(made.json["preview"].is_null());
  CHECK(made.text.find("secret-key") == std::string::npos);
  CHECK(house.get(kAdmin + "/broadcasts").json["broadcasts"].size() == 2);
  auto edited = house.ask(Method::kPatch, kAdmin + "/broadcasts/" + id, R"({"title":"T","starts_at":null})");
  CHECK(edited.status == 200);
  CHECK(edited.json["title"] == "T");
  CHECK(edited.json["starts_at"].is_null());
  CHECK(house.get(kAdmin + "/broadcasts/" + id).json["title"] == "T");
  CHECK(house.post(kAdmin + "/broadcasts", R"({"id":"day","title":"x"})").status == 409);
  CHECK(house.post(kAdmin + "/broadcasts", R"({"id":"No","title":"x"})").status == 400);
  CHECK(house.post(kAdmin + "/broadcasts", R"({"title":"x","venues":["nowhere"]})").status == 400);
  CHECK(house.ask(Method::kDelete, kAdmin + "/broadcasts/" + id).status == 204);
  CHECK(house.deleted_media == std::vector<std::string>{id});
  CHECK(house.audience.removed == std::vector<std::string>{id});
  CHECK(house.get(kAdmin + "/broadcasts/" + id).status == 404);
}

TEST_CASE("a broadcast whose media could not be deleted is said to be deleted, and its media not") {
  ControlHouse house;
  house.furnish();
  house.deletion = fail(Errc::kIo, "the disk is away");
  auto answer = house.ask(Method::kDelete, kAdmin + "/broadcasts/day");
  CHECK(answer.status == 503);
  CHECK(answer.text.find("broadcast day is deleted, its media not yet (the disk is away)") !=
        std::string::npos);
  CHECK(house.get(kAdmin + "/broadcasts/day").status == 404);
  auto again = house.post(kAdmin + "/broadcasts", R"({"id":"day","title":"x"})");
  CHECK(again.status == 409);
  CHECK(again.text.find("still being deleted") != std::string::npos);
}

TEST_CASE("the steps of a broadcast's life start and stop what must run") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.desired.back()["engines"].empty());
  auto rehearsing = house.post(kAdmin + "/broadcasts/day/rehearse");
  CHECK(rehearsing.json["state"] == "rehearsal");
  std::string preview = rehearsing.json["preview"]["hls"];
  CHECK(preview.starts_with("/hls/preview-"));
  CHECK(preview.size() > 40);
  CHECK(house.desired.back()["engines"].size() == 1);
  CHECK(house.desired.back()["feeds"].size() == 2);
  CHECK(house.ask(Method::kGet, "/api/v1/broadcasts/day", "", false).json["state"] == "scheduled");
  auto refused = house.post(kAdmin + "/broadcasts/day/rehearse");
  CHECK(refused.status == 409);
  CHECK(refused.message() == "broadcast day is rehearsal; it cannot be rehearsed");
  CHECK(house.post(kAdmin + "/broadcasts/day/rehearse", R"({"on":false})").json["state"] == "scheduled");
  CHECK(house.desired.back()["engines"].empty());
  CHECK(house.post(kAdmin + "/broadcasts/day/end", R"({"confirm":"day"})").status == 409);

  REQUIRE(house.post(kAdmin + "/broadcasts/day/rehearse").status == 200);
  house.start_engine("day");
  house.audience.at = ProgramTime{123'456};
  auto live = house.post(kAdmin + "/broadcasts/day/go-live", "{}");
  CHECK(live.json["state"] == "live");
  CHECK(live.json["preview"].is_null());
  CHECK(live.json["live"]["hls"] == "/hls/day/live.m3u8");
  CHECK(house.audience.updates.back().public_from == ProgramTime{123'456});
  CHECK(house.ask(Method::kGet, "/api/v1/broadcasts/day", "", false).json["state"] == "live");
  CHECK(house.ask(Method::kDelete, kAdmin + "/broadcasts/day").status == 409);
  CHECK(house.post(kAdmin + "/broadcasts/day/end", R"({"confirm":"nearly"})").status == 400);
  CHECK(house.post(kAdmin + "/broadcasts/day/end", R"({"confirm":"Open day"})").json["state"] == "ended");
  CHECK(house.desired.back()["engines"].empty());
  CHECK(house.post(kAdmin + "/broadcasts/day/go-live").status == 409);
}

TEST_CASE("what an engine recorded after going live makes a replay") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kAdmin + "/broadcasts/day/rehearse").status == 200);
  auto& engine = house.start_engine("day");
  house.audience.at = ProgramTime{10'000};
  REQUIRE(house.post(kAdmin + "/broadcasts/day/go-live").status == 200);
  auto segment = [&](int64_t at, Json path) {
    house.on_loop([&] {
      engine.say("segment", {{"rendition", "720p"}, {"msn", at}, {"at", at}, {"path", std::move(path)}});
      return 0;
    });
  };
  segment(8'000, "r/720p/1.m4s");  // rehearsed
  segment(12'000, nullptr);        // not recorded
  segment(12'001, "");
  house.until([&] { return house.media.size() == 3; });
  CHECK_FALSE(house.on_loop([&] { return house.books.ledger.broadcast("day")->recorded; }));
  segment(14'000, "r/720p/3.m4s");
  house.until([&] { return house.books.ledger.broadcast("day")->recorded; });
  auto ended = house.post(kAdmin + "/broadcasts/day/end", R"({"confirm":"day"})");
  CHECK(ended.json["replay"]["hls"] == "/hls/day/replay.m3u8");
  CHECK(house.ask(Method::kGet, "/api/v1/broadcasts/day", "", false).json["state"] == "replay");
}

TEST_CASE("what is recorded in a second rehearsal is no news to anybody") {
  ControlHouse house;
  house.furnish();
  const std::string path = kAdmin + "/broadcasts/day/rehearse";
  REQUIRE(house.post(path).status == 200);
  house.audience.at = ProgramTime{10'000};
  auto& engine = house.start_engine("day");
  REQUIRE(house.post(path, R"({"on":false})").status == 200);
  REQUIRE(house.post(path).status == 200);
  size_t updates = house.on_loop([&] { return house.audience.updates.size(); });
  house.on_loop([&] {
    engine.say("segment", {{"b", "day"},
                           {"rendition", "720p"},
                           {"msn", 1},
                           {"at", 9'000'000'000'000},
                           {"path", "r/720p/1.m4s"}});
    return 0;
  });
  house.until([&] { return house.media.size() == 1; });
  CHECK(house.on_loop([&] { return house.audience.updates.size(); }) == updates);
}

TEST_CASE("what an engine records while it stops, unheard, makes a replay, too") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kAdmin + "/broadcasts/day/go-live").status == 200);
  house.start_engine("day");
  REQUIRE(house.post(kAdmin + "/broadcasts/day/end", R"({"confirm":"day"})").status == 200);
  house.on_loop([&] { house.engines->gone("day"); });
  auto state = [&] { return house.get(kAdmin + "/broadcasts/day").json["replay"].is_object(); };
  auto children = [&](const char* list) {
    house.on_loop([&] { house.conductor->on_children(Json::parse(list)); });
  };
  house.audience.recorded = std::nullopt;  // the store does not answer
  children(R"([{"role":"hub","id":""},{"role":"engine","id":"day","state":"stopping"}])");
  CHECK(house.audience.asked.empty());
  CHECK_FALSE(state());
  children(R"([{"role":"hub","id":""},{"role":"engine","id":"eve"}])");
  CHECK(house.audience.asked == std::vector<std::string>{"day"});
  CHECK_FALSE(state());
  house.audience.recorded = true;
  children("[]");
  house.until([&] { return house.books.ledger.broadcast("day")->recorded; });
  CHECK(state());
  children("[]");
  CHECK(house.audience.asked.size() == 2);
}

TEST_CASE("a page without scripts is led to the tip site") {
  ControlHouse house;
  auto answer = house.ask(Method::kGet, "/tips", "", false);
  CHECK(answer.status == 302);
  CHECK(answer.header("Location") == "https://tips.court.example/");
}

TEST_CASE("the public list leaves out what is hidden and names the house") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kAdmin + "/broadcasts", R"({"id":"secret","title":"x","hidden":true})").status == 201);
  auto list = house.ask(Method::kGet, "/api/v1/broadcasts", "", false);
  CHECK(list.status == 200);
  CHECK(list.json["site"]["name"] == "Court");
  REQUIRE(list.json["broadcasts"].size() == 1);
  CHECK(list.json["broadcasts"][0]["id"] == "day");
  CHECK(list.json["broadcasts"][0]["venues"].size() == 2);
  REQUIRE(house.ask(Method::kPatch, kAdmin + "/broadcasts/secret", R"({"hidden":false})").status == 200);
  CHECK(house.ask(Method::kGet, "/api/v1/broadcasts", "", false).json["broadcasts"].size() == 2);
  auto time = house.ask(Method::kGet, "/api/v1/time", "", false);
  CHECK(parse_rfc3339(time.json["now"].get<std::string>()) == time.json["ms"]);
}

TEST_CASE("venues are made, shown, changed and deleted, and their keys are shown once") {
  ControlHouse house;
  house.furnish();
  auto made = house.post(kAdmin + "/venues",
                         R"({"name":"Cam","source":{"kind":"pull","url":"rtsp://op:pw@cam.example/1?t=s"}})");
  REQUIRE(made.status == 201);
  CHECK(made.json["id"].get<std::string>().starts_with("v-"));
  CHECK(made.text.find("pw") == std::string::npos);
  CHECK(made.json["has_key"] == false);
  CHECK(house.get(kAdmin + "/venues").json["venues"].size() == 4);
  CHECK(house.post(kAdmin + "/venues", R"({"id":"a","name":"x"})").status == 409);
  CHECK(house.post(kAdmin + "/venues", R"({"name":"x","source":{"kind":"pull","url":"file:///etc/passwd"}})")
            .status == 400);
  CHECK(house.post(kAdmin + "/venues", R"({"name":"x","source":{"kind":"pull","url":"rtsp://127.0.0.1/"}})")
            .status == 403);

  auto edited = house.ask(Method::kPatch, kAdmin + "/venues/a", R"({"name":"Great hall","av_offset_ms":40})");
  CHECK(edited.json["name"] == "Great hall");
  CHECK(house.get(kAdmin + "/broadcasts/day").json["venues"][0]["name"] == "Great hall");
  CHECK(house.ask(Method::kDelete, kAdmin + "/venues/a").status == 409);
  CHECK(house.ask(Method::kDelete, kAdmin + "/venues/c").status == 204);

  auto key = house.post(kAdmin + "/venues/a/key");
  REQUIRE(key.status == 201);
  CHECK(key.json["rtmp"]["url"] == "rtmp://hub.example:1935/live");
  std::string secret = key.json["rtmp"]["stream_key"];
  CHECK(secret.size() == 32);
  CHECK(key.json["rtmps"].is_null());
  CHECK(key.json["srt"]["stream_id"] == "a");
  CHECK(key.json["srt"]["passphrase"].get<std::string>().size() == 32);
  CHECK(key.json["srt"]["passphrase"] != secret);
  CHECK(house.get(kAdmin + "/venues/a").json["has_key"] == true);
  CHECK(house.get(kAdmin + "/venues/a").text.find(secret) == std::string::npos);
  CHECK(house.post(kAdmin + "/venues/a/key", "{}").json["rtmp"]["stream_key"] != secret);
}

TEST_CASE("saved scenes are made, replaced, listed and deleted") {
  ControlHouse house;
  house.furnish();
  const std::string scenes = kAdmin + "/broadcasts/day/scenes";
  CHECK(house.post(scenes, R"({"name":"intro","scene":{"layout":"full","venues":["a"]}})").status == 201);
  CHECK(house.post(scenes, R"({"name":"intro","scene":{"layout":"full","venues":["a"]}})").status == 409);
  CHECK(house.post(scenes, R"({"name":"bad","scene":{"layout":"full","venues":["c"]}})").status == 400);
  CHECK(house.ask(Method::kPut, scenes + "/intro", R"({"layout":"grid","venues":["a","b"],"title":"T"})")
            .status == 200);
  auto list = house.get(scenes).json["scenes"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["scene"]["title"] == "T");
  CHECK(house.ask(Method::kDelete, scenes + "/intro").status == 204);
  CHECK(house.ask(Method::kDelete, scenes + "/intro").status == 404);
}

TEST_CASE("targets are made, changed and deleted, and their keys go to the engine only") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kAdmin + "/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  const std::string targets = kAdmin + "/broadcasts/day/targets";
  auto made =
      house.post(targets, R"({"id":"p","name":"P","url":"rtmp://live.example/app","key":"secret-key"})");
  REQUIRE(made.status == 201);
  CHECK(made.text.find("secret-key") == std::string::npos);
  house.until([&] {
    auto sent = engine.heard_of("configure");
    return !sent.empty() && !sent.back()["targets"].empty() &&
           sent.back()["targets"][0]["key"] == "secret-key";
  });
  CHECK(house.get(targets).json["targets"][0]["has_key"] == true);
  CHECK(house.ask(Method::kPatch, targets + "/p", R"({"enabled":false})").json["enabled"] == false);
  house.until([&] { return engine.heard_of("configure").back()["targets"][0]["enabled"] == false; });
  CHECK(house.ask(Method::kPatch, targets + "/p", R"({"url":"rtmp://other.example/app"})").status == 400);
  CHECK(house.post(targets, R"({"name":"P","url":"http://live.example/app"})").status == 403);
  auto pasted =
      house.ask(Method::kPatch, targets + "/p", R"({"url":"rtmp://other.example/app/secret-key?a=1"})");
  CHECK(pasted.json["url"] == "rtmp://other.example/app");
  CHECK(pasted.json["has_key"] == true);
  house.until([&] {
    auto target = engine.heard_of("configure").back()["targets"][0];
    return target["url"] == "rtmp://other.example/app" && target["key"] == "secret-key?a=1";
  });
  CHECK(house.get(targets).text.find("secret-key") == std::string::npos);
  CHECK(house.ask(Method::kDelete, targets + "/p").status == 204);
  house.until([&] { return engine.heard_of("configure").back()["targets"].empty(); });
  CHECK(house.ask(Method::kDelete, targets + "/p").status == 404);
  auto audit = house.get(kAdmin + "/audit");
  CHECK(audit.text.find("secret-key") == std::string::npos);
}

TEST_CASE("the audit trail tells what admins did, newest first, in pages") {
  ControlHouse house;
  house.furnish();
  auto all = house.get(kAdmin + "/audit").json["entries"];
  REQUIRE(all.size() == 4);
  CHECK(all[0]["action"] == "broadcast.create");
  CHECK(all[0]["subject"] == "day");
  CHECK(all[0]["by"] == "admin");
  CHECK(all[0]["via"] == "token");
  CHECK(all[0]["detail"]["title"] == "Open day");
  auto page = house.get(kAdmin + "/audit?limit=2&before=4").json["entries"];
  REQUIRE(page.size() == 2);
  CHECK(page[0]["number"] == 3);
  CHECK(house.get(kAdmin + "/audit?limit=0").status == 400);
  CHECK(house.get(kAdmin + "/audit?limit=x").status == 400);
}

TEST_CASE("the session route says who is asking") {
  ControlHouse house;
  auto token = house.get("/api/v1/session");
  CHECK(token.json["via"] == "token");
  CHECK(token.json["person"].is_null());
  CHECK(token.json["rights"].size() == account::kGrants.size() - 1);
  Request asked = ControlHouse::request(Method::kGet, "/api/v1/session", "");
  asked.headers.push_back({"cookie", house.log_in("an", {account::Role::kOfficer})});
  auto session = house.send(std::move(asked));
  CHECK(session.json["person"]["id"] == "an");
  CHECK(session.json["rights"] == Json::array({"own-account", "see-broadcasts", "read-tips"}));
  CHECK(house.ask(Method::kDelete, "/api/v1/session", "", false).status == 204);
  CHECK(house.get(kAdmin + "/layouts").json.contains("layouts"));
}

TEST_CASE("books that are full or broken are told apart and nothing is pretended") {
  ControlHouse house;
  house.furnish();
  house.on_loop([&] { return house.books.refuse = true; });
  auto answer = house.post(kAdmin + "/venues", R"({"name":"x"})");
  CHECK(answer.status == 429);
  CHECK(answer.header("Retry-After") == "1");
  CHECK(house.get(kAdmin + "/venues").json["venues"].size() == 3);
}
