// Longer than other files: its tests share the house, the diary of what the listener told, and the callers,
// all of which are of use nowhere else.
#include "ingest/srt_listener.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "ingest/ts_aligner.h"
#include "udp_relay.h"
#include "wrap/srt/srt.h"

namespace openday::ingest {
namespace {

const milliseconds kPatience{20'000};

/// A gateway that keeps a diary. Called on the loop's thread, read by the test's.
class Diary final : public PublisherSink {
 public:
  std::map<std::string, AuthAnswer> keys;
  bool silent = false;     // authorise() keeps its answer back until answer_all()
  bool withdraws = false;  // each answer at once, as a kick does

  Result<Admission> admit(Protocol, const std::string&) override {
    std::lock_guard lock(mutex_);
    ++admitted_;
    return Admission(this, [this](const void*) {
      std::lock_guard inner(mutex_);
      --admitted_;
      changed_.notify_all();
    });
  }
  AuthId authorise(AuthRequest request, OnAnswer on_answer) override {
    std::lock_guard lock(mutex_);
    ++asked_;
    changed_.notify_all();
    AuthId id{++next_};
    waiting_[id] = {std::move(request), std::move(on_answer)};
    if (!silent) {
      loop->post([this] {
        answer_all();
        if (withdraws) withdraw();
      });
    }
    return id;
  }
  void forget(AuthId question) override {
    decltype(waiting_)::node_type forgotten;  // let go of without the lock: an admission goes with it
    std::lock_guard lock(mutex_);
    forgotten = waiting_.extract(question);
  }
  PublisherId begin(Protocol, Container container, const std::string& venue, const std::string&,
                    PublisherSession& session) override {
    PublisherSession* old = nullptr;
    PublisherId id{};
    {
      std::lock_guard lock(mutex_);
      if (container != Container::kTs) note("not a transport stream");
      id = PublisherId{++next_};
      auto& place = by_venue_[venue];
      old = std::exchange(place.session, &session);
      place.id = id;
      note("begin " + venue);
    }
    if (old != nullptr) old->kick("replaced");
    return id;
  }
  void tag(PublisherId, FlvTag) override {
    std::lock_guard lock(mutex_);
    note("an FLV tag");
  }
  void ts(PublisherId publisher, SharedBytes packets, HouseTime) override {
    std::lock_guard lock(mutex_);
    if (packets->size() > 64 * 1024 || packets->size() % TsAligner::kPacket != 0) note("an odd piece");
    auto& got = media_[publisher];
    got.insert(got.end(), packets->begin(), packets->end());
    changed_.notify_all();
  }
  void end(PublisherId publisher, std::string_view why) override {
    std::lock_guard lock(mutex_);
    for (auto& [venue, place] : by_venue_) {
      if (place.id == publisher) {
        place.session = nullptr;
        note("end " + venue + ": " + std::string(why));
      }
    }
  }

  void refused(Protocol, Refusal reason) override {
    std::lock_guard lock(mutex_);
    if (reason == Refusal::kTooManyWrongKeys) note("too many wrong keys");
  }

  /// On the loop's thread.
  void withdraw() { grant_ = std::make_shared<int>(0); }
  void answer_all() {
    std::map<AuthId, std::pair<AuthRequest, OnAnswer>> open;
    {
      std::lock_guard lock(mutex_);
      open.swap(waiting_);
    }
    for (auto& [id, question] : open) {
      auto found = keys.find(question.first.key);
      AuthAnswer answer;
      if (found != keys.end()) answer = found->second;
      answer.grant = grant_;
      question.second(answer);
    }
  }

  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return condition(); });
  }
  bool wait_for_note(const std::string& text, int times = 1) {
    return wait_for([&] { return std::ranges::count(notes_, text) >= times; });
  }
  bool wait_for_media(size_t bytes) {
    return wait_for([&] { return !media_.empty() && media_.rbegin()->second.size() >= bytes; });
  }
  bool wait_for_questions(int count) {
    return wait_for([&] { return asked_ >= count; });
  }
  bool wait_until_empty() {
    return wait_for([&] { return admitted_ == 0; });
  }
  Bytes media() {
    std::lock_guard lock(mutex_);
    return media_.rbegin()->second;
  }
  std::vector<std::string> notes() {
    std::lock_guard lock(mutex_);
    return notes_;
  }
  int asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

