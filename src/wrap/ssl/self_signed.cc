#include "wrap/ssl/self_signed.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace openday::wrap {
namespace {

struct FreeAny {
  void operator()(X509* object) const { X509_free(object); }
  void operator()(EVP_PKEY* object) const { EVP_PKEY_free(object); }
  void operator()(BIO* object) const { BIO_free_all(object); }
  void operator()(X509_EXTENSION* object) const { X509_EXTENSION_free(object); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeAny>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

}  // namespace

Result<CertificateAndKey> make_self_signed(std::string_view host, int days) {
  // The name goes into an extension's text, where a comma would begin the next entry.
  if (host.empty() || host.size() > 64 || !std::ranges::all_of(host, is_host_character)) {
    return fail(Errc::kInvalid, "a certificate needs a host name of letters, digits, dots and hyphens");
  }
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Owned<X509> certificate(X509_new());
  if (!key || !certificate) return fail(Errc::kInternal, "TLS: cannot make a key");
  X509* x509 = certificate.get();

  uint64_t serial = 0;
  bool ok = RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1;
  ok = ok && X509_set_version(x509, 2) == 1 &&
       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1;
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86400L * days);
  std::string name(host);
  X509_NAME* subject = X509_get_subject_name(x509);
  ok = ok && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1;
  ok = ok && X509_set_issuer_name(x509, subject) == 1 && X509_set_pubkey(x509, key.get()) == 1;
  ok = ok && add_extension(x509, NID_subject_alt_name,
                           "DNS:" + name + ",DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1");
  ok = ok && add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  ok = ok && X509_sign(x509, key.get(), EVP_sha256()) > 0;
  Owned<BIO> certificate_text(BIO_new(BIO_s_mem()));
  Owned<BIO> key_text(BIO_new(BIO_s_mem()));
  ok = ok && PEM_write_bio_X509(certificate_text.get(), x509) == 1;
  ok = ok && PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!ok) return fail(Errc::kInternal, "TLS: cannot make a certificate");
  return CertificateAndKey{text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace openday::wrap
