#include "ingest/gateway.h"

#include "rtmp/flv.h"
#include "studio.h"

using namespace openday;
using namespace openday::ingest;
using namespace openday::test;

namespace {

struct FakeSession final : PublisherSession {
  void kick(std::string_view why) override { kicked = why; }
  [[nodiscard]] LineHealth health() const override { return {12.5, 3}; }
  std::string kicked;
};

AuthAnswer ask(Studio& studio, const std::string& key, const std::string& address = "192.0.2.1") {
  std::promise<AuthAnswer> promise;
  auto future = promise.get_future();
  studio.loop.call([&] {
    studio.gateway->authorise({Protocol::kRtmp, key, address},
                              [&](const AuthAnswer& a) { promise.set_value(a); });
  });
  return future.get();
}

PublisherId begin(Studio& studio, FakeSession& session, const std::string& venue = "east") {
  return studio.loop.call(
      [&] { return studio.gateway->begin(Protocol::kRtmp, Container::kFlv, venue, "192.0.2.1", session); });
}

FlvTag tag(uint8_t type, int64_t time_ms, Bytes body) {
  FlvTag out;
  out.type = type;
  out.time_ms = time_ms;
  out.arrival = {time_ms * 1'000'000};
  out.body = std::make_shared<const Bytes>(std::move(body));
  return out;
}

Bytes video(bool key, size_t size = 100) {
  return rtmp::video_frame_tag(rtmp::FlvCodec::kH264, key, 0, Bytes(size, 1));
}
Bytes video_config() {
  return rtmp::video_config_tag(rtmp::FlvCodec::kH264, Bytes{1, 2, 3});
}
Bytes audio() {
  return rtmp::audio_frame_tag(rtmp::FlvCodec::kAac, Bytes(10, 2));
}
Bytes audio_config() {
  return rtmp::audio_config_tag(rtmp::FlvCodec::kAac, Bytes{0x11, 0x90});
}
Bytes metadata() {
  return rtmp::metadata_tag({.width = 640, .height = 360});
}

void send(Studio& studio, PublisherId publisher, std::vector<FlvTag> tags) {
  studio.loop.call([&] {
    for (auto& item : tags) studio.gateway->tag(publisher, std::move(item));
  });
}

// Tag types and times of the media a feed has heard, in order.
std::vector<std::pair<int, int64_t>> media(const Peer& feed) {
  std::vector<std::pair<int, int64_t>> out;
  for (const auto& heard : feed.heard.all()) {
    if (heard.type() == "bytes")
      out.emplace_back(heard.head["tag"].get<int>(), heard.head["time_ms"].get<int64_t>());
  }
  return out;
}

using Times = std::vector<std::pair<int, int64_t>>;

}  // namespace

TEST_CASE("the hub decides on a key, and its answer names the venue") {
  Studio studio;
  studio.start_hub();
  AuthAnswer good = ask(studio, "east-key");
  CHECK(good.ok);
  CHECK(good.venue == "east");
  AuthAnswer bad = ask(studio, "guess");
  CHECK_FALSE(bad.ok);
  CHECK(bad.why == "This key is not known.");
  for (const auto& line : studio.log.all())
    CHECK(line.find("guess") == std::string::npos);  // keys are not logged
}

TEST_CASE("of too many wrong keys from an address only some are asked about") {
  Studio studio({.auth_failures_per_minute = 3});
  studio.start_hub();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(ask(studio, "guess").ok);
  Journal<AuthAnswer> answers;
  studio.loop.call([&] {
    for (int i = 0; i < 40; ++i) {
      studio.gateway->authorise({Protocol::kRtmp, "guess", "192.0.2.1"},
                                [&](const AuthAnswer& answer) { answers.add(answer); });
    }
  });
  REQUIRE(answers.wait([](const auto& all) { return all.size() == 40; }));
  size_t turned_away = 0;
  for (const auto& answer : answers.all()) {
    CHECK_FALSE(answer.ok);
    turned_away += answer.why.find("wrong keys") != std::string::npos ? 1 : 0;
  }
  CHECK(turned_away >= 30);
  CHECK(turned_away <= 35);
  CHECK(studio.hub.count("auth") == 43 - turned_away);
  CHECK(ask(studio, "east-key", "192.0.2.2").ok);
  CHECK(studio.hub.hears(
      "stats", {{"refused", {{"wrong_key", 43 - turned_away}, {"too_many_wrong_keys", turned_away}}}}));
}

