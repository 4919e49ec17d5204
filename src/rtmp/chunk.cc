#include "rtmp/chunk.h"

#include <algorithm>
#include <utility>

namespace openday::rtmp {
namespace {

constexpr uint32_t kExtended = 0xFFFFFF;
// Spec 5.4.1: "at least 1", and since a message has at most 0xFFFFFF bytes, larger chunks mean the same as
// this.
constexpr uint32_t kMaxChunkSize = 0xFFFFFF;
// Bytes of a message header by chunk type (spec 5.3.1.2).
constexpr size_t kHeaderSize[] = {11, 7, 3, 0};

}  // namespace

int64_t TimestampUnwrapper::unwrap(uint32_t timestamp, bool leads) {
  int64_t time = timestamp;
  if (last_ >= 0) {
    auto step = static_cast<int32_t>(timestamp - static_cast<uint32_t>(last_));
    // Before zero is no time: there, the larger step forward is meant.
    time = last_ + step >= 0 ? last_ + step : last_ + static_cast<uint32_t>(step);
  }
  if (leads) last_ = time;
  return time;
}

Result<size_t> ChunkReader::feed(ByteView bytes, const OnMessage& on_message) {
  if (broken_) return fail(Errc::kInvalid, "RTMP: the chunk stream is broken");
  broken_ = true;  // until this call has come through
  held_ = false;
  size_t at = 0;
  while (!held_) {
    if (current_ == nullptr) {
      // Gather the header byte by byte: it may end anywhere, and it is short.
      OPENDAY_TRY(bool complete, read_header());
      if (!complete) {
        if (at == bytes.size()) break;
        header_[header_size_++] = bytes[at++];
        continue;
      }
      // What was peeked at and turned out to be payload is still in header_.
    }
    if (chunk_left_ > 0) {
      size_t count = std::min(chunk_left_, header_size_ > 0 ? header_size_ : bytes.size() - at);
      if (count == 0) break;
      const uint8_t* from = header_size_ > 0 ? header_.data() : bytes.data() + at;
      if (partial_ + count > limits_.partial)
        return fail(Errc::kLimit, "RTMP: unfinished messages are too large");
      current_->partial.insert(current_->partial.end(), from, from + count);
      partial_ += count;
      chunk_left_ -= count;
      if (header_size_ > 0) {
        header_size_ -= count;
        std::copy_n(header_.data() + count, header_size_, header_.data());
      } else {
        at += count;
      }
    }
    if (chunk_left_ == 0) {
      if (current_->partial.size() == current_->length) OPENDAY_CHECK_OK(finish_message(on_message));
      current_ = nullptr;
    }
  }
  broken_ = false;
  return at;
}

// True when header_ held a whole chunk header: it is consumed and current_ is set. Bytes that follow it (at
// most four, peeked at for an extended timestamp that is not there) stay at header_'s front.
Result<bool> ChunkReader::read_header() {
  if (header_size_ == 0) return false;
  Header header{};
  header.fmt = header_[0] >> 6;
  uint8_t low = header_[0] & 63;
  header.basic_size = low == 0 ? 2 : low == 1 ? 3 : 1;  // spec 5.3.1.1
  if (header_size_ < header.basic_size) return false;
  header.id = low;
  if (low == 0) header.id = 64u + header_[1];
  if (low == 1) header.id = 64u + header_[1] + 256u * header_[2];
  return apply_header(header, ByteView(header_.data(), header_size_).subspan(header.basic_size));
}

Result<bool> ChunkReader::apply_header(const Header& header, ByteView rest) {
  size_t size = kHeaderSize[header.fmt];
  if (rest.size() < size) return false;
  auto found = streams_.find(header.id);
  if (found == streams_.end()) {
    // A fresh chunk stream has no length to inherit. It may begin with type 1: librtmp does, for its pings.
    if (header.fmt >= 2) return fail(Errc::kInvalid, "RTMP: a chunk continues a stream that never began");
    if (streams_.size() >= limits_.chunk_streams) return fail(Errc::kLimit, "RTMP: too many chunk streams");
    found = streams_.try_emplace(header.id).first;
  }
  Stream& stream = found->second;
  if (stream.in_message && header.fmt != 3) {
    return fail(Errc::kInvalid, "RTMP: a message began inside another on one chunk stream");
  }

  ByteReader in(rest);
  uint32_t field = header.fmt < 3 ? in.u24() : 0;
  bool has_extended = header.fmt < 3 ? field == kExtended : stream.is_extended;
  if (header.fmt == 3 && has_extended) {
    // Spec 5.3.1.3 repeats the field in type 3 chunks; old OBS and others leave it out. Peek, compare, and if
    // what comes is not the field it is payload. A mismatch shows itself at the first byte that differs.
    std::array<uint8_t, 4> expected{};
    for (size_t i = 0; i < 4; ++i) expected[i] = static_cast<uint8_t>(stream.extended >> (24 - 8 * i));
    size_t seen = std::min<size_t>(rest.size(), 4);
    if (omits_extended_ ||
        !std::equal(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(seen), expected.begin())) {
      omits_extended_ = true;
      has_extended = false;
    } else if (seen < 4) {
      return false;
    }
  }
  size_t length_at = size;
  if (has_extended) size += 4;
  if (rest.size() < size) return false;

  uint32_t declared = stream.length;
  uint8_t type = stream.type;
  uint32_t message_stream = stream.message_stream;
  if (header.fmt <= 1) {
    declared = in.u24();
    type = in.u8();
    if (header.fmt == 0) message_stream = in.u32le();
  }
  if (has_extended) {
    ByteReader tail(rest.subspan(length_at));
    field = tail.u32();
  }
  if (!stream.in_message) {
    stream.length = declared;
    stream.type = type;
    stream.message_stream = message_stream;
    if (header.fmt < 3) {
      stream.is_extended = has_extended;
      stream.extended = field;
      // Spec 5.3.1.2.4: after a type 0 chunk, type 3 adds that chunk's whole timestamp. FFmpeg writes by this
      // rule.
      stream.delta = field;
    }
    stream.timestamp = header.fmt == 0 ? field : stream.timestamp + stream.delta;
    if (stream.length > limits_.message) return fail(Errc::kLimit, "RTMP: message is too large");
    stream.in_message = true;
  }
  current_ = &stream;
  chunk_left_ = std::min<size_t>(chunk_size_, stream.length - stream.partial.size());
  size_t consumed = header.basic_size + size;
  header_size_ -= consumed;
  std::copy_n(header_.data() + consumed, header_size_, header_.data());
  return true;
}

Result<> ChunkReader::finish_message(const OnMessage& on_message) {
  Stream& stream = *current_;
  stream.in_message = false;
  partial_ -= stream.partial.size();
  if (stream.type == kSetChunkSize || stream.type == kAbort) {
    Bytes payload = std::exchange(stream.partial, Bytes());
    return on_control(stream.type, payload);
  }
  return on_message(
      {stream.type, stream.message_stream, stream.timestamp, std::exchange(stream.partial, Bytes())});
}

Result<> ChunkReader::on_control(uint8_t type, ByteView payload) {
  ByteReader in(payload);
  uint32_t value = in.u32();
  if (!in.ok()) return fail(Errc::kInvalid, "RTMP: control message is cut short");
  if (type == kSetChunkSize) {
    if (value == 0 || value > 0x7FFFFFFF) return fail(Errc::kInvalid, "RTMP: chunk size out of range");
    chunk_size_ = std::min(value, kMaxChunkSize);
    return {};
  }
  auto found = streams_.find(value);  // Abort (spec 5.4.2): the rest of that message will not come
  if (found != streams_.end() && found->second.in_message) {
    partial_ -= found->second.partial.size();
    found->second.partial = Bytes();
    found->second.in_message = false;
  }
  return {};
}

void ChunkWriter::write(Bytes& out, uint32_t chunk_stream, uint8_t type, uint32_t message_stream,
                        uint32_t timestamp, ByteView payload) const {
  ByteWriter writer(out);
  bool extended = timestamp >= kExtended;
  writer.u8(static_cast<uint8_t>(chunk_stream));
  writer.u24(extended ? kExtended : timestamp);
  writer.u24(static_cast<uint32_t>(payload.size()));
  writer.u8(type);
  writer.u32le(message_stream);
  if (extended) writer.u32(timestamp);
  for (;;) {
    ByteView part = payload.first(std::min<size_t>(payload.size(), chunk_size_));
    writer.append(part);
    payload = payload.subspan(part.size());
    if (payload.empty()) return;
    writer.u8(static_cast<uint8_t>(0xC0 | chunk_stream));
    if (extended) writer.u32(timestamp);
  }
}

}  // namespace openday::rtmp
