// Plays supervisor, gateway and engine around one real feed process, in real time.
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "link/channel.h"
#include "link/frame_ring.h"
#include "test_media.h"

namespace openday::test {

/// One FLV tag, or some MPEG-TS packets, and when a publisher would send it.
struct Sending {
  Duration at{0};
  link::Json head;
  SharedBytes body;
};

inline Bytes read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  REQUIRE(!bytes.empty());
  return Bytes(bytes.begin(), bytes.end());
}

/// A file as an RTMP publisher would send it (FLV, annex E.2 … E.4).
inline std::vector<Sending> flv_sendings(const std::string& path) {
  Bytes file = read_all(path);
  ByteReader in{file};
  in.skip(9 + 4);
  std::vector<Sending> out;
  while (in.remaining() >= 11) {
    int tag = in.u8();
    size_t size = in.u24();
    int64_t time = in.u24();
    time |= static_cast<int64_t>(in.u8()) << 24;
    in.skip(3);
    ByteView body = in.take(size);
    in.skip(4);
    out.push_back({milliseconds(time),
                   {{"tag", tag}, {"time_ms", time}},
                   std::make_shared<Bytes>(body.begin(), body.end())});
  }
  return out;
}

/// A file as an SRT publisher would send it: seven packets at a time, at the pace of its clock references.
inline std::vector<Sending> ts_sendings(const std::string& path) {
  Bytes file = read_all(path);
  std::vector<Sending> out;
  std::optional<int64_t> first;
  int64_t now = 0;
  for (size_t at = 0; at + 188 <= file.size(); at += 188 * 7) {
    size_t end = std::min(at + 188 * 7, file.size());
    for (size_t packet = at; packet < end; packet += 188) {
      const uint8_t* p = file.data() + packet;
      if ((p[3] & 0x20) == 0 || p[4] < 7 || (p[5] & 0x10) == 0) continue;  // ISO/IEC 13818-1, 2.4.3.4: PCR
      int64_t pcr =
          int64_t{p[6]} << 25 | int64_t{p[7]} << 17 | int64_t{p[8]} << 9 | int64_t{p[9]} << 1 | p[10] >> 7;
      if (!first) first = pcr;
      now = (pcr - *first) & ((int64_t{1} << 33) - 1);
    }
    out.push_back({Duration(now * 100'000 / 9), link::Json::object(),
                   std::make_shared<Bytes>(file.begin() + static_cast<long>(at),
                                           file.begin() + static_cast<long>(end))});
  }
  return out;
}

/// The links are served by a thread of its own; what it sees is guarded by one lock, and waits end when it
/// sees more.
class Studio {
 public:
  explicit Studio(link::Json config, int ring_width = 1280, int ring_height = 720)
      : loop_(*Loop::create(clock_)), ring_(*link::RingReader::create({ring_width, ring_height})) {
    if (!config.contains("venue")) config["venue"] = "court-1";
    if (!config.contains("house")) config["house"] = {{"width", 1280}, {"height", 720}, {"fps", 30}};
    spawn();
    loop_->every(milliseconds(8), [this] { look(); });
    (void)control_->send(link::make_message("start", {{"config", config}, {"checkpoint", nullptr}}));
    gateway_ = introduce("gateway", "", [](link::Message) {});
    engine_ = introduce("engine", "b1", [this](link::Message m) { on_state(std::move(m)); });
    link::Message ring = link::make_message("ring", {{"slot", 0}});
    ring.fds.push_back(*ring_.share());
    (void)engine_->send(std::move(ring));
    thread_ = std::thread([this] { loop_->run(); });
    REQUIRE(run_until([&] { return ready_; }, seconds(10), "the feed is ready"));
  }
  ~Studio() {
    (void)control_->send(link::make_message("stop"));
    bool stopped = run_until([&] { return closed_; }, seconds(5), "the feed has stopped");
    if (!stopped) ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (stopped && !killed_) CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    loop_->stop();
    thread_.join();
  }
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;

  void want(int width, int height, const char* mode) {
    (void)engine_->send(link::make_message("want", {{"width", width}, {"height", height}, {"mode", mode}}));
  }
  void begin(const char* container, bool waiting_for_key_frame = false) {
    ++publisher_;
    link::Json head = {{"container", container}, {"publisher", publisher_}};
    if (waiting_for_key_frame) head["waiting_for_key_frame"] = true;
    (void)gateway_->send(link::make_message("begin", std::move(head)));
  }
  void end() {
    (void)gateway_->send(link::make_message("end", {{"publisher", publisher_}, {"why", "gone"}}));
  }
  void send(const Sending& sending) {
    link::Json head = sending.head;
    head["publisher"] = publisher_;
    head["arrival_ns"] = clock_.now().ns;
    (void)gateway_->send(link::make_message("bytes", std::move(head), sending.body));
  }
  /// Sends as a live publisher would: each when its time has come.
  void publish(const std::vector<Sending>& sendings) {
    HouseTime start = clock_.now();
    for (const auto& sending : sendings) {
      wait_until(start + sending.at);
      send(sending);
    }
  }
  void kill_feed() {
    killed_ = true;
    ::kill(pid_, SIGKILL);
  }

  /// Lets time pass: a live source cannot be hurried.
  void wait_until(HouseTime at) {
    std::unique_lock lock(mutex);
    using Steady = std::chrono::steady_clock;
    never_.wait_until(lock, Steady::time_point(Duration(at.ns)), [] { return false; });
  }
  void wait_for(Duration length) { wait_until(clock_.now() + length); }
  /// `done` is asked under the lock whenever something new was seen.
  bool run_until(const std::function<bool()>& done, Duration patience, const char* what) {
    std::unique_lock lock(mutex);
    bool came = seen_.wait_for(lock, patience, done);
    if (!came)
      FAIL_CHECK("waited in vain until " << what << "; last state "
                                         << (states.empty() ? "none" : states.back().dump()));
    return came;
  }
  bool run_until_state(const char* state, Duration patience = seconds(10)) {
    return run_until([&] { return !states.empty() && states.back().value("state", "") == state; }, patience,
                     state);
  }
  [[nodiscard]] link::Json last() {
    std::lock_guard lock(mutex);
    return states.empty() ? link::Json::object() : states.back();
  }
  [[nodiscard]] HouseTime now() const { return clock_.now(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] HouseTime heartbeat() const { return ring_.heartbeat(); }

  /// What the mixer would show: one entry per picture, in order.
  struct Shown {
    link::PictureInfo info;
    HouseTime seen;
    int luma;
  };
  std::mutex mutex;  // guards what follows
  std::vector<Shown> shown;
  std::vector<HouseTime> beeps;
  std::vector<link::Json> states;
  float peak = 0;
  int64_t silent_samples = 0;  // read where nothing had been written

  void forget() {
    std::lock_guard lock(mutex);
    shown.clear();
    beeps.clear();
    states.clear();
    silent_samples = 0;
    peak = 0;
  }
  [[nodiscard]] std::vector<Shown> pictures() {
    std::lock_guard lock(mutex);
    return shown;
  }
  /// Sound minus picture of each flash, ms, sorted.
  [[nodiscard]] std::vector<double> av_offsets() {
    std::lock_guard lock(mutex);
    std::vector<double> out;
    bool light = false;
    for (const auto& picture : shown) {
      bool begins = picture.luma > 128 && !light;
      light = picture.luma > 128;
      if (!begins) continue;
      for (HouseTime beep : beeps) {
        double ms = static_cast<double>((beep - picture.info.show_at).count()) / kMs;
        if (std::abs(ms) < 400) out.push_back(ms);
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  void spawn() {
    auto ends = socket_pair();
    REQUIRE(ends);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends->second.get(), 3);
      ::syscall(SYS_close_range, 4, ~0u, 0);
      ::execl(OPENDAY_FEED_CHILD, "openday feed", nullptr);
      ::_exit(127);
    }
    control_ = *link::Channel::open(
        *loop_, std::move(ends->first), size_t{1} << 22,
        [this](link::Message m) {
          std::lock_guard lock(mutex);
          ready_ = ready_ || m.type() == "ready";
          seen_.notify_all();
        },
        [this](const Error&) {
          std::lock_guard lock(mutex);
          closed_ = true;
          seen_.notify_all();
        });
  }

  std::shared_ptr<link::Channel> introduce(const char* role, const char* id,
                                           link::Channel::OnMessage on_message) {
    auto ends = socket_pair();
    REQUIRE(ends);
    link::Message peer = link::make_message("peer", {{"role", role}, {"id", id}});
    peer.fds.push_back(std::move(ends->second));
    (void)control_->send(std::move(peer));
    return *link::Channel::open(*loop_, std::move(ends->first), size_t{16} << 20, std::move(on_message),
                                [](const Error&) {});
  }

  void on_state(link::Message message) {
    std::lock_guard lock(mutex);
    if (message.type() == "state") states.push_back(message.head);
    seen_.notify_all();
  }

  /// As the mixer does at a tick, only more often: nothing must be missed.
  void look() {
    std::lock_guard lock(mutex);
    HouseTime now = clock_.now();
    auto picture = ring_.choose(now);
    bool fresh = picture && (shown.empty() || shown.back().info.sequence != picture->sequence ||
                             shown.back().info.generation != picture->generation);
    if (fresh) {
      media::Image image(picture->width, picture->height);
      if (ring_.copy(*picture, image)) {
        int x = image.width() / 2;
        int y = image.height() / 2;
        shown.push_back({*picture, now, image.plane(0)[y * image.stride(0) + x]});
      }
    }
    hear(link::audio_index(now));
    seen_.notify_all();
  }
  void hear(int64_t to) {
    if (heard_to_ < 0 || to - heard_to_ > 48000) heard_to_ = to;
    std::vector<float> samples(static_cast<size_t>(to - heard_to_) * 2);
    if (samples.empty()) return;
    int64_t got = ring_.read_audio(heard_to_, to - heard_to_, samples.data());
    silent_samples += to - heard_to_ - got;
    for (int64_t i = 0; i < to - heard_to_; ++i) {
      float left = std::abs(samples[static_cast<size_t>(i) * 2]);
      peak = std::max(peak, left);
      if (left > 0.1f && heard_to_ + i > last_loud_ + 9600) beeps.push_back(link::audio_time(heard_to_ + i));
      if (left > 0.1f) last_loud_ = heard_to_ + i;
    }
    heard_to_ = to;
  }

  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  link::RingReader ring_;
  pid_t pid_ = -1;
  bool ready_ = false;
  bool closed_ = false;
  bool killed_ = false;
  std::condition_variable seen_;
  std::condition_variable never_;
  std::shared_ptr<link::Channel> control_;
  std::shared_ptr<link::Channel> gateway_;
  std::shared_ptr<link::Channel> engine_;
  int64_t publisher_ = 0;
  int64_t heard_to_ = -1;
  int64_t last_loud_ = INT64_MIN / 2;
  std::thread thread_;
};

}  // namespace openday::test