  Loop* loop = nullptr;

 private:
  struct Place {
    PublisherSession* session = nullptr;
    PublisherId id{};
  };
  void note(std::string text) {
    notes_.push_back(std::move(text));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> notes_;
  std::map<AuthId, std::pair<AuthRequest, OnAnswer>> waiting_;
  std::shared_ptr<const void> grant_ = std::make_shared<int>(0);
  std::map<std::string, Place> by_venue_;
  std::map<PublisherId, Bytes> media_;
  int admitted_ = 0;
  int asked_ = 0;
  uint64_t next_ = 0;
};

AuthAnswer venue(const std::string& name, const std::string& passphrase = "") {
  return {.ok = true, .venue = name, .passphrase = passphrase, .why = "", .grant = {}};
}

/// Begins to call; settle() waits for what comes of it.
std::unique_ptr<srt::Socket> dial(const SocketAddress& at, const std::string& stream_id,
                                  const std::string& passphrase = "") {
  auto caller =
      srt::connect(at, {.stream_id = stream_id, .passphrase = passphrase, .latency = milliseconds(20)});
  REQUIRE(caller);
  return std::move(*caller);
}
void settle(const srt::Socket& caller) {
  auto poller = *srt::Poller::create();
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (caller.state() == srt::State::kConnecting && std::chrono::steady_clock::now() < deadline) {
    poller->wait(milliseconds(5));
  }
}

/// A loop on its thread with a listener and its diary.
class House {
 public:
  explicit House(const SrtOptions& options = {.latency = milliseconds(20)}, size_t mailbox = 4096,
                 std::map<std::string, AuthAnswer> keys = {{"good", venue("one")}}, bool silent = false) {
    loop_ = *Loop::create(clock_, mailbox);
    diary.loop = loop_.get();
    diary.keys = std::move(keys);
    diary.silent = silent;
    auto port = srt::bind_udp(*SocketAddress::parse("127.0.0.1", 0));
    REQUIRE(port);
    auto listener =
        SrtListener::open(*loop_, diary, Log("test", LogLevel::kError), std::move(*port), options);
    REQUIRE(listener);
    listener_ = std::move(*listener);
    address_ = listener_->local();
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~House() {
    close();
    loop_->stop();
    thread_.join();
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  /// Runs `task` on the loop's thread and waits for it.
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    while (!loop_->post([&] {
      task();
      done.set_value();
    })) {
      std::this_thread::yield();
    }
    done.get_future().wait();
  }
  void close() {
    on_loop([this] { listener_.reset(); });
  }
  [[nodiscard]] SocketAddress address() const { return address_; }
  SrtListener& listener() { return *listener_; }
  Loop& loop() { return *loop_; }

  std::unique_ptr<srt::Socket> call(const std::string& stream_id, const std::string& passphrase = "") {
    auto caller = dial(address_, stream_id, passphrase);
    settle(*caller);
    return caller;
  }

  Diary diary;

 private:
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SrtListener> listener_;
  SocketAddress address_;
  std::thread thread_;
};

Bytes ts_message(uint8_t fill) {
  Bytes out(srt::kTsMessage, fill);
  for (size_t at = 0; at < out.size(); at += TsAligner::kPacket) out[at] = TsAligner::kSync;
  return out;
}

bool is_connected(const srt::Socket& caller) {
  return caller.state() == srt::State::kConnected;
}

bool breaks(const srt::Socket& caller) {
  auto poller = *srt::Poller::create();
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (caller.state() != srt::State::kBroken && std::chrono::steady_clock::now() < deadline) {
    poller->wait(milliseconds(5));
  }
  return caller.state() == srt::State::kBroken;
}

}  // namespace

TEST_CASE("a publisher with the right key is let in, its packets arrive, and its leaving is told") {
  House house;
  auto caller = house.call("good");
  REQUIRE(is_connected(*caller));
  REQUIRE(house.diary.wait_for_note("begin one"));
  Bytes sent;
  for (uint8_t i = 0; i < 100; ++i) {
    auto message = ts_message(i);
    REQUIRE(caller->send(message).value());
    sent.insert(sent.end(), message.begin(), message.end());
  }
  REQUIRE(house.diary.wait_for_media(sent.size()));
  CHECK(house.diary.media() == sent);
  CHECK(house.diary.notes() == std::vector<std::string>{"begin one"});
  caller.reset();
  CHECK(house.diary.wait_for_note("end one: connection lost"));
  CHECK(house.diary.wait_until_empty());
}

TEST_CASE("an access control stream id is understood") {
  House house;
  auto caller = house.call("#!::r=good,m=publish");
  CHECK(is_connected(*caller));
  CHECK(house.diary.wait_for_note("begin one"));
}

TEST_CASE("a wrong key is refused in the handshake") {
  House house;
  CHECK(house.call("bad")->why() == "rejected: forbidden");
  CHECK(house.call("#!::r=good,m=request")->state() == srt::State::kBroken);
  CHECK(house.call("")->why() == "rejected: malformed stream id");
  CHECK(house.diary.notes().empty());
  CHECK(house.diary.asked() == 1);
  CHECK(house.diary.wait_until_empty());
}

TEST_CASE("each venue has its own passphrase") {
  House house({.latency = milliseconds(20)}, 4096,
              {{"a", venue("one", "passphrase of one")}, {"b", venue("two", "passphrase of two")}});
  auto one = house.call("a", "passphrase of one");
  auto two = house.call("b", "passphrase of two");
  CHECK(is_connected(*one));
  CHECK(is_connected(*two));
  CHECK(house.diary.wait_for_note("begin one"));
  CHECK(house.diary.wait_for_note("begin two"));
  CHECK(house.call("a", "passphrase of two")->why() == "rejected: wrong passphrase");
}

TEST_CASE("an address that tries passphrases is slowed down, locks nobody out, and holds no place") {
  House house(
      {.latency = milliseconds(20), .guest_patience = milliseconds(50), .wrong_passphrases_per_minute = 2},
      4096, {{"a", venue("one", "passphrase of one")}});
  CHECK(house.call("a", "passphrase no 1")->why() == "rejected: wrong passphrase");
  CHECK(house.call("a", "passphrase no 2")->why() == "rejected: wrong passphrase");
  REQUIRE(house.diary.wait_until_empty());
  auto right = house.call("a", "passphrase of one");
  CHECK(is_connected(*right));
  REQUIRE(house.diary.wait_for_note("begin one"));
  for (int i = 0; i < 100 && house.diary.notes().back() != "too many wrong keys"; ++i)
    house.call("a", "passphrase no 3");
  CHECK(house.diary.notes().back() == "too many wrong keys");
  right.reset();
  CHECK(house.diary.wait_until_empty());
}

/// Calls from 127.0.0.66 for as long as it lives, hundreds of times a second, with a wrong stream id.
class Flood {
 public:
  /// Returns when the calls have used up what their network may at once.
  explicit Flood(House& house) : line_(house.address(), "127.0.0.66") {
    settle(*dial(line_.address(), "bad"));
    line_.repeat();
    REQUIRE(house.diary.wait_for_questions(house.diary.asked() + 16));
  }

