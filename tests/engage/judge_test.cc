#include "engage/judge.h"

#include "test_archives.h"

using namespace openday;
using namespace openday::engage;
using openday::test::PlainScreen;
using Kind = Verdict::Kind;

namespace {

struct Court {
  Judge judge;
  PlainScreen screen;
  RoomSettings settings;
  HouseTime now{1'000'000'000'000};

  Verdict say(const std::string& author, std::string_view text, Badge badge = Badge::kNone,
              bool flooding = false) {
    return judge.judge(settings, screen, author, badge, text, flooding, now);
  }
};

}  // namespace

TEST_CASE("what no rule minds is shown, what a rule minds is held with what it found") {
  Court court;
  CHECK(court.say("ana", "good morning").kind == Kind::kPublish);
  Verdict held = court.say("ana", "a bad word");
  CHECK(held.kind == Kind::kHold);
  CHECK(held.why == Why{"word:test", 2, 5});
  Verdict refused = court.say("ana", "a worse word");
  CHECK(refused.kind == Kind::kRefuse);
  CHECK(refused.code == "rule");
  CHECK(refused.why == Why{"word:test", 2, 7});
}

TEST_CASE("an open room shows what would be held, and refuses what is refused") {
  Court court;
  court.settings.mode = Mode::kOpen;
  CHECK(court.say("ana", "a bad word").kind == Kind::kPublish);
  CHECK(court.say("ana", "a worse word").kind == Kind::kRefuse);
}

TEST_CASE("in a room that holds all, everything waits; in a closed one only staff speak") {
  Court court;
  court.settings.mode = Mode::kAll;
  CHECK(court.say("ana", "hello").why == Why{"mode"});
  CHECK(court.say("mod", "hello", Badge::kModerator).kind == Kind::kPublish);
  court.settings.mode = Mode::kClosed;
  CHECK(court.say("ben", "hello").code == "closed");
  CHECK(court.say("mod", "we begin again at ten", Badge::kModerator).kind == Kind::kPublish);
}

TEST_CASE("three comments at once, then one in three seconds, and the refusal says when") {
  Court court;
  CHECK(court.say("ana", "one").kind == Kind::kPublish);
  CHECK(court.say("ana", "two").kind == Kind::kPublish);
  CHECK(court.say("ana", "three").kind == Kind::kPublish);
  Verdict fast = court.say("ana", "four");
  CHECK(fast.code == "slow_down");
  CHECK(fast.retry == seconds(3));
  court.now = court.now + fast.retry - milliseconds(1);
  CHECK(court.say("ana", "four").code == "slow_down");
  court.now = court.now + milliseconds(2);
  CHECK(court.say("ana", "four").kind == Kind::kPublish);
  CHECK(court.say("ben", "four").kind == Kind::kPublish);  // another viewer's pace is their own
}

TEST_CASE("slow mode counts from the last comment that was taken") {
  Court court;
  court.settings.slow_s = 30;
  CHECK(court.say("ana", "one").kind == Kind::kPublish);
  court.now = court.now + seconds(10);
  Verdict slow = court.say("ana", "two");
  CHECK(slow.code == "slow_mode");
  CHECK(slow.retry == seconds(20));
  court.now = court.now + seconds(20);
  CHECK(court.say("ana", "two").kind == Kind::kPublish);
}

TEST_CASE("the same said again within a minute is refused, however it is dressed") {
  Court court;
  CHECK(court.say("ana", "Buy this").kind == Kind::kPublish);
  court.now = court.now + seconds(10);
  CHECK(court.say("ana", "b u y THIS").code == "duplicate");
  court.now = court.now + seconds(51);
  CHECK(court.say("ana", "buy this").kind == Kind::kPublish);
}

TEST_CASE("the same from many within half a minute is held") {
  Court court;
  for (int voice = 0; voice < Judge::kManyVoices; ++voice) {
    CHECK(court.say("v" + std::to_string(voice), "come to my shop").kind == Kind::kPublish);
  }
  CHECK(court.say("another", "come to my shop").why == Why{"duplicate"});
  court.now = court.now + seconds(31);
  CHECK(court.say("later", "come to my shop").kind == Kind::kPublish);
}

TEST_CASE("who comes from an address that sends more than its share is held, in an open room, too") {
  Court court;
  CHECK(court.say("ana", "hello", Badge::kNone, true).why == Why{"flood"});
  court.settings.mode = Mode::kOpen;
  CHECK(court.say("ben", "hello", Badge::kNone, true).why == Why{"flood"});
}

