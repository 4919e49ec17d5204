#include "hub/http1.h"

#include <fmt/format.h>

#include <algorithm>

#include "hub/http_websocket.h"

namespace openday::hub {
namespace {

constexpr size_t kJoinBelow = 16 * 1024;     // smaller bodies travel in one buffer with their head
constexpr uint64_t kSlowestBody = 4 * 1024;  // bytes a second a body must come at, after header_timeout
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

SharedBytes to_shared(std::string_view text) {
  return std::make_shared<const Bytes>(text.begin(), text.end());
}

}  // namespace

Http1::Http1(Connection& connection)
    : connection_(connection),
      deadline_(connection.server().now() + connection.server().options.header_timeout) {}

Http1::~Http1() = default;

void Http1::on_bytes(ByteView bytes) {
  inside_ = true;
  std::string_view fresh = as_text(bytes);
  if (ahead_.empty()) {
    size_t used = advance(fresh);
    if (state_ != State::kLast) ahead_.assign(fresh.substr(used));
  } else {
    ahead_.append(fresh);
    size_t used = advance(ahead_);
    ahead_.erase(0, used);
  }
  if (ahead_.empty() && ahead_.capacity() > 1024) ahead_.shrink_to_fit();
  inside_ = false;
}

void Http1::resume() {
  bool goes_on = state_ == State::kBody && intake_ && !intake_->waits();
  if (goes_on && whole_) finish_upload();
  if ((state_ == State::kHead || (goes_on && state_ == State::kBody)) && !ahead_.empty()) {
    std::string again = std::move(ahead_);
    ahead_.clear();
    scanned_ = 0;
    on_bytes(as_bytes(again));
  }
  if (peer_ended_ && state_ == State::kHead) connection_.close();
}

size_t Http1::advance(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && (state_ == State::kHead || state_ == State::kBody)) {
    std::string_view rest = bytes.substr(used);
    size_t took = state_ == State::kHead ? take_head(rest) : take_body(rest);
    if (took == 0) break;
    used += took;
  }
  return state_ == State::kLast ? bytes.size() : used;
}

size_t Http1::take_head(std::string_view bytes) {
  ServerCore& server = connection_.server();
  if (scanned_ == 0) deadline_ = server.now() + server.options.header_timeout;
  Http1Limits limits;
  limits.head_bytes = server.options.max_header_bytes;
  auto state = parse_http1_head(bytes, limits, scanned_, head_);
  if (state.kind == Http1HeadState::Kind::kIncomplete) return 0;
  scanned_ = 0;
  ++server.counters.requests;
  context_ = {server.next_request_id(), head_.method == "HEAD", false, connection_.transport().secure()};
  if (state.kind == Http1HeadState::Kind::kBad) {
    refuse(state.status, state.why);
    return bytes.size();
  }
  last_ = !head_.keep_alive || peer_ended_;
  begin_request();
  if (state_ == State::kHead && !head_.upgrade.empty() && match_.websocket) {
    upgrade(match_, bytes.substr(state.consumed));
    return bytes.size();
  }
  return state.consumed;
}

void Http1::begin_request() {
  ServerCore& server = connection_.server();
  auto made = make_request(head_.method, head_.target, std::move(head_.headers));
  if (!made)
    return refuse(made.error().code == Errc::kLimit ? 414 : status_of(made.error().code),
                  made.error().message);
  request_ = std::move(*made);
  request_.http_version = head_.version;
  request_.id = context_.request_id;
  set_origin_of(request_, connection_.peer(), connection_.transport().secure(), connection_.peer_is_proxy(),
                server.trust);
  context_.secure = request_.secure;
  match_ = server.router.match(request_.method, request_.path);
  context_.any_origin = match_.options.any_origin;
  if (match_.websocket && head_.upgrade == "websocket" && request_.method == Method::kGet &&
      !head_.has_body) {
    return;  // take_head() goes on with it
  }
  head_.upgrade.clear();
  if (match_.upload) return begin_upload();
  if (!head_.has_body) return dispatch();
  if (!match_.handler) {
    last_ = true;  // its body stays unread
    return dispatch();
  }
  if (head_.content_length > match_.options.max_body) return refuse(413, "the body is too large");
  request_.body.reserve(static_cast<size_t>(head_.content_length));
  chunked_ = {};
  state_ = State::kBody;
  deadline_ = server.now() + server.options.header_timeout + seconds(match_.options.max_body / kSlowestBody);
  if (head_.expects_continue) {
    connection_.transport().queue(to_shared(kContinue));
  }
}

