#include "hub/static_files.h"

#include <fstream>

#include "harness.h"
#include "wrap/zlib/gzip.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

class Site {
 public:
  Site() {
    write("index.html", "<!doctype html>" + std::string(500, ' '));
    write("watch.html", "<!doctype html>watch" + std::string(500, ' '));
    write("studio.html", "<!doctype html>studio");
    write("moderate.html", "<!doctype html>moderate");
    write("desk.html", "<!doctype html>desk");
    write("assets/app-1a2b3c4d.js", "export const a = 1;" + std::string(1000, ' '));
    write("assets/logo-5e6f7a8b.png", "\x89PNG");
    write("assets/deep/x-1.css", "a{}");
    write(".hidden", "secret");
    write("notes.unknown", "not a page");
    std::filesystem::create_symlink("/etc/passwd", folder_ / "passwd.txt");
  }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  const std::string& path() { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

std::string header(const Response& response, std::string_view name) {
  for (const Header& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

}  // namespace

TEST_CASE("pages are asked for again each time, assets are kept for ever") {
  Site site;
  auto files = StaticFiles::load(site.path()).value();
  Request request;
  Response page = files.serve("index.html", request);
  CHECK(page.status == 200);
  CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
  CHECK(header(page, "Cache-Control") == "no-cache");
  CHECK(header(page, "Content-Security-Policy").find("frame-ancestors 'none'") != std::string::npos);
  CHECK(header(page, "Content-Security-Policy").find("unsafe") == std::string::npos);
  Response framed = files.serve_framed("watch.html", request);
  CHECK(header(framed, "Content-Security-Policy").find("frame-ancestors *") != std::string::npos);
  Response script = files.serve("assets/app-1a2b3c4d.js", request);
  CHECK(header(script, "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(header(script, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(header(files.serve("assets/logo-5e6f7a8b.png", request), "Content-Type") == "image/png");
}

TEST_CASE("what is not a page is not served") {
  Site site;
  auto files = StaticFiles::load(site.path()).value();
  Request request;
  CHECK(files.size() == 8);
  for (const char* name :
       {"", ".hidden", "notes.unknown", "passwd.txt", "assets", "assets/", "../index.html", "/etc/passwd"}) {
    INFO(name);
    CHECK(files.serve(name, request).status == 404);
  }
}

TEST_CASE("text is compressed for those who take it, and unchanged files are not sent again") {
  Site site;
  auto files = StaticFiles::load(site.path()).value();
  Request request;
  request.headers = {{"accept-encoding", "gzip, br"}};
  Response packed = files.serve("index.html", request);
  CHECK(header(packed, "Content-Encoding") == "gzip");
  CHECK(header(packed, "Vary") == "Accept-Encoding");
  auto body = std::get<SharedBytes>(packed.body);
  CHECK(wrap::gunzip(*body, 1 << 20).value().size() == 515);
  CHECK(std::get<SharedBytes>(files.serve("index.html", request).body) == body);  // compressed once
  std::string etag = header(packed, "ETag");
  request.headers.push_back({"if-none-match", etag});
  CHECK(files.serve("index.html", request).status == 304);
  request.headers = {{"if-none-match", etag}};  // of the other form
  CHECK(files.serve("index.html", request).status == 200);
  CHECK(header(files.serve("assets/logo-5e6f7a8b.png", request), "Vary").empty());
}

TEST_CASE("a folder that is too large or not there is an error") {
  Site site;
  CHECK(StaticFiles::load(site.path(), {.files = 3}).error().code == Errc::kLimit);
  CHECK_FALSE(StaticFiles::load(site.path(), {.files = 100, .bytes = 700}).has_value());
  CHECK_FALSE(StaticFiles::load("/nonexistent").has_value());
}

TEST_CASE("the site's addresses lead to its pages") {
  Site site;
  auto files = StaticFiles::load(site.path()).value();
  Hub hub({}, [&](HttpServer& server) { add_page_routes(server.router(), files); });
  Client client(hub.port());
  CHECK(client.get("/")->body.size() == 515);
  auto watch = client.get("/watch/open-day").value();
  CHECK(watch.body.find("watch") != std::string::npos);
  CHECK(watch.header("content-security-policy").find("frame-ancestors 'none'") != std::string::npos);
  CHECK(client.get("/embed/open-day")->header("content-security-policy").find("frame-ancestors *") !=
        std::string::npos);
  CHECK(client.get("/studio")->status == 308);
  CHECK(client.get("/studio/")->body == "<!doctype html>studio");
  CHECK(client.get("/moderate")->header("location") == "/moderate/");
  CHECK(client.get("/moderate/")->body == "<!doctype html>moderate");
  CHECK(client.get("/desk")->header("location") == "/desk/");
  CHECK(client.get("/desk/")->body == "<!doctype html>desk");
  CHECK(client.get("/assets/deep/x-1.css")->body == "a{}");
  CHECK(client.get("/assets/none.js")->status == 404);
  auto cached = client.get("/", "If-None-Match: " + client.get("/")->header("etag") + "\r\n").value();
  CHECK(cached.status == 304);
  CHECK(cached.header("content-length").empty());
  CHECK(client.get("/watch/open-day")->status == 200);  // a 304 has no body
}
