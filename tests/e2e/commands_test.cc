// A broadcast run from the command line alone, and what the commands say when something is wrong.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/address.h"
#include "base/fd.h"
#include "base/text.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

namespace {

Server::Options small() {
  Server::Options options;
  options.house = {320, 180, 25};
  options.ladder = {"180p 320x180 200 64"};
  return options;
}

// A command that must succeed; its answer.
Json done(const Server& server, const std::vector<std::string>& words) {
  auto outcome = server.command(words);
  INFO(words[0] << " " << words[1] << ": " << outcome.output);
  REQUIRE(outcome.status == 0);
  return outcome.json();
}

// A command that must fail, with this in what it says.
void refused(const Server& server, const std::vector<std::string>& words, const std::string& says) {
  auto outcome = server.command(words);
  INFO("said: " << outcome.output);
  CHECK(outcome.status != 0);
  CHECK(outcome.output.find(says) != std::string::npos);
}

}  // namespace

TEST_CASE("what a running server was backed up with comes back: broadcasts, venues, keys and the token") {
  Server server(small());
  server.set_up("day", 1);
  std::string url = server.publish_url("v0", "rtmp");
  std::string backup = server.folder() + "/backup.db";
  auto backed_up = server.command({"backup", backup});
  INFO(backed_up.output);
  REQUIRE(backed_up.status == 0);
  refused(server, {"backup", backup}, "backup.db");  // nothing is overwritten
  done(server, {"venue", "create", "Too late", "--id", "late", "--test", "yes"});
  Json before = server.admin("GET", "/broadcasts/day");
  refused(server, {"restore", backup, "--force", "yes"}, "a server is running");

  server.program().signal(SIGTERM);
  REQUIRE(server.program().wait(seconds(8)));
  refused(server, {"restore", backup}, "--force");
  auto restored = server.command({"restore", backup, "--force", "yes"});
  INFO(restored.output);
  REQUIRE(restored.status == 0);
  server.start();
  Json venues = done(server, {"venue", "list"})["venues"];
  REQUIRE(venues.size() == 1);
  CHECK(venues[0]["id"] == "v0");
  CHECK(server.admin("GET", "/broadcasts/day")["created_at"] == before["created_at"]);
  // The encoder's key is the one it had.
  auto publisher = publish(venue_file(0, 60, {320, 180, 25}, "flv"), url, server.folder() + "/publisher");
  CHECK(server.wait_live("day", "v0"));
}

TEST_CASE("every process logs from the configured level on") {
  Server::Options options = small();
  options.log_level = "warn";
  Server server(options);
  server.admin("POST", "/venues", {{"id", "bars"}, {"name", "Bars"}, {"source", {{"kind", "test"}}}});
  server.admin("POST", "/broadcasts", {{"id", "day"}, {"title", "Day"}, {"venues", {"bars"}}});
  server.admin("POST", "/broadcasts/day/rehearse", Json::object());
  REQUIRE(server.wait_live("day", "bars"));  // hub, gateway, feed and engine are at work
  CHECK(server.log().find(R"("level":"info")") == std::string::npos);
  server.program().signal(SIGTERM);
  REQUIRE(server.program().wait(seconds(8)));

  // Everything now, and a gateway that turns people away, which it says at that level only.
  std::string file = server.folder() + "/openday.toml";
  std::string text = read_file(file, 1 << 20).value();
  for (auto [from, to] : {std::pair<std::string, std::string>("\"warn\"", "\"debug\""),
                          {"[ingest]\n", "[ingest]\nper_address = 1\n"}}) {
    text.replace(text.find(from), from.size(), to);
  }
  std::ofstream(file) << text;
  server.start();
  REQUIRE(server.wait_live("day", "bars"));
  auto logged = [&](const std::string& what) {
    return server.log().find(R"("level":)" + what) != std::string::npos;
  };
  CHECK(logged(R"("info","proc":"supervisor","event":"process_ready")"));
  CHECK(logged(R"("info","proc":"gateway","event":"listening")"));
  CHECK(logged(R"("info","proc":"feed","event":"sandboxed")"));
  CHECK(logged(R"("info","proc":"engine","event":"engine_started")"));
  auto gateway = SocketAddress::parse("127.0.0.1", static_cast<uint16_t>(server.rtmp_port())).value();
  UniqueFd callers[2];
  for (auto& caller : callers) {
    caller.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(caller.get(), gateway.raw(), gateway.size()) == 0);
  }
  CHECK(eventually(seconds(5),
                   [&] { return logged(R"("debug","proc":"gateway","event":"rtmp_turned_away")"); }));
}

TEST_CASE("a configuration that cannot be started with is refused by the check and by the server") {
  Server server(small());
  std::string key = server.folder() + "/key.pem";
  CHECK(server.command({"check-config"}).status == 0);
  std::filesystem::remove(key);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"check-config"}, {"serve"}}) {
    refused(server, words,
            "openday.toml: http.private_key: " + key +
                ": No such file or directory; name a PEM file that this user may read");
  }
  std::string lost = server.folder() + "/lost.toml";
  std::ofstream(lost) << "[server]\npipelines = \"/nowhere\"\n";
  for (const char* said : {"lost.toml: server.pipelines: ", "/nowhere/layouts", "that came with"})
    refused(server, {"check-config", lost}, said);
}

