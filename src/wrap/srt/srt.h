// libsrt, typed and owned: sockets for live MPEG-TS over SRT, a listener that judges each caller, a poller.
//
// Threads: every call may be made from any thread, none of them waits except Poller::wait(). libsrt runs
// threads of its own: one that collects closed sockets, two per UDP port, one per receiving connection. A
// listener's `on_knock` runs on the port's receiving thread: while it runs, no packet of any connection on
// that port is read.
//
// Build against libsrt-gnutls, the flavour that Debian's libavformat links: a process with both flavours
// mapped has two sets of the same symbols.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace openday::srt {

/// libsrt's own socket number; not a file descriptor. Not reused soon.
using SocketId = int32_t;

/// SRT carries at most this much in one packet (1,500 − IP, UDP and SRT headers).
inline constexpr size_t kMaxMessage = 1456;
/// Seven MPEG-TS packets: what live senders put into one SRT packet.
inline constexpr size_t kTsMessage = 7 * 188;
/// SRTO_PASSPHRASE's own bounds.
inline constexpr size_t kMinPassphrase = 10;
inline constexpr size_t kMaxPassphrase = 79;
inline constexpr size_t kMaxStreamId = 512;

/// Handshake rejections as callers see them: HTTP's codes + 1000 (SRT Access Control Guidelines, "Rejection
/// codes").
enum class Reject : int {
  kBadRequest = 1400,
  kUnauthorized = 1401,
  kOverload = 1402,
  kForbidden = 1403,
  kNotFound = 1404,
  kBadMode = 1405,
  kDown = 1503
};

struct Stats {
  double rtt_ms = 0;
  uint64_t bytes_sent = 0;      // payload handed to send()
  uint64_t bytes_acked = 0;     // of it, confirmed by the peer
  uint64_t bytes_waiting = 0;   // of it, neither confirmed nor given up
  uint64_t bytes_received = 0;  // payload, each packet once
  uint64_t packets_lost = 0;    // sender: reported by the peer; receiver: gaps seen, repaired or not
  uint64_t packets_retransmitted = 0;
  uint64_t packets_dropped = 0;  // given up: too late to be sent or to be shown
};

enum class State { kConnecting, kConnected, kBroken };

/// Keeps libsrt started while at least one instance lives, in whatever part of the process.
class Library {
 public:
  Library();
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

/// One connection. Closed when destroyed.
class Socket {
 public:
  struct Handle;  // wrap-internal
  explicit Socket(Handle handle);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] SocketId id() const { return id_; }
  [[nodiscard]] State state() const;
  /// Why state() is kBroken, as far as libsrt knows: "rejected: wrong passphrase".
  [[nodiscard]] std::string why() const;
  [[nodiscard]] Result<SocketAddress> peer() const;
  [[nodiscard]] Result<Stats> stats() const;

  /// One message into `out` (kMaxMessage bytes at least); 0: nothing there now. kClosed: the connection has
  /// ended and everything received has been read.
  Result<size_t> receive(std::span<uint8_t> out);
  /// One message of at most kTsMessage bytes; false: the send buffer is full, try later. kClosed: the
  /// connection ended.
  Result<bool> send(ByteView message);
  /// Ends the connection now; what is buffered is lost. Later calls report kClosed.
  void close();

 private:
  Library library_;
  const SocketId id_;
  std::atomic<uint64_t> accepted_bytes_{0};
  mutable std::atomic<uint64_t> acked_bytes_{0};  // as last told
  mutable std::atomic<uint64_t> waiting_bytes_{0};
};

struct CallerOptions {
  std::string stream_id{};   // at most kMaxStreamId bytes
  std::string passphrase{};  // empty: not encrypted; else kMinPassphrase … kMaxPassphrase bytes
  std::chrono::milliseconds latency{120};
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds peer_idle_timeout{5000};
  int send_buffer_packets = 8192;
};

/// Starts to connect and returns at once; watch state(). kInvalid: an option is out of bounds.
Result<std::unique_ptr<Socket>> connect(const SocketAddress& to, const CallerOptions& options);

/// A caller in its handshake.
struct Knock {
  SocketId socket;  // accept() will hand out this one, if all goes well
  SocketAddress peer;
  std::string stream_id;
};

struct Verdict {
  bool accept = false;
  Reject reject = Reject::kForbidden;  // when not accepted
  std::string passphrase{};            // when accepted; empty: the caller must not encrypt either

  static Verdict refuse(Reject code) { return {false, code, {}}; }
};

struct ListenerOptions {
  std::chrono::milliseconds latency{120};  // the least; a caller may ask for more
  std::chrono::milliseconds peer_idle_timeout{5000};
  int backlog = 32;
};

/// A UDP socket bound to `at`; "::" takes IPv4 too.
Result<UniqueFd> bind_udp(const SocketAddress& at);

/// One UDP port for any number of publishers. A caller whose encryption does not fit the verdict's passphrase
/// is rejected by libsrt, after `on_knock`: accept() never sees it.
class Listener {
 public:
  /// See the top of this file: `on_knock` holds up the whole port while it runs.
  using OnKnock = std::function<Verdict(const Knock&)>;

  /// `port`: a bound UDP socket (bind_udp), so that a process may bind first and enter its sandbox before
  /// libsrt makes its threads.
  static Result<std::unique_ptr<Listener>> open(UniqueFd port, const ListenerOptions& options,
                                                OnKnock on_knock);
  ~Listener();  // returns after the last on_knock has
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] SocketId id() const { return id_; }
  [[nodiscard]] SocketAddress local() const { return local_; }
  /// The next connection; null: none now.
  Result<std::unique_ptr<Socket>> accept();

 private:
  Listener(OnKnock on_knock, SocketId id, const SocketAddress& local)
      : on_knock_(std::move(on_knock)), id_(id), local_(local) {}
  static int knocked(void* self, int socket, int version, const sockaddr* peer, const char* stream_id);

  Library library_;
  const OnKnock on_knock_;
  const SocketId id_;
  const SocketAddress local_;
};

/// Waits for sockets and listeners to become readable (or acceptable) or broken.
class Poller {
 public:
  static Result<std::unique_ptr<Poller>> create();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  Result<> add(SocketId socket);
  /// A closed socket leaves by itself; removing it again does no harm.
  void remove(SocketId socket);
  /// The sockets that are readable, acceptable or broken; at most 64 a call; empty after `patience`.
  std::vector<SocketId> wait(std::chrono::milliseconds patience);

 private:
  explicit Poller(int id) : id_(id) {}
  Library library_;
  const int id_;
};

}  // namespace openday::srt
