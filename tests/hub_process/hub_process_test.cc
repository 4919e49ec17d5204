// The hub as it is shipped, over real HTTP and real links. Longer than other files: its cases share the house
// and its furniture, and each start of a hub is one case.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../output/store_fixture.h"
#include "broadcast/json.h"
#include "broadcast/scenes.h"
#include "mixer/scene.h"
#include "supervised_hub.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;
using namespace openday::app::test;

namespace {

const std::string kPart = "/hls/day/360p/live.m3u8";

void furnish(House& house) {
  for (const char* id : {"a", "b"}) {
    house.post("/venues", Json{{"id", id}, {"name", id}, {"source", {{"kind", "test"}}}}.dump());
  }
  house.post("/broadcasts", R"({"id":"day","title":"Open day","venues":["a","b"]})");
}

int status_of(House& house, const std::string& path) {
  return house.ask_with("", "GET", path).status;
}

ProgramTime now() {
  return SystemClock().wall();
}

}  // namespace

TEST_CASE("a first start makes the secrets and the database for nobody else to read") {
  House house;
  house.start();
  for (const char* name : {"admin.token", "server.key", "openday.db"}) {
    CAPTURE(name);
    struct stat info{};
    REQUIRE(::stat((house.folder / name).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  CHECK(house.ask("GET", "/api/v1/session").status == 200);
  CHECK(status_of(house, "/api/v1/session") == 401);
  CHECK(status_of(house, "/healthz") == 200);
  CHECK(status_of(house, "/readyz") == 503);
  house.give_peer("gateway", "");
  house.until([&] { return status_of(house, "/readyz") == 200; });
  CHECK(house.stop() == 0);
}

TEST_CASE(
    "what the gate does not guard is what is written here, in the hub that is shipped and at its tip site") {
  // For everybody; /metrics asks for the address (http.metrics_from), the room says who may say what
  // (docs/ROOM.md). Whatever is added here is open to the world.
  const std::vector<std::string> for_all = {
      "DELETE /api/v1/session",
      "GET /",
      "GET /api/v1/broadcasts",
      "GET /api/v1/broadcasts/{b}",
      "GET /api/v1/broadcasts/{b}/comments",
      "GET /api/v1/time",
      "GET /assets/{file...}",
      "GET /desk",
      "GET /desk/",
      "GET /embed/{b}",
      "GET /favicon.ico",
      "GET /favicon.svg",
      "GET /healthz",
      "GET /hls/{b}/dvr.m3u8",
      "GET /hls/{b}/live.m3u8",
      "GET /hls/{b}/replay.m3u8",
      "GET /hls/{b}/replay.mp4",
      "GET /hls/{b}/{r}/dvr.m3u8",
      "GET /hls/{b}/{r}/live.m3u8",
      "GET /hls/{b}/{r}/replay.m3u8",
      "GET /manifest.webmanifest",
      "GET /media/{run}/{r}/{file}",
      "GET /metrics",
      "GET /moderate",
      "GET /moderate/",
      "GET /readyz",
      "GET /robots.txt",
      "GET /studio",
      "GET /studio/",
      "GET /thumb/{b}/{file}",
      "GET /tips",
      "GET /watch/{b}",
      "POST /api/v1/session",
      "WEBSOCKET /api/v1/broadcasts/{b}/room",
  };
  const std::vector<std::string> of_tips = {"GET /",         "GET /answer", "GET /robots.txt", "GET /send",
                                            "GET /tips.css", "GET /write",  "OTHERWISE",       "POST /answer",
                                            "POST /send",    "POST /write"};
  House house;
  const std::string pages = house.folder / "pages";
  std::filesystem::create_directories(pages);
  std::ofstream(pages + "/tips.css") << "body {}\n";
  const openday::test::HeldPort tips_port;
  Json with = house.config();
  with["http"]["pages"] = pages;
  with["tips"] = {{"listen", {{{"address", "127.0.0.1"}, {"port", tips_port.number()}}}},
                  {"tls", Json::array()}};
  house.start(with);
  app::HubRoutes built = house.built_routes.get();
  std::vector<std::string> open;
  std::ranges::set_difference(built.all, built.staff, std::back_inserter(open));
  CHECK(open == for_all);
  CHECK(std::ranges::includes(built.all, built.staff));
  CHECK(built.tips == of_tips);
  CHECK(house.stop() == 0);
}

TEST_CASE("a broadcast goes through its life over real HTTP and real links") {
  House house;
  house.start();
  house.give_peer("gateway", "");
  furnish(house);
  CHECK(house.desired()["engines"].empty());
  std::string preview = house.post("/broadcasts/day/rehearse")["preview"]["hls"];
  house.until([&] {
    auto all = house.control->heard_of("desired");
    return !all.empty() && all.back()["engines"].size() == 1 && all.back()["feeds"].size() == 2;
  });
  CHECK(house.desired()["engines"][0]["config"]["store"]["dir"] == house.folder / "media" + "/day");

  auto& engine = house.give_peer("engine", "day");
  house.until([&] { return engine.heard_of("configure").size() == 1; });
  FakeRun run(house, engine, "run1", 0, now() + seconds(-10));
  run.init();
  run.segment(0);
  run.segment(1);
  run.stats();
  house.until([&] { return status_of(house, preview) == 200; });
  CHECK(status_of(house, kPart) == 404);  // nobody sees a rehearsal
  house.until([&] { return status_of(house, "/readyz") == 200; });

  auto live = house.post("/broadcasts/day/go-live");
  CHECK(live["state"] == "live");
  CHECK(status_of(house, preview) == 404);
  house.until([&] { return engine.heard_of("configure").size() == 2; });
  CHECK(engine.heard_of("configure")[1]["live"] == true);
  run.segment(2, true);
  run.segment(3, true);
  house.until([&] { return status_of(house, kPart) == 200; });
  auto playlist = house.ask_with("", "GET", kPart).body;
  CHECK(playlist.find("/media/run1/360p/3.m4s") != std::string::npos);
  CHECK(playlist.find("/media/run1/360p/1.m4s") == std::string::npos);  // rehearsed
  CHECK(status_of(house, "/media/run1/360p/0.m4s") == 410);

  // The first recorded segment of the live time makes the replay.
  house.until(
      [&] { return Json::parse(house.ask("GET", "/api/v1/admin/audit").body)["entries"].size() > 0; });
  CHECK(house.post("/broadcasts/day/end", R"({"confirm":"Open day"})")["state"] == "ended");
  house.until([&] { return house.control->heard_of("desired").back()["engines"].empty(); });
  CHECK(Json::parse(house.ask_with("", "GET", "/api/v1/broadcasts/day").body)["state"] == "replay");
  CHECK(house.stop() == 0);
}

TEST_CASE("a hub that is lost while live takes its engines up again where they are") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/go-live");
  auto& first = house.give_peer("engine", "day");
  FakeRun run(house, first, "run1", 0, now() + seconds(1));
  run.init();
  for (int i = 0; i < 4; ++i) run.segment(i);
  house.until([&] { return status_of(house, kPart) == 200; });
  Json before = house.desired();
  house.lose();

  house.start();
  house.until([&] { return !house.control->heard_of("desired").empty(); });
  CHECK(house.desired() == before);
  CHECK(status_of(house, kPart) == 503);  // live, and its engine has not come back yet
  auto& again = house.give_peer("engine", "day");
  FakeRun same(house, again, "run1", 0, now() + seconds(1));
  same.say(
      link::make_message("snapshot", {{"run", "run1"}, {"scene", {{"layout", "full"}, {"venues", {"b"}}}}}));
  same.init();
  for (int i = 1; i < 4; ++i) same.segment(i);
  same.say(link::make_message("snapshot_end"));
  house.until([&] { return status_of(house, kPart) == 200; });
  auto playlist = house.ask_with("", "GET", kPart).body;
  CHECK(playlist.find("/media/run1/360p/3.m4s") != std::string::npos);
  CHECK(playlist.find("DISCONTINUITY\n") == std::string::npos);
  CHECK(house.json("GET", "/api/v1/admin/broadcasts/day")["scene"]["venues"][0] == "b");
  CHECK(house.json("GET", "/api/v1/admin/broadcasts/day")["state"] == "live");
}

TEST_CASE("a stream key that an older version kept in a target's URL is sealed when the hub starts") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/targets", R"({"id":"p","name":"P","url":"rtmp://live.example/app","key":"k"})");
  CHECK(house.stop() == 0);
  {
    auto db = sqlite::Database::open(house.folder / "openday.db", sqlite::Mode::kReadWrite);
    REQUIRE(db);
    REQUIRE(db->script("UPDATE targets SET url = 'rtmp://live.example/app/s3cret', sealed_key = x''"));
  }
  house.start();
  const std::string targets = "/api/v1/admin/broadcasts/day/targets";
  house.until([&] { return house.json("GET", targets)["targets"][0]["has_key"] == true; });
  CHECK(house.json("GET", targets)["targets"][0]["url"] == "rtmp://live.example/app");
}

TEST_CASE("an engine that is started again goes on with a discontinuity") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/go-live");
  ProgramTime begun = now() + seconds(1);
  FakeRun first(house, house.give_peer("engine", "day"), "run1", 0, begun);
  first.init();
  for (int i = 0; i < 3; ++i) first.segment(i);
  house.until([&] { return status_of(house, kPart) == 200; });
  house.on_loop([&] { house.engines.erase("day"); });
  house.until(
      [&] { return house.json("GET", "/api/v1/admin/broadcasts/day/status")["engine"] == "starting"; });
  CHECK(status_of(house, kPart) == 200);  // viewers keep what there was

  FakeRun second(house, house.give_peer("engine", "day"), "run2", 3, begun + seconds(9));
  second.init();
  second.segment(0);
  second.stats();
  house.until([&] {
    return house.ask_with("", "GET", kPart).body.find("/media/run2/360p/3.m4s") != std::string::npos;
  });
  CHECK(house.ask_with("", "GET", kPart).body.find("#EXT-X-DISCONTINUITY\n") != std::string::npos);
  house.until(
      [&] { return house.json("GET", "/api/v1/admin/broadcasts/day/status")["engine"] == "running"; });
}