TEST_CASE("an encoder is let in beside one with an old key, and at once when its key was good before") {
  Studio studio({.auth_failures_per_minute = 3});
  studio.start_hub();
  REQUIRE(ask(studio, "east-key").ok);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(ask(studio, "old-key").ok);
  CHECK(ask(studio, "west-key").ok);  // never seen before
  std::string why;
  while (why.find("wrong keys") == std::string::npos) why = ask(studio, "old-key").why;
  for (int i = 0; i < 20; ++i) CHECK(ask(studio, "east-key").ok);
  studio.loop.call([&] { studio.keys.erase("east-key"); });  // the hub has the last word
  AuthAnswer gone = ask(studio, "east-key");
  CHECK(gone.wrong);
  CHECK(gone.why == "This key is not known.");
}

TEST_CASE("a hub that cannot look does not make a key a wrong one") {
  Studio studio({.auth_failures_per_minute = 1});
  studio.start_hub();
  studio.trouble = true;
  for (int i = 0; i < 20; ++i) {
    AuthAnswer answer = ask(studio, "east-key");
    CHECK_FALSE(answer.wrong);
    CHECK(answer.why == "The server cannot check keys now.");
  }
  studio.trouble = false;
  CHECK(ask(studio, "east-key").ok);
  CHECK(studio.hub.hears("stats", {{"refused", {{"hub_away", 20}}}}));
}

TEST_CASE("an encoder that has published comes back while strangers hold all that they may") {
  Studio studio({.connections = 8, .per_address = 8});
  studio.start_hub();
  std::vector<Admission> held;
  auto enters = [&](const std::string& address) {
    return studio.loop.call([&] {
      auto place = studio.gateway->admit(Protocol::kRtmp, address);
      if (place) held.push_back(*place);
      return place.has_value();
    });
  };
  FakeSession session;
  begin(studio, session);  // from 192.0.2.1
  for (int i = 0; i < 20; ++i) enters("198.51.100." + std::to_string(i));
  CHECK(held.size() == 6);
  CHECK(enters("192.0.2.1"));
  CHECK(studio.hub.hears("stats", {{"refused", {{"connections", 14}}}}));
  studio.loop.call([&] { held.clear(); });
}

TEST_CASE("a question waits for a hub that restarts, and is asked again when it is back") {
  Studio studio;
  std::promise<AuthAnswer> promise;
  studio.loop.call([&] {
    studio.gateway->authorise({Protocol::kRtmp, "east-key", "192.0.2.1"},
                              [&](const AuthAnswer& answer) { promise.set_value(answer); });
  });
  studio.silent = true;  // the first hub dies before it answers
  studio.start_hub();
  REQUIRE(studio.hub.hears("auth"));
  studio.silent = false;
  studio.start_hub();
  CHECK(promise.get_future().get().ok);
  CHECK(studio.hub.count("auth") == 2);
}

TEST_CASE("without a hub a publisher is turned away after a while, and it does not count as a wrong key") {
  Studio studio({.auth_failures_per_minute = 1, .hub_patience = milliseconds(20)});
  CHECK(ask(studio, "east-key").why.find("Try again") != std::string::npos);
  studio.start_hub();
  CHECK(ask(studio, "east-key").ok);
}

TEST_CASE("a forgotten question is never answered") {
  Studio studio;
  bool answered = false;
  studio.silent = true;
  studio.start_hub();
  studio.loop.call([&] {
    AuthId id = studio.gateway->authorise({Protocol::kRtmp, "east-key", "192.0.2.1"},
                                          [&](const AuthAnswer&) { answered = true; });
    studio.gateway->forget(id);
  });
  studio.silent = false;
  studio.loop.call([&] { studio.hub.say("auth_result", {{"id", 1}, {"ok", true}, {"venue", "east"}}); });
  CHECK(ask(studio, "east-key").ok);  // answered after the one above was seen
  CHECK_FALSE(studio.loop.call([&] { return answered; }));
}

