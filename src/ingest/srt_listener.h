// SRT publishers: one UDP port, told apart by stream id, each with its venue's passphrase.
//
//   libsrt's receiving thread   knock() ── question ──▶ loop: admit, authorise ──▶ hub
//                                  ▲ ≤ 200 ms ───────── answer ◀──────────────────┘
//   own thread                  accepts, reads, aligns ── one post per ~4 ms and publisher ──▶ loop: begin,
//   ts, end
//
// The passphrase must be known before the handshake can go on, and libsrt gives no way to think about it
// elsewhere: while knock() waits, the port's packets wait too, in the kernel's buffer. StallBudget bounds
// that, and a pace for each network keeps one of them from using it up; a key that has published from there
// has a small pace besides, or it could not reconnect beside a neighbour that calls without end. An answer
// that comes too late is kept for some seconds; the caller was rejected with "server down" and finds it when
// it calls again.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "ingest/admission.h"
#include "ingest/publisher_sink.h"
#include "ingest/stall_budget.h"

namespace openday::srt {
class Socket;
class Listener;
class Poller;
struct Knock;
struct Verdict;
using SocketId = int32_t;
}  // namespace openday::srt

namespace openday::ingest {

struct SrtOptions {
  milliseconds latency{120};
  Duration answer_patience = milliseconds(200);  // how long a handshake may wait for the hub
  Duration media_deadline = seconds(10);         // from the connection to its first TS packet
  Duration guest_patience = seconds(3);          // from the verdict to the end of the handshake
  size_t wrong_passphrases_per_minute = 10;      // per network
};

struct SrtCounters {
  uint64_t dropped_bytes = 0;  // read, but the loop was too far behind to take them
  uint64_t skipped_bytes = 0;  // belonged to no TS packet
  uint64_t overload = 0;       // callers turned away because the port had waited for answers long enough
};

/// Home thread: the loop's. `loop` and `sink` outlive it.
/// Invariant: what the sink gave (admissions, publishers) is touched on the loop's thread only.
class SrtListener {
 public:
  /// `port`: srt::bind_udp(), so that it can be bound before the sandbox; threads start here.
  static Result<std::unique_ptr<SrtListener>> open(Loop& loop, PublisherSink& sink, Log log, UniqueFd port,
                                                   const SrtOptions& options);
  /// Ends all publishers ("the server stops").
  ~SrtListener();
  SrtListener(const SrtListener&) = delete;
  SrtListener& operator=(const SrtListener&) = delete;

  [[nodiscard]] SocketAddress local() const;
  [[nodiscard]] SrtCounters counters() const;

 private:
  /// What both threads know of a connection.
  struct Line;
  /// A connection as the own thread knows it.
  struct Reader;
  /// A publisher as the loop's thread knows it.
  class Session;
  class Question;
  /// A caller that was let in and has not arrived yet.
  struct Guest {
    Admission admission;
    AuthRequest request;
    std::string venue;
    std::weak_ptr<const void> grant;
    bool encrypted = false;
    HouseTime since;
  };
  struct KeptAnswer {
    AuthAnswer answer;
    HouseTime since;
  };

  SrtListener(Loop& loop, PublisherSink& sink, Log log, const SrtOptions& options);

  // libsrt's receiving thread
  srt::Verdict knock(const srt::Knock& knock);
  // own thread
  void run(const std::stop_token& stop);
  void accept_all();
  bool read(Reader& reader);
  bool deliver(Reader& reader, Bytes packets);
  void finish_ended();
  bool post(Loop::Task task);
  // the loop's thread
  void ask(std::shared_ptr<Question> question);
  void decide(Question& question, const AuthAnswer& answer, Admission admission);
  void arrived(srt::SocketId id, std::shared_ptr<Line> line);
  void left(srt::SocketId id, const std::string& why);
  void tidy();

  Loop& loop_;
  PublisherSink& sink_;
  const Log log_;
  const SrtOptions options_;
  const std::shared_ptr<void> alive_ = std::make_shared<int>(0);  // posted tasks do nothing once it is gone
  std::atomic<bool> stopping_{false};
  RegularPace regulars_;

  // libsrt's receiving thread
  NetworkPace pace_;
  StallBudget budget_;
  std::atomic<uint64_t> overload_{0};

  // own thread
  std::unique_ptr<srt::Poller> poller_;
  std::map<srt::SocketId, std::unique_ptr<Reader>> readers_;
  std::map<srt::SocketId, std::string> ended_;  // id and why; until the loop has taken the news
  std::atomic<uint64_t> dropped_bytes_{0};
  std::atomic<uint64_t> skipped_bytes_{0};
  std::atomic<size_t> on_the_way_{0};  // bytes posted and not yet run

  // the loop's thread
  std::map<srt::SocketId, Guest> guests_;
  std::map<AuthId, std::shared_ptr<Question>> open_questions_;  // bounded by the sink's admissions
  std::map<std::string, KeptAnswer> kept_answers_;              // by key and network; bounded by kMaxKept
  std::map<srt::SocketId, std::unique_ptr<Session>> sessions_;
  FailureLimiter wrong_passphrases_;
  Loop::TimerId tidy_timer_ = 0;

  std::unique_ptr<srt::Listener> listener_;
  std::jthread thread_;
};

}  // namespace openday::ingest
