#include "engage/moderation.h"

#include <set>

#include "test_archives.h"

using namespace openday;
using namespace openday::engage;
using openday::test::TestArchives;

namespace {

struct Office {
  TestArchives archives;
  ProgramTime now{1'700'000'000'000};

  Comment add(const std::string& author, const std::string& text, CommentState state = CommentState::kHeld) {
    Comment comment;
    comment.broadcast = "b";
    comment.author = author;
    comment.name = author;
    comment.text = text;
    comment.at = comment.moment = now;
    comment.state = state;
    comment.ref = "ref-" + std::to_string(++refs_);
    if (state == CommentState::kHeld) comment.why = Why{"link", 1, 4};
    Comment added;
    REQUIRE(archives.run([&](Archive& archive) -> Result<> {
      OPENDAY_TRY(auto kept, archive.add(comment));
      added = kept.comment;
      return {};
    }));
    return added;
  }
  Decider who(const std::string& id) const { return {{id, "session", now}, "Dr. " + id}; }
  Decided decide(int64_t id, CommentState from, CommentState to, const std::string& by = "ana") {
    Decided made;
    REQUIRE(archives.run([&](Archive& archive) -> Result<> {
      OPENDAY_TRY(made, engage::decide(archive, "b", {{id, from, to}}, "spam", "seen before", who(by)));
      return {};
    }));
    return made;
  }
  Decided undo(int64_t id, const std::string& by = "ana") {
    Decided made;
    REQUIRE(archives.run([&](Archive& archive) -> Result<> {
      OPENDAY_TRY(made, engage::undo(archive, "b", {id}, who(by)));
      return {};
    }));
    return made;
  }
  CommentState state(int64_t id) { return archives.archive().comment("b", id)->state; }

 private:
  int refs_ = 0;
};

}  // namespace

TEST_CASE(
    "a comment comes back from the disk as it was kept, with rule and span, and what a person decided") {
  Office office;
  Comment added = office.add("ana", "see example.com");
  CHECK(*office.archives.archive().comment("b", added.id) == added);
  auto decided = office.decide(added.id, CommentState::kHeld, CommentState::kRejected);
  REQUIRE(decided.comments.size() == 1);
  CHECK(*office.archives.archive().comment("b", added.id) == decided.comments[0]);
  CHECK(decided.comments[0].decision ==
        Decision{"ana", "Dr. ana", office.now, CommentState::kHeld, "spam", "seen before"});
}

TEST_CASE("a comment that is sent again is the one that is there") {
  Office office;
  Comment first = office.add("ana", "hello");
  Comment again = first;
  again.id = 0;
  again.text = "something else";
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    auto kept = archive.add(again);
    REQUIRE(kept);
    CHECK(kept->repeated);
    CHECK(kept->comment == first);
    return {};
  }));
}

TEST_CASE("of two who decide at once one wins, and the other is told who") {
  Office office;
  Comment comment = office.add("viewer", "hm");
  CHECK(office.decide(comment.id, CommentState::kHeld, CommentState::kPublished, "ana").comments.size() == 1);
  auto late = office.decide(comment.id, CommentState::kHeld, CommentState::kRejected, "ben");
  CHECK(late.comments.empty());
  REQUIRE(late.refused.size() == 1);
  CHECK(late.refused[0].code == "conflict");
  CHECK(late.refused[0].present->decision->name == "Dr. ana");
  CHECK(office.state(comment.id) == CommentState::kPublished);
}

TEST_CASE("only ways that make sense lead from one state to another") {
  using S = CommentState;
  std::set<std::pair<S, S>> ways = {{S::kHeld, S::kPublished},     {S::kHeld, S::kRejected},
                                    {S::kPublished, S::kHeld},     {S::kPublished, S::kRemoved},
                                    {S::kRejected, S::kPublished}, {S::kRemoved, S::kPublished}};
  for (S from : {S::kPublished, S::kHeld, S::kRejected, S::kRemoved}) {
    for (S to : {S::kPublished, S::kHeld, S::kRejected, S::kRemoved}) {
      CHECK(may_become(from, to) == ways.contains({from, to}));
    }
  }
}

TEST_CASE("one's own last decision is undone within half a minute, once") {
  Office office;
  Comment comment = office.add("viewer", "hm");
  office.decide(comment.id, CommentState::kHeld, CommentState::kRejected);
  CHECK(office.undo(comment.id, "ben").refused.size() == 1);  // not his
  office.now = office.now + seconds(30);
  auto undone = office.undo(comment.id);
  REQUIRE(undone.comments.size() == 1);
  CHECK(undone.comments[0].state == CommentState::kHeld);
  CHECK(office.undo(comment.id).refused.size() == 1);  // an undo is not undone
  office.decide(comment.id, CommentState::kHeld, CommentState::kPublished);
  office.now = office.now + seconds(31);
  CHECK(office.undo(comment.id).refused.size() == 1);
  CHECK(office.state(comment.id) == CommentState::kPublished);
}

