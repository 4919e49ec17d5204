// A connection's bytes: a socket, TLS or not, with a queue of what is to be sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"
#include "hub/http.h"
#include "hub/lean_queue.h"
#include "wrap/ssl/tls.h"

namespace openday::hub {

enum class TransportState {
  kDone,     // read: something came; flush: everything is out
  kBlocked,  // wait for the socket
  kEnd,      // read: the peer will send nothing more
  kBroken    // close it
};

/// Where reads land, shared by all connections of a thread, so that idle ones hold no buffers.
struct ReadSpace {
  Bytes wire = Bytes(64 * 1024);
  Bytes plain;
};

/// Hub thread. The queue is bounded by its users: an exchange queues one answer, a WebSocket its own limit.
/// Under TLS at most one record is encrypted ahead of the socket.
class alignas(64) Transport {
 public:
  Transport(UniqueFd socket, std::optional<wrap::TlsSession> tls);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  /// The TLS handshake is done, or there is none to do.
  [[nodiscard]] bool established() const { return !tls_ || tls_->session.established(); }
  [[nodiscard]] std::string_view protocol() const {
    return tls_ ? tls_->session.protocol() : std::string_view();
  }

  /// One read. `got` (in `space`, valid until its next use) may be empty even with kDone, and is delivered
  /// before kEnd. Under TLS flush() comes next: there may be handshake bytes or an alert to send.
  TransportState read(ReadSpace& space, ByteView& got);

  void queue(SharedBytes bytes) { queue(std::move(bytes), 0, SIZE_MAX); }
  void queue(SharedBytes bytes, size_t from, size_t to);
  void queue(FileRange range);
  /// Queues all of `pieces` (at most kMostNow) on an idle transport and sends what the socket takes of them
  /// now, with one write; true: that was all.
  bool send_now(std::span<const SharedBytes> pieces);
  static constexpr size_t kMostNow = 16;
  /// Bytes the kernel holds for this socket, about: a small one finds slow readers early.
  void set_send_buffer(int bytes) const;
  /// Sends as much as the socket takes. kBlocked: come again when it is writable.
  TransportState flush();
  [[nodiscard]] bool idle() const { return queue_.empty() && (!tls_ || tls_->wire.empty()); }
  /// Bytes in memory that wait to be sent.
  [[nodiscard]] size_t queued_bytes() const { return queued_ + (tls_ ? tls_->wire.size() - tls_->at : 0); }

  /// Sends no more; the peer sees the end. Reading goes on.
  void finish_sending();
  [[nodiscard]] uint64_t sent() const { return sent_; }

 private:
  struct Piece {
    SharedBytes bytes;  // null: a file
    uint64_t at = 0;
    uint64_t end = 0;
    std::shared_ptr<const UniqueFd> file;
  };

  TransportState flush_plain();
  TransportState flush_tls();
  TransportState send_wire();
  TransportState send_file(Piece& piece);
  Result<> encrypt_next();
  void took(uint64_t count);

  struct Tls {
    wrap::TlsSession session;
    Bytes wire;     // records on their way
    size_t at = 0;  // what of them is out
  };

  // All that send_now() looks at is in 64 bytes: in a full room these are in no cache.
  UniqueFd socket_;
  std::unique_ptr<Tls> tls_;
  LeanQueue<Piece> queue_;
  size_t queued_ = 0;  // of queue_; files do not count
  uint64_t sent_ = 0;
};

}  // namespace openday::hub