TEST_CASE("a withdrawal reaches viewers and engine, and is remembered by the next hub") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/go-live");
  ProgramTime begun = now() + seconds(1);
  auto& engine = house.give_peer("engine", "day");
  FakeRun run(house, engine, "run1", 0, begun);
  run.init();
  for (int i = 0; i < 4; ++i) run.segment(i);
  house.until([&] { return status_of(house, "/media/run1/360p/1.m4s") == 200; });
  Json range = {{"from", (begun + milliseconds(2100)).ms},
                {"to", (begun + milliseconds(2200)).ms},
                {"reason", "a name"}};
  house.post("/broadcasts/day/withdraw", range.dump());
  CHECK(status_of(house, "/media/run1/360p/1.m4s") >= 400);
  CHECK(status_of(house, "/media/run1/360p/2.m4s") == 200);
  house.until([&] { return engine.heard_of("withdraw").size() == 1; });

  house.lose();
  house.start();
  FakeRun same(house, house.give_peer("engine", "day"), "run1", 0, begun);
  same.say(link::make_message("snapshot", {{"run", "run1"}, {"scene", Json::object()}}));
  same.init();
  for (int i = 0; i < 4; ++i) same.segment(i);
  same.say(link::make_message("snapshot_end"));
  house.until([&] { return status_of(house, "/media/run1/360p/2.m4s") == 200; });
  CHECK(status_of(house, "/media/run1/360p/1.m4s") >= 400);
}

