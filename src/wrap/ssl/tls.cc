#include "wrap/ssl/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace openday::wrap {
namespace {

constexpr size_t kWaitingBound = 64 * 1024;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

std::string reason() {
  std::array<char, 256> text{};
  unsigned long code = ERR_get_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

std::unexpected<Error> tls_error(const char* what) {
  return fail(Errc::kInvalid, std::string(what) + ": " + reason());
}

Result<BioPtr> memory(std::string_view text) {
  if (text.size() > 1 << 20) return fail(Errc::kLimit, "TLS: PEM text is too long");
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return tls_error("TLS: BIO_new_mem_buf");
  return bio;
}

// A key that wants a password is an error; nobody is there to be asked on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

Result<ContextPtr> new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) return tls_error("TLS: SSL_CTX_new");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

Result<> use_chain(SSL_CTX* context, std::string_view pem) {
  OPENDAY_TRY(BioPtr bio, memory(pem));
  CertificatePtr leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_password, nullptr));
  if (!leaf) return tls_error("TLS: certificate is not PEM");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return tls_error("TLS: certificate is of no use");
  while (CertificatePtr next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return tls_error("TLS: broken certificate chain");
  }
  ERR_clear_error();  // the end of the text is reported as an error
  return {};
}

Result<> use_key(SSL_CTX* context, std::string_view pem) {
  OPENDAY_TRY(BioPtr bio, memory(pem));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return tls_error("TLS: private key is not PEM, or has a password");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return tls_error("TLS: the private key does not belong to the certificate");
  }
  return {};
}

Result<> trust(SSL_CTX* context, std::string_view pem) {
  OPENDAY_TRY(BioPtr bio, memory(pem));
  while (CertificatePtr authority{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
  }
  ERR_clear_error();
  return {};
}

}  // namespace

struct TlsContext::State {
  ContextPtr context;
  Bytes protocols;  // as ALPN writes them: each with its length before it

