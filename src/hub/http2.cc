#include "hub/http2.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace openday::hub {
namespace {

using Chunk = wrap::H2Session::Chunk;

constexpr size_t kFramesAhead = 64 * 1024;  // frames made ahead of the socket
constexpr size_t kMaxUnsent = 256 * 1024;   // beyond: the peer is not read until it reads
constexpr uint32_t kMaxStreams = 64;
constexpr size_t kMaxDiscarded = 1024 * 1024;  // of an unwanted body, before its sender is stopped
constexpr Duration kBodyTime = seconds(30);    // for a whole request body

/// RFC 9113 8.2.2: connection-specific headers do not exist in HTTP/2.
bool is_connection_header(std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "transfer-encoding" || name == "upgrade";
}

wrap::H2Session::Source from_bytes(SharedBytes bytes) {
  return [bytes = std::move(bytes), at = size_t{0}](std::span<uint8_t> into) mutable -> Result<Chunk> {
    size_t count = std::min(into.size(), bytes->size() - at);
    std::copy_n(bytes->data() + at, count, into.data());
    at += count;
    return Chunk{count, at == bytes->size()};
  };
}

wrap::H2Session::Source from_pieces(Pieces pieces) {
  return [pieces = std::move(pieces), piece = size_t{0},
          at = size_t{0}](std::span<uint8_t> into) mutable -> Result<Chunk> {
    Chunk chunk;
    while (piece < pieces.size()) {
      size_t count = std::min(into.size() - chunk.size, pieces[piece]->size() - at);
      std::copy_n(pieces[piece]->data() + at, count, into.data() + chunk.size);
      chunk.size += count;
      at += count;
      if (at < pieces[piece]->size()) return chunk;
      ++piece;
      at = 0;
    }
    chunk.last = true;
    return chunk;
  };
}

wrap::H2Session::Source from_file(FileRange range) {
  return [range = std::move(range)](std::span<uint8_t> into) mutable -> Result<Chunk> {
    auto count = static_cast<size_t>(std::min<uint64_t>(into.size(), range.length));
    ssize_t got = ::pread(range.file->get(), into.data(), count, static_cast<off_t>(range.offset));
    if (got <= 0) return fail(Errc::kIo, "the file is shorter than it was");
    range.offset += static_cast<uint64_t>(got);
    range.length -= static_cast<uint64_t>(got);
    return Chunk{static_cast<size_t>(got), range.length == 0};
  };
}

}  // namespace

Http2::Http2(Connection& connection)
    : connection_(connection), idle_since_(connection.server().now()), progress_at_(idle_since_) {
  wrap::H2Limits limits;
  limits.max_streams = kMaxStreams;
  limits.max_header_bytes = connection.server().options.max_header_bytes;
  auto session = wrap::H2Session::create(*this, limits);
  if (session) session_ = std::move(*session);
}

Http2::~Http2() = default;

bool Http2::wants_bytes() const {
  return connection_.transport().queued_bytes() < kMaxUnsent;
}

void Http2::on_bytes(ByteView bytes) {
  if (!session_) return connection_.close();
  inside_ = true;
  auto received = session_->receive(bytes);
  inside_ = false;
  pump();
  if (!received || !session_->alive()) connection_.close_gently();
}

void Http2::on_end() {
  connection_.close();
}

void Http2::on_headers(int32_t id, std::vector<wrap::H2Header> fields, bool end) {
  ServerCore& server = connection_.server();
  ++server.counters.requests;
  ++server.counters.requests_open;
  Stream& stream = streams_[id];
  std::string method;
  std::string target;
  std::vector<Header> headers;
  for (auto& [name, value] : fields) {
    if (name == ":method") {
      method = std::move(value);
    } else if (name == ":path") {
      target = std::move(value);
    } else if (name == ":authority") {
      headers.insert(headers.begin(), {"host", std::move(value)});
    } else if (name.starts_with(':') ||
               (name == "host" && !headers.empty() && headers.front().name == "host")) {
      continue;
    } else {
      auto known = std::ranges::find(headers, name, &Header::name);
      if (known == headers.end()) {
        headers.push_back({std::move(name), std::move(value)});
      } else {  // RFC 9113 8.2.3: cookies may come in crumbs
        known->value += (name == "cookie" ? "; " : ", ") + value;
      }
    }
  }
  stream.context = {server.next_request_id(), method == "HEAD", false, true};
  auto made = make_request(method, target, std::move(headers));
  if (!made) {
    bool limit = made.error().code == Errc::kLimit;
    return refuse(id, limit ? 414 : status_of(made.error().code), openday::name_of(made.error().code),
                  made.error().message);
  }
  stream.request = std::move(*made);
  stream.request.http_version = 20;
  stream.request.id = stream.context.request_id;
  set_origin_of(stream.request, connection_.peer(), true, connection_.peer_is_proxy(), server.trust);
  stream.context.secure = stream.request.secure;
  stream.match = server.router.match(stream.request.method, stream.request.path);
  stream.context.any_origin = stream.match.options.any_origin;
  stream.complete = end;
  if (stream.match.upload) return begin_upload(id, stream);
  if (!end) stream.body_deadline = server.now() + kBodyTime;
  if (end || !stream.match.handler) dispatch(id, stream);
}

