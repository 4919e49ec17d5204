// What the hub's handlers see of HTTP: requests, responses, routes, sockets and the thread they all live on.
// No transport in here: HTTP/1.1 and HTTP/2, plain and TLS, look the same from this side.
//
// Home thread: everything is created, called and destroyed on the hub thread (the one in HttpServer::run()),
// except HttpServer::post() and stop(), which any thread may call.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/result.h"

namespace openday::hub {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
const char* name_of(Method method);

struct Header {
  std::string name;  // requests: lower case
  std::string value;
  bool operator==(const Header&) const = default;
};

/// The name=value pairs after the '?', percent-decoded ('+' stays '+'). At most kMaxPairs; more is a bad
/// request.
class Query {
 public:
  static constexpr size_t kMaxPairs = 32;
  static Result<Query> parse(std::string_view raw);

  /// Nothing when absent; the first one when given twice.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// A decimal integer of at most 18 digits, or nothing when absent; kInvalid when it is something else.
  [[nodiscard]] Result<std::optional<int64_t>> integer(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

struct Request {
  Method method = Method::kGet;  // HEAD arrives as kGet with head_only; the server leaves the body out
  bool head_only = false;
  std::string path;       // percent-decoded, starts with '/', valid UTF-8, no empty, "." or ".." segments
  std::string raw_query;  // as sent, without '?'
  Query query;
  std::map<std::string, std::string, std::less<>> params;  // what the route's {names} matched
  std::vector<Header> headers;                             // in the order they came
  Bytes body;                                              // complete; at most the route's cap

  std::string peer;  // address of the client: behind a trusted proxy, the one that proxy reports
  bool peer_is_loopback = false;
  bool by_proxy = false;  // a trusted proxy handed it on, perhaps for many who asked the same
  bool secure = false;    // TLS here, or reported by a trusted proxy
  int http_version = 11;  // 10, 11 or 20
  std::string id;         // 8 hex digits; also answered as X-Request-Id and meant for logs and error bodies

  /// Value of a header (name in lower case), empty when absent. Kept: accept, accept-encoding,
  /// accept-language, authorization, content-type, cookie, host, if-modified-since, if-none-match, if-range,
  /// origin, range, referer, user-agent, x-forwarded-for, x-forwarded-proto and x-openday.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// A cookie by name, empty when absent.
  [[nodiscard]] std::string_view cookie(std::string_view name) const;
  [[nodiscard]] std::string_view param(std::string_view name) const;
  /// True when Accept-Encoding allows gzip.
  [[nodiscard]] bool accepts_gzip() const;
  /// True when Origin names the host this request was sent to (scheme, host and port).
  [[nodiscard]] bool same_origin() const;
};

/// A stretch of an open file; the descriptor is shared by all answers that send from it.
struct FileRange {
  std::shared_ptr<const UniqueFd> file;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// A whole answer built once for many requests. For HTTP/1.1 it goes out with one send of one buffer.
class SharedResponse {
 public:
  SharedResponse(int status, std::vector<Header> headers, SharedBytes body);
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::vector<Header>& headers() const { return headers_; }
  [[nodiscard]] const SharedBytes& body() const { return body_; }
  /// Status line, headers and body for HTTP/1.1 keep-alive.
  [[nodiscard]] const SharedBytes& wire() const { return wire_; }
  /// Bytes of wire() before the body (what a HEAD request gets).
  [[nodiscard]] size_t head_size() const { return head_size_; }

 private:
  int status_;
  std::vector<Header> headers_;
  SharedBytes body_;
  SharedBytes wire_;
  size_t head_size_ = 0;
};

/// Several byte strings that go out one after the other.
using Pieces = std::vector<SharedBytes>;

struct Response {
  int status = 200;
  std::vector<Header>
      headers;  // Content-Length, Date, X-Request-Id and the security headers are the server's
  std::variant<std::monostate, SharedBytes, Pieces, FileRange, std::shared_ptr<const SharedResponse>> body;

  static Response empty(int status = 204) { return {status, {}, {}}; }
  static Response bytes(int status, std::string_view content_type, SharedBytes body);
  static Response text(int status, std::string_view body);
  /// `body` is JSON text. Cache-Control: no-store.
  static Response json(int status, std::string_view body);
  /// The API's error object (docs/API.md); `id` is Request::id.
  static Response error(int status, std::string_view code, std::string_view message, std::string_view id);
  /// The same with status and code from the Errc.
  static Response error(const Error& error, std::string_view id);
  static Response shared(std::shared_ptr<const SharedResponse> response) {
    return {response->status(), {}, response};
  }

  Response& with(std::string_view name, std::string_view value);
};

/// HTTP status of a failure: kInvalid 400, kRefused 403, kNotFound 404, kConflict 409, kLimit 413, kBusy 429,
/// …
int status_of(Errc code);
/// "Not Found"; empty for a status we never send.
const char* reason_of(int status);

/// The transport's side of one request. Implemented by the server, and by tests.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// At most once, and not after it is gone.
  virtual void send(Response response) = 0;
  [[nodiscard]] virtual bool gone() const = 0;
  virtual void when_gone(std::function<void()> task) = 0;
  virtual void set_deadline(Duration patience, std::function<Response()> answer) = 0;
};

/// The right and the duty to answer one request, now or later, on the hub thread. One that is dropped
/// unanswered answers 500; one that is not answered within 30 s (or its own deadline) answers 503.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  /// The first answer counts; later ones, and answers to a client that has gone, do nothing.
  void send(Response response);
  /// True when answering has no point any more: answered, timed out, or the client has left.
  [[nodiscard]] bool done() const { return !exchange_ || exchange_->gone(); }
  /// Called once if the client leaves or the deadline answers before send(). It may destroy this Responder.
  void when_gone(std::function<void()> task) {
    if (exchange_) exchange_->when_gone(std::move(task));
  }
  /// Replaces the 30 s: after `patience` the client gets `answer()`.
  void set_deadline(Duration patience, std::function<Response()> answer) {
    if (exchange_) exchange_->set_deadline(patience, std::move(answer));
  }

 private:
  std::shared_ptr<Exchange> exchange_;
};

/// For tests of handlers: `on_answer` gets the answer.
Responder make_responder(std::function<void(Response)> on_answer);

using Handler = std::function<void(const Request&, Responder)>;

/// One WebSocket, alive while its handler is. Hub thread.
class WebSocket {
 public:
  enum class Loss {
    kMayDrop,  // a newer one will come: dropped, oldest first, when the peer is slow
    kMustNot  // when even dropping the others makes no room, the socket is closed with 1013 (try again later)
  };
  virtual ~WebSocket() = default;
  /// Queues one text message (shared by all sockets that get it). False: dropped or closed.
  virtual bool send(SharedBytes text, Loss loss) = 0;
  /// Frames made by ws_text_frame(), shared by all sockets that get them, with one write. The value: how many
  /// were taken. None are while older bytes wait to be sent; the handler hears on_writable() when those are
  /// out.
  virtual size_t offer(std::span<const SharedBytes> frames) = 0;
  /// An offer() comes soon: fetches into the cache what it will look at.
  virtual void expect_offer() const {}
  virtual void close(uint16_t code, std::string_view reason) = 0;
  [[nodiscard]] virtual size_t queued_bytes() const = 0;
  [[nodiscard]] virtual uint64_t dropped() const = 0;
};

/// One per socket; destroyed after on_close().
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;
  /// `socket` stays valid until on_close() returns.
  virtual void on_open(WebSocket& socket) = 0;
  /// A whole message, valid UTF-8, within the route's cap.
  virtual void on_text(WebSocket& socket, std::string_view text) = 0;
  virtual void on_close(WebSocket& socket) = 0;
  /// After an offer() that was not taken: another one is worth it.
  virtual void on_writable(WebSocket&) {}
};

struct WebSocketRoute {
  std::string subprotocol;           // must be among those the client offers
  size_t max_message = 64 * 1024;    // larger: closed with 1009
  size_t queue_bytes = 1024 * 1024;  // per socket, beyond what the kernel holds
  size_t max_sockets = 64;           // beyond: 503
  Duration first_message{0};         // silence after the opening: closed with 1008; 0: may be silent for ever
  /// Silence after which a socket is pinged, a quarter of it late at most: proxies keep it, and its end is
  /// found.
  Duration ping_after = seconds(20);
  Duration dead_after = seconds(50);  // of silence: closed
  int send_buffer = 0;                // bytes that the kernel holds for a socket; 0: its default
  /// Who is it? A handler accepts, a Response refuses (401, 403…).
  std::function<std::expected<std::unique_ptr<WebSocketHandler>, Response>(const Request&)> accept;
};

/// Which browsers' pages may read the answers, and how much a request may bring.
struct RouteOptions {
  size_t max_body = 64 * 1024;  // beyond: 413, and the connection closes
  bool any_origin = false;      // Access-Control-Allow-Origin: *, also on errors (/hls, /media, /thumb)
};

struct UploadRoute;

/// Patterns to handlers. A pattern is a path whose segments may be {name} (one segment) and whose last may be
/// {name...} (the rest, possibly empty). Fixed segments win over {name}, which wins over {name...}.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Adding the same method and pattern twice is a programming error (asserts). GET also serves HEAD.
  void add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});
  void get(std::string_view pattern, Handler handler, RouteOptions options = {}) {
    add(Method::kGet, pattern, std::move(handler), options);
  }
  void websocket(std::string_view pattern, WebSocketRoute route);
  /// The body of such a request is streamed (http_upload.h).
  void upload(Method method, std::string_view pattern, UploadRoute route);
  /// Answers paths that match no pattern; default 404 with the error object.
  void otherwise(Handler handler);
  /// All there is: "GET /a/{b}", "WEBSOCKET /a/{b}/c", and "OTHERWISE" when there is a handler for the rest;
  /// sorted.
  [[nodiscard]] std::vector<std::string> routes() const;

  struct Match {
    const Handler* handler = nullptr;           // null: see upload, then allow
    const UploadRoute* upload = nullptr;        // takes the body as it comes
    const WebSocketRoute* websocket = nullptr;  // the path takes WebSocket upgrades
    RouteOptions options;
    std::map<std::string, std::string, std::less<>> params;
    std::vector<Method> allow;  // methods the path has; empty: no such path
  };
  [[nodiscard]] Match match(Method method, std::string_view path) const;
  /// Finds the route, fills request.params and calls the handler; answers 404, 405 (with Allow) and OPTIONS
  /// itself. An upload's sink gets request.body in one piece.
  void dispatch(Request request, Responder responder) const;
  /// The same for a match already made.
  void dispatch(const Match& match, Request request, Responder responder) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  Handler otherwise_;
};

