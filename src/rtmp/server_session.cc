#include "rtmp/server_session.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace openday::rtmp {
namespace {

// What a command of a publisher may be; URLs and keys are short, and nothing in them is deep.
constexpr AmfLimits kCommandLimits = {.depth = 6, .values = 256, .text = 4096};

constexpr uint32_t kStatusChunks = 5;
constexpr size_t kFlvTagHeader = 11;
constexpr size_t kFlvBackPointer = 4;

std::string_view without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

// "name?query" in two.
std::pair<std::string, std::string> split_query(std::string_view text) {
  size_t question = text.find('?');
  if (question == std::string_view::npos) return {std::string(without_slashes(text)), {}};
  return {std::string(without_slashes(text.substr(0, question))), std::string(text.substr(question + 1))};
}

// The rest of `payload` if it begins with AMF0 string `text`.
std::optional<ByteView> after_text(ByteView payload, std::string_view text) {
  Bytes front = encode_amf0({text});
  if (payload.size() < front.size() || !std::equal(front.begin(), front.end(), payload.begin()))
    return std::nullopt;
  return payload.subspan(front.size());
}

}  // namespace

ServerSession::ServerSession(const Clock& clock, const ServerLimits& limits, OnEvent on_event,
                             RandomSource random)
    : clock_(clock),
      limits_(limits),
      on_event_(std::move(on_event)),
      handshake_(std::move(random)),
      wire_(limits.before),
      deadline_(clock.now() + limits.handshake),
      last_heard_(clock.now()),
      last_ping_(clock.now()) {}

Result<> ServerSession::feed(ByteView bytes) {
  last_heard_ = clock_.now();
  if (state_ == State::kHandshake) {
    OPENDAY_TRY(size_t taken, handshake_.feed(bytes, wire_.output()));
    bytes = bytes.subspan(taken);
    if (!handshake_.done()) return {};
    state_ = State::kIdle;
    deadline_ = clock_.now() + limits_.publish;
  }
  return read(bytes);
}

Result<> ServerSession::read(ByteView bytes) {
  if (state_ == State::kRefused) return {};
  size_t taken = 0;
  if (state_ != State::kAsking) {
    OPENDAY_TRY(taken,
                wire_.reader().feed(bytes, [this](ChunkMessage m) { return on_message(std::move(m)); }));
    wire_.received(taken);
  }
  if (taken < bytes.size()) {
    if (held_.size() + bytes.size() - taken > limits_.held) {
      return fail(Errc::kLimit, "RTMP: too many bytes before publishing was allowed");
    }
    held_.insert(held_.end(), bytes.begin() + static_cast<ptrdiff_t>(taken), bytes.end());
  }
  return check_output();
}

Result<> ServerSession::check_output() const {
  if (wire_.output().size() > limits_.output)
    return fail(Errc::kLimit, "RTMP: the peer does not take our replies");
  return {};
}

Result<> ServerSession::tick() {
  HouseTime now = clock_.now();
  switch (state_) {
    case State::kHandshake:
      if (now >= deadline_) return fail(Errc::kTimeout, "RTMP: the handshake took too long");
      break;
    case State::kIdle:
      if (now >= deadline_) return fail(Errc::kTimeout, "RTMP: nothing was published in time");
      break;
    case State::kPublishing:
      if (now - last_heard_ >= limits_.silence)
        return fail(Errc::kTimeout, "RTMP: the publisher fell silent");
      if (now - std::max(last_heard_, last_ping_) >= limits_.silence / 3) {
        wire_.send_ping(static_cast<uint32_t>(now.ns / 1'000'000));
        last_ping_ = now;
      }
      break;
    case State::kAsking:
    case State::kRefused: break;  // whoever answers, or closes, has a deadline of its own
  }
  return {};
}

