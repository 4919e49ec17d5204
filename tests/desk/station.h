// A desk with officers who have keys.
#pragma once

#include "base/random.h"
#include "desk/tips.h"
#include "memory_desk.h"
#include "wrap/sodium/keys.h"

namespace openday::test {

using account::Act;
using account::Person;
using account::Role;
using desk::Pair;

struct Station {
  /// Somebody with a role and, for officers, keys.
  Pair join(const std::string& id, account::Roles roles = {Role::kOfficer}) {
    REQUIRE(books.ledger.put(Person{id, id, roles, "", false, false, {}}));
    if (!account::may(roles, account::Right::kReadTips)) return nullptr;
    return new_pair(id);
  }
  Pair new_pair(const std::string& id) {
    Pair pair = sodium::KeyPair::random();
    REQUIRE(account::keep_keys(books.ledger, {id, pair->public_half(), {}, {}, {}}, act(id)));
    return pair;
  }
  /// ana founds the desk.
  void found() {
    ana = join("ana");
    recovery = desk::make_recovery().pair;
    REQUIRE(desk::found(ledger, books.ledger, house, ana, recovery, act("ana")));
  }
  Result<> countersign(const std::string& person, const Pair& theirs, const Pair& signer) {
    return desk::countersign(ledger, books.ledger, house, person, theirs->public_half(), signer, act("x"));
  }
  [[nodiscard]] desk::NewTip tip(const std::string& text = "they sell it behind the station") const {
    desk::NewTip wanted;
    wanted.id = random_name();
    wanted.content = {"lead", text, "138 0000 0000", ProgramTime{1'700'000'012'345}};
    wanted.broadcast = "day";
    wanted.receipt = {random_bytes(32), desk::make_content_key()};
    wanted.key = desk::make_content_key();
    return wanted;
  }
  std::string record(const desk::NewTip& wanted) {
    REQUIRE(desk::record(ledger, books.ledger, house, wanted, now));
    return wanted.id;
  }
  std::string record() { return record(tip()); }
  Result<int> share(const Pair& opener, int limit = 100) {
    return desk::share(ledger, books.ledger, house, opener, limit);
  }
  [[nodiscard]] bool opens(const std::string& id, const Pair& pair) {
    auto copy = ledger.copy(id, pair->public_half());
    return copy && desk::open_key(*copy, pair);
  }
  [[nodiscard]] Act act(const std::string& by) const { return {by, "session", now}; }

  MemoryBooks books;
  MemoryDesk ledger{books.ledger};
  desk::HouseKeys house = *desk::HouseKeys::with_key(Bytes(32, 9));
  ProgramTime now{1'700'000'045'678};
  Pair ana;
  Pair recovery;
};

}  // namespace openday::test
