// WebSockets over real sockets.
#include <fmt/format.h>

#include "harness.h"
#include "hub/websocket_frame.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

struct Room {
  std::vector<WebSocket*> sockets;
  std::vector<std::string> heard;
  int closed = 0;
};

class Echo final : public WebSocketHandler {
 public:
  explicit Echo(Room& room) : room_(room) {}
  void on_open(WebSocket& socket) override {
    room_.sockets.push_back(&socket);
    say(socket, "welcome");
  }
  void on_text(WebSocket& socket, std::string_view text) override {
    room_.heard.emplace_back(text);
    if (text == "close") return socket.close(4000, "as you wish");
    say(socket, text);
  }
  void on_close(WebSocket& socket) override {
    std::erase(room_.sockets, &socket);
    ++room_.closed;
  }
  static void say(WebSocket& socket, std::string_view text) {
    socket.send(std::make_shared<const Bytes>(text.begin(), text.end()), WebSocket::Loss::kMustNot);
  }

 private:
  Room& room_;
};

HttpOptions default_options() {
  return {};
}

Hub make_hub(Room& room, WebSocketRoute route = {}) {
  return Hub(default_options(), [&room, route](HttpServer& server) mutable {
    route.subprotocol = "test-1";
    route.accept =
        [&room](const Request& request) -> std::expected<std::unique_ptr<WebSocketHandler>, Response> {
      if (request.query.get("no")) return std::unexpected(Response::error(401, "refused", "no", request.id));
      return std::make_unique<Echo>(room);
    };
    server.router().websocket("/socket/{room}", route);
  });
}

std::string upgrade(std::string_view more = {}, std::string_view target = "/socket/a",
                    std::string_view protocol = "other, test-1") {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: tv.test\r\nConnection: Upgrade\r\nUpgrade: "
      "websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {}\r\n{}\r\n",
      target, protocol, more);
}

std::string masked(uint8_t first, std::string_view payload) {
  std::string out{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
  REQUIRE(payload.size() < 126);
  out += std::string(4, '\0');  // a mask of zeros is a mask
  return out + std::string(payload);
}

struct Frame {
  int opcode = 0;
  std::string payload;
};

Frame read_frame(Client& client) {
  std::string head = client.read_exactly(2);
  if (head.size() < 2) return {-1, ""};
  size_t size = static_cast<uint8_t>(head[1]);
  if (size == 126) {
    std::string more = client.read_exactly(2);
    size = static_cast<size_t>(static_cast<uint8_t>(more[0]) << 8 | static_cast<uint8_t>(more[1]));
  } else if (size == 127) {
    std::string more = client.read_exactly(8);
    size = 0;
    for (char c : more) size = size << 8 | static_cast<uint8_t>(c);
  }
  return {head[0] & 0xf, client.read_exactly(size)};
}

}  // namespace