void Http1::begin_upload() {
  std::optional<uint64_t> length;
  if (!head_.chunked) length = head_.content_length;
  auto opened = Intake::open(
      connection_.server(), match_, std::move(request_), length, connection_.caller,
      [&connection = connection_] { connection.server().resume_later(connection.shared_from_this()); });
  if (!opened) return refuse(std::move(opened.error()));
  intake_ = std::move(*opened);
  chunked_ = {};
  whole_ = !head_.has_body;
  state_ = State::kBody;
  if (whole_) return finish_upload();
  if (head_.expects_continue) connection_.transport().queue(to_shared(kContinue));
}

size_t Http1::take_upload(std::string_view bytes) {
  if (intake_->waits()) return 0;
  size_t took = bytes.size();
  Bytes unframed;
  ByteView body;
  if (head_.chunked) {
    auto fed = chunked_.feed(bytes, unframed, static_cast<size_t>(intake_->room()));
    if (!fed) {
      bool limit = fed.error().code == Errc::kLimit;
      refuse(intake_->worded(Response::error(limit ? 413 : 400, limit ? "limit" : "invalid",
                                             fed.error().message, context_.request_id)));
      return bytes.size();
    }
    took = *fed;
    body = unframed;
    whole_ = chunked_.done();
  } else {
    uint64_t rest = head_.content_length - intake_->taken();
    took = static_cast<size_t>(std::min<uint64_t>(bytes.size(), rest));
    body = as_bytes(bytes.substr(0, took));
    whole_ = took == rest;
  }
  if (auto refusal = intake_->take(body)) {
    refuse(std::move(*refusal));
    return bytes.size();
  }
  if (whole_ && !intake_->waits()) finish_upload();
  return took;
}

void Http1::finish_upload() {
  auto intake = std::move(intake_);
  connection_.server().finish(*intake, open_exchange(), connection_.caller, context_.request_id);
}

size_t Http1::take_body(std::string_view bytes) {
  if (intake_) return take_upload(bytes);
  size_t took = 0;
  bool complete = false;
  if (head_.chunked) {
    auto fed = chunked_.feed(bytes, request_.body, match_.options.max_body);
    if (!fed) {
      refuse(fed.error().code == Errc::kLimit ? 413 : 400, fed.error().message);
      return bytes.size();
    }
    took = *fed;
    complete = chunked_.done();
  } else {
    took = static_cast<size_t>(std::min<uint64_t>(bytes.size(), head_.content_length - request_.body.size()));
    request_.body.insert(request_.body.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(took));
    complete = request_.body.size() == head_.content_length;
  }
  if (complete) dispatch();
  return took;
}

void Http1::dispatch() {
  connection_.server().call(match_, std::move(request_), open_exchange(), connection_.caller);
}

std::shared_ptr<PendingExchange> Http1::open_exchange() {
  ServerCore& server = connection_.server();
  state_ = State::kAnswering;
  ++server.counters.requests_open;
  HouseTime now = server.now();
  exchange_ = std::make_shared<PendingExchange>(*this, 0, now, now + server.options.answer_timeout);
  return exchange_;
}

void Http1::upgrade(const Router::Match& match, std::string_view rest) {
  auto accepted = accept_websocket(connection_, *match.websocket, request_, match.params);
  if (!accepted) return refuse(std::move(accepted.error()));
  ++connection_.server().counters.by_status[101];
  state_ = State::kLast;
  connection_.transport().queue(to_shared(accepted->answer));
  connection_.switch_to(std::move(accepted->protocol), Bytes(rest.begin(), rest.end()));
}

void Http1::refuse(int status, std::string_view why) {
  const char* code = status == 413 || status == 414 || status == 431 ? "limit"
                     : status == 501                                 ? "unsupported"
                                                                     : "invalid";
  refuse(Response::error(status, code, why, context_.request_id));
}