TEST_CASE("the control page's socket tells state, takes and levels, and is only for the admin") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/rehearse");
  auto& engine = house.give_peer("engine", "day");
  auto token = *read_file(house.folder / "admin.token", 4096);
  token.pop_back();
  auto upgrade = [&](const std::string& headers, const std::string& id = "day") {
    return "GET /api/v1/admin/broadcasts/" + id +
           "/events HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(house.port) +
           "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: openday-control-1\r\n" +
           headers + "\r\n";
  };
  auto refused = [&](const std::string& request) {
    Client client(house.port);
    REQUIRE(client.send(request));
    auto answer = client.read();
    return answer ? answer->status : 0;
  };
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  CHECK(refused(upgrade("")) == 401);
  CHECK(refused(upgrade(bearer, "nowhere")) == 404);
  auto person = house.ask("POST", "/api/v1/admin/people", R"({"id":"li","name":"Li","roles":["producer"]})");
  REQUIRE(person.status == 201);
  std::string given = Json::parse(person.body)["password"];
  auto login =
      house.ask_with("", "POST", "/api/v1/session", Json{{"name", "li"}, {"password", given}}.dump());
  REQUIRE(login.status == 200);
  std::string cookie =
      "Cookie: " + login.header("set-cookie").substr(0, login.header("set-cookie").find(';')) + "\r\n";
  std::string own_page = cookie + "Origin: http://127.0.0.1:" + std::to_string(house.port) + "\r\n";
  CHECK(refused(upgrade(own_page)) == 403);  // the password is not their own yet
  REQUIRE(house
              .ask_with(own_page + "X-Openday: 1\r\n", "PUT", "/api/v1/session/password",
                        Json{{"present", given}, {"new", "three quiet words"}}.dump())
              .status == 204);
  CHECK(refused(upgrade(cookie)) == 403);  // no Origin
  CHECK(refused(upgrade(cookie + "Origin: http://evil.example\r\n")) == 403);

  Client page(house.port);
  REQUIRE(page.send(upgrade(own_page)));
  auto accepted = page.read(true);
  REQUIRE(accepted);
  CHECK(accepted->status == 101);
  auto next = [&]() -> Json {
    std::string head = page.read_exactly(2);
    REQUIRE(head.size() == 2);
    size_t size = static_cast<uint8_t>(head[1]);
    if (size == 126) {
      std::string more = page.read_exactly(2);
      size = static_cast<uint8_t>(more[0]) * 256u + static_cast<uint8_t>(more[1]);
    }
    REQUIRE(size < 126u * 1000);
    return Json::parse(page.read_exactly(size));
  };
  auto next_of = [&](const std::string& type) {
    for (int i = 0; i < 100; ++i) {
      Json event = next();
      if (event["t"] == type) return event;
    }
    return Json();
  };
  CHECK(next()["t"] == "broadcast");
  CHECK(next_of("status")["engine"] == "starting");
  house.on_loop([&] {
    engine.say("levels", {{"venues", {{"a", {-20, -21}}}}, {"program", {-18, -18}}});
    engine.say("taken", {{"req", nullptr},
                         {"ok", true},
                         {"tick", 5},
                         {"at", 1000},
                         {"scene", {{"layout", "full"}, {"venues", {"a"}}}}});
    engine.say("thumbnail", {{"what", "venue"}, {"venue", "a"}, {"at", 1000}},
               std::make_shared<const Bytes>(9, 1));
    engine.say("stats", {{"tick", 25}});
  });
  CHECK(next_of("levels")["venues"]["a"][0] == -20);
  CHECK(next_of("taken")["scene"]["layout"] == "full");
  CHECK(next_of("thumbnail")["venue"] == "a");
  house.post("/broadcasts/day/go-live");
  CHECK(next_of("broadcast")["state"] == "live");
  CHECK(next_of("status")["tick"] == 25);
}