TEST_CASE("what a rule refuses counts for the pace and as said, and what is put right comes right after it") {
  Court court;
  CHECK(court.say("ana", "a worse word").said_at == court.now);
  CHECK(court.say("ana", "a word").kind == Kind::kPublish);
  CHECK(court.say("ana", "aworse word").code == "duplicate");
  CHECK(court.say("ana", "still worse").code == "rule");
  Verdict fast = court.say("ana", "much worse");
  CHECK(fast.code == "slow_down");
  CHECK_FALSE(fast.said_at);
  court.now = court.now + fast.retry;
  CHECK(court.say("ana", "much worse").code == "rule");
}

TEST_CASE("slow mode does not begin with what a rule refuses, nor is that free of it") {
  Court court;
  court.settings.slow_s = 30;
  CHECK(court.say("ana", "a worse word").code == "rule");
  CHECK(court.say("ana", "a word").kind == Kind::kPublish);
  court.now = court.now + seconds(29);
  CHECK(court.say("ana", "much worse").code == "slow_mode");
  court.now = court.now + seconds(1);
  CHECK(court.say("ana", "much worse").code == "rule");
  CHECK(court.say("ana", "another word").kind == Kind::kPublish);
}

TEST_CASE(
    "of an address that sends more than its share, what a rule would refuse is too fast, and not kept") {
  Court court;
  for (int n = 0; n < 10; ++n) {
    Verdict fast = court.say("ana", "a worse word", Badge::kNone, true);
    CHECK(fast.code == "slow_down");
    CHECK(fast.retry > Duration(0));
    CHECK_FALSE(fast.said_at);
  }
  CHECK(court.say("ana", "a word", Badge::kNone, true).why == Why{"flood"});
  CHECK(court.say("ana", "a worse word").code == "rule");
}

TEST_CASE("what is taken back was never said: not for the pace, slow mode, repeats or voices") {
  Court court;
  court.settings.slow_s = 30;
  CHECK(court.say("ana", "before").kind == Kind::kPublish);
  court.now = court.now + seconds(40);
  Verdict first = court.say("ana", "one");
  CHECK(court.say("ana", "two").code == "slow_mode");
  court.judge.take_back("ana", first);
  court.settings.slow_s = 50;
  CHECK(court.say("ana", "one").retry == seconds(10));  // since the one that was kept
  court.settings.slow_s = 0;
  for (int n = 0; n < 10; ++n) {
    std::vector<Verdict> said;
    for (const char* text : {"one", "two", "three"}) said.push_back(court.say("ana", text));
    for (const Verdict& one : said) REQUIRE(one.kind == Kind::kPublish);
    for (size_t at = said.size(); at-- > 0;) court.judge.take_back("ana", said[at]);
  }
  for (int voice = 0; voice < 10; ++voice) {
    std::string name = "v" + std::to_string(voice);
    Verdict said = court.say(name, "come to my shop");
    REQUIRE(said.kind == Kind::kPublish);
    court.judge.take_back(name, said);
  }
  court.judge.take_back("mo", court.say("mo", "come", Badge::kModerator));  // never counted
}

TEST_CASE("a refusal that is taken back was never said, and changes nothing of what was") {
  Court court;
  for (int n = 0; n < 10; ++n) {
    std::vector<Verdict> said;
    for (const char* text : {"worse one", "worse two", "worse three"}) said.push_back(court.say("ana", text));
    for (const Verdict& one : said) REQUIRE(one.code == "rule");
    for (size_t at = said.size(); at-- > 0;) court.judge.take_back("ana", said[at]);
  }
  // Slow mode goes on from what was kept, though it came in the same moment.
  court.settings.slow_s = 30;
  Verdict refused = court.say("ana", "a worse word");
  CHECK(court.say("ana", "a word").kind == Kind::kPublish);
  court.judge.take_back("ana", refused);
  CHECK(court.say("ana", "another word").retry == seconds(30));
}

TEST_CASE("the judge remembers a bounded number of voices, and the latest") {
  Court court;
  CHECK(court.say("ana", "once").kind == Kind::kPublish);
  for (size_t n = 0; n < Judge::kMostAuthors - 1; ++n) court.say("v" + std::to_string(n), std::to_string(n));
  CHECK(court.say("ana", "once").code == "duplicate");  // she spoke last but the others
  for (size_t n = 0; n < Judge::kMostAuthors; ++n) court.say("w" + std::to_string(n), std::to_string(n));
  CHECK(court.say("ana", "once").code != "duplicate");
}