Result<> ServerSession::on_message(ChunkMessage message) {
  if (wire_.on_control(message)) return check_output();
  ByteView payload = message.payload;
  switch (message.type) {
    case kCommandAmf3: return on_command(message.stream, payload.empty() ? payload : payload.subspan(1));
    case kCommand: return on_command(message.stream, payload);
    case kAudio:
    case kVideo: on_media(std::move(message)); return {};
    case kData:
    case kDataAmf3: on_data(std::move(message)); return {};
    case kAggregate: on_aggregate(message); return {};
    default: return {};  // shared objects and whatever else: not for us
  }
}

Result<> ServerSession::on_command(uint32_t message_stream, ByteView payload) {
  if (state_ != State::kPublishing && ++commands_ > limits_.commands) {
    return fail(Errc::kLimit, "RTMP: too many commands and nothing published");
  }
  OPENDAY_TRY(auto values, decode_amf0(payload, kCommandLimits));
  if (values.empty() || values[0].text() == nullptr)
    return fail(Errc::kInvalid, "RTMP: a command without a name");
  const std::string& name = *values[0].text();
  double transaction = values.size() > 1 && values[1].number() != nullptr ? *values[1].number() : 0;
  // Spec 7.2: what follows the transaction is the command object, then the arguments.
  std::string argument = values.size() > 3 && values[3].text() != nullptr ? *values[3].text() : std::string();

  if (name == "connect") return on_connect(transaction, values.size() > 2 ? values[2] : AmfValue());
  if (!connected_) return fail(Errc::kInvalid, "RTMP: a command before connect");
  if (name == "createStream") {
    if (++streams_ > limits_.streams) return fail(Errc::kLimit, "RTMP: too many streams");
    wire_.send_command(0, {"_result", transaction, AmfNull(), streams_});
  } else if (name == "publish") {
    return on_publish(message_stream, argument);
  } else if (name == "FCPublish") {
    wire_.send_command(0, {"_result", transaction, AmfNull(), AmfUndefined()});
    // Flash Media Encoder waits for this before it publishes.
    wire_.send_command(0,
                       {"onFCPublish", 0, AmfNull(),
                        AmfValue::object({{"code", "NetStream.Publish.Start"}, {"description", "go on"}})});
  } else if (name == "FCUnpublish" || name == "closeStream" || name == "deleteStream") {
    end_publish();
    if (transaction > 0) wire_.send_command(0, {"_result", transaction, AmfNull(), AmfUndefined()});
  } else if (name == "play" || name == "play2") {
    status(message_stream, "error", "NetStream.Play.Failed", "Nothing is played from here.");
    return fail(Errc::kRefused, "RTMP: somebody wants to play");
  } else if (transaction > 0) {
    // releaseStream, _checkbw, getStreamLength, …: an answer of null satisfies whoever waits for one.
    wire_.send_command(0, {"_result", transaction, AmfNull(), AmfNull()});
  }
  return check_output();
}

Result<> ServerSession::on_connect(double transaction, const AmfValue& arguments) {
  if (connected_) return fail(Errc::kInvalid, "RTMP: connect twice");
  connected_ = true;
  std::tie(app_, app_query_) = split_query(arguments.text_of("app"));
  if (app_query_.empty()) app_query_ = split_query(arguments.text_of("tcUrl")).second;
  wire_.send_window();
  wire_.send_peer_bandwidth();
  wire_.send_chunk_size();
  AmfObject info{{{"level", "status"},
                  {"code", "NetConnection.Connect.Success"},
                  {"description", "Connection succeeded."},
                  {"objectEncoding", 0}},
                 false};
  // Enhanced RTMP: who asks is told which FourCC we take.
  if (arguments.member("fourCcList") != nullptr) {
    info.members.emplace_back("fourCcList", AmfArray{{"avc1", "hvc1", "av01", "vp09", "mp4a", "Opus"}});
  }
  wire_.send_command(0, {"_result", transaction,
                         AmfValue::object({{"fmsVer", "FMS/3,5,7,7009"}, {"capabilities", 31}, {"mode", 1}}),
                         std::move(info)});
  return check_output();
}