TEST_CASE("browsers that come by HTTPS are held to it when the configuration says so") {
  for (bool hsts : {false, true}) {
    House house;
    Json config = house.config();
    config["http"]["hsts"] = hsts;
    config["http"]["trusted_proxies"] = {"127.0.0.1"};
    house.start(config);
    auto told = [&](const std::string& headers) {
      return house.ask_with(headers, "GET", "/api/v1/time").header("strict-transport-security");
    };
    CHECK(told("X-Forwarded-Proto: https\r\n") == (hsts ? "max-age=31536000" : ""));
    CHECK(told("X-Forwarded-Proto: http\r\n") == "");
    CHECK(house.stop() == 0);
  }
}

TEST_CASE("a title that can be saved can be taken, in whatever script") {
  broadcast::Rules rules{{{"full", {1}}}, {}, *broadcast::Vault::with_key(Bytes(32, 7))};
  for (const std::string character : {"x", "é", "法", "𠮷"}) {
    CAPTURE(character);
    broadcast::Scene scene;
    scene.layout = "full";
    for (size_t i = 0; i < broadcast::kMaxSceneTitle; ++i) scene.title += character;
    REQUIRE(broadcast::check_scene(scene, {}, rules));
    auto taken = mixer::parse_scene(broadcast::to_json(scene));
    REQUIRE(taken);
    CHECK(taken->title == scene.title);
    scene.title += character;
    CHECK_FALSE(broadcast::check_scene(scene, {}, rules));
  }
}

