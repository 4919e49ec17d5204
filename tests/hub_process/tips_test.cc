// Tips through the real hub in a process of its own: what lies on the disk, and what a kill leaves.
#include <atomic>
#include <regex>
#include <set>

#include "../hub_http/ws_client.h"
#include "../photo/pictures.h"
#include "base/log.h"
#include "output/clip_store.h"
#include "photo/photo_file.h"
#include "real_hub.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;
using namespace openday::app::test;

namespace {

constexpr const char* kOwnPassword = "PLANTED-PASSWORD-of-ana";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    out += hex;
  }
  return out;
}

/// What stands in every photo that is sent here, beside its pixels.
const std::vector<std::string> kOfPhotos = {"39.9042N", "CameraSerial123", "PLANTED-FILE"};

std::string with_gps(int width, int height) {
  namespace pictures = photo::test;
  Bytes file = pictures::with_segment(pictures::jpeg(width, height), 0xE1, pictures::exif_segment(6));
  return std::string(as_text(file));
}

struct Desk : RealHub {
  Desk() { start_hub(); }

  void start_hub() {
    Json with = config();
    with["tips"] = {{"listen", {{{"address", "127.0.0.1"}, {"port", tips_port}}}}, {"tls", Json::array()}};
    spawn_hub(with);
  }

  /// As ana, from a page of the hub.
  Answer as_ana(const std::string& method, const std::string& path, const Json& body = nullptr) {
    std::string host = "127.0.0.1:" + std::to_string(port);
    return ask_with("Cookie: " + cookie + "\r\nX-Openday: 1\r\nOrigin: http://" + host + "\r\n", method,
                    "/api/v1" + path, body.is_null() ? "" : body.dump());
  }
  void log_in(const std::string& password) {
    auto answer =
        ask_with("", "POST", "/api/v1/session", Json{{"name", "ana"}, {"password", password}}.dump());
    REQUIRE(answer.status == 200);
    cookie = answer.header("set-cookie");
    cookie = cookie.substr(0, cookie.find(';'));
  }
  /// ana is an officer with a password of her own, and has founded the desk.
  void found() {
    std::string given = post("/people", R"({"id":"ana","name":"Ana","roles":["officer"]})")["password"];
    log_in(given);
    REQUIRE(as_ana("PUT", "/session/password", {{"present", given}, {"new", kOwnPassword}}).status == 204);
    auto founded = as_ana("POST", "/desk/found");
    REQUIRE(founded.status == 200);
    recovery = Json::parse(founded.body)["recovery_key"];
  }
  /// A form posted to the tip site, from this address of this machine. Nothing when the hub went away.
  std::optional<Answer> form(const std::string& path, const std::string& body, const std::string& from,
                             const std::string& headers = {}) {
    return post_form(path, "application/x-www-form-urlencoded", body, from, headers);
  }
  /// A tip with photos.
  std::optional<Answer> form_with(const std::map<std::string, std::string>& texts,
                                  const std::vector<std::string>& photos, const std::string& from) {
    const std::string edge = "--edge\r\nContent-Disposition: form-data; name=";
    std::string body;
    for (const auto& [name, text] : texts) body += edge + "\"" + name + "\"\r\n\r\n" + text + "\r\n";
    for (const auto& one : photos) {
      body += edge + "\"photos\"; filename=\"PLANTED-FILE.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + one +
              "\r\n";
    }
    return post_form("/send", "multipart/form-data; boundary=edge", body + "--edge--\r\n", from, "");
  }
  static std::string receipt_in(const std::string& page) {
    std::smatch found;
    bool there = std::regex_search(page, found, std::regex("class=\"number\">([0-9 ]{29})<"));
    return there ? std::regex_replace(found[1].str(), std::regex(" "), "") : "";
  }
  std::string read(const std::string& receipt, const std::string& from) {
    auto page = form("/answer", "lang=en&receipt=" + receipt, from);
    REQUIRE(page);
    CHECK(page->status == 200);
    return page->body;
  }
  const openday::test::HeldPort held_tips_port;
  const int tips_port = held_tips_port.number();
  std::string cookie;
  std::string recovery;

