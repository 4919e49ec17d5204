// Longer than other files: connecting, TLS, reading and counting are one loop over one table of sockets,
// whose cost must not show in what is measured.
#include "bench/crowd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <deque>
#include <string_view>

#include "base/fd.h"
#include "wrap/ssl/tls.h"

namespace openday::bench {
namespace {

constexpr size_t kJoiningAtOnce = 512;  // fewer than the server's backlog
constexpr size_t kLooks = 1000;         // sockets asked before the next comment may be said
constexpr std::string_view kEvents = R"({"t":"events","from":)";
constexpr std::string_view kText = R"("text":")";
constexpr std::string_view kRef = R"("ref":"bench-)";
constexpr size_t kDigits = 4;  // syllables
constexpr std::string_view kConsonants = "bcdfghjklmnprstvz";
constexpr std::string_view kVowels = "aeiou";
constexpr size_t kBase = kConsonants.size() * kVowels.size();

/// A number in syllables: no two alike are adjacent, no digits, so that no rule of the judge looks at it.
std::string spelled(uint64_t number) {
  std::string text;
  for (size_t i = 0; i < kDigits; ++i, number /= kBase) {
    text += kConsonants[number % kBase % kConsonants.size()];
    text += kVowels[number % kBase / kConsonants.size()];
  }
  return text;
}

std::optional<uint64_t> read_spelled(std::string_view text) {
  if (text.size() < 2 * kDigits) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = kDigits; i-- > 0;) {
    size_t consonant = kConsonants.find(text[2 * i]);
    size_t vowel = kVowels.find(text[2 * i + 1]);
    if (consonant == std::string_view::npos || vowel == std::string_view::npos) return std::nullopt;
    number = number * kBase + vowel * kConsonants.size() + consonant;
  }
  return number;
}

std::string comment_text(uint64_t number) {
  static constexpr std::string_view kRest =
      "今天的开放日很有意思，法官讲得清楚，孩子们也听得懂，希望下次还能看到更多的法庭和现场问答，谢谢大家";
  std::string text = spelled(number) + " ";
  text += kRest.substr(0, (Crowd::kCommentBytes - text.size()) / 3 * 3);
  text.resize(Crowd::kCommentBytes, '.');
  return text;
}

template <class Number>
std::optional<Number> number_after(std::string_view text, std::string_view mark) {
  size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  Number number{};
  auto [end, error] = std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

/// A client's frame: its mask is zero.
std::string frame_of(uint8_t opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  frame.append(4, '\0');
  return frame.append(payload);
}

struct Member {
  enum class Stage : uint8_t { kHandshake, kUpgrading, kJoining, kIn, kGone };
  UniqueFd fd;
  Stage stage = Stage::kUpgrading;
  bool placed = false;    // it knows the next offset
  uint64_t next = 0;      // offset
  uint64_t comments = 0;  // since talk() began
  std::string rest;       // of a frame that has not come whole
  std::unique_ptr<wrap::TlsSession> tls;
};

/// What a message with events says, found out once for all sockets.
struct Message {
  uint64_t from = 0;
  size_t size = 0;
  uint64_t events = 0;
  std::vector<int64_t> comments_at;  // when they were said; 0: not in this talk
  std::vector<int64_t> removals_at;
};

}  // namespace

double Delays::percentile(double p) const {
  auto wanted = static_cast<uint64_t>(static_cast<double>(count_) * p / 100);
  uint64_t seen = 0;
  for (size_t bin = 0; bin < bins_.size(); ++bin) {
    seen += bins_[bin];
    if (seen > 0 && seen >= wanted)
      return static_cast<double>((static_cast<int64_t>(bin) + 1) * kWidth) / 1e6;
  }
  return 0;
}

int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

size_t raise_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void hold_to_core(pid_t process, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<size_t>(core), &cores);
  std::string folder = fmt::format("/proc/{}/task", process);
  DIR* tasks = ::opendir(folder.c_str());
  if (tasks == nullptr) return;
  while (dirent* entry = ::readdir(tasks)) {
    if (int task = std::atoi(entry->d_name); task > 0) ::sched_setaffinity(task, sizeof cores, &cores);
  }
  ::closedir(tasks);
}

struct Crowd::Impl {
  Impl(CrowdPlan p, Crowd& o) : plan(std::move(p)), owner(o) {}

  const CrowdPlan plan;
  Crowd& owner;
  std::vector<Member> members;
  UniqueFd epoll;
  std::optional<wrap::TlsContext> trust;
  std::vector<char> buffer = std::vector<char>(size_t{1} << 20);
  Bytes plain;
  std::deque<Message> known;  // newest last
  std::string trouble;

  size_t begun = 0;  // connects
  size_t joined = 0;
  size_t gone = 0;