TEST_CASE("a hub that cannot start says so by its exit status") {
  SECTION("a configuration that is none") {
    House house;
    house.launch({{"data_dir", 7}});
    CHECK(house.wait() == 1);
  }
  SECTION("a level of the log that there is not") {
    House house;
    for (const Json& level : {Json("loud"), Json(1), Json(nullptr)}) {
      house.launch_by({{"config", house.config()}, {"checkpoint", nullptr}, {"log_level", level}});
      CHECK(house.wait() == 1);
    }
  }
  SECTION("no layouts") {
    House house;
    Json config = house.config();
    config["pipelines"] = "/nowhere";
    house.launch(config);
    CHECK(house.wait() == 1);
  }
  SECTION("a database of a newer program") {
    House house;
    REQUIRE(write_file_atomic(house.folder / "openday.db", std::string(4096, 'x')));
    house.launch(house.config());
    CHECK(house.wait() == 1);
  }
  SECTION("a server key that others can read") {
    House house;
    REQUIRE(write_file_atomic(house.folder / "server.key", std::string(64, 'a'), 0644));
    house.launch(house.config());
    CHECK(house.wait() == 1);
  }
}

TEST_CASE("a hub whose supervisor is gone ends") {
  House house;
  house.start();
  house.lose();
  Client client(house.port);
  CHECK_FALSE(client.connected());
}

TEST_CASE("a deleted broadcast's media goes, and a new one of the same name finds none of it") {
  House house;
  house.start();
  furnish(house);
  std::filesystem::create_directories(house.folder / "media/day/run1/360p");
  REQUIRE(write_file_atomic(house.folder / "media/day/run1/360p/0.m4s", "x"));
  CHECK(house.ask("DELETE", "/api/v1/admin/broadcasts/day").status == 204);
  CHECK_FALSE(std::filesystem::exists(house.folder / "media/day"));
  house.until([&] { return std::filesystem::is_empty(house.folder / "media"); });
}