TEST_CASE("a ban binds an author, may take what they said with it, and can be lifted") {
  Office office;
  Comment seen = office.add("viewer", "one", CommentState::kPublished);
  Comment held = office.add("viewer", "two");
  Comment other = office.add("other", "three", CommentState::kPublished);
  Banned banned;
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    OPENDAY_TRY(banned, ban(archive, "b", {seen.id, 10, "abuse", true}, office.who("ana")));
    return {};
  }));
  CHECK(banned.removed.size() == 2);
  CHECK(office.state(seen.id) == CommentState::kRemoved);
  CHECK(office.state(held.id) == CommentState::kRejected);
  CHECK(office.state(other.id) == CommentState::kPublished);
  auto bans = office.archives.archive().bans("b", office.now);
  REQUIRE(bans->size() == 1);
  CHECK(bans->front() == banned.ban);
  CHECK(office.archives.archive().bans("b", office.now + std::chrono::minutes(10))->empty());
  CHECK(office.archives.archive().bans("another", office.now)->empty());
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    OPENDAY_TRY(auto lifted, lift(archive, "b", banned.ban.number, office.who("ben")));
    static_cast<void>(lifted);
    CHECK_FALSE(lift(archive, "b", banned.ban.number, office.who("ben")).has_value());
    return {};
  }));
  CHECK(office.archives.archive().bans("b", office.now)->empty());
}

TEST_CASE(
    "what a rule has refused waits for nobody, can be published, and stays as it is when its author goes") {
  Office office;
  Comment said = office.add("viewer", "one", CommentState::kPublished);
  Comment refused = office.add("viewer", "two", CommentState::kRejected);
  CHECK(refused_by_rule(refused));
  auto& archive = office.archives.archive();
  CHECK(*archive.count_held("b") == 0);
  CHECK(archive.held("b", 10)->empty());
  CHECK(archive.minute("b", office.now.ms / 60'000, 10)->comments.size() == 1);
  CHECK(archive.comments({"b", CommentState::kRejected})->size() == 1);
  for (int n = 0; n < 1000; ++n) office.add("viewer", "and again", CommentState::kRejected);
  REQUIRE(office.archives.run([&](Archive& writer) -> Result<> {
    OPENDAY_TRY(Banned banned, ban(writer, "b", {refused.id, 10, "abuse", true}, office.who("ana")));
    CHECK(banned.removed.size() == 1);
    return {};
  }));
  CHECK(office.state(said.id) == CommentState::kRemoved);
  CHECK_FALSE(archive.comment("b", refused.id)->decision);
  auto published = office.decide(refused.id, CommentState::kRejected, CommentState::kPublished);
  REQUIRE(published.comments.size() == 1);
  CHECK_FALSE(refused_by_rule(published.comments[0]));
  CHECK(office.undo(refused.id).comments.size() == 1);
  CHECK(office.state(refused.id) == CommentState::kRejected);
}

TEST_CASE("staff are not banned, and reasons are from the list") {
  Office office;
  Comment comment;
  comment.broadcast = "b";
  comment.author = "0123";
  comment.badge = Badge::kModerator;
  comment.ref = "reference";
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    OPENDAY_TRY(auto kept, archive.add(comment));
    CHECK(ban(archive, "b", {kept.comment.id, 10, "abuse", false}, office.who("ana")).error().code ==
          Errc::kConflict);
    CHECK(ban(archive, "b", {kept.comment.id, 10, "dislike", false}, office.who("ana"))
              .error()
              .message.starts_with("reason must be one of ok, spam"));
    CHECK(decide(archive, "b", {}, "dislike", "", office.who("ana")).error().code == Errc::kInvalid);
    return {};
  }));
}

TEST_CASE("every decision stands in the audit log, without what was said") {
  Office office;
  Comment comment = office.add("viewer", "a very private thing");
  office.decide(comment.id, CommentState::kHeld, CommentState::kRejected);
  office.undo(comment.id);
  auto audit = office.archives.ledger().audit(0, 10);
  REQUIRE(audit->size() == 2);
  CHECK(audit->back().action == "comment.decide");
  CHECK(audit->back().by == "ana");
  CHECK(audit->back().subject == std::to_string(comment.id));
  for (const auto& entry : *audit) CHECK(entry.detail.find("private thing") == std::string::npos);
}

TEST_CASE("only what is public can be pinned") {
  Office office;
  Comment held = office.add("viewer", "hm");
  Comment seen = office.add("viewer", "hello", CommentState::kPublished);
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    CHECK(set_room(archive, "b", {std::nullopt, std::nullopt, held.id}, office.who("ana")).error().code ==
          Errc::kConflict);
    auto set = set_room(archive, "b", {Mode::kAll, 30, seen.id}, office.who("ana"));
    REQUIRE(set);
    CHECK(*set == RoomSettings{Mode::kAll, 30, seen.id});
    return {};
  }));
  CHECK(*office.archives.archive().room("b") == RoomSettings{Mode::kAll, 30, seen.id});
  CHECK(*office.archives.archive().room("another") == RoomSettings());
}

