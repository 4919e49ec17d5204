// Rooms and moderation over real sockets and the real database.
#include "../hub_http/ws_client.h"
#include "hub/room_messages.h"
#include "supervised_hub.h"

using namespace openday;
using namespace openday::app::test;
using hub::test::Socket;

namespace {

void go_live(House& house) {
  house.start();
  house.give_peer("gateway", "");
  house.post("/venues", Json{{"id", "a"}, {"name", "a"}, {"source", {{"kind", "test"}}}}.dump());
  house.post("/broadcasts", R"({"id":"day","title":"Open day","venues":["a"]})");
  house.post("/broadcasts/day/go-live");
}

Socket enter(House& house, const Json& join = {{"t", "join"}}, std::string_view headers = {}) {
  Socket socket(house.port, "/api/v1/broadcasts/day/room", "openday-room-1", headers);
  REQUIRE(socket.status() == 101);
  socket.say(join);
  return socket;
}

/// Makes an account with one role, and logs it in: the header with its cookie.
std::string log_in(House& house, const std::string& id, std::string_view role) {
  auto person = house.ask("POST", "/api/v1/admin/people",
                          Json{{"id", id}, {"name", "The " + id}, {"roles", {role}}}.dump());
  REQUIRE(person.status == 201);
  std::string given = Json::parse(person.body)["password"];
  auto login = house.ask_with("", "POST", "/api/v1/session", Json{{"name", id}, {"password", given}}.dump());
  REQUIRE(login.status == 200);
  std::string cookie = login.header("set-cookie");
  std::string headers = "Origin: http://127.0.0.1:" + std::to_string(house.port) +
                        "\r\nCookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  auto changed = house.ask_with(headers + "X-Openday: 1\r\n", "PUT", "/api/v1/session/password",
                                Json{{"present", given}, {"new", "correct horse " + id}}.dump());
  REQUIRE(changed.status == 204);
  return headers;
}

Json say(Socket& socket, const std::string& text, const std::string& ref) {
  socket.say({{"t", "comment"}, {"ref", ref}, {"text", text}});
  return socket.hear("ack");
}

}  // namespace

TEST_CASE("a comment crosses from one socket to another, survives the hub, and a removal reaches everybody") {
  House house;
  go_live(house);
  Socket ana = enter(house, {{"t", "join"}, {"name", "安娜"}});
  Json welcome = ana.hear("welcome");
  REQUIRE(welcome["room"]["open"] == true);
  Socket ben = enter(house);
  ben.hear("events");
  Json ack = say(ana, "你好", "reference-1");
  REQUIRE(ack["state"] == "published");
  Json events = ben.hear("events");
  CHECK(events["events"][0]["text"] == "你好");
  CHECK(events["events"][0]["name"] == "安娜");
  house.lose();
  house.start();
  Socket back = enter(
      house,
      {{"t", "join"}, {"token", welcome["token"]}, {"since", {{"epoch", welcome["epoch"]}, {"offset", 0}}}});
  Json again = back.hear("welcome");
  CHECK(again["viewer"] == welcome["viewer"]);
  CHECK(again["since"] == "fresh");
  Json history = back.hear("events");
  REQUIRE(history["events"].size() == 1);
  CHECK(history["events"][0]["id"] == ack["id"]);
  Json decided =
      house.post("/broadcasts/day/comments/decide",
                 Json{{"decisions", {{{"id", ack["id"]}, {"from", "published"}, {"state", "removed"}}}},
                      {"reason", "private"}}
                     .dump());
  CHECK(decided["decided"].size() == 1);
  CHECK(back.hear("events")["events"][0] == Json{{"k", "removed"}, {"id", ack["id"]}});
}

TEST_CASE("every message of a room is for those that its table names, and for nobody else") {
  House house;
  go_live(house);
  for (const auto& message : hub::kRoomMessages) {
    INFO(message.t << " " << message.as);
    if (!message.right) continue;  // the others are said below, by a viewer
    REQUIRE((message.t == "join" && message.as == "staff"));
    for (const auto& [role, name] : account::kRoles) {
      INFO(name);
      std::string cookie = log_in(house, "p-" + std::string(name), name);
      Socket socket = enter(house, {{"t", "join"}, {"as", "staff"}}, cookie);
      bool may = account::may({role}, *message.right);
      Json heard = socket.hear(may ? "welcome" : "refused");
      REQUIRE(heard.is_object());
      if (may) CHECK(heard["name"] == "The p-" + std::string(name));
      if (!may) CHECK(heard["code"] == "forbidden");
    }
    Socket nobody = enter(house, {{"t", "join"}, {"as", "staff"}});
    CHECK(nobody.hear("refused")["code"] == "forbidden");
  }
  Socket viewer = enter(house);
  viewer.hear("events");
  std::set<std::string> said = {"join"};
  int64_t id = say(viewer, "hello", "reference-1")["id"];
  said.insert("comment");
  viewer.say({{"t", "name"}, {"ref", "reference-2"}, {"name", "Ana"}});
  CHECK(viewer.hear("ack")["ref"] == "reference-2");
  said.insert("name");
  viewer.say({{"t", "report"}, {"ref", "reference-3"}, {"id", id}, {"reason", "spam"}});
  CHECK(viewer.hear("ack")["ref"] == "reference-3");
  said.insert("report");
  viewer.say({{"t", "react"}, {"kind", "like"}});
  while (viewer.hear("counts")["reactions"].empty()) {
  }
  said.insert("react");
  for (const auto& message : hub::kRoomMessages) {
    if (!message.right) CHECK(said.contains(std::string(message.t)));
  }
}