Result<> ServerSession::on_publish(uint32_t message_stream, const std::string& name) {
  if (state_ == State::kPublishing) {
    status(message_stream, "error", "NetStream.Publish.BadName", "One connection publishes one stream.");
    return check_output();
  }
  PublishRequest request;
  request.app = app_;
  std::tie(request.stream, request.query) = split_query(name);
  if (request.query.empty()) request.query = app_query_;
  publish_stream_ = message_stream;
  state_ = State::kAsking;
  wire_.reader().hold();
  on_event_(std::move(request));
  return {};
}

Result<> ServerSession::accept_publish() {
  if (state_ != State::kAsking) return fail(Errc::kConflict, "RTMP: nobody asked to publish");
  state_ = State::kPublishing;
  times_ = TimestampUnwrapper();  // a second publishing has times of its own
  last_heard_ = clock_.now();
  wire_.reader().set_limits(limits_.publishing);
  wire_.send_stream_begin(publish_stream_);
  status(publish_stream_, "status", "NetStream.Publish.Start", "Publishing.");
  return read(std::exchange(held_, Bytes()));
}

void ServerSession::refuse_publish(std::string_view why) {
  if (state_ != State::kAsking) return;
  state_ = State::kRefused;
  held_ = Bytes();
  // Denied, not BadName: GStreamer and OBS take the latter for "somebody else is on air with this key".
  status(publish_stream_, "error", "NetStream.Publish.Denied", why);
}

void ServerSession::status(uint32_t message_stream, const char* level, const char* code,
                           std::string_view description) {
  Bytes payload =
      encode_amf0({"onStatus", 0, AmfNull(),
                   AmfValue::object({{"level", level}, {"code", code}, {"description", description}})});
  wire_.send(kStatusChunks, kCommand, message_stream, 0, payload);
}

void ServerSession::end_publish() {
  if (state_ != State::kPublishing) return;
  status(publish_stream_, "status", "NetStream.Unpublish.Success", "Publishing has ended.");
  state_ = State::kIdle;
  deadline_ = clock_.now() + limits_.publish;
  commands_ = 0;
  wire_.reader().set_limits(limits_.before);
  on_event_(PublishEnd());
}

void ServerSession::on_media(ChunkMessage message) {
  if (state_ != State::kPublishing || message.payload.empty()) return;
  on_event_(MediaMessage{message.type, times_.unwrap(message.timestamp, true), std::move(message.payload)});
}

void ServerSession::on_data(ChunkMessage message) {
  if (state_ != State::kPublishing) return;
  ByteView body = message.payload;
  if (message.type == kDataAmf3 && !body.empty()) body = body.subspan(1);
  if (after_text(body, "@clearDataFrame")) return;
  if (auto rest = after_text(body, "@setDataFrame")) body = *rest;
  if (body.empty()) return;
  on_event_(MediaMessage{kData, times_.unwrap(message.timestamp, false), Bytes(body.begin(), body.end())});
}

// Spec 7.1.6: several FLV tags in one message; their times count from the first one's, which the message's
// replaces.
void ServerSession::on_aggregate(const ChunkMessage& message) {
  ByteReader in(message.payload);
  bool first = true;
  uint32_t offset = 0;
  while (in.remaining() >= kFlvTagHeader) {
    uint8_t type = in.u8() & 0x1F;
    uint32_t size = in.u24();
    uint32_t time = in.u24();
    time |= static_cast<uint32_t>(in.u8()) << 24;
    in.skip(3);  // stream id
    ByteView body = in.take(size);
    if (!in.ok()) return;
    if (std::exchange(first, false)) offset = message.timestamp - time;
    ChunkMessage part{type, message.stream, time + offset, Bytes(body.begin(), body.end())};
    if (type == kAudio || type == kVideo) {
      on_media(std::move(part));
    } else if (type == kData) {
      on_data(std::move(part));
    }
    in.skip(std::min(in.remaining(), kFlvBackPointer));
  }
}

}  // namespace openday::rtmp