TEST_CASE(
    "a minute of comments is in the order of their moments, and of too many it is a sample that says so") {
  Office office;
  ProgramTime start{1'700'000'040'000};  // a full minute
  for (int n = 0; n < 100; ++n) {
    office.now = start + milliseconds((n * 37) % 60'000);
    office.add("v" + std::to_string(n), std::to_string(n), CommentState::kPublished);
  }
  office.now = start + seconds(1);
  office.add("hidden", "held");
  office.now = start + seconds(60);
  office.add("next", "next minute", CommentState::kPublished);
  auto all = office.archives.archive().minute("b", start.ms / 60'000, 300);
  REQUIRE(all);
  CHECK(all->comments.size() == 100);
  CHECK(all->left_out == 0);
  CHECK(std::ranges::is_sorted(all->comments, {},
                               [](const Comment& c) { return std::pair(c.moment.ms, c.id); }));
  auto some = office.archives.archive().minute("b", start.ms / 60'000, 30);
  CHECK(some->comments.size() <= 30);
  CHECK(some->comments.size() >= 20);
  CHECK(some->left_out == 100 - static_cast<int64_t>(some->comments.size()));
}

TEST_CASE("filters find by state, rule, author and report") {
  Office office;
  Comment first = office.add("ana", "one");
  Comment second = office.add("ben", "two", CommentState::kPublished);
  REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
    CHECK(*archive.report(second.id, "reader", "abuse"));
    CHECK_FALSE(*archive.report(second.id, "reader", "spam"));
    CHECK(*archive.report(second.id, "another", "spam"));
    return {};
  }));
  auto& archive = office.archives.archive();
  auto ids = [&](const Filter& filter) {
    std::vector<int64_t> found;
    for (auto all = archive.comments(filter); const auto& comment : *all) found.push_back(comment.id);
    return found;
  };
  CHECK(ids({"b"}) == std::vector{second.id, first.id});
  CHECK(ids({"b", CommentState::kHeld}) == std::vector{first.id});
  CHECK(ids({"b", std::nullopt, "link"}) == std::vector{first.id});
  CHECK(ids({"b", std::nullopt, "", "ben"}) == std::vector{second.id});
  CHECK(ids({"b", std::nullopt, "", "", true}) == std::vector{second.id});
  CHECK(ids({"b", std::nullopt, "", "", false, second.id}) == std::vector{first.id});
  CHECK(ids({"another"}).empty());
  CHECK(*archive.reports(second.id) == std::map<std::string, int64_t>{{"abuse", 1}, {"spam", 1}});
  CHECK(*archive.count_held("b") == 1);
  CHECK(archive.held("b", 10)->front().id == first.id);
}

TEST_CASE(
    "whatever of a broadcast's comments is asked for, all of it comes, newest first, and nothing else") {
  Office office;
  std::vector<int64_t> ids;
  for (int n = 0; n < 60; ++n) {
    auto state = n % 2 == 0 ? CommentState::kHeld : CommentState::kPublished;
    ids.push_back(office.add("author-" + std::to_string(n % 3), "text " + std::to_string(n), state).id);
    if (n % 4 == 0) office.decide(ids.back(), CommentState::kHeld, CommentState::kRejected);
    if (n % 5 == 0 && n % 2 == 1) office.decide(ids.back(), CommentState::kPublished, CommentState::kRemoved);
    if (n % 7 == 0) {
      REQUIRE(office.archives.run([&](Archive& archive) -> Result<> {
        OPENDAY_TRY(bool fresh, archive.report(ids.back(), "ben", "spam"));
        REQUIRE(fresh);
        return {};
      }));
    }
  }
  auto& archive = office.archives.archive();
  std::vector<std::optional<CommentState>> states = {std::nullopt};
  for (const auto& [state, name] : kCommentStates) states.emplace_back(state);
  for (const auto& state : states) {
    for (const char* rule : {"", "link", "word:"}) {
      for (const char* author : {"", "author-1"}) {
        for (bool reported : {false, true}) {
          for (int64_t before : {int64_t{0}, ids[40]}) {
            std::vector<int64_t> expected;
            for (int64_t id : ids) {
              Comment comment = *archive.comment("b", id);
              std::string held_by = comment.why ? comment.why->rule : "";
              bool wanted = (!state || comment.state == *state) && (*rule == 0 || held_by == rule) &&
                            (*author == 0 || comment.author == author) &&
                            (!reported || !archive.reports(id)->empty()) && (before == 0 || id < before);
              if (wanted) expected.insert(expected.begin(), id);
            }
            if (expected.size() > 9) expected.resize(9);
            auto found = archive.comments({"b", state, rule, author, reported, before, 9});
            INFO((state ? name_of(*state) : "any") << " " << rule << " " << author << " " << reported);
            REQUIRE(found);
            std::vector<int64_t> given;
            for (const Comment& comment : *found) given.push_back(comment.id);
            CHECK(given == expected);
            CHECK(archive.comments({"another", state, rule, author, reported, before, 9})->empty());
          }
        }
      }
    }
  }
}