TEST_CASE("a WebSocket is accepted, greets, echoes and closes with its code") {
  Room room;
  Hub hub = make_hub(room);
  Client client(hub.port());
  client.send(upgrade("Origin: http://tv.test\r\n") + masked(0x81, "early"));
  auto accepted = client.read().value();
  CHECK(accepted.status == 101);
  CHECK(accepted.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 1.3
  CHECK(accepted.header("sec-websocket-protocol") == "test-1");
  CHECK(read_frame(client).payload == "welcome");
  CHECK(read_frame(client).payload == "early");
  client.send(masked(0x89, "are you there"));
  Frame pong = read_frame(client);
  CHECK(pong.opcode == 10);
  CHECK(pong.payload == "are you there");
  client.send(masked(0x81, "close"));
  Frame close = read_frame(client);
  CHECK(close.opcode == 8);
  CHECK(close.payload ==
        "\x0F\xA0"
        "as you wish");
  CHECK(client.at_end());
  client.close();
  CHECK(eventually(hub, [&] { return room.closed == 1 && hub.server().counters().websockets_open == 0; }));
}

TEST_CASE("upgrades that are not right are refused with their reason") {
  Room room;
  WebSocketRoute route;
  route.max_sockets = 1;
  Hub hub = make_hub(room, route);
  auto status = [&](const std::string& text) {
    Client client(hub.port());
    client.send(text);
    auto answer = client.read();
    return answer ? answer->status : 0;
  };
  CHECK(status(upgrade("Origin: http://evil.test\r\n")) == 403);
  CHECK(status(upgrade("", "/socket/a?no=1")) == 401);
  CHECK(status(upgrade("", "/socket/a", "other")) == 400);
  CHECK(status(upgrade("", "/nowhere")) == 404);
  std::string old = upgrade();
  old.replace(old.find("Version: 13"), 11, "Version: 12");
  CHECK(status(old) == 426);
  std::string no_key = upgrade();
  no_key.replace(no_key.find("dGhl"), 4, "x");
  CHECK(status(no_key) == 400);
  CHECK(status("GET /socket/a HTTP/1.1\r\nHost: a\r\n\r\n") == 426);
  Client first(hub.port());
  first.send(upgrade());
  CHECK(first.read()->status == 101);
  CHECK(status(upgrade()) == 503);
}

TEST_CASE("breaches of the framing close the socket with their code, and nobody else's") {
  Room room;
  Hub hub = make_hub(room);
  Client other(hub.port());
  other.send(upgrade());
  REQUIRE(other.read()->status == 101);
  read_frame(other);
  struct Breach {
    std::string bytes;
    int code;
  };
  for (const Breach& breach :
       {Breach{"\x81\x01x", 1002}, Breach{masked(0x82, "x"), 1003}, Breach{masked(0x81, "\xff"), 1007},
        Breach{std::string("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14), 1009},
        Breach{masked(0xF1, "x"), 1002}}) {
    Client client(hub.port());
    client.send(upgrade());
    REQUIRE(client.read()->status == 101);
    read_frame(client);
    client.send(breach.bytes);
    Frame close = read_frame(client);
    REQUIRE(close.opcode == 8);
    CHECK((static_cast<uint8_t>(close.payload[0]) << 8 | static_cast<uint8_t>(close.payload[1])) ==
          breach.code);
    CHECK(client.at_end());
  }
  other.send(masked(0x81, "still here"));
  CHECK(read_frame(other).payload == "still here");
}

TEST_CASE("who holds a socket without saying anything whole is sent away, whatever else they send") {
  Room room;
  WebSocketRoute route;
  route.first_message = milliseconds(300);
  Hub hub = make_hub(room, route);
  Client silent(hub.port());
  Client dripping(hub.port());
  Client pinging(hub.port());
  Client talking(hub.port());
  for (Client* one : {&silent, &dripping, &pinging, &talking}) {
    one->send(upgrade());
    REQUIRE(one->read()->status == 101);
    read_frame(*one);
  }
  talking.send(masked(0x81, "here I am"));
  CHECK(read_frame(talking).payload == "here I am");
  std::string frame = masked(0x81, std::string(100, 'x'));
  dripping.send(frame.substr(0, 20));
  pinging.send(masked(0x89, "") + masked(0x01, "the beginning of a text"));
  CHECK(read_frame(pinging).opcode == 10);
  dripping.send(frame.substr(20, 20));
  for (Client* one : {&silent, &dripping, &pinging}) {
    Frame last = read_frame(*one);
    CHECK(last.opcode == 8);
    CHECK(last.payload == "\x03\xF0nothing was said");  // 1008
    CHECK(one->at_end());
  }
  talking.send(masked(0x81, "still"));
  CHECK(read_frame(talking).payload == "still");
}

TEST_CASE("a silent socket is pinged; who answers stays, and who does not is cut off") {
  Room room;
  WebSocketRoute route;
  route.first_message = seconds(30);
  route.ping_after = seconds(1);
  route.dead_after = seconds(6);
  Hub hub = make_hub(room, route);
  Client there(hub.port());
  Client gone(hub.port());
  for (Client* one : {&there, &gone}) {
    one->send(upgrade());
    REQUIRE(one->read()->status == 101);
    read_frame(*one);
    one->send(masked(0x81, "hello"));
    CHECK(read_frame(*one).payload == "hello");
  }
  // Longer than the silence that ends another.
  for (int heard = 0; heard < 7; ++heard) {
    REQUIRE(read_frame(there).opcode == 9);
    there.send(masked(0x8A, ""));
  }
  int pings = 0;
  for (Frame frame = read_frame(gone); frame.opcode == 9; frame = read_frame(gone)) ++pings;
  CHECK(pings >= 1);
  CHECK(pings <= 6);
  CHECK(gone.at_end());
  CHECK(hub.counters().timeouts == 1);
  there.send(masked(0x81, "still"));
  Frame last = read_frame(there);
  while (last.opcode == 9) last = read_frame(there);
  CHECK(last.payload == "still");
}

TEST_CASE("a slow socket loses what may be lost, oldest first, and is closed rather than lose what may not") {
  Room room;
  WebSocketRoute route;
  route.queue_bytes = 64 * 1024;
  Hub hub = make_hub(room, route);
  Client slow(hub.port(), 4096);
  slow.send(upgrade());
  REQUIRE(slow.read()->status == 101);
  read_frame(slow);
  auto message = [](char c) { return std::make_shared<const Bytes>(10'000, static_cast<uint8_t>(c)); };
  uint64_t dropped = hub.on_hub([&] {
    for (int i = 0; i < 2000; ++i) room.sockets.at(0)->send(message('a'), WebSocket::Loss::kMayDrop);
    for (int i = 0; i < 3; ++i) room.sockets.at(0)->send(message('b'), WebSocket::Loss::kMustNot);
    CHECK(room.sockets.at(0)->queued_bytes() <= 64 * 1024);
    return room.sockets.at(0)->dropped();
  });
  CHECK(dropped > 1000);
  int kept = 0;
  int important = 0;
  while (important < 3) {
    Frame frame = read_frame(slow);
    REQUIRE(frame.opcode == 1);
    frame.payload[0] == 'a' ? ++kept : ++important;
  }
  CHECK(static_cast<uint64_t>(kept) + dropped == 2000);

  hub.on_hub([&] {
    for (int i = 0; i < 2000 && !room.sockets.empty(); ++i)
      room.sockets.at(0)->send(message('c'), WebSocket::Loss::kMustNot);
  });
  Frame last;
  do {
    last = read_frame(slow);
  } while (last.opcode == 1);
  REQUIRE(last.opcode == 8);
  CHECK(last.payload == "\x03\xF5too slow");  // 1013
}

TEST_CASE("draining tells sockets that the server goes") {
  Room room;
  Hub hub = make_hub(room);
  Client client(hub.port());
  client.send(upgrade());
  REQUIRE(client.read()->status == 101);
  read_frame(client);
  hub.on_hub([&] { hub.server().drain(seconds(3), [] {}); });
  Frame close = read_frame(client);
  CHECK(close.opcode == 8);
  CHECK(close.payload.starts_with("\x03\xE9"));  // 1001
}
