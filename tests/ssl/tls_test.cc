#include <catch2/catch.hpp>

#include "wrap/ssl/self_signed.h"
#include "wrap/ssl/tls.h"

using namespace openday;
using namespace openday::wrap;

namespace {

const CertificateAndKey& pair() {
  static const CertificateAndKey made = make_self_signed("studio.example").value();
  return made;
}

TlsContext server_context() {
  return TlsContext::server(pair().certificate_pem, pair().key_pem).value();
}

// Carries wire bytes to and fro, `piece` at a time, until both are silent.
struct Line {
  TlsSession client;
  TlsSession server;
  Bytes client_heard{};
  Bytes server_heard{};
  Result<> client_result{};
  Result<> server_result{};

  void talk(size_t piece = 100000) {
    for (bool busy = true; busy;) {
      Bytes up = client.take_wire();
      Bytes down = server.take_wire();
      busy = !up.empty() || !down.empty();
      for (size_t at = 0; at < up.size() && server_result; at += piece) {
        server_result =
            server.receive(ByteView(up).subspan(at, std::min(piece, up.size() - at)), server_heard);
      }
      for (size_t at = 0; at < down.size() && client_result; at += piece) {
        client_result =
            client.receive(ByteView(down).subspan(at, std::min(piece, down.size() - at)), client_heard);
      }
    }
  }
};

Line line_to(const std::string& host, std::string_view trusted) {
  return {TlsSession::connect(TlsContext::client(trusted).value(), host).value(),
          TlsSession::accept(server_context()).value()};
}

}  // namespace

TEST_CASE("what is sent before the handshake is done arrives after it, whatever pieces the wire comes in") {
  for (size_t piece : {size_t{1}, size_t{500}, size_t{100000}}) {
    Line line = line_to("studio.example", pair().certificate_pem);
    REQUIRE(line.client.send(as_bytes("hello")));
    line.talk(piece);
    REQUIRE(line.client.established());
    REQUIRE(line.server.established());
    CHECK(as_text(line.server_heard) == "hello");

    Bytes large(50'000, 0x42);  // many records
    REQUIRE(line.server.send(large));
    line.talk(piece);
    CHECK(line.client_heard == large);

    line.client.finish();
    line.talk(piece);
    CHECK(line.server.peer_finished());
  }
}

TEST_CASE("a client refuses a certificate that nobody it trusts has signed, or that is for another host") {
  Line stranger = line_to("studio.example", "");
  stranger.talk();
  REQUIRE_FALSE(stranger.client_result);
  CHECK(stranger.client_result.error().message.find("certificate") != std::string::npos);
  CHECK_FALSE(stranger.client.established());

  Line elsewhere = line_to("other.example", pair().certificate_pem);
  elsewhere.talk();
  CHECK_FALSE(elsewhere.client_result);

  Line address = line_to("127.0.0.1", pair().certificate_pem);
  address.talk();
  CHECK(address.client_result);
  CHECK(address.client.established());
}

TEST_CASE("bytes that are not TLS are refused at once") {
  TlsSession server = TlsSession::accept(server_context()).value();
  Bytes plain;
  CHECK_FALSE(server.receive(as_bytes("GET / HTTP/1.1\r\n\r\n"), plain));
  CHECK(plain.empty());
}

TEST_CASE("a handshake that never ends lets only so much wait for it") {
  TlsSession client = TlsSession::connect(TlsContext::client().value(), "studio.example").value();
  CHECK(client.send(Bytes(64 * 1024)));
  CHECK(client.send(Bytes(1)).error().code == Errc::kLimit);
}

TEST_CASE("a key that does not belong to the certificate is refused when the context is made") {
  CertificateAndKey other = make_self_signed("studio.example").value();
  CHECK_FALSE(TlsContext::server(pair().certificate_pem, other.key_pem));
  CHECK_FALSE(TlsContext::server("no PEM", pair().key_pem));
  CHECK_FALSE(TlsContext::server(pair().certificate_pem, "no PEM"));
  CHECK_FALSE(make_self_signed("a.example,DNS:bank.example"));
}
