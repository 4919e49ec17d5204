#include "hub/desk_office.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "wrap/sodium/keys.h"

namespace openday::hub {
namespace {

using account::Act;
using account::Person;
using account::Roll;

struct Sealed {
  desk::Tip tip;
  std::optional<Bytes> copy;
  std::vector<desk::Entry> timeline;
};

/// As it is stored; no copy when there is none for this pair. Not whole: with its first words only.
Result<Sealed> sealed_tip(desk::LedgerView& ledger, desk::Tip tip, const desk::Pair& pair, bool whole) {
  Sealed sealed{std::move(tip), std::nullopt, {}};
  auto copy = ledger.copy(sealed.tip.id, pair->public_half());
  if (!copy && copy.error().code != Errc::kNotFound) return std::unexpected(copy.error());
  if (copy) sealed.copy = *std::move(copy);
  OPENDAY_TRY(sealed.timeline, whole ? ledger.timeline(sealed.tip.id) : ledger.outline(sealed.tip.id));
  return sealed;
}

Result<DeskOffice::Opened> opened(Sealed sealed, const desk::Pair& pair, bool whole) {
  DeskOffice::Opened opened;
  opened.tip = std::move(sealed.tip);
  opened.timeline = std::move(sealed.timeline);
  opened.words.resize(opened.timeline.size());
  if (!sealed.copy) return opened;
  OPENDAY_TRY(desk::Key key, desk::open_key(*sealed.copy, pair));
  opened.readable = true;
  for (size_t i = 0; i < opened.timeline.size() && (whole || i == 0); ++i) {
    if (opened.timeline[i].sealed.empty()) continue;
    OPENDAY_TRY(opened.words[i], desk::open_words(key, opened.timeline[i]));
    if (opened.timeline[i].deed == desk::Deed::kReceived) {
      OPENDAY_TRY(opened.content, desk::content_in(opened.words[i]));
      opened.words[i] = opened.content.text;
    }
  }
  return opened;
}

/// The tip's key; kNotFound when there is no such tip, or this pair does not open it.
Result<desk::Key> key_of(desk::LedgerView& ledger, const std::string& tip, const desk::Pair& pair) {
  OPENDAY_CHECK_OK(ledger.tip(tip));
  OPENDAY_TRY(Bytes copy, ledger.copy(tip, pair->public_half()));
  return desk::open_key(copy, pair);
}

Error too_many() {
  return {Errc::kBusy, "too many requests at once; try again"};
}

}  // namespace

DeskOffice::DeskOffice(Parts parts) : parts_(std::move(parts)), worker_(parts_.loop, kMostWaiting) {}

Result<DeskOffice::State> DeskOffice::state() const {
  auto& ledger = parts_.books.desk();
  auto& roll = parts_.rolls.roll();
  OPENDAY_TRY(auto root, ledger.root());
  OPENDAY_TRY(auto roster, desk::roster(ledger, roll, parts_.house));
  OPENDAY_TRY(auto keys, roll.keys());
  OPENDAY_TRY(auto people, roll.people());
  State state{roster.founded(), roster.recovery(), {}};
  for (auto& person : people) {
    if (!account::may(person.roles, account::Right::kReadTips) || person.disabled) continue;
    Officer officer{std::move(person), std::nullopt, false, false};
    auto theirs = std::ranges::find(keys, officer.person.id, &account::Keys::person);
    if (theirs != keys.end() && !officer.person.must_change) {
      officer.keys = *theirs;
      officer.on_roster = roster.has(officer.person.id, theirs->public_half);
      officer.root = officer.on_roster && root && root->public_half == theirs->public_half;
    }
    state.officers.push_back(std::move(officer));
  }
  return state;
}

Result<> DeskOffice::check_on_roster(const std::string& person, const desk::Pair& pair) const {
  OPENDAY_TRY(auto roster, desk::roster(parts_.books.desk(), parts_.rolls.roll(), parts_.house));
  if (!roster.founded()) return fail(Errc::kConflict, "the desk has not been founded");
  if (roster.has(person, pair->public_half())) return {};
  return fail(Errc::kRefused, "nobody has vouched for your key yet: a colleague must countersign it");
}

void DeskOffice::change_people(std::function<Result<>(Roll&)> work, bool meant, Done done) {
  parts_.books.submit(
      [work = std::move(work), meant, &house = parts_.house](desk::Ledger& ledger, Roll& roll) -> Result<> {
        bool read = !meant && desk::anybody_reads(ledger, roll, house);
        OPENDAY_CHECK_OK(work(roll));
        if (!read || desk::anybody_reads(ledger, roll, house)) return {};
        return fail(
            Errc::kConflict,
            "this is the last officer who can read tips: first let another be vouched for. If it must "
            "be (even_last_officer), only the printed recovery key opens the tips again");
      },
      std::move(done));
}

void DeskOffice::found(const desk::Pair& pair, const Act& act,
                       std::function<void(Result<std::string>)> done) {
  auto recovery = std::make_shared<desk::Recovery>(desk::make_recovery());
  parts_.books.submit(
      [pair, recovery, act, &house = parts_.house](desk::Ledger& ledger, Roll& roll) {
        return desk::found(ledger, roll, house, pair, recovery->pair, act);
      },
      [recovery, done = std::move(done)](const Result<>& founded) {
        founded ? done(std::move(recovery->printed)) : done(std::unexpected(founded.error()));
      });
}

void DeskOffice::countersign(const std::string& person, const std::string& fingerprint,
                             const desk::Pair& signer, const Act& act, Done done) {
  auto keys = parts_.keys.stored(person);
  if (!keys) return done(std::unexpected(keys.error()));
  if (!*keys) return done(fail(Errc::kConflict, person + " has no key yet: they make one by logging in"));
  if (desk::fingerprint((*keys)->public_half) != fingerprint) {
    return done(fail(Errc::kConflict, "this is not the fingerprint of " + person + "'s key; compare again"));
  }
  parts_.books.submit(
      [person, half = (*keys)->public_half, signer, act, &house = parts_.house](desk::Ledger& ledger,
                                                                                Roll& roll) {
        return desk::countersign(ledger, roll, house, person, half, signer, act);
      },
      [this, signer, done = std::move(done)](const Result<>& signed_for) {
        if (!signed_for) return done(signed_for);
        share(signer, done);
      });
}

void DeskOffice::share(const desk::Pair& opener, Done done) {
  auto shared = std::make_shared<int>(0);
  parts_.books.submit(
      [opener, shared, &house = parts_.house](desk::Ledger& ledger, Roll& roll) -> Result<> {
        OPENDAY_TRY(*shared, desk::share(ledger, roll, house, opener, kSlice));
        return {};
      },
      [this, opener, shared, done = std::move(done)](const Result<>& outcome) {
        if (!outcome) parts_.log.error("tips_not_shared", {{"why", outcome.error().message}});
        if (!outcome || *shared < kSlice) return done(outcome);
        share(opener, done);
      });
}

void DeskOffice::expire() {
  auto clips = std::make_shared<std::vector<std::string>>();
  parts_.books.submit(
      [clips, retention = parts_.retention, now = parts_.loop.clock().wall()](desk::Ledger& ledger,
                                                                              Roll& roll) -> Result<> {
        OPENDAY_TRY(*clips, desk::expire(ledger, roll, retention, now, kSlice));
        return {};
      },
      [this, clips](const Result<>& outcome) {
        if (!outcome) return parts_.log.error("tips_not_expired", {{"why", outcome.error().message}});
        if (parts_.clips == nullptr) return;
        for (const auto& clip : *clips) parts_.clips->release(clip);
      });
}

void DeskOffice::open_by(const Reader& reader, const std::string& tip, Done go) {
  std::pair key(reader.session, tip);
  auto& opening = openings_[key];
  if (opening.noted) return go({});
  opening.waiting.push_back(std::move(go));
  if (opening.waiting.size() > 1) return;
  parts_.books.submit([tip, act = reader.act](desk::Ledger& ledger,
                                              Roll& roll) { return desk::note_open(ledger, roll, tip, act); },
                      [this, key](const Result<>& noted) {
                        auto waiting = std::exchange(openings_[key].waiting, {});
                        openings_[key].noted = noted.has_value();
                        // With the sessions that are over, and what could not be noted.
                        std::erase_if(openings_, [&](const auto& one) {
                          return one.second.waiting.empty() &&
                                 (!one.second.noted || parts_.keys.of(one.first.first) == nullptr);
                        });
                        for (const auto& each : waiting) each(noted);
                      });
}

void DeskOffice::list(const desk::Listing& listing, const desk::Pair& pair,
                      const std::function<void(Result<std::vector<Opened>>)>& done) {
  auto& ledger = parts_.books.desk();
  auto tips = ledger.tips(listing);
  if (!tips) return done(std::unexpected(tips.error()));
  std::vector<Sealed> all;
  for (auto& tip : *tips) {
    auto sealed = sealed_tip(ledger, std::move(tip), pair, /*whole=*/false);
    if (!sealed) return done(std::unexpected(sealed.error()));
    all.push_back(*std::move(sealed));
  }
  bool asked = worker_.ask(
      [all = std::move(all), pair](const std::stop_token&) mutable -> Result<std::vector<Opened>> {
        std::vector<Opened> found;
        for (auto& one : all) {
          OPENDAY_TRY(Opened tip, opened(std::move(one), pair, /*whole=*/false));
          found.push_back(std::move(tip));
        }
        return found;
      },
      done);
  if (!asked) done(std::unexpected(too_many()));
}

void DeskOffice::read(const std::string& id, const desk::Pair& pair,
                      const std::function<void(Result<Opened>)>& done) {
  auto& ledger = parts_.books.desk();
  auto tip = ledger.tip(id);
  auto sealed =
      tip ? sealed_tip(ledger, *std::move(tip), pair, /*whole=*/true) : std::unexpected(tip.error());
  if (!sealed) return done(std::unexpected(sealed.error()));
  bool asked = worker_.ask(
      [sealed = *std::move(sealed), pair](const std::stop_token&) mutable {
        return opened(std::move(sealed), pair, /*whole=*/true);
      },
      done);
  if (!asked) done(std::unexpected(too_many()));
}

void DeskOffice::photo(const std::string& tip, int number, const desk::Pair& pair,
                       const std::function<void(Result<Bytes>)>& done) {
  auto& ledger = parts_.books.desk();
  auto photo = ledger.photo(tip, number);
  auto copy = photo ? ledger.copy(tip, pair->public_half()) : std::unexpected(photo.error());
  if (!copy) return done(std::unexpected(copy.error()));
  bool asked = worker_.ask(
      [photo = *std::move(photo), copy = *copy, pair](const std::stop_token&) -> Result<Bytes> {
        OPENDAY_TRY(desk::Key key, desk::open_key(copy, pair));
        return desk::open_photo(key, photo);
      },
      done);
  if (!asked) done(std::unexpected(too_many()));
}

Result<std::string> DeskOffice::clip_of(const std::string& id) const {
  OPENDAY_TRY(desk::Tip tip, parts_.books.desk().tip(id));
  if (tip.clip.empty()) return fail(Errc::kNotFound, "there is no clip of this tip");
  return tip.clip;
}

void DeskOffice::triage(const std::string& tip, desk::Verdict verdict, const desk::Pair& pair, const Act& act,
                        Done done) {
  parts_.books.submit(
      [tip, verdict, pair, act](desk::Ledger& ledger, Roll& roll) -> Result<> {
        OPENDAY_CHECK_OK(key_of(ledger, tip, pair));
        return desk::triage(ledger, roll, tip, verdict, act);
      },
      std::move(done));
}

void DeskOffice::answer(const std::string& tip, const std::string& text, int after, const desk::Pair& pair,
                        const Act& act, Done done) {
  parts_.books.submit(
      [tip, text, after, pair, act](desk::Ledger& ledger, Roll& roll) -> Result<> {
        OPENDAY_TRY(desk::Key key, key_of(ledger, tip, pair));
        return desk::answer(ledger, roll, tip, key, text, after, act);
      },
      std::move(done));
}

void DeskOffice::close(const std::string& tip, int after, const desk::Pair& pair, const Act& act, Done done) {
  parts_.books.submit(
      [tip, after, pair, act](desk::Ledger& ledger, Roll& roll) -> Result<> {
        OPENDAY_CHECK_OK(key_of(ledger, tip, pair));
        return desk::close(ledger, roll, tip, after, act);
      },
      std::move(done));
}

}  // namespace openday::hub
