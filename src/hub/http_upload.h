// Request bodies that are taken as they come instead of being collected: uploads.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "hub/http.h"

namespace openday::hub {

/// Ends a wait of an UploadSink. Hub thread. Without an effect when nothing waits, and when the body it
/// belongs to is over.
class UploadFlow {
 public:
  explicit UploadFlow(std::weak_ptr<const std::function<void()>> wake) : wake_(std::move(wake)) {}
  void go_on() const {
    if (auto wake = wake_.lock()) (*wake)();
  }

 private:
  std::weak_ptr<const std::function<void()>> wake_;
};

/// Takes one body, on the hub thread. Destroyed without finish(): the rest will never come, because the
/// client has left, was too slow, sent too much or was refused.
class UploadSink {
 public:
  enum class Next { kMore, kWait };
  virtual ~UploadSink() = default;
  /// The next bytes, valid during the call and to be taken whole. kWait: no more is read from the client
  /// until UploadFlow::go_on(); a wait longer than HttpOptions::answer_timeout is answered 503. A Response
  /// refuses the rest.
  virtual std::expected<Next, Response> take(ByteView bytes) = 0;
  /// The body is complete, and no wait is open. The sink is destroyed when this returns.
  virtual void finish(Responder responder) = 0;
  /// The server refuses the rest itself (408, 413, 503, a broken framing): that answer in the route's own
  /// words.
  virtual Response worded(Response refusal) { return refusal; }
};

/// A body has to come at 4 KiB a second at least, over each HttpOptions::header_timeout (408), without a
/// Content-Encoding (415: what is small on the wire shall not be large behind it). Expect: 100-continue is
/// answered once accept() has taken the request.
struct UploadRoute {
  uint64_t max_body = 0;      // bytes; beyond: 413, at once when Content-Length says so
  size_t max_at_once = 16;    // of all clients; beyond: 503 with Retry-After
  size_t max_per_caller = 4;  // of one address (an IPv6 /64), unless HttpOptions::unbounded names it
  bool any_origin = false;    // as in RouteOptions
  /// The head has come, `Request::body` is empty. What may not be is refused here, before its body is read.
  std::function<std::expected<std::unique_ptr<UploadSink>, Response>(const Request&, UploadFlow)> accept;
  /// As UploadSink::worded(), for what the server refuses before accept() is asked. May be empty.
  std::function<Response(const Request&, Response refusal)> worded;
};

}  // namespace openday::hub
