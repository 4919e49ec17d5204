#include "desk/tips.h"

#include "station.h"

using namespace openday;
using namespace openday::desk;
using namespace openday::test;

namespace {

struct Case : Station {
  Case() {
    found();
    wanted = tip();
    id = record(wanted);
  }
  [[nodiscard]] Tip now_is() { return *ledger.tip(id); }
  Result<> triage(Verdict verdict = Verdict::kLead) {
    return desk::triage(ledger, books.ledger, id, verdict, act("ana"));
  }
  Result<> answer(const std::string& text = "thank you") {
    return desk::answer(ledger, books.ledger, id, wanted.key, text, last(), act("ana"));
  }
  Result<> close() { return desk::close(ledger, books.ledger, id, last(), act("ana")); }
  [[nodiscard]] int last() { return ledger.timeline(id)->back().number; }
  Result<> write(const std::string& text = "one more thing") {
    return desk::write(ledger, id, wanted.key, text, now);
  }
  NewTip wanted;
  std::string id;
};

}  // namespace

TEST_CASE("a tip is received, triaged, answered and closed, in this order and no other") {
  Case one;
  CHECK(one.now_is().state == desk::State::kReceived);
  CHECK(code_of(one.answer()) == Errc::kConflict);
  CHECK(code_of(one.close()) == Errc::kConflict);
  CHECK(code_of(one.triage(Verdict::kNone)) == Errc::kInvalid);
  REQUIRE(one.triage());
  CHECK(one.now_is().state == desk::State::kTriaged);
  CHECK(one.now_is().verdict == Verdict::kLead);
  CHECK(code_of(one.close()) == Errc::kConflict);
  REQUIRE(one.answer());
  CHECK(one.now_is().state == desk::State::kAnswered);
  REQUIRE(one.triage(Verdict::kReport));
  CHECK(one.now_is().state == desk::State::kAnswered);
  CHECK(one.now_is().verdict == Verdict::kReport);
  REQUIRE(one.close());
  CHECK(one.now_is().state == desk::State::kClosed);
  CHECK(code_of(one.triage()) == Errc::kConflict);
  CHECK(code_of(one.answer()) == Errc::kConflict);
  CHECK(code_of(one.write()) == Errc::kConflict);
  CHECK(code_of(one.close()) == Errc::kConflict);
}

TEST_CASE("without an officer who could read it no tip is taken; an own password brings the officer back") {
  Case one;
  auto record = [&] { return desk::record(one.ledger, one.books.ledger, one.house, one.tip(), one.now); };
  Person ana = *one.books.ledger.person("ana");
  CHECK(anybody_reads(one.ledger, one.books.ledger, one.house));
  // The admin gave a password: it opens no key.
  ana.must_change = true;
  REQUIRE(one.books.ledger.put(ana));
  CHECK_FALSE(anybody_reads(one.ledger, one.books.ledger, one.house));
  CHECK(code_of(record()) == Errc::kConflict);
  ana.must_change = false;
  REQUIRE(one.books.ledger.put(ana));
  CHECK(record());
  ana.disabled = true;
  REQUIRE(one.books.ledger.put(ana));
  CHECK(code_of(record()) == Errc::kConflict);
}

TEST_CASE("not even spam is closed without an answer") {
  Case one;
  REQUIRE(one.triage(Verdict::kSpam));
  CHECK(code_of(one.close()) == Errc::kConflict);
  REQUIRE(one.answer(standard_answer()));
  CHECK(one.close());
}

TEST_CASE("a tipster who writes again waits for an answer again") {
  Case one;
  REQUIRE(one.write());
  CHECK(one.now_is().state == desk::State::kReceived);
  REQUIRE(one.triage());
  REQUIRE(one.answer());
  REQUIRE(one.write());
  CHECK(one.now_is().state == desk::State::kTriaged);
  CHECK(code_of(one.close()) == Errc::kConflict);
  REQUIRE(one.answer());
  CHECK(one.close());
}

TEST_CASE(
    "what an officer has not seen is neither answered nor closed; a colleague's verdict hinders nobody") {
  Case one;
  REQUIRE(one.triage());
  auto answer = [&](int after) {
    return desk::answer(one.ledger, one.books.ledger, one.id, one.wanted.key, "good", after, one.act("ana"));
  };
  auto close = [&](int after) {
    return desk::close(one.ledger, one.books.ledger, one.id, after, one.act("ana"));
  };
  int seen = one.last();
  REQUIRE(one.write("wait"));
  CHECK(code_of(answer(seen)) == Errc::kConflict);
  CHECK(code_of(answer(0)) == Errc::kInvalid);
  CHECK(code_of(answer(one.last() + 1)) == Errc::kInvalid);
  seen = one.last();
  REQUIRE(one.triage(Verdict::kReport));
  REQUIRE(answer(seen));
  CHECK(code_of(answer(seen)) == Errc::kConflict);
  // Written and answered by a colleague, while one who saw the first answer closes.
  seen = one.last();
  REQUIRE(one.write("no"));
  REQUIRE(one.answer());
  CHECK(code_of(close(seen)) == Errc::kConflict);
  CHECK(close(one.last()));
}