/// The connection's bytes cannot be understood any further, or are not wanted.
void Http1::refuse(Response response) {
  last_ = true;
  state_ = State::kAnswering;
  intake_.reset();
  ++connection_.server().counters.requests_open;
  answer(0, std::move(response));
}

void Http1::answer(int32_t, Response response) {
  ServerCore& server = connection_.server();
  --server.counters.requests_open;
  ++server.counters.by_status[response.status];
  exchange_.reset();
  state_ = State::kSending;
  auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body);
  if (shared && !last_) {
    send_shared(**shared);
  } else {
    send_head_and_body(response);
  }
  if (last_) {
    state_ = State::kLast;
    ahead_.clear();
    connection_.close_gently();
  } else if (!inside_) {
    connection_.flush();
  }
}

void Http1::send_shared(const SharedResponse& shared) {
  connection_.transport().queue(shared.wire(), 0, context_.head_only ? shared.head_size() : SIZE_MAX);
}

void Http1::send_head_and_body(const Response& response) {
  ServerCore& server = connection_.server();
  Response own{response.status, response.headers, {}};
  auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body);
  if (shared) own.headers = (*shared)->headers();
  if (!shared) add_default_headers(own, context_, server.date(), server.options.hsts);
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", own.status, reason_of(own.status));
  for (const Header& one : own.headers) head += fmt::format("{}: {}\r\n", one.name, one.value);
  if (!has_no_body(own.status)) head += fmt::format("Content-Length: {}\r\n", body_size(response));
  if (last_) head += "Connection: close\r\n";
  head += "\r\n";

  Transport& transport = connection_.transport();
  bool with_body = !context_.head_only && !has_no_body(own.status);
  SharedBytes body;
  if (auto bytes = std::get_if<SharedBytes>(&response.body)) body = *bytes;
  if (shared) body = (*shared)->body();
  if (with_body && body && body->size() < kJoinBelow) {
    head.append(as_text(*body));
    body = nullptr;
  }
  transport.queue(to_shared(head));
  if (!with_body) return;
  if (body) transport.queue(std::move(body));
  if (auto range = std::get_if<FileRange>(&response.body)) transport.queue(*range);
  if (auto pieces = std::get_if<Pieces>(&response.body)) {
    for (const SharedBytes& one : *pieces) transport.queue(one);
  }
}

void Http1::on_drained() {
  if (state_ != State::kSending) return;
  next_request();
}

void Http1::next_request() {
  ServerCore& server = connection_.server();
  state_ = State::kHead;
  scanned_ = 0;
  deadline_ = server.now() + server.options.idle_timeout;
  if (!ahead_.empty() || peer_ended_) server.resume_later(connection_.shared_from_this());
}

void Http1::on_end() {
  peer_ended_ = true;
  // Who leaves while a handler works is gone: players and proxies do not half-close. A last answer on its way
  // is sent.
  if (state_ == State::kSending || (state_ == State::kHead && !ahead_.empty() && scanned_ == 0)) return;
  connection_.close();
}

void Http1::on_tick(HouseTime now) {
  if (exchange_) {
    auto exchange = exchange_;
    if (exchange->expire(now)) ++connection_.server().counters.timeouts;
    return;
  }
  if (intake_) {
    auto late = intake_->overdue(now);
    if (!late) return;
    ++connection_.server().counters.timeouts;
    return refuse(std::move(*late));
  }
  if (now < deadline_ || (state_ != State::kHead && state_ != State::kBody)) return;
  bool waiting = state_ == State::kHead && ahead_.empty();
  if (waiting) return connection_.close();  // idle: nothing was asked, nothing is said
  ++connection_.server().counters.timeouts;
  refuse(408, "the request did not come in time");
}

void Http1::on_closed() {
  if (state_ == State::kAnswering || state_ == State::kSending) ++connection_.server().counters.clients_left;
  if (state_ == State::kAnswering) --connection_.server().counters.requests_open;
  if (intake_) ++connection_.server().counters.clients_left;
  state_ = State::kLast;
  intake_.reset();
  if (auto exchange = std::move(exchange_)) exchange->abandon();
}

void Http1::on_drain() {
  last_ = true;
  if (state_ == State::kHead) connection_.close_gently();
}

}  // namespace openday::hub