TEST_CASE(
    "a feed attached in mid-stream first gets metadata and sequence headers, then the sound, and pictures "
    "from the next key frame") {
  Studio studio;
  studio.start_hub();
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = begin(studio, session);
  send(studio, publisher,
       {tag(18, 0, metadata()), tag(9, 0, video_config()), tag(8, 0, audio_config()), tag(9, 0, video(true)),
        tag(8, 5, audio()), tag(9, 33, video(false))});
  CHECK(studio.hub.hears("publisher", {{"venue", "east"}, {"state", "streaming"}}));
  Peer& feed = studio.start_feed("b1/east");
  send(studio, publisher,
       {tag(8, 50, audio()), tag(9, 66, video(false)), tag(9, 100, video(true)), tag(8, 101, audio()),
        tag(9, 133, video(false))});
  REQUIRE(feed.heard.wait([](const auto& all) { return all.size() >= 8; }));
  CHECK(
      feed.heard.all()[0].head ==
      link::Json(
          {{"t", "begin"}, {"container", "flv"}, {"publisher", publisher}, {"waiting_for_key_frame", true}}));
  CHECK(media(feed) == Times{{18, 0}, {9, 0}, {8, 0}, {8, 50}, {9, 100}, {8, 101}, {9, 133}});
  CHECK(*feed.heard.all()[5].body == video(true));
  CHECK(feed.heard.all()[5].head["arrival_ns"] == 100'000'000);

  studio.loop.call([&] { studio.gateway->end(publisher, "gone home"); });
  CHECK(feed.hears("end", {{"publisher", publisher}, {"why", "gone home"}}));
  CHECK(studio.hub.hears("publisher", {{"venue", "east"}, {"state", "gone"}, {"why", "gone home"}}));
}

TEST_CASE("a feed that is there from the start misses nothing, audio before the first picture included") {
  Studio studio;
  studio.start_hub();
  Peer& feed = studio.start_feed("b1/east");
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = begin(studio, session);
  send(studio, publisher,
       {tag(8, 0, audio_config()), tag(8, 1, audio()), tag(9, 2, video_config()), tag(9, 3, video(true)),
        tag(9, 4, video(false))});
  REQUIRE(feed.heard.wait([](const auto& all) { return all.size() >= 6; }));
  CHECK(media(feed) == Times{{8, 0}, {8, 1}, {9, 2}, {9, 3}, {9, 4}});
}

TEST_CASE("a feed that died and came back is begun anew, and the hub can move a venue to another feed") {
  Studio studio;
  studio.start_hub();
  studio.start_feed("b1/east");
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = begin(studio, session);
  send(studio, publisher, {tag(9, 0, video_config()), tag(9, 1, video(true))});
  Peer& again = studio.start_feed("b1/east");
  REQUIRE(again.heard.wait([](const auto& all) { return all.size() >= 2 && all.back().type() == "bytes"; }));

  Peer& other = studio.start_feed("b2/east");
  studio.loop.call([&] { studio.hub.say("attach", {{"venue", "east"}, {"feed", "b2/east"}}); });
  REQUIRE(other.hears("begin"));
  CHECK(again.hears("end", {{"publisher", publisher}}));
  send(studio, publisher, {tag(9, 40, video(true))});
  REQUIRE(other.hears("bytes", {{"time_ms", 40}}));

  studio.loop.call([&] { studio.hub.say("attach", {{"venue", "east"}, {"feed", nullptr}}); });
  CHECK(other.hears("end", {{"publisher", publisher}}));
}

TEST_CASE("a newer publisher of a venue replaces the one before it") {
  Studio studio;
  studio.start_hub();
  Peer& feed = studio.start_feed("b1/east");
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession dead;
  FakeSession alive;
  PublisherId first = begin(studio, dead);
  send(studio, first, {tag(9, 0, video_config()), tag(9, 1, video(true))});
  PublisherId second = begin(studio, alive);
  CHECK(dead.kicked == "replaced by a newer connection");
  CHECK(alive.kicked.empty());
  CHECK(studio.hub.hears("publisher", {{"venue", "east"}, {"state", "replaced"}}));
  send(studio, first, {tag(9, 99, video(true))});  // bytes of the dead one that were still under way
  studio.loop.call([&] { studio.gateway->end(first, "late"); });
  send(studio, second, {tag(9, 5, video_config()), tag(9, 6, video(true))});
  REQUIRE(feed.hears("bytes", {{"publisher", second}, {"time_ms", 6}}));
  CHECK(find(feed.heard.all(), "end", {{"publisher", first}}) != nullptr);
  CHECK(find(feed.heard.all(), "bytes", {{"time_ms", 99}}) == nullptr);
  CHECK(find(studio.hub.heard.all(), "publisher", {{"state", "gone"}}) == nullptr);
}