struct TlsFiles {
  std::string certificate;  // PEM, leaf first
  std::string key;
};

struct HttpListener {
  std::string address = "0.0.0.0";  // numeric; "::" takes IPv4 too
  int port = 0;                     // 0: any free one, see HttpServer::port()
  bool tls = false;                 // with TLS also HTTP/2, by ALPN
};

struct HttpOptions {
  std::vector<HttpListener> listeners;
  std::optional<TlsFiles> tls;               // needed by listeners with tls
  std::vector<std::string> trusted_proxies;  // addresses or networks (a.b.c.d/n) whose X-Forwarded-* count
  size_t max_connections = 10'000;        // beyond: closed at accept; a quarter for one caller (an IPv6 /64)
  size_t max_waiting_per_caller = 5'000;  // requests without their answer; beyond: 503
  // Networks whose callers are bounded by neither, besides the trusted proxies.
  std::vector<std::string> unbounded = {"127.0.0.0/8", "::1/128"};
  size_t max_header_bytes = 8 * 1024;  // all header values of a request; beyond: refused
  Duration header_timeout =
      seconds(10);  // from the first byte to the end of the headers, and for the body's pauses
  Duration idle_timeout = seconds(60);    // keep-alive without a request
  Duration send_timeout = seconds(20);    // an answer that makes no progress
  Duration answer_timeout = seconds(30);  // a handler that does not answer
  bool hsts = false;                      // Strict-Transport-Security on TLS
  size_t mailbox = 4096;                  // posted tasks waiting
};