  Heard* heard = nullptr;  // of the present talk
  uint64_t first = 0;      // number of its first comment
  uint64_t said = 0;       // in all talks
  size_t speaker = 0;
  size_t looked = 0;             // whose socket is next, when all are asked in turn
  std::vector<int64_t> said_at;  // of the present talk
  int64_t at = 0;                // of the present read

  Result<> begin_one();
  void send(Member& member, std::string_view bytes);
  void read(Member& member);
  void take(Member& member, std::string_view bytes);
  void take_frame(Member& member, uint8_t opcode, std::string_view payload);
  void take_events(Member& member, std::string_view payload);
  const Message& message(std::string_view payload, uint64_t from);
  [[nodiscard]] Message parsed(std::string_view payload, uint64_t from) const;
  void take_answer(std::string_view payload);
  void upgrade(Member& member);
  void now_in(Member& member);
  void lose(Member& member, const std::string& why);
  void serve(int timeout_ms);
  void say_next();
};

Result<> Crowd::Impl::begin_one() {
  size_t index = begun++;
  Member& member = members[index];
  member.fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!member.fd) return std::unexpected(errno_error("socket"));
  int on = 1;
  ::setsockopt(member.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (plan.per_address > 0) {
    ::setsockopt(member.fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7F010001u + static_cast<uint32_t>(index / plan.per_address));
    if (::bind(member.fd.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) != 0)
      return std::unexpected(errno_error("bind"));
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(plan.port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(member.fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return std::unexpected(errno_error("connect"));
  OPENDAY_CHECK_OK(set_nonblocking(member.fd.get()));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, member.fd.get(), &event);
  if (!trust) {
    upgrade(member);
    return {};
  }
  OPENDAY_TRY(auto session, wrap::TlsSession::connect(*trust, "localhost"));
  member.tls = std::make_unique<wrap::TlsSession>(std::move(session));
  member.stage = Member::Stage::kHandshake;
  Bytes hello = member.tls->take_wire();
  if (::send(member.fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0)
    return std::unexpected(errno_error("send"));
  return {};
}

void Crowd::Impl::upgrade(Member& member) {
  member.stage = Member::Stage::kUpgrading;
  send(member, fmt::format("GET {} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: Upgrade\r\nUpgrade: "
                           "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                           "dGhlIHNhbXBsZSBub25jZQ==\r\n{}{}\r\n",
                           plan.path, plan.port, plan.headers,
                           plan.subprotocol.empty()
                               ? std::string()
                               : fmt::format("Sec-WebSocket-Protocol: {}\r\n", plan.subprotocol)));
}

void Crowd::Impl::send(Member& member, std::string_view bytes) {
  Bytes wire;
  if (member.tls) {
    if (!member.tls->send(ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size())))
      return lose(member, "TLS fails");
    wire = member.tls->take_wire();
    bytes = std::string_view(reinterpret_cast<const char*>(wire.data()), wire.size());
  }
  // What is sent is small, and an empty socket takes it whole.
  if (::send(member.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    lose(member, "the server does not read");
}

void Crowd::Impl::lose(Member& member, const std::string& why) {
  if (member.stage == Member::Stage::kGone) return;
  if (trouble.empty()) trouble = why;
  member.stage = Member::Stage::kGone;
  ++gone;
  if (heard != nullptr) ++heard->closed;
  member.fd.reset();
}

void Crowd::Impl::read(Member& member) {
  if (member.stage == Member::Stage::kGone) return;
  ssize_t got = ::recv(member.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return lose(member, "the server closed a connection");
  at = now_ns();
  if (heard != nullptr) heard->bytes += static_cast<uint64_t>(got);
  std::string_view bytes(buffer.data(), static_cast<size_t>(got));
  if (!member.tls) return take(member, bytes);
  plain.clear();
  if (!member.tls->receive(ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), plain))
    return lose(member, "TLS fails");
  Bytes reply = member.tls->take_wire();
  if (!reply.empty() && ::send(member.fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL) < 0)
    return lose(member, "the server does not read");
  if (member.stage == Member::Stage::kHandshake && member.tls->established()) upgrade(member);
  if (!plain.empty())
    take(member, std::string_view(reinterpret_cast<const char*>(plain.data()), plain.size()));
}

void Crowd::Impl::take(Member& member, std::string_view bytes) {
  std::string joined_up;
  if (!member.rest.empty()) {
    joined_up = std::move(member.rest) + std::string(bytes);
    member.rest.clear();
    bytes = joined_up;
  }
  if (member.stage == Member::Stage::kUpgrading) {
    size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      member.rest = bytes;
      return;
    }
    if (!bytes.starts_with("HTTP/1.1 101"))
      return lose(member, "refused: " + std::string(bytes.substr(0, bytes.find('\r'))));
    bytes.remove_prefix(end + 4);
    if (plan.room) {
      member.stage = Member::Stage::kJoining;
      send(member, frame_of(1, R"({"t":"join"})"));
    } else {
      now_in(member);
    }
  }
  while (member.stage != Member::Stage::kGone && bytes.size() >= 2) {
    auto octet = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    uint64_t size = octet(1);
    size_t head = size < 126 ? 2 : size == 126 ? 4 : 10;
    if (bytes.size() < head) break;
    if (head > 2) size = 0;
    for (size_t i = 2; i < head; ++i) size = size << 8 | octet(i);
    if (bytes.size() < head + size) break;
    take_frame(member, octet(0), bytes.substr(head, size));
    bytes.remove_prefix(head + size);
  }
  member.rest = bytes;
  if (member.rest.empty() && member.rest.capacity() > 256) member.rest = {};
}

void Crowd::Impl::take_frame(Member& member, uint8_t opcode, std::string_view payload) {
  switch (opcode) {
    case 0x81:
      if (payload.starts_with(kEvents)) return take_events(member, payload);
      return take_answer(payload);
    case 0x89: return send(member, frame_of(10, payload));
    case 0x8A: return;
    case 0x88: return lose(member, fmt::format("closed: {}", payload.size() > 2 ? payload.substr(2) : ""));
    default: return lose(member, fmt::format("a frame that begins with {}", opcode));
  }
}

void Crowd::Impl::now_in(Member& member) {
  member.stage = Member::Stage::kIn;
  ++joined;
}

Message Crowd::Impl::parsed(std::string_view payload, uint64_t from) const {
  Message found{from, payload.size(), 0, {}, {}};
  // Events are objects in one list; the texts here have no braces.
  int depth = 0;
  size_t begin = 0;
  for (size_t i = kEvents.size(); i < payload.size(); ++i) {
    if (payload[i] == '{' && depth++ == 0) begin = i;
    if (payload[i] != '}' || --depth != 0) continue;
    std::string_view event = payload.substr(begin, i + 1 - begin);
    ++found.events;
    if (event.find(R"("k":"removed")") != std::string_view::npos) {
      auto id = number_after<int64_t>(event, R"("id":)");
      auto asked = id && owner.asked_at ? owner.asked_at(*id) : std::nullopt;
      if (asked) found.removals_at.push_back(*asked);
    }
    if (event.find(R"("k":"comment")") == std::string_view::npos) continue;
    size_t text = event.find(kText);
    auto number =
        text == std::string_view::npos ? std::nullopt : read_spelled(event.substr(text + kText.size()));
    bool ours = number && *number >= first && *number - first < said_at.size();
    if (ours) found.comments_at.push_back(said_at[*number - first]);
  }
  return found;
}

const Message& Crowd::Impl::message(std::string_view payload, uint64_t from) {
  for (auto one = known.rbegin(); one != known.rend(); ++one) {
    if (one->from == from && one->size == payload.size()) return *one;
  }
  known.push_back(parsed(payload, from));
  if (known.size() > 64) known.pop_front();
  return known.back();
}

void Crowd::Impl::take_events(Member& member, std::string_view payload) {
  auto from = number_after<uint64_t>(payload, kEvents);
  if (!from) return lose(member, "events without an offset");
  const Message& got = message(payload, *from);
  if (member.placed && got.from != member.next && heard != nullptr) ++heard->disorder;
  member.placed = true;
  member.next = got.from + got.events;
  if (member.stage == Member::Stage::kJoining) return now_in(member);
  if (heard == nullptr) return;
  ++heard->frames;
  member.comments += got.comments_at.size();
  heard->deliveries += got.comments_at.size();
  heard->removals += got.removals_at.size();
  for (int64_t began : got.comments_at) heard->delay.add(at - began);
  for (int64_t began : got.removals_at) heard->removal.add(at - began);
}

void Crowd::Impl::take_answer(std::string_view payload) {
  if (heard == nullptr) return;
  if (payload.find(R"("t":"resync")") != std::string_view::npos) {
    ++heard->disorder;
    if (trouble.empty()) trouble = "a socket was too slow";
  }
  if (payload.find(R"("t":"refused")") != std::string_view::npos) {
    ++heard->refused;
    if (trouble.empty()) trouble = payload;
  }
  if (payload.find(R"("t":"ack")") == std::string_view::npos) return;
  auto number = number_after<uint64_t>(payload, kRef);
  if (!number || *number < first || *number - first >= said_at.size()) return;
  heard->ack.add(at - said_at[*number - first]);
  if (payload.find(R"("state":"published")") == std::string_view::npos) {
    ++heard->held;
    return;
  }
  ++heard->published;
  auto id = number_after<int64_t>(payload, R"("id":)");
  if (id && owner.on_published) owner.on_published(*id);
}

void Crowd::Impl::serve(int timeout_ms) {
  if (!epoll) {
    for (size_t i = 0; i < kLooks; ++i) {
      read(members[looked]);
      looked = (looked + 1) % members.size();
    }
    return;
  }
  std::array<epoll_event, 512> events;
  int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) read(members[events[static_cast<size_t>(i)].data.u64]);
}

void Crowd::Impl::say_next() {
  uint64_t number = said++;
  // Neighbours share an address: the next speaker is of another one.
  speaker = (speaker + 7919) % members.size();
  std::string text = comment_text(number);
  // To a server without rooms the same bytes are said that ours makes of a comment.
  std::string message =
      plan.room ? fmt::format(R"({{"t":"comment","ref":"bench-{:010}","text":"{}"}})", number, text)
                : fmt::format(
                      R"({}{},"events":[{{"at":1700000000000,"by":"0123456789abcdef","id":{},"k":"comment",)"
                      R"("moment":1700000000000,"name":"","text":"{}"}}]}})",
                      kEvents, number, number, text);
  said_at.push_back(now_ns());
  ++heard->said;
  if (members[speaker].stage == Member::Stage::kIn) send(members[speaker], frame_of(1, message));
}

Crowd::Crowd(CrowdPlan plan) : impl_(std::make_unique<Impl>(std::move(plan), *this)) {}
Crowd::~Crowd() = default;

Result<double> Crowd::join() {
  Impl& it = *impl_;
  it.epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  it.members.resize(it.plan.sockets);
  if (!it.plan.tls_certificate.empty()) {
    OPENDAY_TRY(it.trust, wrap::TlsContext::client(it.plan.tls_certificate));
  }
  int64_t began = now_ns();
  int64_t end = began + 120'000'000'000;
  while (it.joined < it.members.size()) {
    if (it.gone > 0 || now_ns() > end) {
      return fail(Errc::kIo, fmt::format("{} of {} joined; {}", it.joined, it.members.size(), it.trouble));
    }
    for (int i = 0; i < 16 && it.begun < it.members.size() && it.begun - it.joined < kJoiningAtOnce; ++i) {
      OPENDAY_CHECK_OK(it.begin_one());
    }
    it.serve(it.begun < it.members.size() && it.begun - it.joined < kJoiningAtOnce ? 0 : 100);
  }
  // Who never sleeps asks the sockets in turn. A server would pay for waking an epoll with every message, and
  // all servers alike.
  if (!it.plan.sleeps) it.epoll.reset();
  return static_cast<double>(now_ns() - began) / 1e9;
}

Heard Crowd::talk(double per_second, Duration length, bool shown) {
  Impl& it = *impl_;
  Heard heard;
  it.heard = &heard;
  it.first = it.said;
  it.said_at.clear();
  it.known.clear();
  for (Member& member : it.members) {
    member.comments = 0;
    // The servers without rooms count as we do.
    if (!it.plan.room) member.placed = true, member.next = it.first;
  }
  const auto wanted = static_cast<uint64_t>(per_second * std::chrono::duration<double>(length).count());
  const double gap = 1e9 / per_second;
  int64_t began = now_ns();
  int64_t end = began + length.count();
  int64_t last = 0;
  auto due_of = [&](uint64_t number) {
    return began + static_cast<int64_t>(gap * static_cast<double>(number));
  };
  auto complete = [&] {
    uint64_t answered = it.plan.room ? heard.published + heard.held + heard.refused : heard.said;
    uint64_t all = (it.plan.room ? heard.published : heard.said) * (it.members.size() - it.gone);
    return answered >= heard.said && (!shown || heard.deliveries >= all);
  };
  while (true) {
    int64_t now = now_ns();
    while (heard.said < wanted && due_of(heard.said) <= now) {
      it.say_next();
      last = now;
    }
    if (heard.said >= wanted && now >= end && (complete() || now - last > kPatience.count())) break;
    // Sleeps at least a millisecond at a time: what falls due meanwhile is said together.
    int64_t next = heard.said < wanted ? due_of(heard.said) : now + 50'000'000;
    it.serve(it.plan.sleeps ? static_cast<int>(std::clamp<int64_t>((next - now) / 1'000'000, 1, 50)) : 0);
  }
  heard.took_s = static_cast<double>(now_ns() - began) / 1e9;
  uint64_t due = it.plan.room ? heard.published : heard.said;
  for (const Member& member : it.members) {
    if (shown && member.comments < due) heard.missing += due - member.comments;
  }
  if (it.plan.room) heard.missing += heard.said - (heard.published + heard.held + heard.refused);
  heard.trouble = std::exchange(it.trouble, {});
  it.heard = nullptr;
  return heard;
}

}  // namespace openday::bench