TEST_CASE("the hub can kick a publisher, and stopping cuts all of them") {
  Studio studio;
  studio.start_hub();
  REQUIRE(ask(studio, "east-key").ok);
  REQUIRE(ask(studio, "west-key").ok);
  FakeSession east;
  FakeSession west;
  begin(studio, east);
  begin(studio, west, "west");
  studio.loop.call([&] { studio.hub.say("kick", {{"venue", "east"}, {"why", "key rotated"}}); });
  REQUIRE(studio.hub.hears("publisher", {{"venue", "east"}, {"state", "gone"}, {"why", "key rotated"}}));
  CHECK(studio.loop.call([&] { return east.kicked; }) == "key rotated");
  studio.loop.call([&] { studio.gateway->stop(); });
  CHECK(studio.loop.call([&] { return west.kicked; }) == "the server is shutting down");
}

TEST_CASE("a kick withdraws what was granted to the venue, whether anybody publishes there or not") {
  Studio studio;
  studio.start_hub();
  AuthAnswer east = ask(studio, "east-key");
  AuthAnswer west = ask(studio, "west-key");
  CHECK_FALSE(east.grant.expired());
  studio.loop.call([&] { studio.hub.say("kick", {{"venue", "east"}, {"why", "key rotated"}}); });
  AuthAnswer later = ask(studio, "east-key");  // answered after the kick was seen
  CHECK(east.grant.expired());
  CHECK_FALSE(later.grant.expired());
  CHECK_FALSE(west.grant.expired());
}

TEST_CASE("a hub that is back is told who is publishing, and hears statistics every second") {
  Studio studio;
  studio.start_hub();
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = begin(studio, session);
  send(studio, publisher, {tag(9, 0, video(true, 5000))});
  REQUIRE(studio.hub.hears("publisher", {{"state", "streaming"}}));
  size_t before = studio.hub.count("publisher");
  studio.start_hub();
  REQUIRE(studio.hub.heard.wait([&](const auto&) { return true; }));
  REQUIRE(studio.hub.hears("stats"));
  CHECK(studio.hub.count("publisher") == before + 1);
  auto all = studio.hub.heard.all();
  const Heard* stats = find(all, "stats");
  REQUIRE(stats->head["publishers"].size() == 1);
  const auto& line = stats->head["publishers"][0];
  CHECK(line["venue"] == "east");
  CHECK(line["protocol"] == "rtmp");
  CHECK(line["bytes"] == 5005);
  CHECK(line["rtt_ms"] == 12.5);
  CHECK(line["lost"] == 3);
  CHECK(line["since_ms"] > 0);
  for (const auto& heard : all) {
    if (heard.type() == "publisher") CHECK(heard.head["since_ms"] == line["since_ms"]);
  }
}