 private:
  std::optional<Answer> post_form(const std::string& path, const std::string& type, const std::string& body,
                                  const std::string& from, const std::string& headers) {
    Client client(tips_port, 0, from.c_str());
    if (!client.connected()) return std::nullopt;
    std::string head = "POST " + path + " HTTP/1.1\r\nHost: tips.example\r\n" + headers +
                       "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\n\r\n";
    if (!client.send(head + body)) return std::nullopt;
    return client.read();
  }
};

}  // namespace

TEST_CASE("nothing of a tip, its sender or its keys is readable on the disk of a running hub") {
  Desk desk;
  desk.found();
  const std::string text = "PLANTED-TIP 他们在车站后面卖";
  const std::string address = "127.77.88.99";
  auto sent =
      desk.form("/send",
                "lang=en&kind=lead&moment=2026-12-01T09%3A31%3A47&contact=" + escaped("PLANTED-CONTACT") +
                    "&text=" + escaped(text),
                address,
                "User-Agent: PLANTED-AGENT\r\nReferer: http://PLANTED-REFERER/\r\n"
                "Cookie: openday=PLANTED-COOKIE\r\n");
  REQUIRE(sent);
  REQUIRE(sent->status == 200);
  CHECK(sent->header("set-cookie").empty());
  std::string receipt = Desk::receipt_in(sent->body);
  REQUIRE(receipt.size() == 24);
  auto listed = Json::parse(desk.as_ana("GET", "/desk/tips").body)["tips"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["excerpt"] == text);
  std::string one = "/desk/tips/" + listed[0]["id"].get<std::string>();
  CHECK(Json::parse(desk.as_ana("GET", one).body)["content"]["contact"] == "PLANTED-CONTACT");
  CHECK(desk.as_ana("POST", one + "/triage", {{"verdict", "lead"}}).status == 204);
  CHECK(desk.as_ana("POST", one + "/answer", {{"text", "PLANTED-ANSWER"}, {"after", 2}}).status == 204);
  CHECK(desk.read(receipt, address).find("PLANTED-ANSWER") != std::string::npos);
  auto written = desk.form("/write", "receipt=" + receipt + "&text=PLANTED-MORE", address);
  REQUIRE(written);
  CHECK(written->body.find("PLANTED-MORE") != std::string::npos);
  CHECK(desk.form("/answer", "receipt=987698769876987698769876", address)->status == 200);
  std::string grouped = std::regex_replace(receipt, std::regex("(....)(?!$)"), "$1 ");
  for (const std::string& secret :
       {std::string("PLANTED-"), std::string("他们在车站"), std::string("09:31:47"), receipt, grouped,
        address, std::string("987698769876"), desk.recovery, desk.cookie.substr(desk.cookie.find('=') + 1),
        std::string(kOwnPassword)}) {
    CAPTURE(secret);
    CHECK(desk.holding(secret).empty());
  }
  // The search itself finds what is there.
  CHECK_FALSE(desk.holding("desk.found").empty());
  CHECK(std::filesystem::is_empty(desk.folder / "tmp"));
  desk.kill_hub();
  CHECK(desk.holding("PLANTED-").empty());
}

TEST_CASE("no stored time of a tip is finer than a minute, and no value of it stands elsewhere") {
  Desk desk;
  desk.found();
  REQUIRE(desk.form("/send", "kind=lead&text=hello&moment=2026-12-01T09%3A31%3A47", "127.3.3.3")->status ==
          200);
  desk.kill_hub();
  auto db = sqlite::Database::open(desk.folder / "openday.db", sqlite::Mode::kReadOnly);
  REQUIRE(db);
  auto number = [&](sqlite::Sql sql) {
    auto rows = db->query(sql);
    REQUIRE(rows);
    REQUIRE(*rows->next());
    return rows->integer(0);
  };
  CHECK(number("SELECT count(*) FROM tips") == 1);
  CHECK(number("SELECT count(*) FROM tips WHERE received % 60000 OR changed % 60000 OR moment % 60000") == 0);
  CHECK(number("SELECT count(*) FROM tip_timeline WHERE at % 60000") == 0);
  // What was noted of people's acts says nothing of it: neither its id nor that it came.
  CHECK(number("SELECT count(*) FROM audit, tips WHERE instr(audit.subject || audit.detail, tips.id)") == 0);
  CHECK(number("SELECT count(*) FROM audit WHERE action LIKE 'tip.%'") == 0);
  CHECK(number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tip%'"
               " AND sql NOT LIKE '%WITHOUT ROWID%'") == 0);
}

