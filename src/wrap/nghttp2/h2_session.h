// The server's end of one HTTP/2 connection (RFC 9113): bytes in, requests out; answers in, bytes out. No
// sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::wrap {

using H2Header = std::pair<std::string, std::string>;  // lower-case name, value

struct H2Limits {
  uint32_t max_streams = 64;
  size_t max_header_bytes = 8 * 1024;  // names and values of one request; beyond: the stream is reset
  uint32_t stream_window = 64 * 1024;  // what a peer may send ahead on a stream
};

/// What happens on the connection. Called inside receive(), on_closed() inside output() too; may call
/// respond() and reset(). Must not throw: there is C in between.
class H2Events {
 public:
  virtual ~H2Events() = default;
  /// A request's headers, pseudo-headers (":method", ":path", ":authority", ":scheme") included, validated
  /// against RFC 9113 8.2 and 8.3. `end`: no body follows.
  virtual void on_headers(int32_t stream, std::vector<H2Header> headers, bool end) = 0;
  /// False: the peer may send no more on this stream than its window holds, until go_on().
  virtual bool on_data(int32_t stream, ByteView bytes) = 0;
  virtual void on_end(int32_t stream) = 0;
  /// Once per stream, however it ended. `clean`: the answer was sent whole.
  virtual void on_closed(int32_t stream, bool clean) = 0;
};

/// One thread. After an error from receive() send what output() still gives (it says why) and close.
class H2Session {
 public:
  struct Chunk {
    size_t size = 0;
    bool last = false;
  };
  /// Fills `into` with the next bytes of a body; an error resets the stream.
  using Source = std::function<Result<Chunk>(std::span<uint8_t> into)>;

  static Result<std::unique_ptr<H2Session>> create(H2Events& events, const H2Limits& limits);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  Result<> receive(ByteView bytes);
  /// Answers a stream that is still open; unknown ones are ignored. Without `body` the headers end it.
  void respond(int32_t stream, int status, const std::vector<H2Header>& headers, Source body);
  /// An informational answer (RFC 9110 15.2) before the one by respond().
  void inform(int32_t stream, int status);
  /// Opens the stream's window again by what on_data() answered false to.
  void go_on(int32_t stream);
  /// Ends a stream with an error code of RFC 9113 7. Code 0 asks a peer that has its answer to stop sending
  /// (8.1).
  void reset(int32_t stream, uint32_t code);
  /// No new streams are taken; those that are open go on.
  void go_away();

  /// The next bytes for the wire; empty when there is nothing to send now. Valid until the next call of
  /// anything.
  Result<ByteView> output();
  /// False: both sides are finished, close the connection.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] size_t open_streams() const;

 private:
  struct Impl;
  explicit H2Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