  static int choose(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* state) {
    const Bytes& ours = static_cast<const State*>(state)->protocols;
    unsigned char* common = nullptr;
    int found = SSL_select_next_proto(&common, size, ours.data(), static_cast<unsigned>(ours.size()), offered,
                                      offered_size);
    *chosen = common;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
};

struct TlsSession::State {
  std::shared_ptr<TlsContext::State> context;  // what the handshake's callbacks read
  SslPtr ssl;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  Bytes waiting;       // plain bytes until the handshake is done
  bool peer_finished = false;
};

Result<TlsContext> TlsContext::server(std::string_view certificate_pem, std::string_view key_pem,
                                      const std::vector<std::string>& protocols) {
  OPENDAY_TRY(ContextPtr context, new_context(TLS_server_method()));
  SSL_CTX_set_num_tickets(context.get(), 0);
  OPENDAY_CHECK_OK(use_chain(context.get(), certificate_pem));
  OPENDAY_CHECK_OK(use_key(context.get(), key_pem));
  auto state = std::make_shared<State>(std::move(context), Bytes());
  for (const std::string& name : protocols) {
    state->protocols.push_back(static_cast<uint8_t>(name.size()));
    state->protocols.insert(state->protocols.end(), name.begin(), name.end());
  }
  if (!protocols.empty()) SSL_CTX_set_alpn_select_cb(state->context.get(), State::choose, state.get());
  return TlsContext(std::move(state));
}

Result<TlsContext> TlsContext::client(std::string_view more_authorities_pem) {
  OPENDAY_TRY(ContextPtr context, new_context(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!more_authorities_pem.empty()) OPENDAY_CHECK_OK(trust(context.get(), more_authorities_pem));
  return TlsContext(std::make_shared<State>(std::move(context), Bytes()));
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

namespace {

Result<SslPtr> new_session(SSL_CTX* context) {
  SslPtr ssl(SSL_new(context));
  BioPtr in(BIO_new(BIO_s_mem()));
  BioPtr out(BIO_new(BIO_s_mem()));
  if (!ssl || !in || !out) return tls_error("TLS: out of memory");
  SSL_set_bio(ssl.get(), in.release(), out.release());
  return ssl;
}

}  // namespace

Result<TlsSession> TlsSession::accept(const TlsContext& context) {
  OPENDAY_TRY(SslPtr ssl, new_session(context.state_->context.get()));
  SSL_set_accept_state(ssl.get());
  auto state = std::make_unique<State>();
  state->context = context.state_;
  state->in = SSL_get_rbio(ssl.get());
  state->out = SSL_get_wbio(ssl.get());
  state->ssl = std::move(ssl);
  return TlsSession(std::move(state));
}

Result<TlsSession> TlsSession::connect(const TlsContext& context, const std::string& host) {
  OPENDAY_TRY(SslPtr ssl, new_session(context.state_->context.get()));
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {  // not an address, so a name
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl.get(), host.c_str()) != 1 ||
        SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) {
      return tls_error("TLS: host name");
    }
  }
  auto state = std::make_unique<State>();
  state->in = SSL_get_rbio(ssl.get());
  state->out = SSL_get_wbio(ssl.get());
  state->ssl = std::move(ssl);
  TlsSession session(std::move(state));
  OPENDAY_CHECK_OK(session.proceed());
  return session;
}

// Drives the handshake as far as the bytes at hand allow; then sends what was waiting for it.
Result<> TlsSession::proceed() {
  SSL* ssl = state_->ssl.get();
  ERR_clear_error();
  int done = SSL_do_handshake(ssl);
  if (done != 1) {
    int error = SSL_get_error(ssl, done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {};
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
      ERR_clear_error();
      return fail(Errc::kInvalid,
                  std::string("TLS: certificate: ") + X509_verify_cert_error_string(verified));
    }
    return tls_error("TLS: handshake");
  }
  if (state_->waiting.empty()) return {};
  Bytes waiting = std::move(state_->waiting);
  state_->waiting = Bytes();
  return send(waiting);
}

Result<> TlsSession::receive(ByteView wire, Bytes& plain) {
  SSL* ssl = state_->ssl.get();
  static constexpr size_t kStep = 64 * 1024;
  for (;;) {
    ByteView step = wire.first(std::min(wire.size(), kStep));
    wire = wire.subspan(step.size());
    if (!step.empty() && BIO_write(state_->in, step.data(), static_cast<int>(step.size())) < 0) {
      return tls_error("TLS: out of memory");
    }
    if (!established()) OPENDAY_CHECK_OK(proceed());
    while (established()) {
      std::array<uint8_t, 16384> record;  // the largest plain record, RFC 8446 5.1
      size_t got = 0;
      ERR_clear_error();
      int ok = SSL_read_ex(ssl, record.data(), record.size(), &got);
      if (ok == 1) {
        plain.insert(plain.end(), record.begin(), record.begin() + static_cast<ptrdiff_t>(got));
        continue;
      }
      int error = SSL_get_error(ssl, ok);
      if (error == SSL_ERROR_ZERO_RETURN) state_->peer_finished = true;
      if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) return tls_error("TLS: broken record");
      break;
    }
    if (wire.empty() || state_->peer_finished) return {};
  }
}

Result<> TlsSession::send(ByteView plain) {
  if (plain.empty()) return {};
  if (!established()) {
    if (state_->waiting.size() + plain.size() > kWaitingBound) {
      return fail(Errc::kLimit, "TLS: too many bytes wait for the handshake");
    }
    state_->waiting.insert(state_->waiting.end(), plain.begin(), plain.end());
    return {};
  }
  size_t put = 0;
  ERR_clear_error();
  // A memory buffer takes everything.
  if (SSL_write_ex(state_->ssl.get(), plain.data(), plain.size(), &put) != 1 || put != plain.size()) {
    return tls_error("TLS: cannot encrypt");
  }
  return {};
}

void TlsSession::finish() {
  ERR_clear_error();
  if (established()) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

Bytes TlsSession::take_wire() {
  Bytes wire(BIO_ctrl_pending(state_->out));
  if (wire.empty()) return wire;
  int got = BIO_read(state_->out, wire.data(), static_cast<int>(wire.size()));
  wire.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return wire;
}

bool TlsSession::established() const {
  return SSL_is_init_finished(state_->ssl.get()) == 1;
}
std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsSession::peer_finished() const {
  return state_->peer_finished;
}

}  // namespace openday::wrap
