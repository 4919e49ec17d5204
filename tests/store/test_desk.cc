#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/random.h"
#include "desk/tips.h"
#include "folder.h"
#include "store/store.h"

using namespace openday;
using namespace openday::store;
using account::Keys;
using account::Person;
using account::Role;

namespace {

struct DeskStore {
  Result<> run(Store::Work work) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto future = promise->get_future();
    REQUIRE(store->submit(std::move(work), [promise](Result<> outcome) { promise->set_value(outcome); }));
    return future.get();
  }
  void person(const std::string& id) {
    REQUIRE(run([&](const Tables& tables) -> Result<> {
      OPENDAY_CHECK_OK(tables.roll.put(Person{id, id, {Role::kOfficer}, "", false, false, {}}));
      return tables.roll.put(Keys{id, half(id), {1}, {2}, {3}});
    }));
  }
  static Bytes half(const std::string& id) { return Bytes(64, static_cast<uint8_t>(id.front())); }
  static desk::Tip tip(const std::string& id, int64_t minute) {
    desk::Tip made;
    made.id = id;
    made.received = made.changed = {minute * 60'000};
    made.broadcast = "day";
    made.moment = ProgramTime{60'000};
    made.photos = 1;
    made.lookup = random_bytes(32);
    made.for_tipster = random_bytes(40);
    made.for_recovery = random_bytes(40);
    return made;
  }
  /// Whether some file of the database holds these bytes.
  [[nodiscard]] bool holds(const Bytes& bytes) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::string content((std::istreambuf_iterator<char>(file)), {});
      if (content.find(as_text(bytes)) != std::string::npos) return true;
    }
    return false;
  }

  test::Folder folder;
  std::unique_ptr<Store> store = *Store::open(folder / "x.db", Log("test", LogLevel::kError));
  std::unique_ptr<Reader> reader = *store->reader();
};

}  // namespace