 private:
  UdpRelay line_;
};

const std::string kTooMany = "rejected: too many connections";

struct Entry {
  std::unique_ptr<srt::Socket> caller;
  int turned_away = 0;
};

/// Calls as an encoder does, again a second after it was turned away, and counts how often that was because
/// too many had called. It does not count when the machine is so busy that an answer comes too late or that
/// the port's budget for questions is used up.
Entry enter(House& house, const SocketAddress& at, const std::string& key,
            const std::string& passphrase = {}) {
  Entry entry;
  auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    uint64_t overload = house.listener().counters().overload;
    entry.caller = dial(at, key, passphrase);
    settle(*entry.caller);
    if (is_connected(*entry.caller) || std::chrono::steady_clock::now() > give_up) return entry;
    if (entry.caller->why() == kTooMany && house.listener().counters().overload == overload)
      ++entry.turned_away;
    std::this_thread::sleep_for(seconds(1));
  }
}

TEST_CASE("an address that calls without end is asked about now and then, and another gets in at once") {
  House house;
  auto start = std::chrono::steady_clock::now();
  Flood flood(house);
  REQUIRE(house.diary.wait_for_questions(16 + 5));
  int asked = house.diary.asked();
  std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  CHECK(asked <= 16 + 5 * passed.count());
  auto other = enter(house, house.address(), "good");
  CHECK(is_connected(*other.caller));
  CHECK(other.turned_away == 0);
  CHECK(house.diary.wait_for_questions(house.diary.asked() + 1));  // it has not ended meanwhile
}