TEST_CASE("a moderator's page sees what is held, claims it, decides, and undoes") {
  House house;
  go_live(house);
  std::string mo = log_in(house, "mo", "moderator");
  std::string li = log_in(house, "li", "moderator");
  auto ask = [&](const std::string& cookie, const std::string& method, const std::string& path,
                 const Json& body) {
    auto answer = house.ask_with(cookie + "X-Openday: 1\r\n", method, "/api/v1/admin/broadcasts/day" + path,
                                 body.is_null() ? "" : body.dump());
    INFO(path << " " << answer.body);
    REQUIRE(answer.status < 300);
    return answer.body.empty() ? Json() : Json::parse(answer.body);
  };
  Socket page(house.port, "/api/v1/admin/broadcasts/day/moderation", "openday-moderation-1", mo);
  REQUIRE(page.status() == 101);
  CHECK(page.hear("queue")["items"].empty());
  Socket ana = enter(house);
  ana.hear("events");
  Json ack = say(ana, "call me: 13812345678", "reference-1");
  CHECK(ack["state"] == "held");
  CHECK(ack["why"] == Json{{"rule", "phone"}, {"from", 9}, {"to", 20}});
  int64_t id = ack["id"];
  Json item = page.hear("items")["items"][0];
  CHECK(item["id"] == id);
  CHECK(item["why"]["rule"] == "phone");
  CHECK_FALSE(item.contains("staff"));  // a viewer has no badge, not an empty one

  Json claimed = ask(mo, "POST", "/comments/claim", {{"ids", {id}}});
  CHECK(claimed["claims"][0]["by"] == "mo");
  CHECK(page.hear("claims")["claims"][0]["name"] == "The mo");
  CHECK(ask(li, "POST", "/comments/claim", {{"ids", {id}}})["claims"][0]["by"] == "mo");
  Json decision{{"decisions", {{{"id", id}, {"from", "held"}, {"state", "rejected"}}}},
                {"reason", "private"}};
  Json late = ask(li, "POST", "/comments/decide", decision);
  CHECK(late["refused"][0]["code"] == "claimed");
  CHECK(late["refused"][0]["name"] == "The mo");
  CHECK(ask(mo, "POST", "/comments/decide", decision)["decided"][0]["state"] == "rejected");
  CHECK(ana.hear("decided")["state"] == "rejected");
  late = ask(li, "POST", "/comments/decide", decision);
  CHECK(late["refused"][0]["code"] == "conflict");
  CHECK(late["refused"][0]["state"] == "rejected");

  // An undo and a ban go over what a colleague has open, who hears by whom, and that the claim is over.
  Socket hers(house.port, "/api/v1/admin/broadcasts/day/moderation", "openday-moderation-1", li);
  hers.hear("queue");
  auto opens_it = [&] {
    CHECK(ask(li, "POST", "/comments/claim", {{"ids", {id}}})["claims"][0]["by"] == "li");
    CHECK(hers.hear("claims")["claims"][0]["by"] == "li");
  };
  auto loses_it = [&](const char* state) {
    Json freed = hers.hear("claims")["claims"][0];
    CHECK(freed["id"] == id);
    CHECK(freed["by"].is_null());
    Json now = hers.hear("items")["items"][0];
    CHECK(now["id"] == id);
    CHECK(now["state"] == state);
    CHECK(now["decision"]["name"] == "The mo");
  };
  opens_it();
  CHECK(ask(mo, "POST", "/comments/undo", {{"ids", {id}}})["decided"][0]["state"] == "held");
  loses_it("held");
  opens_it();
  Json ban =
      ask(mo, "POST", "/bans", {{"comment", id}, {"minutes", 5}, {"reason", "spam"}, {"remove", true}});
  loses_it("rejected");
  CHECK(ana.hear("banned")["ban"]["reason"] == "spam");
  ana.say({{"t", "comment"}, {"ref", "reference-2"}, {"text", "again"}});
  CHECK(ana.hear("refused")["code"] == "banned");
  CHECK(ban["person_name"] == "The mo");
  Json bans = ask(mo, "GET", "/bans", nullptr)["bans"];
  REQUIRE(bans.size() == 1);
  CHECK(bans[0]["person"] == "mo");
  CHECK(bans[0]["person_name"] == "The mo");
  auto list = house.ask_with(mo + "X-Openday: 1\r\n", "PUT", "/api/v1/admin/word-lists/hers",
                             Json{{"text", "marmalade\n"}}.dump());
  CHECK(Json::parse(list.body)["by_name"] == "The mo");
  CHECK(house.json("GET", "/api/v1/admin/word-lists")["lists"][0]["by_name"] == "The mo");
  ask(mo, "DELETE", "/bans/" + std::to_string(ban["n"].get<int64_t>()), nullptr);
  CHECK(ask(mo, "GET", "/bans", nullptr)["bans"].empty());
  CHECK(ask(mo, "GET", "/comments?state=rejected", nullptr)["comments"].size() == 1);

  CHECK(ask(mo, "PATCH", "/room", {{"mode", "all"}, {"slow_s", 30}})["slow_s"] == 30);
  Socket ben = enter(house);
  CHECK(ben.hear("welcome")["room"]["mode"] == "all");
  CHECK(say(ben, "good morning", "reference-3")["why"]["rule"] == "mode");
}

