// The officers' side of the desk: who is on the roster, what of the tips opens for whom. Knows no HTTP.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/loop_worker.h"
#include "desk/ledger.h"
#include "desk/ports.h"
#include "desk/tips.h"
#include "hub/officer_keys.h"

namespace openday::hub {

/// Home thread: the loop's; tips are opened beside it, at most kMostWaiting requests wait.
class DeskOffice {
 public:
  static constexpr size_t kMostWaiting = 64;
  static constexpr int kSlice = 50;  // tips a unit of work shares or removes

  struct Parts {
    Loop& loop;
    desk::Books& books;
    account::Rolls& rolls;
    const desk::HouseKeys& house;
    OfficerKeys& keys;
    desk::Retention retention;
    desk::ClipKeeper* clips;  // null: none are kept
    Log log;
  };
  explicit DeskOffice(Parts parts);
  DeskOffice(const DeskOffice&) = delete;

  using Done = std::function<void(Result<>)>;

  struct Officer {
    account::Person person;
    std::optional<account::Keys> keys;
    bool on_roster = false;
    bool root = false;
  };
  struct State {
    bool founded = false;
    Bytes recovery;  // its public half
    std::vector<Officer> officers;
  };
  /// Everybody who may read tips, by id.
  [[nodiscard]] Result<State> state() const;
  /// kRefused: nobody has vouched for this pair of this person's. kConflict: there is no roster yet.
  [[nodiscard]] Result<> check_on_roster(const std::string& person, const desk::Pair& pair) const;

  [[nodiscard]] Result<std::map<desk::State, int64_t>> counts() const { return parts_.books.desk().counts(); }
  /// How long tips are kept; the clock of each state starts when the tip comes into it.
  [[nodiscard]] const desk::Retention& retention() const { return parts_.retention; }

  /// Commits `work` about people. kConflict: it would take the last officer off the roster, and that was not
  /// `meant`. What is read again then needs the recovery key.
  void change_people(std::function<Result<>(account::Roll&)> work, bool meant, Done done);

  /// `done` gets the recovery key as it is to be printed: the only time.
  void found(const desk::Pair& pair, const account::Act& act, std::function<void(Result<std::string>)> done);
  /// `fingerprint`: what the two of them have compared. All tips the signer can open are then shared.
  void countersign(const std::string& person, const std::string& fingerprint, const desk::Pair& signer,
                   const account::Act& act, Done done);
  /// Seals what this pair opens to those on the roster who cannot open it yet, slice by slice.
  void share(const desk::Pair& opener, Done done = [](const Result<>&) {});
  /// What retention takes, slice by slice.
  void expire();

  /// A tip as far as it opens.
  struct Opened {
    desk::Tip tip;
    bool readable = false;  // with this pair
    desk::Content content;
    std::vector<desk::Entry> timeline;
    std::vector<std::string> words;  // of the entries; empty where nothing was said
  };
  /// Who reads: their session, with their pair open in it.
  struct Reader {
    desk::Pair pair;
    std::string session;
    account::Act act;
  };
  /// Notes in the audit log that they opened the tip, once in a session; then, and only then, `go`es on.
  void open_by(const Reader& reader, const std::string& tip, Done go);

  /// Each with its first words only.
  void list(const desk::Listing& listing, const desk::Pair& pair,
            const std::function<void(Result<std::vector<Opened>>)>& done);
  void read(const std::string& tip, const desk::Pair& pair, const std::function<void(Result<Opened>)>& done);
  void photo(const std::string& tip, int number, const desk::Pair& pair,
             const std::function<void(Result<Bytes>)>& done);

  /// Only with a pair that opens the tip.
  void triage(const std::string& tip, desk::Verdict verdict, const desk::Pair& pair, const account::Act& act,
              Done done);
  /// `after`: the last entry of the timeline that the officer has seen.
  void answer(const std::string& tip, const std::string& text, int after, const desk::Pair& pair,
              const account::Act& act, Done done);
  void close(const std::string& tip, int after, const desk::Pair& pair, const account::Act& act, Done done);

  /// The clip of a tip. kNotFound: it has none.
  [[nodiscard]] Result<std::string> clip_of(const std::string& tip) const;

 private:
  Parts parts_;
  /// By session and tip: noted (nothing waits), or about to be, with who waits for that.
  struct Opening {
    bool noted = false;
    std::vector<Done> waiting;
  };
  std::map<std::pair<std::string, std::string>, Opening> openings_;
  LoopWorker worker_;
};

}  // namespace openday::hub
