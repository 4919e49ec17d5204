#include "rtmp/client_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace openday::rtmp {
namespace {

constexpr Duration kStartDeadline = seconds(10);
// What a server may say in one message; we only ever hear replies.
constexpr ChunkLimits kLimits = {.message = 64 * 1024, .partial = 128 * 1024, .chunk_streams = 64};

// Transactions (spec 7.2.1): ours are few and each is used once.
constexpr int kConnect = 1;
constexpr int kReleaseStream = 2;
constexpr int kFcPublish = 3;
constexpr int kCreateStream = 4;
constexpr int kPublish = 5;
constexpr int kGoodbye = 6;

constexpr uint32_t kAudioChunks = 4;
constexpr uint32_t kVideoChunks = 6;
constexpr uint32_t kDataChunks = 5;
constexpr uint32_t kStreamChunks = 8;  // NetStream commands

// A server's words, fit for a log: cut, printable, and without the key or its query, which servers like to
// repeat.
std::string quoted(std::string text, std::string_view key) {
  size_t question = std::min(key.find('?'), key.size());
  for (std::string_view secret : {key.substr(0, question), key.substr(std::min(question + 1, key.size()))}) {
    for (size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  text.resize(std::min<size_t>(text.size(), 200));
  for (char& c : text) {
    if (c < 0x20 || c >= 0x7F) c = '?';
  }
  return text;
}

bool is_url_character(char c) {
  return c > 0x20 && c < 0x7F;
}

}  // namespace

Result<PushTarget> parse_push_url(std::string_view url, std::string_view key) {
  static constexpr size_t kLongest = 2048;
  if (url.size() > kLongest || key.size() > kLongest)
    return fail(Errc::kLimit, "push URL or key is too long");
  if (!std::ranges::all_of(url, is_url_character) || !std::ranges::all_of(key, is_url_character)) {
    return fail(Errc::kInvalid, "push URL or key has a character that does not belong there");
  }
  PushTarget target;
  if (url.starts_with("rtmps://")) {
    target.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("rtmp://")) {
    url.remove_prefix(7);
  } else {
    return fail(Errc::kInvalid, "push URL must start with rtmp:// or rtmps://");
  }
  size_t slash = url.find('/');
  if (slash == std::string_view::npos)
    return fail(Errc::kInvalid, "push URL has no application after the host");
  std::string_view authority = url.substr(0, slash);
  std::string_view path = url.substr(slash + 1);
  if (authority.find('@') != std::string_view::npos) {
    return fail(Errc::kInvalid, "push URL must not hold a user name or password");
  }

  target.port = target.tls ? 443 : 1935;
  std::string_view host = authority;
  size_t after_host = authority.starts_with('[') ? authority.find(']') : 0;  // IPv6
  if (after_host == std::string_view::npos) return fail(Errc::kInvalid, "push URL has a broken host");
  size_t colon = authority.find(':', after_host);
  if (colon != std::string_view::npos) {
    target.port = decimal<uint16_t>(authority.substr(colon + 1)).value_or(0);
    if (target.port == 0) return fail(Errc::kInvalid, "push URL has a broken port");
    host = authority.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return fail(Errc::kInvalid, "push URL has no host");
  target.host = host;

  while (path.ends_with('/')) path.remove_suffix(1);
  if (key.empty()) {
    size_t question = std::min(path.find('?'), path.size());
    size_t last = path.substr(0, question).rfind('/');
    if (last == std::string_view::npos) return fail(Errc::kInvalid, "push URL has no stream key");
    key = path.substr(last + 1);
    path = path.substr(0, last);
  }
  if (path.empty() || key.empty())
    return fail(Errc::kInvalid, "push URL needs an application and a stream key");
  target.app = path;
  target.stream = key;
  target.tc_url = fmt::format("{}://{}/{}", target.tls ? "rtmps" : "rtmp", authority, path);
  return target;
}

ClientSession::ClientSession(PushTarget target, const Clock& clock, RandomSource random)
    : target_(std::move(target)), clock_(clock), handshake_(std::move(random)), wire_(kLimits) {}

void ClientSession::start() {
  handshake_.start(wire_.output());
  deadline_ = clock_.now() + kStartDeadline;
}

Result<> ClientSession::feed(ByteView bytes) {
  if (state_ == State::kEnded) return fail(Errc::kClosed, "RTMP: the push has ended");
  if (!handshake_.done()) {
    OPENDAY_TRY(size_t taken, handshake_.feed(bytes, wire_.output()));
    bytes = bytes.subspan(taken);
    if (handshake_.done()) connect();
  }
  auto taken =
      wire_.reader().feed(bytes, [this](const ChunkMessage& message) { return on_message(message); });
  wire_.received(bytes.size());
  if (!taken) {
    state_ = State::kEnded;
    return std::unexpected(std::move(taken).error());
  }
  return {};
}

Result<> ClientSession::tick() {
  if (!deadline_ || live() || clock_.now() < *deadline_) return {};
  state_ = State::kEnded;
  return fail(Errc::kTimeout, "RTMP: the server did not let us publish within 10 s");
}

void ClientSession::connect() {
  state_ = State::kConnecting;
  wire_.send_chunk_size();
  wire_.send_window();
  wire_.send_command(0, {"connect", kConnect,
                         AmfValue::object({{"app", target_.app},
                                           {"type", "nonprivate"},
                                           {"flashVer", "FMLE/3.0 (compatible; Openday)"},
                                           {"tcUrl", target_.tc_url}})});
}

Result<> ClientSession::on_message(const ChunkMessage& message) {
  if (wire_.on_control(message)) return {};
  if (message.type != kCommand && message.type != kCommandAmf3) return {};
  ByteView payload = message.payload;
  if (message.type == kCommandAmf3 && !payload.empty())
    payload = payload.subspan(1);  // a format byte, then AMF0
  OPENDAY_TRY(auto values, decode_amf0(payload));
  return on_command(values);
}

Result<> ClientSession::on_command(const std::vector<AmfValue>& values) {
  if (values.size() < 2 || values[0].text() == nullptr) return {};
  const std::string& name = *values[0].text();
  if (name == "_result" || name == "_error") {
    const double* transaction = values[1].number();
    return transaction != nullptr ? on_reply(*transaction, name == "_result", values) : Result<>();
  }
  if (name == "onStatus" && values.size() >= 4) return on_status(values[3]);
  if (name == "close") return fail(Errc::kClosed, "RTMP: the server closed the connection");
  return {};  // onBWDone, onFCPublish and the like ask for nothing
}

Result<> ClientSession::on_reply(double transaction, bool ok, const std::vector<AmfValue>& values) {
  if (transaction == kConnect && state_ == State::kConnecting) {
    if (!ok) {
      std::string words = values.size() > 3 ? values[3].text_of("description") : std::string();
      return fail(Errc::kRefused, fmt::format("RTMP: connect refused: {}", quoted(words, target_.stream)));
    }
    state_ = State::kCreating;
    // Servers of the Flash family want the first two, the others answer them with null or an error; either
    // will do.
    wire_.send_command(0, {"releaseStream", kReleaseStream, AmfNull(), target_.stream});
    wire_.send_command(0, {"FCPublish", kFcPublish, AmfNull(), target_.stream});
    wire_.send_command(0, {"createStream", kCreateStream, AmfNull()});
  } else if (transaction == kCreateStream && state_ == State::kCreating) {
    const double* id = values.size() > 3 ? values[3].number() : nullptr;
    if (!ok || id == nullptr || !(*id >= 0 && *id <= 0xFFFFFF)) {
      return fail(Errc::kRefused, "RTMP: the server creates no stream for us");
    }
    stream_id_ = static_cast<uint32_t>(*id);
    state_ = State::kPublishing;
    Bytes command = encode_amf0({"publish", kPublish, AmfNull(), target_.stream, "live"});
    wire_.send(kStreamChunks, kCommand, stream_id_, 0, command);
  }
  return {};
}

Result<> ClientSession::on_status(const AmfValue& info) {
  std::string code = info.text_of("code");
  if (code == "NetStream.Publish.Start") {
    if (state_ == State::kPublishing) state_ = State::kLive;
    return {};
  }
  if (info.text_of("level") == "error" || code.starts_with("NetStream.Unpublish")) {
    return fail(live() ? Errc::kClosed : Errc::kRefused,
                fmt::format("RTMP: {} ({})", quoted(code, target_.stream),
                            quoted(info.text_of("description"), target_.stream)));
  }
  return {};
}

Result<> ClientSession::send_metadata(ByteView body) {
  if (!live()) return fail(Errc::kConflict, "RTMP: not publishing yet");
  Bytes payload = encode_amf0({"@setDataFrame"});
  payload.insert(payload.end(), body.begin(), body.end());
  wire_.send(kDataChunks, kData, stream_id_, 0, payload);
  return {};
}

Result<> ClientSession::send_audio(int64_t time_ms, ByteView body) {
  return send_media(kAudio, time_ms, body);
}

Result<> ClientSession::send_video(int64_t time_ms, ByteView body) {
  return send_media(kVideo, time_ms, body);
}

Result<> ClientSession::send_media(uint8_t type, int64_t time_ms, ByteView body) {
  if (!live()) return fail(Errc::kConflict, "RTMP: not publishing yet");
  if (body.size() > 0xFFFFFF) return fail(Errc::kLimit, "RTMP: message is too large");
  wire_.send(type == kAudio ? kAudioChunks : kVideoChunks, type, stream_id_, static_cast<uint32_t>(time_ms),
             body);
  return {};
}

void ClientSession::stop() {
  if (state_ == State::kPublishing || live()) {
    wire_.send_command(0, {"FCUnpublish", kGoodbye, AmfNull(), target_.stream});
    wire_.send_command(0, {"deleteStream", 0, AmfNull(), static_cast<double>(stream_id_)});
  }
  state_ = State::kEnded;
}

}  // namespace openday::rtmp
