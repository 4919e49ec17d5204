#include "hub/officer_keys.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/random.h"
#include "wrap/sodium/keys.h"

namespace openday::hub {
namespace {

using account::Act;
using account::Keys;
using account::Person;
using account::Roll;

bool has_pair(const Person& person) {
  return account::may(person.roles, account::Right::kReadTips) && !person.disabled;
}

struct Made {
  Keys keys;
  desk::Pair pair;
};

/// Takes its tenth of a second.
Result<Made> wrap(const std::string& person, const desk::Pair& pair, std::string_view password,
                  ProgramTime at) {
  Keys keys{person, pair->public_half(), random_bytes(sodium::kSaltSize), {}, at};
  OPENDAY_TRY(auto key, sodium::password_key(password, keys.salt));
  keys.wrapped = pair->wrapped(key);
  return Made{std::move(keys), pair};
}

/// The same.
Result<desk::Pair> unwrap(const Keys& keys, std::string_view password) {
  OPENDAY_TRY(auto key, sodium::password_key(password, keys.salt));
  auto pair = sodium::KeyPair::unwrap(key, keys.wrapped);
  if (!pair || (*pair)->public_half() != keys.public_half) {
    return fail(Errc::kConflict,
                "your password does not open your stored key: an admin must give you another");
  }
  return *pair;
}

}  // namespace

OfficerKeys::OfficerKeys(account::Rolls& rolls, Loop& loop)
    : rolls_(rolls), clock_(loop.clock()), worker_(loop, kMostWaiting) {}

Result<std::optional<Keys>> OfficerKeys::stored(const std::string& person) const {
  OPENDAY_TRY(auto all, rolls_.roll().keys());
  auto found = std::ranges::find(all, person, &Keys::person);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

void OfficerKeys::open(const Person& person, const std::string& session, std::string password,
                       std::function<void(Result<>)> done) {
  if (!has_pair(person) || person.must_change) return done({});
  auto keys = stored(person.id);
  if (!keys) return done(std::unexpected(keys.error()));
  if (worker_.is_full()) return done(fail(Errc::kBusy, "too many passwords at once; try again"));
  if (!*keys) return make(person, session, password, std::move(done));
  worker_.ask(
      [keys = **keys, password = std::move(password)](const std::stop_token&) mutable {
        auto pair = unwrap(keys, password);
        sodium::wipe(password);
        return pair;
      },
      [this, session, person = person.id, done = std::move(done)](Result<desk::Pair> pair) {
        if (!pair) return done(std::unexpected(pair.error()));
        keep(session, person, *pair);
        done({});
      });
}

void OfficerKeys::make(const Person& person, const std::string& session, const std::string& password,
                       std::function<void(Result<>)> done) {
  Act act{person.id, "password", clock_.wall()};
  worker_.ask(
      [id = person.id, at = act.at, password = std::string(password)](const std::stop_token&) mutable {
        auto made = wrap(id, sodium::KeyPair::random(), password, at);
        sodium::wipe(password);
        return made;
      },
      [this, act, session, done = std::move(done)](const Result<Made>& made) {
        if (!made) return done(std::unexpected(made.error()));
        rolls_.submit([keys = made->keys, act](Roll& roll) { return account::keep_keys(roll, keys, act); },
                      [this, session, made = *made, done](Result<> kept) {
                        if (kept) keep(session, made.keys.person, made.pair);
                        done(kept);
                      });
      });
}

void OfficerKeys::change(const Act& act, const Person& person, std::string present, std::string chosen,
                         std::function<void(Result<Also>)> done) {
  auto also_of = [act](const Made& made) -> Also {
    return [act, keys = made.keys](Roll& roll) { return account::keep_keys(roll, keys, act); };
  };
  if (!has_pair(person)) return done([](Roll&) { return Result<>(); });
  auto keys = stored(person.id);
  if (!keys) return done(std::unexpected(keys.error()));
  bool asked = worker_.ask(
      [keys = *keys, id = person.id, at = act.at, given = person.must_change, present = std::move(present),
       chosen = std::move(chosen)](const std::stop_token&) mutable {
        // What was given by others has never opened a pair; so it is not tried. One's own has: when it does
        // not open it now, the pair is kept as it is, and the password, too.
        auto pair = keys && !given ? unwrap(*keys, present) : Result<desk::Pair>(sodium::KeyPair::random());
        auto made = pair ? wrap(id, *pair, chosen, at) : std::unexpected(pair.error());
        sodium::wipe(present);
        sodium::wipe(chosen);
        return made;
      },
      [also_of, done](const Result<Made>& made) {
        made ? done(also_of(*made)) : done(std::unexpected(made.error()));
      });
  if (!asked) done(fail(Errc::kBusy, "too many passwords at once; try again"));
}

void OfficerKeys::keep(const std::string& session, const std::string& person, const desk::Pair& pair) {
  open_[session] = {person, pair};
  if (on_open) on_open(pair);
}

void OfficerKeys::keep_only(const std::map<std::string, account::Session>& sessions) {
  std::erase_if(open_, [&](const auto& entry) { return !sessions.contains(entry.first); });
  // Theirs may have been taken away, or be others by now.
  auto all = rolls_.roll().keys();
  std::erase_if(open_, [&](const auto& entry) {
    return !all || std::ranges::none_of(*all, [&](const Keys& one) {
      return one.person == entry.second.person && one.public_half == entry.second.pair->public_half();
    });
  });
}

desk::Pair OfficerKeys::of(const std::string& session) const {
  auto found = open_.find(session);
  return found == open_.end() ? nullptr : found->second.pair;
}

}  // namespace openday::hub