TEST_CASE(
    "what a word list refuses is told as before, kept over a restart, and can be published by a person") {
  House house;
  go_live(house);
  house.json("PUT", "/api/v1/admin/word-lists/ours", Json{{"text", "!treacle\n"}}.dump());
  std::string mo = log_in(house, "mo", "moderator");
  auto open_page = [&] {
    return Socket(house.port, "/api/v1/admin/broadcasts/day/moderation", "openday-moderation-1", mo);
  };
  Socket page = open_page();
  page.hear("queue");
  Socket ana = enter(house);
  Json welcome = ana.hear("welcome");
  ana.hear("events");
  const Json said{{"t", "comment"}, {"ref", "reference-1"}, {"text", "tea and treacle"}};
  ana.say(said);
  Json refused = ana.hear("refused");
  CHECK(refused["code"] == "rule");
  CHECK(refused["why"] == Json{{"rule", "word:ours"}, {"from", 8}, {"to", 15}});
  Json item = page.hear("items")["items"][0];
  CHECK(item["id"] == refused["id"]);
  CHECK(item["state"] == "rejected");
  CHECK(item["why"] == refused["why"]);
  CHECK(item["decision"].is_null());
  CHECK(page.hear("counts")["held"] == 0);
  house.lose();
  house.start();
  Socket next = open_page();
  CHECK(next.hear("queue")["items"].empty());
  for (const char* query : {"state=rejected", "rule=word:", "rule=word:ours", "state=rejected&rule=word:"}) {
    INFO(query);
    Json found = house.json("GET", std::string("/api/v1/admin/broadcasts/day/comments?") + query)["comments"];
    REQUIRE(found.size() == 1);
    CHECK(found[0]["text"] == "tea and treacle");
    CHECK(found[0]["why"] == refused["why"]);
    CHECK(found[0]["decision"].is_null());
  }
  Socket back = enter(house, {{"t", "join"}, {"token", welcome["token"]}});
  CHECK(back.hear("events")["events"].empty());
  back.say(said);
  CHECK(back.hear("refused") == refused);
  Json decided =
      house.post("/broadcasts/day/comments/decide",
                 Json{{"decisions", {{{"id", refused["id"]}, {"from", "rejected"}, {"state", "published"}}}},
                      {"reason", "ok"}}
                     .dump());
  CHECK(decided["decided"][0]["state"] == "published");
  CHECK(back.hear("decided")["state"] == "published");
  CHECK(back.hear("events")["events"][0]["text"] == "tea and treacle");
}