TEST_CASE("no stored value joins what a viewer said in the room with the tip that the same viewer sent") {
  Desk desk;
  desk.found();
  desk.give_peer("gateway", "");
  desk.post("/venues", Json{{"id", "a"}, {"name", "a"}, {"source", {{"kind", "test"}}}}.dump());
  desk.post("/broadcasts", R"({"id":"day","title":"Open day","venues":["a"]})");
  desk.post("/broadcasts/day/go-live");
  // One browser: the same address, the same headers, the same name, the same words, the same moment.
  const char* address = "127.44.55.66";
  const std::string headers = "User-Agent: PLANTED-AGENT\r\nCookie: planted=PLANTED-COOKIE\r\n";
  hub::test::Socket room(desk.port, "/api/v1/broadcasts/day/room", "openday-room-1", headers, address);
  room.say({{"t", "join"}, {"name", "same-name"}});
  Json welcome = room.hear("welcome");
  REQUIRE(welcome.is_object());
  // A whole second, as a form can say it, that has been aired; not the turn of a minute.
  int64_t spoken_at = (welcome["now"].get<int64_t>() / 1000 + 1) * 1000;
  if (spoken_at % 60'000 == 0) spoken_at += 1000;
  desk.until([&] { return SystemClock().wall().ms > spoken_at; });
  room.say({{"t", "comment"}, {"ref", "same-reference"}, {"text", "same-words"}, {"moment", spoken_at}});
  Json ack = room.hear("ack");
  REQUIRE(ack.is_object());
  room.say({{"t", "report"}, {"ref", "another-reference"}, {"id", ack["id"]}, {"reason", "spam"}});
  REQUIRE(room.hear("ack").is_object());
  desk.post("/broadcasts/day/bans", Json{{"comment", ack["id"]}, {"minutes", 5}, {"reason", "spam"}}.dump());
  auto sent = desk.form("/send",
                        "kind=lead&broadcast=day&text=same-words&contact=same-name&moment=" +
                            escaped(to_rfc3339({spoken_at}).substr(0, 19)),
                        address, headers);
  REQUIRE(sent);
  REQUIRE(sent->status == 200);
  std::string receipt = Desk::receipt_in(sent->body);
  REQUIRE(desk.form("/write", "receipt=" + receipt + "&text=same-words", address, headers)->status == 200);
  desk.kill_hub();
  // Neither the viewer's token nor what their browser is known by is anywhere.
  for (const std::string& secret :
       {welcome["token"].get<std::string>(), std::string(address), std::string("PLANTED-"), receipt}) {
    CAPTURE(secret);
    CHECK(desk.holding(secret).empty());
  }
  auto db = sqlite::Database::open(desk.folder / "openday.db", sqlite::Mode::kReadOnly);
  REQUIRE(db);
  auto values = [&](sqlite::Sql sql) {
    auto rows = db->query(sql);
    REQUIRE(rows);
    std::set<std::string> found;
    while (*rows->next()) found.insert(rows->text(0));
    return found;
  };
  // A new table or column of either side has to be looked at here.
  REQUIRE(
      values(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name LIKE 'tip%' OR name LIKE '%comment%'"
          " OR name IN ('reports', 'bans', 'viewers', 'rooms'))") ==
      std::set<std::string>{"bans", "comments", "reports", "rooms", "tip_copies", "tip_photos",
                            "tip_timeline", "tips"});
  REQUIRE(values("SELECT s.name || ' ' || count(*) FROM sqlite_schema s, pragma_table_info(s.name)"
                 " WHERE s.type = 'table' AND s.name IN ('tips', 'tip_timeline', 'tip_photos', 'tip_copies',"
                 " 'comments', 'reports', 'bans') GROUP BY s.name") ==
          std::set<std::string>{"bans 9", "comments 20", "reports 3", "tip_copies 3", "tip_photos 3",
                                "tip_timeline 7", "tips 12"});
  auto said = values(
      "SELECT author FROM comments UNION SELECT name FROM comments UNION SELECT text FROM comments"
      " UNION SELECT ref FROM comments UNION SELECT CAST(at AS TEXT) FROM comments"
      " UNION SELECT CAST(moment AS TEXT) FROM comments UNION SELECT author FROM reports"
      " UNION SELECT author FROM bans UNION SELECT name FROM bans UNION SELECT CAST(since AS TEXT) FROM bans"
      " UNION SELECT CAST(until AS TEXT) FROM bans");
  CHECK(said.contains("same-words"));  // the search finds what is there
  auto told = values(
      "SELECT id FROM tips UNION SELECT clip FROM tips UNION SELECT CAST(received AS TEXT) FROM tips"
      " UNION SELECT CAST(changed AS TEXT) FROM tips UNION SELECT CAST(moment AS TEXT) FROM tips"
      " UNION SELECT hex(lookup) FROM tips UNION SELECT hex(for_tipster) FROM tips"
      " UNION SELECT hex(for_recovery) FROM tips UNION SELECT CAST(at AS TEXT) FROM tip_timeline"
      " UNION SELECT hex(sealed) FROM tip_timeline UNION SELECT hex(sealed) FROM tip_photos"
      " UNION SELECT hex(sealed) FROM tip_copies");
  // Both said which moment they meant, and it was the same.
  CHECK(said.contains(std::to_string(spoken_at)));
  CHECK_FALSE(told.contains(std::to_string(spoken_at)));
  CHECK(told.contains(std::to_string(spoken_at / 60'000 * 60'000)));
  for (const std::string& value : told) {
    CAPTURE(value);
    CHECK((value.empty() || !said.contains(value)));
  }
}

TEST_CASE("a tip's photos are read by officers without what stood beside their pixels, and by nobody else") {
  Desk desk;
  desk.found();
  std::string large = with_gps(1600, 1200);
  REQUIRE(large.find("39.9042N") != std::string::npos);
  auto sent = desk.form_with({{"lang", "en"}, {"kind", "lead"}, {"text", "PLANTED-TIP"}},
                             {with_gps(400, 300), large}, "127.7.7.7");
  REQUIRE(sent);
  CAPTURE(sent->body);
  REQUIRE(sent->status == 200);
  std::string receipt = Desk::receipt_in(sent->body);
  REQUIRE(receipt.size() == 24);
  auto listed = Json::parse(desk.as_ana("GET", "/desk/tips").body)["tips"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["photos"] == 2);
  std::string photos = "/desk/tips/" + listed[0]["id"].get<std::string>() + "/photos/";
  for (const char* number : {"1", "2"}) {
    auto photo = desk.as_ana("GET", photos + number);
    REQUIRE(photo.status == 200);
    CHECK(photo.header("content-type") == "image/jpeg");
    CHECK(photo.header("cache-control") == "no-store");
    CHECK(photo.header("x-content-type-options") == "nosniff");
    CHECK(photo.header("content-security-policy").find("default-src 'none'") != std::string::npos);
    auto file = photo::read_photo_file(as_bytes(photo.body));
    REQUIRE(file);
    CHECK(file->kind == photo::PhotoKind::kJpeg);
    CHECK(file->height > file->width);  // turned upright
    for (const auto& secret : kOfPhotos) CHECK(photo.body.find(secret) == std::string::npos);
    // Nothing of the picture lies on the disk as it is.
    CHECK(desk.holding(photo.body.substr(photo.body.size() / 2, 32)).empty());
  }
  CHECK(desk.ask("GET", "/api/v1" + photos + "1").status == 403);  // the admin
  CHECK(desk.ask_with("", "GET", "/api/v1" + photos + "1").status == 401);
  // A text, a script in a picture's clothes, and half a picture: each is named, and nothing is kept.
  for (const std::string& wrong :
       {std::string("no photo"), "GIF89a/*" + std::string(100, '<') + "script>*/=1;",
        large.substr(0, large.size() / 2)}) {
    auto page = desk.form_with({{"lang", "en"}, {"kind", "lead"}, {"text", "PLANTED-DRAFT"}},
                               {with_gps(400, 300), wrong}, "127.7.7.7");
    REQUIRE(page);
    CHECK(page->status == 422);
    CHECK(page->body.find("Photo 2: ") != std::string::npos);
    CHECK(page->body.find("PLANTED-DRAFT") != std::string::npos);
  }
  CHECK(Json::parse(desk.as_ana("GET", "/desk").body)["counts"]["received"] == 1);
  for (const auto& secret : kOfPhotos) CHECK(desk.holding(secret).empty());
  CHECK(desk.holding("PLANTED-").empty());
  CHECK(desk.holding(receipt).empty());
  CHECK(desk.holding("127.7.7.7").empty());
  CHECK(std::filesystem::is_empty(desk.folder / "tmp"));
}

TEST_CASE(
    "the clip of a tip is kept at the turn of a minute, loses what is withdrawn, and says nothing of the "
    "tip") {
  Desk desk;
  desk.kill_hub();
  std::string clips = desk.folder / "media/.clips";
  std::string orphan(32, 'a');
  {
    // A stop came between this clip and its tip's note of it.
    auto disk = output::posix_disk();
    output::ClipStore::Options options;
    options.root = clips;
    options.store_of = [&](const std::string& id) { return desk.folder / "media/" + id; };
    SystemClock clock;
    output::ClipStore store(options, *disk, clock, Log("test", LogLevel::kError));
    ProgramTime then{clock.wall().ms - 60'000};
    REQUIRE(store.create(orphan, {"day", then, then, then + seconds(10)}));
  }
  desk.start_hub();
  desk.found();
  for (const char* id : {"a", "b"}) desk.post("/venues", Json{{"id", id}, {"name", id}}.dump());
  desk.post("/broadcasts", R"({"id":"day","title":"Open day","venues":["a","b"]})");
  desk.post("/broadcasts/day/go-live");
  ProgramTime begun = SystemClock().wall() + seconds(1);
  std::string store = desk.folder / "media/day";
  std::filesystem::create_directories(store + "/run1/r720");
  std::ofstream index(output::index_path(store));
  media::InitSegment init;
  init.run = "run1";
  init.rendition = "r720";
  init.height = 720;
  index << output::to_line(init);
  std::ofstream(store + "/run1/r720/init.mp4") << "init";
  for (int64_t msn = 0; msn < 4; ++msn) {
    std::ofstream(store + "/" + output::segment_path("run1", "r720", msn)) << "segment" << msn;
    index << output::to_line(
        media::StoredSegment{"run1", "r720", msn, begun + seconds(2 * msn), 2.0, 8, false});
  }
  index.close();
  std::string moment = to_rfc3339(begun).substr(0, 19);
  auto sent =
      desk.form("/send", "kind=lead&text=PLANTED-TIP&broadcast=day&moment=" + escaped(moment), "127.8.8.8");
  REQUIRE(sent);
  REQUIRE(sent->status == 200);
  Json tip;
  auto read_tip = [&] {
    tip = Json::parse(desk.as_ana("GET", "/desk/tips").body)["tips"][0];
    return tip["clip_hls"].is_string();
  };
  auto end = std::chrono::steady_clock::now() + seconds(90);
  while (!read_tip() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // between two looks
  }
  REQUIRE(tip["clip_hls"].is_string());
  std::string playlist = tip["clip_hls"].get<std::string>().substr(std::string("/api/v1").size());
  CHECK(playlist == "/desk/tips/" + tip["id"].get<std::string>() + "/clip/clip.m3u8");
  CHECK(desk.as_ana("GET", playlist).body.find("run1/r720/1.m4s") != std::string::npos);
  std::string media = playlist.substr(0, playlist.rfind('/')) + "/run1/r720/";
  CHECK(desk.as_ana("GET", media + "1.m4s").body == "segment1");
  CHECK(desk.ask("GET", "/api/v1" + playlist).status == 403);
  // The first turn of a minute has found the one that nobody names.
  desk.until([&] { return !std::filesystem::exists(clips + "/" + orphan); });
  std::string folder;
  for (const auto& entry : std::filesystem::directory_iterator(clips)) {
    CHECK(folder.empty());
    folder = entry.path();
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    CHECK(entry.path().string().find(tip["id"].get<std::string>()) == std::string::npos);
    if (entry.is_regular_file()) {
      CHECK(read_file(entry.path(), 1 << 20)->find(tip["id"].get<std::string>()) == std::string::npos);
    }
  }
  CHECK(desk.holding("PLANTED-TIP").empty());
  Json range = {{"from", (begun + milliseconds(2100)).ms},
                {"to", (begun + milliseconds(2200)).ms},
                {"reason", "a name"}};
  desk.post("/broadcasts/day/withdraw", range.dump());
  CHECK(desk.as_ana("GET", media + "1.m4s").status == 404);
  CHECK(desk.as_ana("GET", media + "2.m4s").status == 200);
  desk.until([&] { return !std::filesystem::exists(folder + "/run1/r720/1.m4s"); });
  desk.kill_hub();
  desk.start_hub();
  CHECK(desk.as_ana("GET", playlist).status == 423);
  CHECK(desk.as_ana("POST", "/desk/unlock", {{"password", kOwnPassword}}).status == 204);
  desk.until([&] { return desk.as_ana("GET", media + "2.m4s").status == 200; });
  CHECK(desk.as_ana("GET", media + "1.m4s").status == 404);
}

TEST_CASE(
    "of a stream of tips that a kill cuts off, every one with a receipt is there, and nothing is "
    "readable") {
  Desk desk;
  desk.found();
  constexpr size_t kEnough = 8;
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> kept;  // receipt, text
  std::atomic<bool> over{false};
  auto send = [&](int sender) {
    for (int i = 0; !over; ++i) {
      std::string text = "PLANTED-STREAM-" + std::to_string(sender) + "-" + std::to_string(i) + "-end";
      std::string from = "127.9." + std::to_string(sender) + "." + std::to_string(i + 1);
      auto page =
          desk.form_with({{"lang", "en"}, {"kind", "report"}, {"text", text}}, {with_gps(320, 240)}, from);
      if (!page) return;
      std::string receipt = Desk::receipt_in(page->body);
      std::lock_guard lock(mutex);
      if (!receipt.empty()) kept.emplace_back(receipt, text);
    }
  };
  std::jthread first(send, 1);
  std::jthread second(send, 2);
  auto enough = [&] {
    std::lock_guard lock(mutex);
    return kept.size() >= kEnough;
  };
  desk.until(enough);
  desk.kill_hub();
  over = true;
  first.join();
  second.join();
  CHECK(desk.holding("PLANTED-STREAM").empty());
  desk.start_hub();
  int reader = 0;
  for (const auto& [receipt, text] : kept) {
    CAPTURE(text);
    CHECK(desk.read(receipt, "127.10.0." + std::to_string(++reader)).find(text) != std::string::npos);
    CHECK(desk.holding(receipt).empty());
  }
  // The officer's key was in the memory of the hub that died.
  CHECK(desk.as_ana("GET", "/desk/tips").status == 423);
  CHECK(desk.as_ana("POST", "/desk/unlock", {{"password", kOwnPassword}}).status == 204);
  auto listed = Json::parse(desk.as_ana("GET", "/desk/tips").body)["tips"];
  CHECK(listed.size() >= kept.size());
  std::set<std::string> texts;
  for (const auto& tip : listed) {
    CHECK(tip["photos"] == 1);
    auto photo = desk.as_ana("GET", "/desk/tips/" + tip["id"].get<std::string>() + "/photos/1");
    CHECK(photo.status == 200);
    CHECK(photo::read_photo_file(as_bytes(photo.body)));
    CHECK(desk.holding(photo.body.substr(photo.body.size() / 2, 32)).empty());
    texts.insert(tip["excerpt"]);
  }
  for (const auto& [receipt, text] : kept) CHECK(texts.contains(text));
  for (const auto& secret : kOfPhotos) CHECK(desk.holding(secret).empty());
  CHECK(desk.holding("PLANTED-STREAM").empty());
  CHECK(std::filesystem::is_empty(desk.folder / "tmp"));
}

TEST_CASE("officers' pages are told that they hear the desk, and of every tip") {
  Desk desk;
  desk.found();
  hub::test::Socket page(
      desk.port, "/api/v1/desk/events", "openday-desk-1",
      "Origin: http://127.0.0.1:" + std::to_string(desk.port) + "\r\nCookie: " + desk.cookie + "\r\n");
  REQUIRE(page.status() == 101);
  page.hear("here");
  auto sent = desk.form("/send", "lang=en&kind=lead&text=" + escaped("behind the station"), "127.0.0.2");
  REQUIRE(sent);
  CHECK(sent->status == 200);
  page.hear("changed");
}
