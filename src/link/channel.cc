#include "link/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace openday::link {
namespace {

constexpr size_t kReadSize = 256 * 1024;

}  // namespace

Channel::Channel(Loop& loop, UniqueFd socket, size_t bound, OnMessage on_message, OnClosed on_closed)
    : loop_(loop),
      socket_(std::move(socket)),
      bound_(bound),
      on_message_(std::move(on_message)),
      on_closed_(std::move(on_closed)) {}

Channel::~Channel() {
  // The loop's callback holds only a weak reference, so an unclosed channel may be dropped on the loop's
  // thread.
  if (!ended_) loop_.unwatch(socket_.get());
}

Result<std::shared_ptr<Channel>> Channel::open(Loop& loop, UniqueFd socket, size_t bound,
                                               OnMessage on_message, OnClosed on_closed) {
  OPENDAY_CHECK_OK(set_nonblocking(socket.get()));
  std::shared_ptr<Channel> channel(
      new Channel(loop, std::move(socket), bound, std::move(on_message), std::move(on_closed)));
  std::weak_ptr<Channel> weak = channel;
  OPENDAY_CHECK_OK(loop.watch(channel->socket_.get(), Loop::kRead, [weak](uint32_t ready) {
    if (auto self = weak.lock()) self->on_ready(ready);
  }));
  return channel;
}

Result<> Channel::send(Message message) {
  OPENDAY_TRY(Bytes front, encode_front(message));
  size_t size = front.size() + (message.body ? message.body->size() : 0);
  bool wait_for_room = false;
  {
    std::lock_guard lock(mutex_);
    if (broken_) return fail(Errc::kClosed, "link: the peer is gone");
    if (queued_ > 0 && queued_ + size > bound_) {
      ++counters_.refused;
      return fail(Errc::kBusy, "link: the peer is not reading; its queue is full");
    }
    queue_.push_back({std::make_shared<const Bytes>(std::move(front)), 0, std::move(message.fds)});
    if (message.body && !message.body->empty()) queue_.push_back({message.body, 0, {}});
    queued_ += size;
    ++counters_.sent;
    if (writable_ && flush_locked() && !queue_.empty()) {
      writable_ = false;
      wait_for_room = true;
    }
  }
  if (wait_for_room) arm();
  return {};
}

// Writes what the socket takes. False when the socket is broken (the loop's read side reports it).
bool Channel::flush_locked() {
  while (!queue_.empty()) {
    std::array<iovec, 16> parts{};
    size_t count = 0;
    for (const auto& chunk : queue_) {
      // Descriptors must leave with their own message's first byte, so a chunk that carries some starts a new
      // write.
      if (count == parts.size() || (count > 0 && !chunk.fds.empty())) break;
      parts[count++] = {const_cast<uint8_t*>(chunk.bytes->data() + chunk.at), chunk.bytes->size() - chunk.at};
    }
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = count;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
    auto& fds = queue_.front().fds;
    if (!fds.empty()) {
      header.msg_control = control.data();
      header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      for (size_t i = 0; i < fds.size(); ++i) {
        int fd = fds[i].get();
        std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &fd, sizeof(int));
      }
    }
    ssize_t put = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      broken_ = true;
      return false;
    }
    fds.clear();
    queued_ -= static_cast<size_t>(put);
    auto left = static_cast<size_t>(put);
    while (left > 0) {
      Chunk& chunk = queue_.front();
      size_t rest = chunk.bytes->size() - chunk.at;
      if (left < rest) {
        chunk.at += left;
        break;
      }
      left -= rest;
      queue_.pop_front();
    }
  }
  return true;
}

void Channel::arm() {
  std::weak_ptr<Channel> weak = weak_from_this();
  bool posted = loop_.post([weak] {
    auto self = weak.lock();
    if (!self || self->ended_) return;
    (void)self->loop_.change(self->socket_.get(), (self->paused_ ? 0u : Loop::kRead) | Loop::kWrite);
  });
  if (!posted) {
    std::lock_guard lock(mutex_);
    writable_ = true;  // the next send tries again
  }
}

void Channel::on_ready(uint32_t ready) {
  auto keep = shared_from_this();
  if (ready & Loop::kWrite) {
    bool drained = false;
    {
      std::lock_guard lock(mutex_);
      flush_locked();
      drained = queue_.empty() || broken_;
      if (drained) writable_ = true;
    }
    if (drained && !ended_) (void)loop_.change(socket_.get(), paused_ ? 0u : Loop::kRead);
  }
  if ((ready & Loop::kRead) && !ended_) read_some();
}

bool Channel::read_some() {
  // Bounded per turn, so that one busy peer does not starve the loop.
  static constexpr int kReadsPerTurn = 8;
  for (int turn = 0; turn < kReadsPerTurn && !ended_ && !paused_; ++turn) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kReadSize);
    iovec part{buffer_.get(), kReadSize};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 64)> control{};
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t got = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      end(errno_error("link: recvmsg"));
      return false;
    }
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr; rights = CMSG_NXTHDR(&header, rights)) {
      if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
      size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
        received_fds_.emplace_back(fd);
      }
    }
    if (got == 0) {
      end({Errc::kClosed, "link: the peer closed"});
      return false;
    }
    std::vector<Message> messages;
    std::vector<size_t> fd_counts;
    auto decoded = decoder_.feed(ByteView(buffer_.get(), static_cast<size_t>(got)), messages, fd_counts);
    for (size_t i = 0; i < messages.size() && !ended_; ++i) {
      if (received_fds_.size() < fd_counts[i]) {
        end({Errc::kInvalid, "link: announced descriptors did not come"});
        return false;
      }
      for (size_t k = 0; k < fd_counts[i]; ++k) {
        messages[i].fds.push_back(std::move(received_fds_.front()));
        received_fds_.pop_front();
      }
      {
        std::lock_guard lock(mutex_);
        ++counters_.received;
      }
      on_message_(std::move(messages[i]));
    }
    if (!ended_ && (!decoded || received_fds_.size() > kMaxFds)) {
      end(decoded ? Error{Errc::kLimit, "link: descriptors that no message announced"} : decoded.error());
      return false;
    }
    // As good as empty: what is left, the loop reports again, and a read that finds nothing is saved.
    if (static_cast<size_t>(got) < kReadSize) break;
  }
  return !ended_;
}

void Channel::end(const Error& why) {
  if (ended_) return;
  ended_ = true;
  loop_.unwatch(socket_.get());
  {
    std::lock_guard lock(mutex_);
    broken_ = true;
    queue_.clear();
    queued_ = 0;
  }
  if (on_closed_) on_closed_(why);
}

void Channel::close() {
  on_closed_ = nullptr;
  end({Errc::kClosed, "closed by us"});
  ::shutdown(socket_.get(), SHUT_RDWR);
}

size_t Channel::queued() const {
  std::lock_guard lock(mutex_);
  return queued_;
}

ChannelCounters Channel::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

void Channel::pause(bool paused) {
  if (paused_ == paused || ended_) return;
  paused_ = paused;
  std::lock_guard lock(mutex_);
  (void)loop_.change(socket_.get(), (paused ? 0u : Loop::kRead) | (writable_ ? 0u : Loop::kWrite));
}

}  // namespace openday::link
