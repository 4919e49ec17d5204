// The RTMP handshake (spec 5.2), and the digest form that Flash Player 9 brought and encoders still speak.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace openday::rtmp {

inline constexpr size_t kHandshakeSize = 1536;  // C1, S1, C2, S2
using RandomSource = std::function<Bytes(size_t)>;

/// The server's side. Answers a C1 that carries a valid digest (scheme 0 or 1) in kind and echoes any other;
/// what the client then sends as C2 is not examined, since many send nonsense.
class ServerHandshake {
 public:
  explicit ServerHandshake(RandomSource random = random_bytes) : random_(std::move(random)) {}

  /// Takes handshake bytes, appends answers to `out`, returns how many bytes were taken: fewer than given
  /// once done. kUnsupported: C0 is not 3 (encrypted RTMP, or another protocol altogether).
  Result<size_t> feed(ByteView bytes, Bytes& out);
  [[nodiscard]] bool done() const { return c2_left_ == 0; }
  /// The client's digest was understood and answered.
  [[nodiscard]] bool digested() const { return digested_; }

 private:
  void answer(Bytes& out);

  RandomSource random_;
  Bytes c0c1_;
  size_t c2_left_ = kHandshakeSize;
  bool digested_ = false;
};

/// The client's side, in the plain form, which every server takes.
class ClientHandshake {
 public:
  explicit ClientHandshake(RandomSource random = random_bytes) : random_(std::move(random)) {}

  /// C0 and C1.
  void start(Bytes& out);
  Result<size_t> feed(ByteView bytes, Bytes& out);
  [[nodiscard]] bool done() const { return s2_left_ == 0; }

 private:
  RandomSource random_;
  Bytes s0s1_;
  size_t s2_left_ = kHandshakeSize;
};

}  // namespace openday::rtmp