/// Counted since start; plain numbers, read on the hub thread.
struct HttpCounters {
  uint64_t connections_open = 0;
  uint64_t connections_limit = 0;  // max_connections, or what the descriptor limit leaves of it
  uint64_t connections_total = 0;
  uint64_t connections_refused = 0;
  uint64_t requests = 0;
  uint64_t requests_open = 0;
  std::map<int, uint64_t> by_status;
  uint64_t timeouts = 0;
  uint64_t handshakes_failed = 0;
  uint64_t handler_failures = 0;  // exceptions; answered 500
  uint64_t clients_left = 0;      // before their answer was complete
  uint64_t bytes_sent = 0;
  uint64_t websockets_open = 0;
  uint64_t websocket_dropped = 0;
};

/// The listeners and connections of one loop: the hub thread is the thread in Loop::run(). Links to other
/// processes, timers and posts use the same loop, so handlers may touch them without locks. Destroying the
/// server closes everything.
class HttpServer {
 public:
  /// Listens at once; answers while the loop runs. Routes are added before that.
  static Result<std::unique_ptr<HttpServer>> create(HttpOptions options, Loop& loop);
  virtual ~HttpServer() = default;

  virtual Router& router() = 0;
  /// Port of the n-th listener.
  [[nodiscard]] virtual int port(size_t listener = 0) const = 0;
  [[nodiscard]] virtual Loop& loop() = 0;

  /// Stops listening, closes idle connections and sockets (1001), lets open exchanges finish for at most
  /// `patience`, then closes what is left and calls `done`.
  virtual void drain(Duration patience, std::function<void()> done) = 0;

  /// New connections use the files' present content; on failure the old certificate stays. A server that has
  /// other listeners, too, starts without one.
  virtual Result<> reload_certificate() = 0;
  [[nodiscard]] virtual const HttpCounters& counters() const = 0;
};

}  // namespace openday::hub