void Http2::begin_upload(int32_t id, Stream& stream) {
  std::optional<uint64_t> length = decimal<uint64_t>(stream.request.header("content-length"));
  bool asks = lower_ascii(stream.request.header("expect")) == "100-continue";
  auto opened = Intake::open(connection_.server(), stream.match, std::move(stream.request), length,
                             connection_.caller, [this, id] {
                               resumed_.push_back(id);
                               connection_.server().resume_later(connection_.shared_from_this());
                             });
  if (!opened) return end_upload(id, stream, std::move(opened.error()));
  stream.intake = std::move(*opened);
  if (stream.complete) return finish_upload(id, stream);
  if (asks) session_->inform(id, 100);
}

/// False: its sender may not go on.
bool Http2::take_upload(int32_t id, Stream& stream, ByteView bytes) {
  // Also between the end of a wait and resume(): bytes stay in their order.
  if (stream.intake->waits() || !stream.ahead.empty()) {
    stream.ahead.insert(stream.ahead.end(), bytes.begin(), bytes.end());
    return false;
  }
  if (auto refusal = stream.intake->take(bytes)) {
    end_upload(id, stream, std::move(*refusal));
    return true;
  }
  return !stream.intake->waits();
}

void Http2::resume() {
  inside_ = true;
  for (int32_t id : std::exchange(resumed_, {})) go_on_with_upload(id);
  inside_ = false;
  pump();
}

void Http2::go_on_with_upload(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end() || !found->second.intake || found->second.intake->waits()) return;
  Stream& stream = found->second;
  Bytes ahead = std::exchange(stream.ahead, {});
  if (auto refusal = stream.intake->take(ahead)) return end_upload(id, stream, std::move(*refusal));
  if (stream.intake->waits()) return;
  session_->go_on(id);
  if (stream.complete) finish_upload(id, stream);
}

void Http2::finish_upload(int32_t id, Stream& stream) {
  auto intake = std::move(stream.intake);
  std::string request_id = stream.context.request_id;
  connection_.server().finish(*intake, open_exchange(id, stream), connection_.caller, request_id);
}

/// What still comes of the body is thrown away, within bounds.
void Http2::end_upload(int32_t id, Stream& stream, Response response) {
  stream.intake.reset();
  stream.ahead = {};
  if (!stream.complete) stream.body_deadline = connection_.server().now() + kBodyTime;
  session_->go_on(id);
  answer(id, std::move(response));
}

bool Http2::on_data(int32_t id, ByteView bytes) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return true;
  Stream& stream = found->second;
  if (stream.intake) return take_upload(id, stream, bytes);
  if (stream.answered || stream.exchange) {
    stream.discarded += bytes.size();
    if (stream.discarded > kMaxDiscarded) session_->reset(id, 0);
  } else if (stream.request.body.size() + bytes.size() > stream.match.options.max_body) {
    refuse(id, 413, "limit", "the body is too large");
  } else {
    stream.request.body.insert(stream.request.body.end(), bytes.begin(), bytes.end());
  }
  return true;
}

void Http2::on_end(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  stream.complete = true;
  stream.body_deadline = {INT64_MAX};
  if (stream.intake) {
    if (!stream.intake->waits() && stream.ahead.empty()) finish_upload(id, stream);
  } else if (!stream.answered && !stream.exchange) {
    dispatch(id, stream);
  }
}

std::shared_ptr<PendingExchange> Http2::open_exchange(int32_t id, Stream& stream) {
  ServerCore& server = connection_.server();
  HouseTime now = server.now();
  stream.exchange = std::make_shared<PendingExchange>(*this, id, now, now + server.options.answer_timeout);
  return stream.exchange;
}

void Http2::dispatch(int32_t id, Stream& stream) {
  auto exchange = open_exchange(id, stream);
  connection_.server().call(stream.match, std::move(stream.request), std::move(exchange), connection_.caller);
}

void Http2::refuse(int32_t id, int status, std::string_view code, std::string_view why) {
  answer(id, Response::error(status, code, why, streams_[id].context.request_id));
}

