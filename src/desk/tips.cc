#include "desk/tips.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check_text.h"
#include "wrap/sodium/keys.h"

namespace openday::desk {
namespace {

using account::Act;
using account::Roll;

Result<> note(Roll& roll, const Act& act, const char* action, const std::string& subject,
              const std::string& detail = {}) {
  return roll.append({0, act.at, act.by, act.via, action, subject, detail});
}

Result<> say(Ledger& ledger, const Entry& entry) {
  return ledger.append(entry);
}

/// What a deed leaves free in a timeline: after any of them the officers can still answer, and after their
/// answer they can always close.
constexpr int kRoomForAnswer = 1;
constexpr int kRoomForNothing = 0;

/// The tip and where its timeline goes on.
struct Open {
  Tip tip;
  std::vector<Entry> timeline;
  int next = 1;
  int of_tipster = 0;
};

Result<Open> open_tip(Ledger& ledger, const std::string& id) {
  Open open;
  OPENDAY_TRY(open.tip, ledger.tip(id));
  if (open.tip.state == State::kClosed) return fail(Errc::kConflict, "the tip is closed");
  OPENDAY_TRY(open.timeline, ledger.timeline(id));
  open.next = static_cast<int>(open.timeline.size()) + 1;
  open.of_tipster = static_cast<int>(std::ranges::count(open.timeline, std::string(), &Entry::by));
  return open;
}

/// Nobody has said anything after this entry.
Result<> check_seen(const Open& open, int after) {
  if (after < 1 || after >= open.next) return fail(Errc::kInvalid, "after: the timeline has no such entry");
  for (const auto& entry : open.timeline) {
    if (entry.number <= after) continue;
    if (entry.deed == Deed::kWrote) {
      return fail(Errc::kConflict, "the tipster has written meanwhile; read it first");
    }
    if (entry.deed == Deed::kAnswered) {
      return fail(Errc::kConflict, "it has been answered meanwhile; read the answer first");
    }
  }
  return {};
}

Result<> check_room(const Open& open, int left) {
  if (open.next + left <= kMostEntries) return {};
  return fail(Errc::kLimit, open.tip.state == State::kAnswered
                                ? "the tip's timeline is full; close it"
                                : "the tip's timeline is full; answer and close it");
}

Result<> move(Ledger& ledger, Tip& tip, State state, ProgramTime at) {
  if (tip.state != state) tip.changed = to_minute(at);
  tip.state = state;
  return ledger.update(tip);
}

Result<> check_message(const std::string& text) {
  if (text.empty()) return fail(Errc::kInvalid, "text is missing");
  return check_paragraph("text", text, kMostCharacters);
}

Result<> check_theirs(Roll& roll, const std::string& person, const Bytes& public_half) {
  OPENDAY_TRY(auto keys, roll.keys());
  bool theirs = std::ranges::any_of(
      keys, [&](const account::Keys& one) { return one.person == person && one.public_half == public_half; });
  if (!theirs) return fail(Errc::kConflict, "the key of " + person + " is another one by now");
  return {};
}

}  // namespace

ClipRange clip_around(ProgramTime moment) {
  ProgramTime minute = to_minute(moment);
  return {minute + seconds(-15), minute + seconds(75)};
}

Result<Roster> roster(LedgerView& ledger, account::RollView& roll, const HouseKeys& house) {
  OPENDAY_TRY(auto root, ledger.root());
  OPENDAY_TRY(auto certificates, ledger.certificates());
  OPENDAY_TRY(auto keys, roll.keys());
  OPENDAY_TRY(auto people, roll.people());
  return Roster::of(root, certificates, keys, people, house);
}

bool anybody_reads(LedgerView& ledger, account::RollView& roll, const HouseKeys& house) {
  auto readers = roster(ledger, roll, house);
  return readers && !readers->officers().empty();
}

Result<> record(Ledger& ledger, account::RollView& roll, const HouseKeys& house, const NewTip& wanted,
                ProgramTime at) {
  OPENDAY_CHECK_OK(check(wanted.content));
  OPENDAY_TRY(Roster readers, roster(ledger, roll, house));
  if (readers.officers().empty()) return fail(Errc::kConflict, "the desk has no officer who could read this");
  Tip tip;
  tip.id = wanted.id;
  tip.received = tip.changed = to_minute(at);
  tip.broadcast = wanted.broadcast;
  if (wanted.content.moment) tip.moment = to_minute(*wanted.content.moment);
  tip.photos = static_cast<int>(wanted.photos.size());
  if (tip.photos > kMostPhotos) {
    return fail(Errc::kLimit, fmt::format("at most {} photos", kMostPhotos));
  }
  tip.lookup = wanted.receipt.lookup;
  tip.for_tipster = wrap_key(wanted.key, wanted.receipt.wrapping);
  OPENDAY_TRY(tip.for_recovery, seal_key(wanted.key, readers.recovery()));
  OPENDAY_CHECK_OK(ledger.add(tip));
  for (const auto& officer : readers.officers()) {
    OPENDAY_TRY(Bytes copy, seal_key(wanted.key, officer.public_half));
    OPENDAY_CHECK_OK(ledger.add_copy(tip.id, officer.public_half, copy));
  }
  for (const auto& photo : wanted.photos) OPENDAY_CHECK_OK(ledger.add(photo));
  return say(ledger, {tip.id, 1, tip.received, "", Deed::kReceived, Verdict::kNone,
                      seal_words(wanted.key, tip.id, 1, to_words(wanted.content))});
}

Result<> note_clip(Ledger& ledger, const std::string& id, const std::string& clip) {
  OPENDAY_TRY(Tip tip, ledger.tip(id));
  tip.clip = clip;
  return ledger.update(tip);
}

Result<> write(Ledger& ledger, const std::string& id, const Key& key, const std::string& text,
               ProgramTime at) {
  OPENDAY_CHECK_OK(check_message(text));
  OPENDAY_TRY(Open open, open_tip(ledger, id));
  if (open.of_tipster >= kMostEntries / 4) {
    return fail(Errc::kLimit, "this is all that can be written here; send another tip");
  }
  OPENDAY_CHECK_OK(check_room(open, kRoomForAnswer));
  OPENDAY_CHECK_OK(say(ledger, {id, open.next, to_minute(at), "", Deed::kWrote, Verdict::kNone,
                                seal_words(key, id, open.next, text)}));
  State next = open.tip.state == State::kAnswered ? State::kTriaged : open.tip.state;
  return move(ledger, open.tip, next, at);
}

Result<> note_open(LedgerView& ledger, Roll& roll, const std::string& id, const Act& act) {
  OPENDAY_CHECK_OK(ledger.tip(id));
  return note(roll, {act.by, act.via, to_minute(act.at)}, "tip.open", id);
}

Result<> triage(Ledger& ledger, Roll& roll, const std::string& id, Verdict verdict, const Act& act) {
  if (verdict == Verdict::kNone) return fail(Errc::kInvalid, "the verdict is missing");
  OPENDAY_TRY(Open open, open_tip(ledger, id));
  OPENDAY_CHECK_OK(check_room(open, kRoomForAnswer));
  OPENDAY_CHECK_OK(say(ledger, {id, open.next, to_minute(act.at), act.by, Deed::kTriaged, verdict, {}}));
  open.tip.verdict = verdict;
  State next = open.tip.state == State::kReceived ? State::kTriaged : open.tip.state;
  OPENDAY_CHECK_OK(move(ledger, open.tip, next, act.at));
  return note(roll, act, "tip.triage", id, fmt::format(R"({{"verdict":"{}"}})", name_of(verdict)));
}

Result<> answer(Ledger& ledger, Roll& roll, const std::string& id, const Key& key, const std::string& text,
                int after, const Act& act) {
  OPENDAY_CHECK_OK(check_message(text));
  OPENDAY_TRY(Open open, open_tip(ledger, id));
  OPENDAY_CHECK_OK(check_seen(open, after));
  if (open.tip.state == State::kReceived) {
    return fail(Errc::kConflict, "the tip has not been triaged; say what it is first");
  }
  if (text == standard_answer() && open.tip.verdict != Verdict::kSpam) {
    return fail(Errc::kConflict, "the standard answer is for spam; answer in your own words");
  }
  OPENDAY_CHECK_OK(check_room(open, kRoomForNothing));
  OPENDAY_CHECK_OK(say(ledger, {id, open.next, to_minute(act.at), act.by, Deed::kAnswered, Verdict::kNone,
                                seal_words(key, id, open.next, text)}));
  OPENDAY_CHECK_OK(move(ledger, open.tip, State::kAnswered, act.at));
  return note(roll, act, "tip.answer", id);
}

Result<> close(Ledger& ledger, Roll& roll, const std::string& id, int after, const Act& act) {
  OPENDAY_TRY(Open open, open_tip(ledger, id));
  OPENDAY_CHECK_OK(check_seen(open, after));
  if (open.tip.state != State::kAnswered) {
    return fail(Errc::kConflict, "the tipster waits for an answer: a tip is closed after one only");
  }
  OPENDAY_CHECK_OK(
      say(ledger, {id, open.next, to_minute(act.at), act.by, Deed::kClosed, Verdict::kNone, {}}));
  OPENDAY_CHECK_OK(move(ledger, open.tip, State::kClosed, act.at));
  return note(roll, act, "tip.close", id);
}

std::string standard_answer() {
  return "您的来信我们已经看过。它不属于本单位能够处理的内容，因此不再跟进。如有误会，请重新提交并说明具体情"
         "况。\n\n"
         "We have read what you sent. It is nothing this institution can act on, so it is not followed up. "
         "If "
         "we misunderstood you, please write again and say what happened.";
}

Result<> found(Ledger& ledger, Roll& roll, const HouseKeys& house, const Pair& pair, const Pair& recovery,
               const Act& act) {
  OPENDAY_TRY(auto present, ledger.root());
  if (present) return fail(Errc::kConflict, "the desk has been founded; let an officer countersign your key");
  OPENDAY_CHECK_OK(check_theirs(roll, act.by, pair->public_half()));
  OPENDAY_CHECK_OK(ledger.put(make_root(house, act.by, pair, recovery)));
  return note(roll, act, "desk.found", act.by,
              fmt::format(R"({{"key":"{}","recovery":"{}"}})", fingerprint(pair->public_half()),
                          fingerprint(recovery->public_half())));
}

Result<> countersign(Ledger& ledger, Roll& roll, const HouseKeys& house, const std::string& person,
                     const Bytes& public_half, const Pair& signer, const Act& act) {
  OPENDAY_TRY(Roster present, roster(ledger, roll, house));
  bool may = signer->public_half() == present.recovery() ||
             std::ranges::any_of(present.officers(), [&](const account::Keys& one) {
               return one.public_half == signer->public_half();
             });
  if (!present.founded() || !may) {
    return fail(Errc::kRefused, "only who is on the roster, or has the recovery key, can vouch for others");
  }
  if (present.has(person, public_half)) return fail(Errc::kConflict, person + " is on the roster");
  OPENDAY_CHECK_OK(check_theirs(roll, person, public_half));
  OPENDAY_CHECK_OK(ledger.add(certify(person, public_half, signer)));
  return note(roll, act, "desk.countersign", person,
              fmt::format(R"({{"key":"{}","with":"{}"}})", fingerprint(public_half),
                          fingerprint(signer->public_half())));
}

Result<int> share(Ledger& ledger, account::RollView& roll, const HouseKeys& house, const Pair& opener,
                  int limit) {
  OPENDAY_TRY(Roster readers, roster(ledger, roll, house));
  bool recovery = readers.founded() && opener->public_half() == readers.recovery();
  int shared = 0;
  for (const auto& officer : readers.officers()) {
    OPENDAY_TRY(auto ids,
                ledger.tips_without_copy(officer.public_half, recovery ? Bytes() : opener->public_half(),
                                         limit - shared));
    for (const auto& id : ids) {
      Bytes sealed;
      if (recovery) {
        OPENDAY_TRY(Tip tip, ledger.tip(id));
        sealed = tip.for_recovery;
      } else {
        OPENDAY_TRY(sealed, ledger.copy(id, opener->public_half()));
      }
      OPENDAY_TRY(Key key, open_key(sealed, opener));
      OPENDAY_TRY(Bytes fresh, seal_key(key, officer.public_half));
      OPENDAY_CHECK_OK(ledger.add_copy(id, officer.public_half, fresh));
      ++shared;
    }
    if (shared >= limit) break;
  }
  return shared;
}

Result<std::vector<std::string>> expire(Ledger& ledger, Roll& roll, const Retention& retention,
                                        ProgramTime now, int limit) {
  struct Clock {
    State state;
    std::optional<bool> spam;
    std::optional<std::chrono::days> days;
  };
  const Clock clocks[] = {{State::kReceived, std::nullopt, retention.received},
                          {State::kTriaged, std::nullopt, retention.triaged},
                          {State::kAnswered, std::nullopt, retention.answered},
                          {State::kClosed, false, retention.closed},
                          {State::kClosed, true, retention.spam}};
  std::vector<std::string> clips;
  int removed = 0;
  for (const auto& clock : clocks) {
    if (!clock.days || removed >= limit) continue;
    ProgramTime until = now + milliseconds(-duration_cast<milliseconds>(*clock.days).count());
    OPENDAY_TRY(auto due, ledger.tips_since_before(clock.state, clock.spam, until, limit - removed));
    for (const auto& tip : due) {
      OPENDAY_CHECK_OK(ledger.remove_tip(tip.id));
      OPENDAY_CHECK_OK(note(roll, {"retention", "clock", to_minute(now)}, "tip.expire", tip.id));
      if (!tip.clip.empty()) clips.push_back(tip.clip);
      ++removed;
    }
  }
  return clips;
}

}  // namespace openday::desk