TEST_CASE("a broadcast is run from the command line, from its venues to its replay") {
  Server server(small());
  CHECK(done(server, {"venue", "create", "第一法庭", "--id", "hall", "--test", "yes"})["id"] == "hall");
  done(server, {"venue", "create", "Gate", "--id", "gate", "--test=yes"});
  done(server, {"venue", "create", "Road", "--id", "road", "--pull", "rtsp://viewer:secret@127.0.0.1:9/1"});
  Json venues = done(server, {"venue", "list"});
  REQUIRE(venues["venues"].size() == 3);
  CHECK(venues.dump().find("secret") == std::string::npos);
  Json key = done(server, {"venue", "key", "road"});
  CHECK(key["rtmp"]["stream_key"].get<std::string>().size() >= 20);
  CHECK(key["rtmps"]["url"].get<std::string>().rfind("rtmps://", 0) == 0);
  CHECK(!key["srt"]["passphrase"].get<std::string>().empty());
  Json changed = done(server, {"venue", "change", "road", "--name", "Highway", "--av-offset", "-120",
                               "--jitter", "300", "--file", "road.mp4"});
  CHECK(changed["name"] == "Highway");
  CHECK(changed["av_offset_ms"] == -120);
  CHECK(changed["jitter_ms"] == 300);
  CHECK(changed["source"] == Json({{"kind", "file"}, {"path", "road.mp4"}}));
  CHECK(done(server, {"venue", "show", "road"}) == changed);
  CHECK(done(server, {"venue", "change", "road", "--ingest", "yes"})["source"]["kind"] == "ingest");
  done(server, {"venue", "delete", "road"});
  CHECK(done(server, {"venue", "list"})["venues"].size() == 2);

  done(server, {"broadcast", "create", "开放日", "--id", "day", "--venues", "hall,gate", "--starts-at",
                "2030-01-01T09:00:00+08:00", "--description", "All day"});
  CHECK(done(server, {"broadcast", "list"})["broadcasts"].size() == 1);
  CHECK(done(server, {"broadcast", "show", "day"})["starts_at"] == "2030-01-01T01:00:00.000Z");
  Json other = done(server, {"broadcast", "change", "day", "--title", "Open day", "--hidden", "yes"});
  CHECK(other["title"] == "Open day");
  CHECK(other["hidden"] == true);
  CHECK(other["description"] == "All day");
  CHECK(done(server, {"broadcast", "change", "day", "--hidden", "no"})["hidden"] == false);
  CHECK(done(server, {"broadcast", "change", "day", "--starts-at", "none"})["starts_at"].is_null());
  CHECK(done(server, {"broadcast", "change", "day", "--starts-at", "1893456000000", "--language",
                      "en"})["language"] == "en");
  done(server, {"broadcast", "create", "Too many", "--id", "spare", "--venues", "gate", "--hidden", "yes"});
  done(server, {"broadcast", "delete", "spare"});
  CHECK(done(server, {"broadcast", "list"})["broadcasts"].size() == 1);
  CHECK(done(server, {"broadcast", "rehearse", "day"})["state"] == "rehearsal");
  Json taken = done(server, {"broadcast", "take", "day", "side-by-side", "hall,gate", "--title", "开庭"});
  CHECK(taken["scene"]["title"] == "开庭");
  CHECK(done(server, {"broadcast", "slate", "day", "on"})["scene"]["slate"] == true);
  Json back = done(server, {"broadcast", "slate", "day", "off"});
  CHECK(back["scene"]["slate"] == false);
  CHECK(back["scene"]["venues"] == Json({"hall", "gate"}));

  done(server, {"scene", "save", "day", "gate", "full", "gate", "--title", "At the gate"});
  CHECK(done(server, {"scene", "take", "day", "gate"})["scene"]["venues"] == Json({"gate"}));
  CHECK(done(server, {"scene", "list", "day"})["scenes"][0]["scene"]["title"] == "At the gate");
  refused(server, {"scene", "take", "day", "dawn"}, "dawn");
  done(server, {"scene", "delete", "day", "gate"});
  CHECK(done(server, {"scene", "list", "day"})["scenes"].empty());
  Json mix = done(server, {"broadcast", "mix", "day", "gate", "--gain", "-4.5", "--mute", "yes"});
  CHECK(mix["venues"]["gate"] == Json({{"gain_db", -4.5}, {"mute", true}}));
  CHECK(done(server, {"broadcast", "mix", "day", "gate", "--mute", "no"})["venues"]["gate"]["gain_db"] ==
        -4.5);

  Json target = done(server, {"target", "add", "day", "Platform", "rtmp://127.0.0.1:9/app", "--key", "k-9",
                              "--rendition", "180p", "--id", "platform"});
  CHECK(target["has_key"] == true);
  Json targets = done(server, {"target", "list", "day"});
  CHECK(targets["targets"][0]["id"] == "platform");
  CHECK(targets.dump().find("k-9") == std::string::npos);
  Json off = done(server, {"target", "change", "day", "platform", "--enabled", "no", "--name", "Other"});
  CHECK(off["enabled"] == false);
  CHECK(off["name"] == "Other");
  CHECK(off["has_key"] == true);
  done(server, {"target", "remove", "day", "platform"});
  CHECK(done(server, {"target", "list", "day"})["targets"].empty());

  Json live = done(server, {"broadcast", "go-live", "day"});
  CHECK(live["state"] == "live");
  CHECK(done(server, {"broadcast", "status", "day"})["engine"] == "running");
  REQUIRE(eventually(seconds(15), [&] {
    return server.get("/hls/day/180p/dvr.m3u8").body.find(".m4s") != std::string::npos;
  }));
  int64_t now = server.status("day")["now"];
  done(server, {"broadcast", "withdraw", "day", live["live_at"], std::to_string(now), "a name was said"});
  CHECK(server.admin("GET", "/broadcasts/day/withdraw")["withdrawals"][0]["reason"] == "a name was said");
  refused(server, {"broadcast", "go-live", "day"}, "live");
  refused(server, {"venue", "delete", "hall"}, "day");
  refused(server, {"broadcast", "take", "day", "gird", "hall"}, "grid");
  refused(server, {"target", "change", "day", "nowhere", "--enabled", "yes"}, "nowhere");
  refused(server, {"broadcast", "mix", "day", "hell", "--mute", "yes"}, "hell");
  refused(server, {"target", "add", "day", "P", "http://example.org/"}, "rtmp");
  CHECK(done(server, {"broadcast", "end", "day"})["state"] == "ended");

  // What is wrong is said in words, with what would be right.
  refused(server, {"broadcast", "end", "day"}, "ended");
  refused(server, {"broadcast", "take", "day", "full", "hall"}, "ended for good");
  refused(server, {"broadcast", "show", "night"}, "night");
  refused(server, {"venue", "create", "Hall", "--id", "hall"}, "hall");
  refused(server, {"venue", "create", "Cam", "--pull", "gopher://example.org/"}, "gopher");
  refused(server, {"broadcast", "withdraw", "day", "yesterday", "today", "x"}, "RFC 3339");
  refused(server, {"broadcast", "create", "Two", "--venues", "hall,gait"}, "gait");
  refused(server, {"broadcast", "slate", "day", "of"}, "on|off");
  refused(server, {"broadcast", "take", "day", "grid"}, "ID LAYOUT VENUE,VENUE");
  refused(server, {"broadcast", "golive", "day"}, "go-live");
  refused(server, {"brodcast", "list"}, "broadcast");
  refused(server, {"venue", "create", "X", "--teste", "yes"}, "--test");
  refused(server, {"venue", "key", "../x"}, "not an id");
  refused(server, {"venue", "change", "hall"}, "nothing to change");
  refused(server, {"venue", "change", "hall", "--name", "Caf\xe9"}, "not UTF-8");
  refused(server, {"venue", "change", "hall", "--jitter", "soon"}, "--jitter wants a number");
  refused(server, {"venue", "change", "hall", "--test", "yes", "--pull", "srt://a:1"}, "one source");
  refused(server, {"broadcast", "change", "day", "--hidden", "maybe"}, "yes or no");
  refused(server, {"scene", "take", "day", "dawn"}, "ended");
  refused(server, {"scene", "save", "day", "Gate/2", "full", "gate"}, "not an id");

  refused(server, {"serve", "--confg", "x"}, "--config");
  refused(server, {"serve", "now"}, "one word too many");
  refused(server, {"serve"}, "a server is running");
  refused(server, {"check-config", "--strict", "yes"}, "unknown option --strict");
  CHECK(server.command({"check-config"}).output.find("fine") != std::string::npos);
  for (const std::vector<std::string>& asking :
       {std::vector<std::string>{"--help"}, {"serve", "--help"}, {"venue", "-h"}}) {
    auto help = server.command(asking);
    CHECK(help.status == 0);
    CHECK(help.output.find("broadcast create") != std::string::npos);
  }
  CHECK(server.command({"--version"}).output.rfind("openday ", 0) == 0);
  std::string typo = server.folder() + "/typo.toml";
  std::ofstream(typo) << "[server]\n\n[ingest]\nrtmp_prot = 1935\n";
  for (const char* said : {"typo.toml:4", "ingest.rtmp_prot", "rtmp_port"})
    refused(server, {"check-config", typo}, said);

  server.program().signal(SIGTERM);
  REQUIRE(server.program().wait(seconds(8)));
  refused(server, {"venue", "list"}, "Is the server running?");
}
