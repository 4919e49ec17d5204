#include <catch2/catch.hpp>

#include "hub/http.h"
#include "hub/http_upload.h"

using namespace openday;
using namespace openday::hub;

namespace {

Response answer(const Router& router, Method method, std::string path) {
  Request request;
  request.method = method;
  request.path = std::move(path);
  request.id = "0badcafe";
  Response out;
  router.dispatch(std::move(request), make_responder([&](Response response) { out = std::move(response); }));
  return out;
}

std::string body_of(const Response& response) {
  auto bytes = std::get_if<SharedBytes>(&response.body);
  return bytes && *bytes ? std::string((*bytes)->begin(), (*bytes)->end()) : "";
}

std::string header_of(const Response& response, std::string_view name) {
  for (const Header& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

Handler says(std::string text) {
  return [text](const Request& request, Responder responder) {
    std::string all = text;
    for (const auto& [name, value] : request.params) all += " " + name + "=" + value;
    responder.send(Response::text(200, all));
  };
}

}  // namespace

TEST_CASE("fixed segments win over names, and names over the rest") {
  Router router;
  router.get("/", says("root"));
  router.get("/hls/{b}/live.m3u8", says("master"));
  router.get("/hls/{b}/{r}/live.m3u8", says("media"));
  router.get("/hls/{b}/audio/live.m3u8", says("audio"));
  router.get("/assets/{path...}", says("asset"));
  CHECK(body_of(answer(router, Method::kGet, "/")) == "root");
  CHECK(body_of(answer(router, Method::kGet, "/hls/x/live.m3u8")) == "master b=x");
  CHECK(body_of(answer(router, Method::kGet, "/hls/x/720p/live.m3u8")) == "media b=x r=720p");
  CHECK(body_of(answer(router, Method::kGet, "/hls/x/audio/live.m3u8")) == "audio b=x");
  CHECK(body_of(answer(router, Method::kGet, "/assets/js/a.js")) == "asset path=js/a.js");
  CHECK(body_of(answer(router, Method::kGet, "/assets/")) == "asset path=");
  CHECK(answer(router, Method::kGet, "/assets").status == 404);
  CHECK(answer(router, Method::kGet, "/hls//live.m3u8").status == 404);
  CHECK(answer(router, Method::kGet, "/hls/x/720p/live.m3u8/").status == 404);
}

TEST_CASE("a router tells all of its routes as they were added") {
  Router router;
  CHECK(router.routes().empty());
  router.get("/", says("root"));
  router.get("/a/{b}/c", says("c"));
  router.add(Method::kDelete, "/a/{b}/c", says("none"));
  router.get("/a/", says("slash"));
  router.get("/assets/{path...}", says("asset"));
  router.websocket("/a/{b}", {});
  UploadRoute upload;
  router.upload(Method::kPost, "/a", std::move(upload));
  router.otherwise(says("rest"));
  CHECK(router.routes() == std::vector<std::string>{"DELETE /a/{b}/c", "GET /", "GET /a/", "GET /a/{b}/c",
                                                    "GET /assets/{path...}", "OTHERWISE", "POST /a",
                                                    "WEBSOCKET /a/{b}"});
}

TEST_CASE("a dead end of a fixed segment does not hide a name beside it") {
  Router router;
  router.get("/a/b/c", says("fixed"));
  router.get("/a/{x}/d", says("named"));
  CHECK(body_of(answer(router, Method::kGet, "/a/b/d")) == "named x=b");
}

TEST_CASE("a path without the method answers 405 and says which there are") {
  Router router;
  router.get("/v/{v}", says("get"));
  router.add(Method::kPatch, "/v/{v}", says("patch"));
  Response refused = answer(router, Method::kDelete, "/v/1");
  CHECK(refused.status == 405);
  CHECK(header_of(refused, "Allow") == "GET, HEAD, PATCH, OPTIONS");
  CHECK(answer(router, Method::kOptions, "/v/1").status == 204);
  CHECK(header_of(answer(router, Method::kOptions, "/v/1"), "Allow") == "GET, HEAD, PATCH, OPTIONS");
  CHECK(answer(router, Method::kHead, "/v/1").status == 200);
  CHECK(answer(router, Method::kGet, "/nowhere").status == 404);
  CHECK(body_of(answer(router, Method::kGet, "/nowhere")).find("\"id\":\"0badcafe\"") != std::string::npos);
}

TEST_CASE("a handler that forgets its responder answers 500") {
  Router router;
  router.get("/lost", [](const Request&, Responder) {});
  CHECK(answer(router, Method::kGet, "/lost").status == 500);
}

TEST_CASE("a WebSocket address without an upgrade says so") {
  Router router;
  WebSocketRoute route;
  route.subprotocol = "p";
  router.websocket("/events", std::move(route));
  CHECK(answer(router, Method::kGet, "/events").status == 426);
  CHECK(answer(router, Method::kPost, "/events").status == 405);
  CHECK(router.match(Method::kGet, "/events").websocket != nullptr);
}

TEST_CASE("an answer shared by many is one buffer of head and body") {
  auto body = std::make_shared<const Bytes>(Bytes{'h', 'i'});
  SharedResponse response(200, {{"Content-Type", "text/plain"}}, body);
  std::string wire(response.wire()->begin(), response.wire()->end());
  CHECK(wire == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(response.head_size() == wire.size() - 2);
}

TEST_CASE("cookies and origins are read exactly") {
  Request request;
  request.headers = {{"cookie", "a=1; session=xyz; b=2"},
                     {"host", "tv.example:8443"},
                     {"origin", "https://tv.example:8443"}};
  CHECK(request.cookie("session") == "xyz");
  CHECK(request.cookie("ession").empty());
  CHECK_FALSE(request.same_origin());
  request.secure = true;
  CHECK(request.same_origin());
  request.headers[2].value = "https://tv.example:8443.evil";
  CHECK_FALSE(request.same_origin());
}
