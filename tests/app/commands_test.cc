// The commands' call to a server that has TLS only. Certificates are made with openssl, as operators get
// them: for the house's name, not for 127.0.0.1.
#include "app/commands.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "../hub_http/harness.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

class TlsHouse {
 public:
  TlsHouse() {
    shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=live.example "
        "-addext subjectAltName=DNS:live.example -keyout key.pem -out cert.pem");
  }

  void shell(const std::string& command) {
    REQUIRE(std::system(fmt::format("cd '{}' && {} 2>/dev/null", folder_.path(), command).c_str()) == 0);
  }

  /// Serves with key.pem and cert.pem, and has the commands find `certificate` in the configuration.
  int list_venues(const std::string& certificate = "cert.pem") {
    HttpOptions options;
    options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
    options.tls = TlsFiles{folder_ / "cert.pem", folder_ / "key.pem"};
    Hub hub(options, [this](HttpServer& server) {
      server.router().get("/api/v1/admin/venues", [this](const Request& request, Responder responder) {
        tokens.emplace_back(request.header("authorization"));
        responder.send(Response::text(200, R"({"venues":[]})"));
      });
    });
    REQUIRE(write_file_atomic(folder_ / "admin.token", "the-token\n"));
    REQUIRE(write_file_atomic(
        folder_ / "openday.toml",
        fmt::format("[server]\ndata_dir = \"{0}\"\n[http]\nlisten = []\ntls = [\"0.0.0.0:{1}\"]\n"
                    "certificate = \"{0}/{2}\"\nprivate_key = \"{0}/key.pem\"\n",
                    folder_.path(), hub.port(), certificate)));
    return app::run_command({{"venue", "list"}, {{"--config", folder_ / "openday.toml"}}});
  }

  std::vector<std::string> tokens;

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("commands reach a server with TLS only, whatever name its certificate has") {
  TlsHouse house;
  CHECK(house.list_venues() == 0);
  CHECK(house.tokens == std::vector<std::string>{"Bearer the-token"});
}

TEST_CASE("commands reach a server whose chain ends at an authority that is not in the file") {
  TlsHouse house;
  const std::string sign = "openssl x509 -req -days 2 -CAcreateserial ";
  house.shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Root "
      "-keyout root.key -out root.pem");
  house.shell(
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Between "
      "-addext basicConstraints=critical,CA:TRUE -keyout between.key -out between.csr");
  house.shell(sign + "-copy_extensions copy -CA root.pem -CAkey root.key -in between.csr -out between.pem");
  house.shell("openssl req -new -key key.pem -subj /CN=live.example -out leaf.csr");
  house.shell(sign + "-CA between.pem -CAkey between.key -in leaf.csr -out leaf.pem");
  house.shell("cat leaf.pem between.pem > cert.pem");
  CHECK(house.list_venues() == 0);
  CHECK(house.tokens.size() == 1);
}

TEST_CASE("the token is not sent to who has another key than the configured certificate's") {
  TlsHouse house;
  house.shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=live.example "
      "-keyout other.key -out other.pem");
  CHECK(house.list_venues("other.pem") == 1);
  CHECK(house.tokens.empty());
}
