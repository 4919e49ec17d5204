#include "wrap/ssl/digest.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace openday::wrap {
namespace {

Bytes digest(const EVP_MD* kind, ByteView bytes) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr);
  out.resize(size);
  return out;
}

}  // namespace

Bytes sha1(ByteView bytes) {
  return digest(EVP_sha1(), bytes);
}
Bytes sha256(ByteView bytes) {
  return digest(EVP_sha256(), bytes);
}

std::string base64(ByteView bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                             static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

Result<std::string> public_key_pin(std::string_view certificate_pem) {
  std::unique_ptr<BIO, void (*)(BIO*)> pem(
      BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())), BIO_free_all);
  std::unique_ptr<X509, void (*)(X509*)> certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr),
                                                     X509_free);
  unsigned char* der = nullptr;
  int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der) : -1;
  if (size <= 0) return fail(Errc::kInvalid, "not a certificate in PEM");
  std::string pin = base64(sha256({der, static_cast<size_t>(size)}));
  OPENSSL_free(der);
  return pin;
}

}  // namespace openday::wrap