TEST_CASE("an ended broadcast can be had as one MP4, without what was withdrawn, until retention takes it") {
  House house;
  house.start();
  furnish(house);
  house.post("/broadcasts/day/go-live");
  CHECK(status_of(house, "/hls/day/replay.mp4") == 404);
  ProgramTime begun = now() + seconds(1);
  auto record = [&] {
    auto disk = output::posix_disk();
    SystemClock clock;
    output::StoreWriter writer(house.folder / "media/day", {0, milliseconds(0), 0}, *disk, clock,
                               Log("test", LogLevel::kError));
    REQUIRE(writer.open());
    return openday::test::play(openday::test::record_tape("run1", 0, 0, 240, begun), writer);
  };
  REQUIRE(record().size() >= 4);
  FakeRun run(house, house.give_peer("engine", "day"), "run1", 0, begun);
  run.init();
  run.segment(0, true);
  house.until([&] {
    return Json::parse(house.ask("GET", "/api/v1/admin/broadcasts/day").body)["state"] == "live" &&
           status_of(house, kPart) == 200;
  });
  house.post("/broadcasts/day/end", R"({"confirm":"day"})");
  house.until([&] {
    return Json::parse(house.ask_with("", "GET", "/api/v1/broadcasts/day").body)["state"] == "replay";
  });

  auto download = [&](const std::string& headers = {}) {
    Answer answer;
    house.until([&] {
      answer = house.ask_with(headers, "GET", "/hls/day/replay.mp4");
      return answer.status != 202;
    });
    return answer;
  };
  auto first = house.ask_with("", "GET", "/hls/day/replay.mp4");
  REQUIRE(first.status == 202);
  CHECK(Json::parse(first.body)["state"] == "preparing");
  CHECK(house.ask_with("Accept: text/html\r\n", "GET", "/hls/day/replay.mp4").status != 404);
  auto whole = download();
  REQUIRE(whole.status == 200);
  CHECK(whole.header("content-type") == "video/mp4");
  CHECK(whole.body.substr(4, 4) == "ftyp");
  auto piece = download("Range: bytes=4-7\r\n");
  CHECK(piece.status == 206);
  CHECK(piece.body == "ftyp");
  CHECK(house.ask_with("", "GET", "/hls/day/replay.mp4?rendition=../x").status == 400);
  // Names that are none cost nothing, and stand in nobody's way.
  CHECK(status_of(house, "/hls/day/replay.mp4?rendition=4320p") == 404);
  CHECK(status_of(house, "/hls/day/replay.mp4?rendition=best") == 404);
  CHECK(status_of(house, "/hls/day/replay.mp4") == 200);

  Json range = {{"from", (begun + milliseconds(2500)).ms},
                {"to", (begun + milliseconds(2600)).ms},
                {"reason", "a name"}};
  auto index_size = [&] { return std::filesystem::file_size(house.folder / "media/day/index.jsonl"); };
  auto before = index_size();
  house.post("/broadcasts/day/withdraw", range.dump());
  house.until([&] { return index_size() > before; });
  auto shorter = download();
  REQUIRE(shorter.status == 200);
  CHECK(shorter.body.size() < whole.body.size());

  // Copies yield: beyond their share the longest unused goes, but one is always to be had.
  auto copies = [&] {
    auto folder = std::filesystem::directory_iterator(house.folder / "media/.exports/day");
    return std::distance(begin(folder), end(folder));
  };
  house.until([&] { return status_of(house, "/hls/day/replay.mp4?rendition=audio") == 200; });
  CHECK(copies() == 2);
  REQUIRE(house.stop() == 0);
  Json modest = house.config();
  modest["store"]["max_bytes"] = whole.body.size() * 5;
  std::filesystem::remove_all(house.folder / "media/.exports");
  house.start(modest);
  REQUIRE(download().status == 200);
  house.until([&] { return status_of(house, "/hls/day/replay.mp4?rendition=audio") == 200; });
  CHECK(copies() == 1);

  // A disk that recording will need: no copies, neither new ones nor those that are there.
  REQUIRE(house.stop() == 0);
  Json crowded = house.config();
  crowded["store"]["reserve_bytes"] = std::filesystem::space(house.folder.path()).available;
  house.start(crowded);
  CHECK(download().status == 429);
  CHECK(copies() == 0);

  REQUIRE(house.stop() == 0);
  Json stingy = house.config();
  stingy["store"]["max_bytes"] = 1;
  house.start(stingy);
  house.until([&] {
    return Json::parse(house.ask_with("", "GET", "/api/v1/broadcasts/day").body)["state"] == "ended";
  });
  CHECK(status_of(house, "/hls/day/replay.mp4") == 404);
}