void Http2::answer(int32_t id, Response response) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  ServerCore& server = connection_.server();
  Stream& stream = found->second;
  --server.counters.requests_open;
  ++server.counters.by_status[response.status];
  stream.exchange.reset();
  stream.answered = true;
  progress_at_ = server.now();

  auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body);
  if (!shared) add_default_headers(response, stream.context, server.date(), server.options.hsts);
  const std::vector<Header>& all = shared ? (*shared)->headers() : response.headers;
  std::vector<wrap::H2Header> fields;
  fields.reserve(all.size() + 1);
  for (const Header& one : all) {
    std::string name = lower_ascii(one.name);
    if (!is_connection_header(name)) fields.emplace_back(std::move(name), one.value);
  }
  uint64_t size = body_size(response);
  bool with_body = size > 0 && !stream.context.head_only && !has_no_body(response.status);
  if (!has_no_body(response.status)) fields.emplace_back("content-length", std::to_string(size));
  wrap::H2Session::Source source;
  if (with_body) {
    if (shared) {
      source = from_bytes((*shared)->body());
    } else if (auto bytes = std::get_if<SharedBytes>(&response.body)) {
      source = from_bytes(*bytes);
    } else if (auto pieces = std::get_if<Pieces>(&response.body)) {
      source = from_pieces(*pieces);
    } else if (auto range = std::get_if<FileRange>(&response.body)) {
      source = from_file(*range);
    }
  }
  session_->respond(id, response.status, fields, std::move(source));
  if (inside_) return;
  pump();
  connection_.flush();
}

void Http2::on_closed(int32_t id, bool clean) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  ServerCore& server = connection_.server();
  auto exchange = std::move(found->second.exchange);
  auto intake = std::move(found->second.intake);
  bool answered = found->second.answered;
  streams_.erase(found);
  if (!answered) --server.counters.requests_open;
  if (!answered || !clean) ++server.counters.clients_left;
  if (streams_.empty()) idle_since_ = server.now();
  if (exchange) exchange->abandon();
}

/// Moves frames to the transport, as many as it should hold.
void Http2::pump() {
  Transport& transport = connection_.transport();
  bool was_inside =
      std::exchange(inside_, true);  // making frames closes streams, whose owners may answer others
  Bytes frames;
  while (session_ && transport.queued_bytes() + frames.size() < kFramesAhead) {
    auto next = session_->output();
    if (!next || next->empty()) break;
    frames.insert(frames.end(), next->begin(), next->end());
  }
  inside_ = was_inside;
  if (!frames.empty()) transport.queue(std::make_shared<const Bytes>(std::move(frames)));
}

void Http2::on_tick(HouseTime now) {
  ServerCore& server = connection_.server();
  if (streams_.empty()) {
    if (now - idle_since_ < server.options.idle_timeout) return;
    session_->go_away();
    pump();
    return connection_.close_gently();
  }
  // Answers may change streams_: work on a list of those that are due.
  std::vector<int32_t> late;
  std::vector<std::pair<int32_t, Response>> overdue;
  std::vector<std::shared_ptr<PendingExchange>> waiting;
  bool sending = false;
  for (auto& [id, stream] : streams_) {
    if (now >= stream.body_deadline) late.push_back(id);
    if (auto slow = stream.intake ? stream.intake->overdue(now) : std::nullopt)
      overdue.emplace_back(id, std::move(*slow));
    if (stream.exchange) waiting.push_back(stream.exchange);
    sending = sending || (stream.answered && stream.complete);
  }
  for (int32_t id : late) {
    ++server.counters.timeouts;
    Stream& stream = streams_[id];
    stream.body_deadline = {INT64_MAX};
    if (stream.answered || stream.exchange) {
      session_->reset(id, 0);
    } else {
      refuse(id, 408, "timeout", "the request did not come in time");
    }
  }
  for (auto& [id, response] : overdue) {
    ++server.counters.timeouts;
    // The answer before may have found the connection broken.
    if (auto found = streams_.find(id); found != streams_.end())
      end_upload(id, found->second, std::move(response));
  }
  for (const auto& exchange : waiting) {
    if (exchange->expire(now)) ++server.counters.timeouts;
  }
  // A peer may keep its flow-control window shut; its answers must not stay here for ever.
  uint64_t sent = connection_.transport().sent();
  if (!sending || sent != progress_sent_) {
    progress_sent_ = sent;
    progress_at_ = now;
  } else if (now - progress_at_ > server.options.send_timeout) {
    ++server.counters.timeouts;
    connection_.close();
  }
}

void Http2::on_closed() {
  auto streams = std::move(streams_);
  streams_.clear();
  ServerCore& server = connection_.server();
  for (auto& [id, stream] : streams) {
    ++server.counters.clients_left;
    if (!stream.answered) --server.counters.requests_open;
    if (stream.exchange) stream.exchange->abandon();
  }
}

void Http2::on_drain() {
  if (!session_) return;
  session_->go_away();
  pump();
  if (streams_.empty()) connection_.close_gently();
}

}  // namespace openday::hub
