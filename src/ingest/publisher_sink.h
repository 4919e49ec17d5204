// The port between protocol listeners (RTMP, SRT) and the gateway that owns the publishers.
//
// A listener speaks one protocol. It asks whether a connection may come in and whether a key may publish,
// then delivers container bytes; the gateway knows venues, the hub and the feeds, and no protocol. A
// publisher's life:
//
//   admit(address) → authorise(key) → answer → begin(venue) → tag() or ts() … → end(): the peer left
//                                                                              or kick(): the gateway cut it
//
// Threads: every call in this file, in both directions, is made on the gateway loop's thread. A library that
// calls back on threads of its own (libsrt) crosses over with Loop::post(), by value, and must live with a
// refusal:
//
//  * Media: gather what arrived within a few milliseconds into one post. A refused post means that the
//    mailbox is full: drop those bytes and count them; never wait, for the thread that waits serves every
//    other caller too.
//  * An answer that a callback has to give before it returns (SRT's listen callback): post a task that calls
//    admit() and authorise(), wait for its promise for at most some 200 ms, then reject. The answer that came
//    too late may be kept for some seconds, so that the caller's next attempt finds it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace openday::ingest {

enum class Protocol { kRtmp, kSrt };
enum class Container { kFlv, kTs };

/// As LINK.md and the logs spell them.
constexpr const char* name_of(Protocol protocol) {
  return protocol == Protocol::kRtmp ? "rtmp" : "srt";
}
constexpr const char* name_of(Container container) {
  return container == Container::kFlv ? "flv" : "ts";
}

/// One publisher from begin() to its end. Never reused, never 0; calls with one that has ended are ignored.
enum class PublisherId : uint64_t {};
/// A question asked with authorise(). Never reused, never 0.
enum class AuthId : uint64_t {};

struct AuthRequest {
  Protocol protocol = Protocol::kRtmp;
  std::string key;      // RTMP: the secret stream name; SRT: the stream id. Never logged.
  std::string address;  // the peer's IP address, without a port
};

struct AuthAnswer {
  bool ok = false;
  bool wrong = false;      // when not ok: the hub has looked, and this key is none
  std::string venue;       // when ok: hand it to begin()
  std::string passphrase;  // SRT only; empty: the venue has none. Never logged.
  std::string why;         // when not ok: fit to be shown to the publisher
  /// When ok: expires when the venue's key is changed or the venue deleted, and the answer's worth with it.
  std::weak_ptr<const void> grant;
};

/// How the line to a publisher is doing, as far as its protocol knows.
struct LineHealth {
  double rtt_ms = 0;
  uint64_t lost = 0;  // packets lost or retransmitted since the start
};

/// Why a connection came to nothing; counted for the statistics.
enum class Refusal { kConnections, kPerAddress, kWrongKey, kTooManyWrongKeys, kHubAway, kTimeout, kProtocol };

/// Holds one place under the connection caps (total and per address); letting go of it frees the place.
/// Copyable and empty by default, so that it can live in any session type.
using Admission = std::shared_ptr<const void>;

/// A publisher's connection as the gateway sees it; implemented by the listeners.
///
/// Lives from begin() until it has called end() or was kicked.
class PublisherSession {
 public:
  virtual ~PublisherSession() = default;
  /// The gateway has let go of this publisher: close the connection now. `end()` need not be called any more.
  /// May come out of any other session's call (a take-over), never out of one of this session's own.
  virtual void kick(std::string_view why) = 0;
  [[nodiscard]] virtual LineHealth health() const = 0;
};

/// One FLV tag without its tag header, as RTMP carries it.
struct FlvTag {
  static constexpr uint8_t kAudio = 8;
  static constexpr uint8_t kVideo = 9;
  static constexpr uint8_t kData = 18;

  uint8_t type = 0;
  int64_t time_ms = 0;  // decode time, unwrapped to 64 bits
  HouseTime arrival;    // of its last byte
  SharedBytes body;
};

/// What the gateway offers to listeners.
class PublisherSink {
 public:
  using OnAnswer = std::function<void(const AuthAnswer&)>;

  virtual ~PublisherSink() = default;

  /// Asked first for every connection. kBusy, kLimit: a cap is reached.
  virtual Result<Admission> admit(Protocol protocol, const std::string& address) = 0;

  /// Asks the hub. `on_answer` is called once, later and never from inside this call, within 5 s (a hub that
  /// restarts is waited for); not at all after forget(). Wrong keys are counted against the address here, and
  /// of an address that has failed too often only some are asked about.
  virtual AuthId authorise(AuthRequest request, OnAnswer on_answer) = 0;
  virtual void forget(AuthId question) = 0;

  /// The publisher of `venue` is now this one; one that was there before is kicked ("replaced by a newer
  /// connection"). Call it only with a venue out of an AuthAnswer that said ok and whose grant has not
  /// expired.
  virtual PublisherId begin(Protocol protocol, Container container, const std::string& venue,
                            const std::string& address, PublisherSession& session) = 0;
  /// Container kFlv. Bodies are at most 4 MiB.
  virtual void tag(PublisherId publisher, FlvTag tag) = 0;
  /// Container kTs: whole packets of 188 bytes that start with 0x47; at most 64 KiB a call.
  virtual void ts(PublisherId publisher, SharedBytes packets, HouseTime arrival) = 0;
  /// The peer left or failed. Call it before the session is destroyed.
  virtual void end(PublisherId publisher, std::string_view why) = 0;

  /// A connection that failed before begin() for a reason only its listener knows: kTimeout or kProtocol.
  virtual void refused([[maybe_unused]] Protocol protocol, [[maybe_unused]] Refusal reason) {}
};

}  // namespace openday::ingest
