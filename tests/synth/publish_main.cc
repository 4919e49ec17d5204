// An encoder that misbehaves on request: publishes an FLV file by RTMP in real time, for ever.
//
//   openday-publish FILE.flv URL [--jump AT_S:BY_MS]… [--mute-from S] [--unmute-from S] [--corrupt-from
//   S:FOR_S]
//
// Prints "start MS" when its first frame leaves: frame n of the file is at the camera at MS + n / fps (UTC
// ms), whatever its time stamps say. --jump shifts all later time stamps; --mute-from leaves the sound out;
// --corrupt-from overwrites coded data.
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "rtmp/client_session.h"

namespace {

using namespace openday;

struct Tag {
  uint8_t type;
  int64_t time_ms;
  ByteView body;
};

struct Plan {
  std::vector<std::pair<int64_t, int64_t>> jumps;  // at ms → by ms
  int64_t mute_from = INT64_MAX;
  int64_t unmute_from = INT64_MAX;
  int64_t corrupt_from = INT64_MAX;
  int64_t corrupt_until = INT64_MAX;
};

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "openday-publish: {}\n", why);
  std::exit(1);
}

std::vector<Tag> read_tags(const std::string& file) {
  ByteReader in(as_bytes(file));
  in.skip(9 + 4);
  std::vector<Tag> tags;
  while (in.remaining() >= 11) {
    Tag tag{};
    tag.type = in.u8();
    uint32_t size = in.u24();
    tag.time_ms = in.u24();
    tag.time_ms |= static_cast<int64_t>(in.u8()) << 24;
    in.skip(3);
    tag.body = in.take(size);
    in.skip(4);
    if (!in.ok()) break;
    tags.push_back(tag);
  }
  return tags;
}

bool is_config(const Tag& tag) {
  return tag.body.size() > 1 && tag.body[1] == 0;
}

class Connection {
 public:
  explicit Connection(const rtmp::PushTarget& target) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found) != 0)
      die("no such host");
    socket_.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket_.get(), found->ai_addr, found->ai_addrlen) != 0) die("cannot connect");
    ::freeaddrinfo(found);
  }

  // Sends what waits; reads what has come, waiting at most until `until` for it.
  void serve(rtmp::ClientSession& session, HouseTime until, const Clock& clock) {
    for (;;) {
      Bytes out = session.take_output();
      for (size_t at = 0; at < out.size();) {
        ssize_t put = ::send(socket_.get(), out.data() + at, out.size() - at, MSG_NOSIGNAL);
        if (put <= 0) die("the server closed");
        at += static_cast<size_t>(put);
      }
      int64_t wait_ms = (until.ns - clock.now().ns) / 1'000'000;
      pollfd ready{socket_.get(), POLLIN, 0};
      int count = ::poll(&ready, 1, static_cast<int>(std::max<int64_t>(0, wait_ms)));
      if (count > 0) {
        uint8_t buffer[65536];
        ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (got <= 0) die("the server closed");
        if (auto fed = session.feed({buffer, static_cast<size_t>(got)}); !fed) die(fed.error().message);
        continue;
      }
      if (wait_ms <= 0) return;
    }
  }

 private:
  UniqueFd socket_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: openday-publish FILE.flv URL [options]");
  Plan plan;
  for (int i = 3; i + 1 < argc; i += 2) {
    std::string option = argv[i];
    std::string value = argv[i + 1];
    auto at = static_cast<int64_t>(std::atof(value.c_str()) * 1000);
    double second = value.find(':') == std::string::npos ? 0 : std::atof(value.c_str() + value.find(':') + 1);
    if (option == "--jump") {
      plan.jumps.emplace_back(at, static_cast<int64_t>(second));
    } else if (option == "--mute-from") {
      plan.mute_from = at;
    } else if (option == "--unmute-from") {
      plan.unmute_from = at;
    } else if (option == "--corrupt-from") {
      plan.corrupt_from = at;
      plan.corrupt_until = at + static_cast<int64_t>(second * 1000);
    } else {
      die("unknown option " + option);
    }
  }
  std::string file = read_file(argv[1], size_t{1} << 30).value_or("");
  std::vector<Tag> tags = read_tags(file);
  auto target = rtmp::parse_push_url(argv[2], "");
  if (tags.empty() || !target) die("not an FLV file, or not an RTMP URL");
  int64_t length = tags.back().time_ms + 33;

  SystemClock clock;
  rtmp::ClientSession session(*target, clock);
  Connection connection(*target);
  session.start();
  while (!session.live()) {
    connection.serve(session, clock.now() + milliseconds(10), clock);
    if (auto alive = session.tick(); !alive) die(alive.error().message);
  }
  HouseTime start = clock.now();
  fmt::print("start {}\n", clock.wall().ms);
  std::fflush(stdout);
  for (int64_t loop = 0;; ++loop) {
    for (const Tag& tag : tags) {
      if (loop > 0 && (tag.type == 18 || is_config(tag))) continue;
      int64_t at = loop * length + tag.time_ms;  // when it happens at the camera
      connection.serve(session, start + milliseconds(at), clock);
      int64_t stamp = at;
      for (const auto& [from, by] : plan.jumps) {
        if (at >= from) stamp += by;
      }
      stamp = std::max<int64_t>(0, stamp);
      Bytes body(tag.body.begin(), tag.body.end());
      if (at >= plan.corrupt_from && at < plan.corrupt_until && !is_config(tag)) {
        for (size_t i = 12; i < body.size(); i += 7) body[i] = static_cast<uint8_t>(body[i] * 31 + i);
      }
      Result<> sent;
      if (tag.type == 18) {
        sent = session.send_metadata(body);
      } else if (tag.type == 9) {
        sent = session.send_video(stamp, body);
      } else if (tag.type == 8 && (is_config(tag) || at < plan.mute_from || at >= plan.unmute_from)) {
        sent = session.send_audio(stamp, body);
      }
      if (!sent) die(sent.error().message);
    }
  }
}
