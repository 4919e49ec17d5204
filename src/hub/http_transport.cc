#include "hub/http_transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace openday::hub {
namespace {

// One slow disk or one fast reader must not keep the hub thread: a turn sends about this much.
constexpr uint64_t kTurn = 512 * 1024;
constexpr size_t kTlsRecord = 16 * 1024;  // the largest there is, RFC 8446 5.1

}  // namespace

Transport::Transport(UniqueFd socket, std::optional<wrap::TlsSession> tls) : socket_(std::move(socket)) {
  if (tls) tls_ = std::make_unique<Tls>(Tls{std::move(*tls), {}, 0});
}

TransportState Transport::read(ReadSpace& space, ByteView& got) {
  got = {};
  ssize_t count = ::recv(fd(), space.wire.data(), space.wire.size(), 0);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR ? TransportState::kBlocked : TransportState::kBroken;
  if (count == 0) return TransportState::kEnd;
  ByteView wire(space.wire.data(), static_cast<size_t>(count));
  if (!tls_) {
    got = wire;
    return TransportState::kDone;
  }
  space.plain.clear();
  auto received = tls_->session.receive(wire, space.plain);
  Bytes reply = tls_->session.take_wire();
  tls_->wire.insert(tls_->wire.end(), reply.begin(), reply.end());
  if (!received) {
    static_cast<void>(send_wire());  // the alert that says why
    return TransportState::kBroken;
  }
  got = space.plain;
  return tls_->session.peer_finished() ? TransportState::kEnd : TransportState::kDone;
}

void Transport::queue(SharedBytes bytes, size_t from, size_t to) {
  to = std::min(to, bytes->size());
  if (from >= to) return;
  queued_ += to - from;
  queue_.push_back({std::move(bytes), from, to, nullptr});
}

void Transport::queue(FileRange range) {
  if (range.length > 0)
    queue_.push_back({nullptr, range.offset, range.offset + range.length, std::move(range.file)});
}

bool Transport::send_now(std::span<const SharedBytes> pieces) {
  size_t sent = 0;
  if (!tls_) {
    ssize_t count = 0;
    if (pieces.size() == 1) {
      count = ::send(fd(), pieces[0]->data(), pieces[0]->size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      std::array<iovec, kMostNow> vectors;
      for (size_t i = 0; i < pieces.size(); ++i)
        vectors[i] = {const_cast<uint8_t*>(pieces[i]->data()), pieces[i]->size()};
      msghdr message{};
      message.msg_iov = vectors.data();
      message.msg_iovlen = pieces.size();
      count = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    sent = count > 0 ? static_cast<size_t>(count) : 0;
    sent_ += sent;
  }
  for (const SharedBytes& piece : pieces) {
    size_t out = std::min(sent, piece->size());
    sent -= out;
    if (out < piece->size()) queue(piece, out, piece->size());
  }
  return idle();
}

void Transport::set_send_buffer(int bytes) const {
  ::setsockopt(fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

TransportState Transport::flush() {
  return tls_ ? flush_tls() : flush_plain();
}

void Transport::took(uint64_t count) {
  while (count > 0) {
    Piece& piece = queue_.front();
    uint64_t part = std::min(count, piece.end - piece.at);
    piece.at += part;
    count -= part;
    if (piece.bytes) queued_ -= part;
    if (piece.at == piece.end) queue_.pop_front();
  }
}

TransportState Transport::flush_plain() {
  uint64_t of_files = 0;
  while (!queue_.empty()) {
    if (!queue_.front().bytes) {
      if (of_files >= kTurn) return TransportState::kBlocked;
      uint64_t before = sent_;
      TransportState state = send_file(queue_.front());
      if (state != TransportState::kDone) return state;
      of_files += sent_ - before;
      continue;
    }
    std::array<iovec, 16> vectors;
    size_t used = 0;
    size_t total = 0;
    for (const Piece& piece : queue_) {
      if (!piece.bytes || used == vectors.size()) break;
      vectors[used] = {const_cast<uint8_t*>(piece.bytes->data()) + piece.at, piece.end - piece.at};
      total += vectors[used].iov_len;
      ++used;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    int more = used < queue_.size() ? MSG_MORE : 0;
    ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | more);
    if (sent < 0)
      return errno == EAGAIN || errno == EINTR ? TransportState::kBlocked : TransportState::kBroken;
    sent_ += static_cast<uint64_t>(sent);
    took(static_cast<uint64_t>(sent));
    if (static_cast<size_t>(sent) < total) return TransportState::kBlocked;
  }
  return TransportState::kDone;
}

TransportState Transport::send_file(Piece& piece) {
  auto offset = static_cast<off_t>(piece.at);
  auto most = static_cast<size_t>(std::min<uint64_t>(piece.end - piece.at, kTurn));
  ssize_t sent = ::sendfile(fd(), piece.file->get(), &offset, most);
  if (sent > 0) {
    sent_ += static_cast<uint64_t>(sent);
    took(static_cast<uint64_t>(sent));
    return TransportState::kDone;
  }
  // 0: the file is shorter than promised; the answer cannot be completed.
  if (sent == 0 || (errno != EAGAIN && errno != EINTR)) return TransportState::kBroken;
  return TransportState::kBlocked;
}

TransportState Transport::send_wire() {
  while (tls_->at < tls_->wire.size()) {
    ssize_t sent = ::send(fd(), tls_->wire.data() + tls_->at, tls_->wire.size() - tls_->at, MSG_NOSIGNAL);
    if (sent < 0)
      return errno == EAGAIN || errno == EINTR ? TransportState::kBlocked : TransportState::kBroken;
    tls_->at += static_cast<size_t>(sent);
    sent_ += static_cast<uint64_t>(sent);
  }
  tls_->wire = {};
  tls_->at = 0;
  return TransportState::kDone;
}

/// One record: small pieces (a head and its body) share it.
Result<> Transport::encrypt_next() {
  std::array<uint8_t, kTlsRecord> record;
  size_t filled = 0;
  for (const Piece& piece : queue_) {
    size_t room = record.size() - filled;
    if (room == 0) break;
    auto part = static_cast<size_t>(std::min<uint64_t>(room, piece.end - piece.at));
    if (piece.bytes) {
      std::copy_n(piece.bytes->data() + piece.at, part, record.data() + filled);
      filled += part;
      continue;
    }
    ssize_t got = ::pread(piece.file->get(), record.data() + filled, part, static_cast<off_t>(piece.at));
    if (got <= 0) return fail(Errc::kIo, "the file is shorter than it was");
    filled += static_cast<size_t>(got);
    break;  // after a short read nothing may follow in this record
  }
  OPENDAY_CHECK_OK(tls_->session.send(ByteView(record.data(), filled)));
  tls_->wire = tls_->session.take_wire();
  took(filled);
  return {};
}

TransportState Transport::flush_tls() {
  uint64_t begun = sent_;
  while (true) {
    TransportState state = send_wire();
    if (state != TransportState::kDone || queue_.empty() || !tls_->session.established()) return state;
    if (sent_ - begun >= kTurn) return TransportState::kBlocked;
    if (!encrypt_next()) return TransportState::kBroken;
  }
}

void Transport::finish_sending() {
  if (tls_) {
    tls_->session.finish();
    Bytes goodbye = tls_->session.take_wire();
    tls_->wire.insert(tls_->wire.end(), goodbye.begin(), goodbye.end());
    static_cast<void>(send_wire());
  }
  ::shutdown(fd(), SHUT_WR);
}

}  // namespace openday::hub