TEST_CASE("the timeline grows by one line for every deed, and what is said opens with the tip's key alone") {
  Case one;
  REQUIRE(one.triage());
  REQUIRE(one.answer("we will look"));
  REQUIRE(one.write("good"));
  auto timeline = one.ledger.timeline(one.id);
  REQUIRE(timeline->size() == 4);
  CHECK((*timeline)[0].by.empty());
  CHECK((*timeline)[1].verdict == Verdict::kLead);
  CHECK((*timeline)[2].by == "ana");
  CHECK(open_words(one.wanted.key, (*timeline)[2]) == "we will look");
  CHECK(open_words(one.wanted.key, (*timeline)[3]) == "good");
  CHECK(*content_in(*open_words(one.wanted.key, (*timeline)[0])) == one.wanted.content);
  CHECK_FALSE(open_words(make_content_key(), (*timeline)[2]));
  Entry moved = (*timeline)[2];
  moved.number = 4;
  CHECK_FALSE(open_words(one.wanted.key, moved));
  moved = (*timeline)[2];
  moved.tip = "another";
  CHECK_FALSE(open_words(one.wanted.key, moved));
}

TEST_CASE("outside what is sealed there are minutes only") {
  Case one;
  Tip tip = one.now_is();
  CHECK(tip.received.ms == 1'700'000'040'000);
  CHECK(tip.moment->ms == 1'699'999'980'000);
  for (auto all = one.ledger.timeline(one.id); const auto& entry : *all) CHECK(entry.at.ms % 60'000 == 0);
  one.now = one.now + seconds(100);
  REQUIRE(one.triage());
  CHECK(one.now_is().changed.ms % 60'000 == 0);
  CHECK(to_minute({-1}).ms == -60'000);
  auto clip = clip_around({1'700'000'012'345});
  CHECK(clip.from.ms == 1'699'999'965'000);
  CHECK(clip.to.ms == 1'700'000'055'000);
  CHECK(clip_around({1'699'999'980'000}).from == clip.from);
  CHECK(clip_around({1'700'000'039'999}).to == clip.to);
}

TEST_CASE("what officers do is audited without a word of the tip; what tipsters do is not") {
  Case one;
  auto before = one.books.ledger.audit(0, 100)->size();
  REQUIRE(one.write("SECRET-WORDS"));
  CHECK(one.books.ledger.audit(0, 100)->size() == before);
  REQUIRE(one.triage(Verdict::kReport));
  REQUIRE(one.answer("SECRET-ANSWER"));
  REQUIRE(one.close());
  auto entries = *one.books.ledger.audit(0, 100);
  REQUIRE(entries.size() == before + 3);
  CHECK(entries[2].action == "tip.triage");
  CHECK(entries[2].detail == R"({"verdict":"report"})");
  for (const auto& entry : entries) {
    CHECK(entry.detail.find("SECRET") == std::string::npos);
    CHECK(entry.detail.find("station") == std::string::npos);
  }
}

TEST_CASE("texts and timelines have bounds") {
  Case one;
  CHECK(code_of(one.write("")) == Errc::kInvalid);
  CHECK_FALSE(one.write(std::string(10'001, 'x')));
  CHECK_FALSE(one.write("a\x01"));
  CHECK_FALSE(one.write("\xFF"));
  std::string most;
  for (int i = 0; i < 10'000; ++i) most += "字";
  CHECK(one.write(most));
  for (int i = 2; i < kMostEntries / 4; ++i) REQUIRE(one.write());
  CHECK(code_of(one.write()) == Errc::kLimit);
  NewTip wrong = one.tip("");
  CHECK(code_of(record(one.ledger, one.books.ledger, one.house, wrong, one.now)) == Errc::kInvalid);
  wrong = one.tip();
  wrong.content.kind = "nonsense";
  CHECK(code_of(record(one.ledger, one.books.ledger, one.house, wrong, one.now)) == Errc::kInvalid);
  wrong = one.tip();
  wrong.photos.resize(6);
  CHECK(code_of(record(one.ledger, one.books.ledger, one.house, wrong, one.now)) == Errc::kLimit);
}

TEST_CASE("however full a timeline is, the tip can be answered and closed") {
  Case one;
  auto lines = [&] { return one.ledger.timeline(one.id)->size(); };
  // Whatever its officers and its tipster fill it with last.
  auto fill = GENERATE(0, 1, 2, 3);
  CAPTURE(fill);
  REQUIRE(one.triage());
  while (lines() < static_cast<size_t>(kMostEntries) - 2) REQUIRE(one.triage());
  if (fill == 0) REQUIRE(one.triage());
  if (fill == 1) REQUIRE(one.write());
  if (fill >= 2) {
    while (one.answer()) continue;
    if (fill == 3) CHECK(code_of(one.write()) == Errc::kLimit);
  }
  CHECK(code_of(one.triage()) == Errc::kLimit);
  CHECK(code_of(one.write()) == Errc::kLimit);
  if (fill < 2) REQUIRE(one.answer());
  CHECK(code_of(one.answer()) == Errc::kLimit);
  CHECK(one.now_is().state == desk::State::kAnswered);
  REQUIRE(one.close());
  CHECK(one.now_is().state == desk::State::kClosed);
  CHECK(lines() == static_cast<size_t>(kMostEntries) + 1);
}

TEST_CASE("a tip opens for the roster, the recovery key and its receipt, and for nobody else") {
  Station station;
  CHECK(code_of(record(station.ledger, station.books.ledger, station.house, station.tip(), station.now)) ==
        Errc::kConflict);
  station.found();
  Pair bo = station.join("bo");
  NewTip wanted = station.tip();
  std::string id = station.record(wanted);
  CHECK(station.opens(id, station.ana));
  CHECK_FALSE(station.opens(id, bo));
  Tip tip = *station.ledger.tip(id);
  CHECK(open_key(tip.for_recovery, station.recovery));
  CHECK_FALSE(open_key(tip.for_recovery, station.ana));
  CHECK(unwrap_key(tip.for_tipster, wanted.receipt.wrapping));
  CHECK_FALSE(unwrap_key(tip.for_tipster, make_content_key()));
  REQUIRE(station.ledger.tip_of_receipt(wanted.receipt.lookup));
}

TEST_CASE("who is countersigned gets the keys of the tips that are there, slice by slice") {
  Station station;
  station.found();
  std::vector<std::string> tips;
  for (int i = 0; i < 5; ++i) tips.push_back(station.record());
  Pair bo = station.join("bo");
  CHECK(station.share(station.ana) == 0);
  REQUIRE(station.countersign("bo", bo, station.ana));
  CHECK(station.share(bo) == 0);  // has nothing to share
  CHECK(station.share(station.ana, 3) == 3);
  CHECK(station.share(station.ana, 3) == 2);
  CHECK(station.share(station.ana, 3) == 0);
  for (const auto& id : tips) CHECK(station.opens(id, bo));
}

TEST_CASE("the recovery key lets somebody in when nobody is left") {
  Station station;
  station.found();
  std::string id = station.record();
  Pair bo = station.join("bo");
  station.new_pair("ana");  // the admin gave ana another password
  CHECK_FALSE(station.opens(id, station.ana));
  CHECK(roster(station.ledger, station.books.ledger, station.house)->officers().empty());
  REQUIRE(station.countersign("bo", bo, station.recovery));
  CHECK(station.share(station.recovery) == 1);
  CHECK(station.opens(id, bo));
}

TEST_CASE("each state has its clock, and what is over goes with its keys") {
  Case one;
  auto days = [](int n) { return std::optional(std::chrono::days(n)); };
  Retention retention{days(10), days(20), std::nullopt, days(5), days(1)};
  auto due = [&](int after) {
    auto clips =
        expire(one.ledger, one.books.ledger, retention,
               one.now + milliseconds(duration_cast<milliseconds>(std::chrono::days(after)).count()), 100);
    REQUIRE(clips);
    return !one.ledger.tip(one.id);
  };
  REQUIRE(note_clip(one.ledger, one.id, "clip-1"));
  CHECK_FALSE(due(9));
  SECTION("received") {
    CHECK(due(11));
  }
  SECTION("triaged, then answered, then closed") {
    REQUIRE(one.triage());
    CHECK_FALSE(due(11));
    REQUIRE(one.answer());
    CHECK_FALSE(due(1000));
    REQUIRE(one.close());
    CHECK_FALSE(due(4));
    CHECK(due(6));
  }
  SECTION("spam") {
    REQUIRE(one.triage(Verdict::kSpam));
    REQUIRE(one.answer());
    REQUIRE(one.close());
    CHECK(due(2));
  }
  CHECK_FALSE(one.opens(one.id, one.ana));
  auto entries = *one.books.ledger.audit(0, 1);
  CHECK(entries.front().action == "tip.expire");
  CHECK(entries.front().by == "retention");
}

TEST_CASE("expiry names the clips that nobody needs any more, a slice at a time") {
  Station station;
  station.found();
  for (int i = 0; i < 5; ++i) REQUIRE(note_clip(station.ledger, station.record(), "clip"));
  Retention retention;
  ProgramTime later = station.now + milliseconds(1'000'000'000'000);
  CHECK(expire(station.ledger, station.books.ledger, retention, later, 3)->empty());
  retention.received = std::chrono::days(1);
  CHECK(expire(station.ledger, station.books.ledger, retention, later, 3)->size() == 3);
  CHECK(expire(station.ledger, station.books.ledger, retention, later, 3)->size() == 2);
}