TEST_CASE("an encoder takes over from its dead self at once while a neighbour calls without end") {
  House house;
  UdpRelay line(house.address(), "127.0.0.66");
  auto before = enter(house, line.address(), "good");
  REQUIRE(house.diary.wait_for_note("begin one"));
  Flood flood(house);
  line.cut();
  for (int times = 2; times <= 3; ++times) {
    UdpRelay new_line(house.address(), "127.0.0.66");
    auto after = enter(house, new_line.address(), "good");
    REQUIRE(is_connected(*after.caller));
    CHECK(after.turned_away == 0);
    CHECK(house.diary.wait_for_note("begin one", times));
  }
  CHECK(house.diary.wait_for_questions(house.diary.asked() + 1));
}

TEST_CASE("eight encoders of one house call at the same moment and all get in") {
  std::map<std::string, AuthAnswer> keys;
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h"}) keys[id] = venue(id, "a long passphrase");
  House house({.latency = milliseconds(20)}, 4096, keys);
  std::map<std::string, std::unique_ptr<srt::Socket>> callers;
  for (const auto& [key, answer] : keys) callers[key] = dial(house.address(), key, "a long passphrase");
  uint64_t turned_away = 0;
  for (const auto& [key, caller] : callers) {
    settle(*caller);
    turned_away += caller->why() == kTooMany ? 1 : 0;
  }
  CHECK(turned_away <= house.listener().counters().overload);
  for (auto& [key, caller] : callers) {
    if (is_connected(*caller)) continue;
    auto again = enter(house, house.address(), key, "a long passphrase");
    CHECK(is_connected(*again.caller));
    CHECK(again.turned_away == 0);
    caller = std::move(again.caller);
  }
}

TEST_CASE("who was let in with a key that was changed before it arrived does not publish") {
  House house;
  house.on_loop([&] { house.diary.withdraws = true; });
  auto caller = house.call("good");
  REQUIRE(house.diary.wait_for_questions(1));
  CHECK(breaks(*caller));
  CHECK(house.diary.wait_until_empty());
  CHECK(house.diary.notes().empty());
}

TEST_CASE("a publisher takes over from its dead self at once") {
  House house;
  auto first = house.call("good");
  REQUIRE(house.diary.wait_for_note("begin one"));
  Entry entry = enter(house, house.address(), "good");
  CHECK(entry.turned_away == 0);
  auto second = std::move(entry.caller);
  REQUIRE(house.diary.wait_for_note("begin one", 2));
  CHECK(breaks(*first));
  INFO(second->why());
  REQUIRE(is_connected(*second));
  REQUIRE(second->send(ts_message(9)).value());
  REQUIRE(house.diary.wait_for_media(srt::kTsMessage));
  CHECK(is_connected(*second));
  CHECK(house.diary.notes().size() == 2);  // a kicked session reports no end
  second.reset();
  CHECK(house.diary.wait_until_empty());
}

TEST_CASE("a hub that answers too late costs one attempt, not two") {
  House house({.latency = milliseconds(20), .answer_patience = milliseconds(30)}, 4096,
              {{"good", venue("one")}}, true);
  CHECK(house.call("good")->state() == srt::State::kBroken);
  REQUIRE(house.diary.wait_for_questions(1));
  house.on_loop([&] { house.diary.answer_all(); });
  CHECK(is_connected(*house.call("good")));
  CHECK(house.diary.asked() == 1);
  CHECK(house.diary.wait_for_note("begin one"));
}

