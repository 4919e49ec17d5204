// What HTTP/1.1 and HTTP/2 have in common: a request becomes an exchange, an answer becomes headers and a
// body.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/http.h"
#include "hub/http_parse.h"

namespace openday::hub {

/// Where the answers of a connection's exchanges go.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  /// Once per exchange. `stream` is the HTTP/2 stream, 0 for HTTP/1.1.
  virtual void answer(int32_t stream, Response response) = 0;
};

/// What one caller, an address or an IPv6 /64, has open: nobody shall take all there is.
struct Caller {
  std::string name;
  size_t connections = 0;
  size_t waiting = 0;  // requests without their answer
  size_t uploads = 0;  // bodies on their way into a sink
};

/// One request's answer to be. Its connection owns it together with the Responder, and lets go of it by
/// send(), expiry or abandon(), whichever comes first.
class PendingExchange final : public Exchange {
 public:
  PendingExchange(AnswerSink& sink, int32_t stream, HouseTime now, HouseTime deadline)
      : sink_(&sink), stream_(stream), began_(now), deadline_(deadline) {}
  ~PendingExchange() override { give_place_back(); }

  /// False when `caller` has `most` waiting. Given back with the answer, or when the client has left.
  bool take_place(std::shared_ptr<Caller> caller, size_t most);
  void send(Response response) override;
  [[nodiscard]] bool gone() const override { return sink_ == nullptr; }
  void when_gone(std::function<void()> task) override { when_gone_ = std::move(task); }
  void set_deadline(Duration patience, std::function<Response()> answer) override;

  /// The client has left.
  void abandon();
  /// True when the deadline had passed and was answered.
  bool expire(HouseTime now);

 private:
  void give_place_back();

  AnswerSink* sink_;
  int32_t stream_;
  HouseTime began_;
  HouseTime deadline_;
  std::function<Response()> on_deadline_;
  std::function<void()> when_gone_;
  std::shared_ptr<Caller> caller_;  // null: no place is taken
};

/// What of a request its answer depends on.
struct AnswerContext {
  std::string request_id;
  bool head_only = false;
  bool any_origin = false;
  bool secure = false;
};

/// The proxies whose word about clients is believed.
class ProxyTrust {
 public:
  static Result<ProxyTrust> parse(const std::vector<std::string>& networks);
  [[nodiscard]] bool trusts(std::string_view address) const;

 private:
  std::vector<Network> networks_;
};

/// From the parts both protocols deliver; kInvalid or kLimit when the target is not acceptable.
Result<Request> make_request(std::string_view method, std::string_view target, std::vector<Header> headers);
/// Who and how: address, loopback, secure, as seen here or told by a trusted proxy.
void set_origin_of(Request& request, std::string_view peer, bool secure, bool peer_is_proxy,
                   const ProxyTrust& trust);
/// Nothing for a method that HTTP has and this server does not (501).
std::optional<Method> parse_method(std::string_view text);

/// Security, CORS and identity: what every answer carries unless its handler said otherwise.
void add_default_headers(Response& response, const AnswerContext& context, std::string_view date, bool hsts);
/// One answer for many requests, readable by any origin: the same headers, but nothing of a single request.
std::shared_ptr<const SharedResponse> share(int status, std::vector<Header> headers, SharedBytes body,
                                            int64_t now_s);

/// Length of the body in bytes.
uint64_t body_size(const Response& response);
/// RFC 9110 6.4.1, 8.6: 1xx, 204 and 304 have neither body nor length.
bool has_no_body(int status);

}  // namespace openday::hub