TEST_CASE("a word list counts from the next comment on, and one that cannot be read says where") {
  House house;
  go_live(house);
  auto bad = house.ask("PUT", "/api/v1/admin/word-lists/ours", Json{{"text", "fine\n!\n"}}.dump());
  CHECK(bad.status == 400);
  CHECK(Json::parse(bad.body)["error"]["message"].get<std::string>().find("2") != std::string::npos);
  CHECK(house.json("PUT", "/api/v1/admin/word-lists/ours",
                   Json{{"text", "# ours\nmarmalade\n!treacle\n"}}.dump())["words"] == 2);
  Socket ana = enter(house);
  ana.hear("events");
  CHECK(say(ana, "I like Mar-ma-lade", "reference-1")["why"]["rule"] == "word:ours");
  ana.say({{"t", "comment"}, {"ref", "reference-2"}, {"text", "and treacle"}});
  CHECK(ana.hear("refused")["why"]["rule"] == "word:ours");
  CHECK(house.json("GET", "/api/v1/admin/word-lists")["lists"][0]["name"] == "ours");
  house.lose();
  house.start();
  CHECK(house.json("GET", "/api/v1/admin/word-lists/ours")["text"] == "# ours\nmarmalade\n!treacle\n");
  CHECK(house.json("GET", "/api/v1/admin/word-lists/ours")["words"] == 2);
  house.json("DELETE", "/api/v1/admin/word-lists/ours");
  Socket ben = enter(house);
  ben.hear("events");
  CHECK(say(ben, "marmalade for all", "reference-3")["state"] == "published");
}

TEST_CASE("the replay's comments come by the minute, and a broken socket is sent away with its code") {
  House house;
  go_live(house);
  Socket ana = enter(house);
  ana.hear("events");
  say(ana, "hello", "reference-1");
  int64_t minute = SystemClock().wall().ms / 60'000;
  size_t found = 0;
  for (int64_t at : {minute - 1, minute}) {
    auto answer = house.ask_with("", "GET", "/api/v1/broadcasts/day/comments?minute=" + std::to_string(at));
    REQUIRE(answer.status == 200);
    CHECK(answer.header("cache-control") == "public, max-age=5");
    found += Json::parse(answer.body)["comments"].size();
  }
  CHECK(found == 1);
  CHECK(house.ask_with("", "GET", "/api/v1/broadcasts/day/comments?minute=x").status == 400);
  CHECK(house.ask_with("", "GET", "/api/v1/broadcasts/day/comments").status == 400);
  CHECK(house.ask_with("", "GET", "/api/v1/broadcasts/none/comments?minute=1").status == 404);
  Socket none(house.port, "/api/v1/broadcasts/none/room", "openday-room-1");
  CHECK(none.status() == 404);
  Socket foreign(house.port, "/api/v1/broadcasts/day/room", "openday-room-1",
                 "Origin: http://elsewhere.example\r\n");
  CHECK(foreign.status() == 403);

  Socket binary = enter(house);
  binary.frame(2, "binary");
  CHECK(binary.hear("nothing").is_null());
  CHECK(binary.close_code() == 1003);
  Socket garbled = enter(house);
  garbled.frame(1, "\xff\xfe");
  CHECK(garbled.hear("nothing").is_null());
  CHECK(garbled.close_code() == 1007);
  Socket large = enter(house);
  large.frame(1, std::string(5000, 'x'));
  CHECK(large.hear("nothing").is_null());
  CHECK(large.close_code() == 1009);
  Socket pieces = enter(house);
  pieces.hear("events");
  std::string whole = R"({"t":"comment","ref":"reference-2","text":"in pieces"})";
  pieces.frame(1, whole.substr(0, 10), false);
  pieces.frame(9, "between");
  pieces.frame(0, whole.substr(10));
  CHECK(pieces.hear("ack")["ref"] == "reference-2");
}

TEST_CASE("the longest history lets everybody in, and pages that break off while they come harm nobody") {
  House house;
  go_live(house);
  std::string session = log_in(house, "mo", "moderator");
  std::string longest;
  for (int n = 0; n < 297; ++n) longest += "\U0001F3DB";
  Json welcome;
  for (int socket = 0; socket < 5; ++socket) {  // as many as one may say so much
    Socket mo = enter(house, {{"t", "join"}, {"as", "staff"}}, session);
    Json told = mo.hear("welcome");
    if (socket == 0) welcome = told;
    for (int n = 60 * socket; n < 60 * (socket + 1); ++n) {
      REQUIRE(say(mo, longest + std::to_string(n), "reference-" + std::to_string(n)).is_object());
    }
  }
  for (int n = 0; n < 100; ++n) enter(house).client().abort();
  Socket back = enter(house, {{"t", "join"}, {"since", {{"epoch", welcome["epoch"]}, {"offset", 0}}}});
  CHECK(back.hear("welcome")["since"] == "gap");
  for (Socket socket = enter(house); Socket * one : {&socket, &back}) {
    Json events = one->hear("events")["events"];
    REQUIRE(events.size() > 100);
    CHECK(events.back()["text"].get<std::string>().starts_with(longest));
  }
}
