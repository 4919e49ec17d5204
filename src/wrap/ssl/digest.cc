#include "wrap/ssl/digest.h"

#include <openssl/evp.h>

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

}  // namespace openday::wrap
