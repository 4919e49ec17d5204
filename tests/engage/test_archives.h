// The rooms' archive over a database that lives as long as the test; work is done at once, or when the test
// says so.
#pragma once

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engage/archive.h"
#include "engage/judge.h"
#include "store/ledger.h"
#include "store/migrations.h"
#include "store/rooms.h"

namespace openday::test {

/// Broadcasts are taken on trust: foreign keys are off.
class TestArchives final : public engage::Archives {
 public:
  TestArchives()
      : path_("/tmp/openday-archive-" + random_name(6)),
        db_(made(path_)),
        ledger_(db_),
        archive_(db_, ledger_) {}
  ~TestArchives() override { std::remove(path_.c_str()); }
  TestArchives(const TestArchives&) = delete;

  void submit(Work work, Done done) override {
    ++submitted;
    if (refuse) return done(fail(Errc::kBusy, "too many changes at once; try again"));
    if (stall) return stalled_.emplace_back(std::move(work), std::move(done)), void();
    done(run(work));
  }
  engage::ArchiveView& archive() override { return archive_; }
  engage::Archive& writer() { return archive_; }
  store::SqliteLedger& ledger() { return ledger_; }

  Result<> run(const Work& work) {
    OPENDAY_CHECK_OK(db_.run("BEGIN"));
    auto outcome = work(archive_);
    if (outcome && failing) outcome = fail(Errc::kIo, "the disk is full");
    OPENDAY_CHECK_OK(outcome ? db_.run("COMMIT") : db_.run("ROLLBACK"));
    return outcome;
  }
  /// The disk answers again.
  void go_on() {
    stall = false;
    for (auto& [work, done] : std::exchange(stalled_, {})) done(run(work));
  }

  bool refuse = false;
  bool stall = false;
  bool failing = false;
  int submitted = 0;

 private:
  static sqlite::Database made(const std::string& path) {
    auto db = sqlite::Database::open(path, sqlite::Mode::kReadWrite);
    REQUIRE(db);
    REQUIRE(store::migrate(*db));
    return std::move(*db);
  }
  const std::string path_;
  sqlite::Database db_;
  store::SqliteLedger ledger_;
  store::SqliteArchive archive_;
  std::vector<std::pair<Work, Done>> stalled_;
};

/// Rules a test can read: "bad" is held, "worse" refused, and what is said counts in lower case without
/// spaces.
class PlainScreen final : public engage::Screen {
 public:
  [[nodiscard]] std::optional<engage::Finding> find(std::string_view text) const override {
    for (const char* word : {"worse", "bad"}) {
      auto at = text.find(word);
      if (at == std::string_view::npos) continue;
      auto from = static_cast<uint32_t>(at);
      return engage::Finding{
          word[0] == 'w', {"word:test", from, from + static_cast<uint32_t>(std::string_view(word).size())}};
    }
    return std::nullopt;
  }
  [[nodiscard]] uint64_t fingerprint(std::string_view text) const override {
    std::string plain;
    for (char c : text) {
      if (c != ' ') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return std::hash<std::string>()(plain) | 1;
  }
};

}  // namespace openday::test