TEST_CASE("the desk's tips are kept as they are, listed by minute, and counted") {
  DeskStore desk;
  auto one = DeskStore::tip("one", 1);
  auto two = DeskStore::tip("two", 2);
  two.moment.reset();
  desk::Entry first{"one", 1, {60'000}, "", desk::Deed::kReceived, desk::Verdict::kNone, {7, 8}};
  desk::Entry second{"one", 2, {60'000}, "ana", desk::Deed::kTriaged, desk::Verdict::kLead, {}};
  desk::Entry third{"one", 3, {60'000}, "", desk::Deed::kWrote, desk::Verdict::kNone, Bytes(40'000, 5)};
  REQUIRE(desk.run([&](const Tables& tables) -> Result<> {
    OPENDAY_CHECK_OK(tables.desk.add(one));
    OPENDAY_CHECK_OK(tables.desk.add(two));
    OPENDAY_CHECK_OK(tables.desk.append(first));
    OPENDAY_CHECK_OK(tables.desk.append(second));
    OPENDAY_CHECK_OK(tables.desk.append(third));
    return tables.desk.add(desk::Photo{"one", 1, {9}});
  }));
  auto& view = desk.reader->desk();
  CHECK(view.tip("one") == one);
  CHECK(view.tip_of_receipt(two.lookup) == two);
  CHECK(view.tip("three").error().code == Errc::kNotFound);
  CHECK(view.tip_of_receipt(Bytes(32)).error().code == Errc::kNotFound);
  CHECK(view.tips({}) == std::vector{two, one});
  CHECK(view.tips({.state = {}, .offset = 1, .limit = 5}) == std::vector{one});
  CHECK(view.timeline("one") == std::vector{first, second, third});
  third.sealed.clear();
  CHECK(view.outline("one") == std::vector{first, second, third});
  CHECK(view.outline("two")->empty());
  CHECK(view.photo("one", 1)->sealed == Bytes{9});
  CHECK(view.photo("one", 2).error().code == Errc::kNotFound);
  CHECK(view.tips_without_clip({60'000}, 10) == std::vector{one});
  CHECK(view.tips_without_clip({60'001}, 10)->empty());
  CHECK(view.clips()->empty());
  // An officer may be faster than the turn of a minute.
  one.state = desk::State::kTriaged;
  one.changed = {120'000};
  REQUIRE(desk.run([&](const Tables& tables) { return tables.desk.update(one); }));
  CHECK(view.tips_without_clip({60'000}, 10) == std::vector{one});
  CHECK(view.tips_without_clip({60'001}, 10)->empty());
  one.state = desk::State::kClosed;
  one.verdict = desk::Verdict::kSpam;
  one.changed = {180'000};
  one.clip = "c";
  REQUIRE(desk.run([&](const Tables& tables) { return tables.desk.update(one); }));
  CHECK(view.tip("one") == one);
  CHECK(view.tips({.state = desk::State::kReceived, .offset = 0, .limit = 5}) == std::vector{two});
  CHECK(view.counts()->at(desk::State::kClosed) == 1);
  CHECK(view.tips_without_clip({0}, 10)->empty());
  CHECK(view.clips() == std::vector<std::string>{"c"});
  CHECK(view.counts()->at(desk::State::kAnswered) == 0);
  auto due = [&](desk::State state, std::optional<bool> spam, int64_t until) {
    return view.tips_since_before(state, spam, {until}, 10)->size();
  };
  CHECK(due(desk::State::kClosed, true, 180'001) == 1);
  CHECK(due(desk::State::kClosed, true, 180'000) == 0);
  CHECK(due(desk::State::kClosed, false, 180'001) == 0);
  CHECK(due(desk::State::kReceived, std::nullopt, 180'001) == 1);
  // A number that is taken, a time that is no minute, and a timeline that is changed are refused.
  CHECK_FALSE(desk.run([&](const Tables& tables) { return tables.desk.append(second); }));
  second.number = 4;
  second.at = {60'001};
  CHECK_FALSE(desk.run([&](const Tables& tables) { return tables.desk.append(second); }));
  CHECK(desk.run([&](const Tables& tables) { return tables.desk.update(DeskStore::tip("x", 1)); })
            .error()
            .code == Errc::kNotFound);
}

TEST_CASE("copies go with the keys they were sealed to, whether those are taken away or replaced") {
  DeskStore desk;
  desk.person("ana");
  desk.person("bo");
  auto copies = [&] {
    std::string found;
    for (const char* id : {"ana", "bo"}) {
      if (desk.reader->desk().copy("one", DeskStore::half(id))) found += id;
    }
    return found;
  };
  Bytes sealed = random_bytes(80);
  REQUIRE(desk.run([&](const Tables& tables) -> Result<> {
    OPENDAY_CHECK_OK(tables.desk.add(DeskStore::tip("one", 1)));
    OPENDAY_CHECK_OK(tables.desk.add(DeskStore::tip("two", 1)));
    OPENDAY_CHECK_OK(tables.desk.add_copy("one", DeskStore::half("ana"), sealed));
    OPENDAY_CHECK_OK(tables.desk.add_copy("two", DeskStore::half("ana"), sealed));
    return tables.desk.add_copy("one", DeskStore::half("bo"), {1});
  }));
  CHECK(copies() == "anabo");
  auto& view = desk.reader->desk();
  auto lacking = [&](const char* reader, const Bytes& opener) {
    return *view.tips_without_copy(DeskStore::half(reader), opener, 10);
  };
  CHECK(lacking("bo", DeskStore::half("ana")) == std::vector<std::string>{"two"});
  CHECK(lacking("bo", {}) == std::vector<std::string>{"two"});
  CHECK(lacking("ana", DeskStore::half("bo")).empty());
  // To nobody's keys nothing can be sealed.
  CHECK_FALSE(desk.run([&](const Tables& tables) { return tables.desk.add_copy("two", Bytes(64), {1}); }));
  // Wrapped anew, they are the same keys.
  REQUIRE(desk.run([](const Tables& tables) {
    return tables.roll.put(Keys{"ana", DeskStore::half("ana"), {4}, {5}, {3}});
  }));
  CHECK(copies() == "anabo");
  CHECK(desk.reader->roll().keys()->front().wrapped == Bytes{5});
  REQUIRE(desk.run([](const Tables& tables) {
    return tables.roll.put(Keys{"bo", DeskStore::half("zoe"), {4}, {5}, {3}});
  }));
  CHECK(copies() == "ana");
  CHECK(desk.holds(sealed));
  REQUIRE(desk.run([](const Tables& tables) { return tables.roll.remove_keys("ana"); }));
  CHECK(copies().empty());
  CHECK_FALSE(desk.holds(sealed));
}

TEST_CASE("a tip that is removed leaves nothing behind, not even in the log of the database") {
  DeskStore desk;
  desk.person("ana");
  auto one = DeskStore::tip("one", 1);
  Bytes words = random_bytes(5000);
  Bytes photo = random_bytes(200'000);
  Bytes copy = random_bytes(80);
  REQUIRE(desk.run([&](const Tables& tables) -> Result<> {
    OPENDAY_CHECK_OK(tables.desk.add(one));
    OPENDAY_CHECK_OK(
        tables.desk.append({"one", 1, {0}, "", desk::Deed::kReceived, desk::Verdict::kNone, words}));
    OPENDAY_CHECK_OK(tables.desk.add(desk::Photo{"one", 1, photo}));
    return tables.desk.add_copy("one", DeskStore::half("ana"), copy);
  }));
  auto part = [](const Bytes& bytes) { return Bytes(bytes.begin(), bytes.begin() + 40); };
  for (const Bytes& secret : {part(words), part(photo), copy, one.for_tipster}) CHECK(desk.holds(secret));
  REQUIRE(desk.run([](const Tables& tables) { return tables.desk.remove_tip("one"); }));
  for (const Bytes& secret : {part(words), part(photo), copy, one.for_tipster})
    CHECK_FALSE(desk.holds(secret));
  CHECK(desk.reader->desk().timeline("one")->empty());
}

TEST_CASE("there is one root, and certificates are kept") {
  DeskStore desk;
  CHECK_FALSE(desk.reader->desk().root()->has_value());
  desk::Root root{"ana", {1}, {2}, {3}, {4}};
  desk::Certificate one{"bo", {5}, {6}, {7}};
  REQUIRE(desk.run([&](const Tables& tables) -> Result<> {
    OPENDAY_CHECK_OK(tables.desk.put(root));
    return tables.desk.add(one);
  }));
  CHECK(*desk.reader->desk().root() == root);
  CHECK(desk.reader->desk().certificates() == std::vector{one});
  CHECK_FALSE(desk.run([&](const Tables& tables) { return tables.desk.put(root); }));
  CHECK(desk.run([&](const Tables& tables) { return tables.desk.add(one); }).error().code == Errc::kConflict);
}