TEST_CASE("an answer that came too late is forgotten when the key is changed") {
  House house({.latency = milliseconds(20), .answer_patience = milliseconds(30)}, 4096,
              {{"a", venue("one", "the old passphrase")}}, true);
  CHECK(house.call("a", "the old passphrase")->state() == srt::State::kBroken);
  REQUIRE(house.diary.wait_for_questions(1));
  house.on_loop([&] {
    house.diary.answer_all();
    house.diary.withdraw();
    house.diary.keys = {{"a", venue("one", "the new passphrase")}};
    house.diary.silent = false;
  });
  CHECK(house.call("a", "the old passphrase")->why() == "rejected: wrong passphrase");
  CHECK(is_connected(*house.call("a", "the new passphrase")));
}

TEST_CASE("a hub that never answers does not keep callers or the port waiting") {
  House house({.latency = milliseconds(20)}, 4096, {{"good", venue("one")}}, true);
  auto start = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<srt::Socket>> callers;
  for (int i = 0; i < 5; ++i) callers.push_back(dial(house.address(), "good"));
  for (const auto& caller : callers) {
    settle(*caller);
    CHECK(caller->state() == srt::State::kBroken);
  }
  CHECK(std::chrono::steady_clock::now() - start < seconds(5));
  CHECK(house.listener().counters().overload > 0);
}

TEST_CASE("a publisher that sends no MPEG-TS is sent away") {
  House house({.latency = milliseconds(20), .media_deadline = milliseconds(200)});
  auto caller = house.call("good");
  REQUIRE(house.diary.wait_for_note("begin one"));
  Bytes garbage(srt::kTsMessage, 0x11);
  REQUIRE(caller->send(garbage).value());
  CHECK(house.diary.wait_for_note("end one: no MPEG-TS came"));
  CHECK(breaks(*caller));
  CHECK(house.listener().counters().skipped_bytes > 0);
}

TEST_CASE("a loop that is behind costs media, not memory, and is counted") {
  House house({.latency = milliseconds(20)}, 2);
  auto caller = house.call("good");
  REQUIRE(house.diary.wait_for_note("begin one"));
  std::promise<void> go;
  std::promise<void> stuck;
  REQUIRE(house.loop().post([&] {
    stuck.set_value();
    go.get_future().wait();
  }));
  stuck.get_future().wait();
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto poller = *srt::Poller::create();
  while (house.listener().counters().dropped_bytes == 0 && std::chrono::steady_clock::now() < deadline) {
    REQUIRE(caller->send(ts_message(1)));
    poller->wait(milliseconds(5));
  }
  CHECK(house.listener().counters().dropped_bytes > 0);
  go.set_value();
  caller.reset();
  CHECK(house.diary.wait_for_note("end one: connection lost"));
}

TEST_CASE("a listener that closes ends its publishers and lets go of their places") {
  House house;
  auto caller = house.call("good");
  REQUIRE(house.diary.wait_for_note("begin one"));
  house.close();
  CHECK(house.diary.wait_for_note("end one: the server stops"));
  CHECK(house.diary.wait_until_empty());
  CHECK(breaks(*caller));
}

TEST_CASE("FFmpeg publishes") {
  House house({.latency = milliseconds(20)}, 4096, {{"good", venue("one", "a passphrase")}});
  std::string command =
      "ffmpeg -nostdin -v error -f lavfi -i testsrc=size=160x90:rate=25 -t 2 -c:v mpeg2video -f mpegts "
      "'srt://127.0.0.1:" +
      std::to_string(house.address().port()) +
      "?streamid=#!::r=good,m=publish&passphrase=a passphrase&linger=1'";
  CHECK(std::system(command.c_str()) ==
        0);  // NOLINT(concurrency-mt-unsafe): one thread at this point of the test
  REQUIRE(house.diary.wait_for_note("begin one"));
  REQUIRE(house.diary.wait_for_note("end one: connection lost"));
  auto media = house.diary.media();
  CHECK(media.size() > 10 * TsAligner::kPacket);
  REQUIRE(media.size() % TsAligner::kPacket == 0);
  bool all = true;
  for (size_t at = 0; at < media.size(); at += TsAligner::kPacket) all = all && media[at] == TsAligner::kSync;
  CHECK(all);
}

}  // namespace openday::ingest