TEST_CASE(
    "a feed that does not read costs media, not memory, and goes on at a key frame with the newest headers") {
  Studio studio;
  studio.start_hub();
  Peer& feed = studio.start_feed("b1/east");
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = begin(studio, session);
  studio.loop.call([&] { feed.channel->pause(true); });
  send(studio, publisher, {tag(9, 0, video_config()), tag(9, 1, video(true))});
  int64_t time = 2;
  for (int i = 0; i < 20; ++i) {  // 20 MB, a key frame in ten
    std::vector<FlvTag> tags;
    for (int k = 0; k < 10; ++k) tags.push_back(tag(9, time++, video(k == 0, 100'000)));
    send(studio, publisher, std::move(tags));
  }
  Bytes new_config = rtmp::video_config_tag(rtmp::FlvCodec::kH264, Bytes{9, 9, 9});
  int64_t changed_at = time++;
  send(studio, publisher,
       {tag(9, changed_at, new_config), tag(9, time++, video(true))});  // still nobody reads
  studio.loop.call([&] { feed.channel->pause(false); });
  // What was queued arrives whole; the socket's own buffer is beyond the 4 MiB.
  REQUIRE(feed.heard.wait([](const auto& all) { return all.size() > 40; }));
  send(studio, publisher, {tag(9, time++, video(false)), tag(8, time++, audio())});
  int64_t key = time++;
  send(studio, publisher, {tag(9, key, video(true)), tag(8, time, audio())});
  REQUIRE(feed.hears("bytes", {{"time_ms", time}}));

  auto times = media(feed);
  size_t bytes = 0;
  for (const auto& heard : feed.heard.all()) bytes += heard.body ? heard.body->size() : 0;
  CHECK(bytes > 4'000'000);
  CHECK(bytes < 6'000'000);
  REQUIRE(times.size() > 3);
  CHECK(Times(times.end() - 3, times.end()) == Times{{9, changed_at}, {9, key}, {8, time}});
  for (size_t i = 1; i + 3 < times.size(); ++i)
    CHECK(times[i].second == times[i - 1].second + 1);  // no holes before
  CHECK(studio.hub.heard.wait([](const auto& all) {
    return !all.empty() && all.back().type() == "stats" && all.back().head["publishers"][0]["dropped"] > 100;
  }));
}

TEST_CASE("transport stream packets go to the feed as they come, and are dropped while it does not read") {
  Studio studio;
  studio.start_hub();
  Peer& feed = studio.start_feed("b1/east");
  REQUIRE(ask(studio, "east-key").ok);
  FakeSession session;
  PublisherId publisher = studio.loop.call(
      [&] { return studio.gateway->begin(Protocol::kSrt, Container::kTs, "east", "192.0.2.1", session); });
  auto packets = std::make_shared<const Bytes>(Bytes(188 * 7, 0x47));
  auto put = [&](int times) {
    studio.loop.call([&] {
      for (int i = 0; i < times; ++i) studio.gateway->ts(publisher, packets, {77});
    });
  };
  put(1);
  REQUIRE(feed.hears("bytes", {{"arrival_ns", 77}}));
  CHECK(feed.hears("begin", {{"container", "ts"}}));
  CHECK(*find(feed.heard.all(), "bytes")->body == *packets);
  studio.loop.call([&] { feed.channel->pause(true); });
  put(8000);  // 10 MB
  studio.loop.call([&] { feed.channel->pause(false); });
  REQUIRE(feed.heard.wait([](const auto& all) { return all.size() > 3000; }));
  // Everything is with the feed or counted as dropped.
  REQUIRE(studio.hub.heard.wait([&](const auto& all) {
    auto last = std::find_if(all.rbegin(), all.rend(), [](const auto& one) { return one.type() == "stats"; });
    if (last == all.rend() || last->head["publishers"].empty()) return false;
    return last->head["publishers"][0]["dropped"].template get<size_t>() + feed.count("bytes") == 8001;
  }));
  size_t before = feed.count("bytes");
  CHECK(before < 5000);
  auto told_of_loss = [](const auto& all) {
    return std::ranges::count_if(all, [](const auto& one) { return one.head.value("after_loss", false); });
  };
  CHECK(told_of_loss(feed.heard.all()) == 0);
  put(3);
  CHECK(feed.heard.wait([&](const auto& all) { return all.size() > before + 3; }));  // and `begin`
  CHECK(told_of_loss(feed.heard.all()) == 1);
  CHECK(feed.heard.all()[before + 1].head.value("after_loss", false));
}

TEST_CASE("news from the hub that make no sense are ignored") {
  Studio studio;
  studio.start_hub();
  studio.loop.call([&] {
    studio.hub.say("auth_result", {{"id", "seven"}, {"ok", true}});
    studio.hub.say("auth_result", {{"id", 99}, {"ok", 1}});
    studio.hub.say("attach", {{"venue", 5}, {"feed", {1, 2}}});
    studio.hub.say("kick", {{"venue", "nobody"}});
    studio.hub.say("unheard-of", {});
  });
  CHECK(ask(studio, "east-key").ok);
}
