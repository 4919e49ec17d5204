// What the desk needs to remember. The store keeps it in SQLite, tests in memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/people.h"
#include "base/result.h"
#include "desk/roster.h"
#include "desk/tip.h"

namespace openday::desk {

struct Listing {
  std::optional<State> state;  // none: of all
  int offset = 0;
  int limit = 50;
};

/// How long a tip stays in a state; none: for ever.
struct Retention {
  std::optional<std::chrono::days> received;
  std::optional<std::chrono::days> triaged;
  std::optional<std::chrono::days> answered;
  std::optional<std::chrono::days> closed;
  std::optional<std::chrono::days> spam;  // closed as that
};

/// Reading. Unknown names are kNotFound with a message fit for people.
class LedgerView {
 public:
  virtual ~LedgerView() = default;

  virtual Result<std::optional<Root>> root() = 0;
  virtual Result<std::vector<Certificate>> certificates() = 0;

  virtual Result<Tip> tip(const std::string& id) = 0;
  virtual Result<Tip> tip_of_receipt(const Bytes& lookup) = 0;
  /// The newest first.
  virtual Result<std::vector<Tip>> tips(const Listing& listing) = 0;
  virtual Result<std::map<State, int64_t>> counts() = 0;
  virtual Result<std::vector<Entry>> timeline(const std::string& tip) = 0;
  /// The same with the words of the first entry only: of a list of tips no more is shown.
  virtual Result<std::vector<Entry>> outline(const std::string& tip) = 0;
  virtual Result<Photo> photo(const std::string& tip, int number) = 0;
  /// The tip's content key as sealed to this public half.
  virtual Result<Bytes> copy(const std::string& tip, const Bytes& public_half) = 0;
  /// Ids of tips that have no copy for `reader` but one for `opener` (empty: whether or not), at most
  /// `limit`.
  virtual Result<std::vector<std::string>> tips_without_copy(const Bytes& reader, const Bytes& opener,
                                                             int limit) = 0;
  /// Those of a broadcast's moment, received since then, for which no clip is kept; at most `limit`.
  virtual Result<std::vector<Tip>> tips_without_clip(ProgramTime since, int limit) = 0;
  /// The clips of all tips.
  virtual Result<std::vector<std::string>> clips() = 0;
  /// Those in this state since before `until`, at most `limit`. `spam`: only such, or only others.
  virtual Result<std::vector<Tip>> tips_since_before(State state, std::optional<bool> spam, ProgramTime until,
                                                     int limit) = 0;
};

/// Reading and writing inside one transaction.
class Ledger : public LedgerView {
 public:
  /// There is one at most.
  virtual Result<> put(const Root& root) = 0;
  /// kConflict: there is one for this public half.
  virtual Result<> add(const Certificate& certificate) = 0;
  virtual Result<> add(const Tip& tip) = 0;
  /// State, verdict, the time they changed and the clip.
  virtual Result<> update(const Tip& tip) = 0;
  /// Entries are never changed. kConflict: the number is taken.
  virtual Result<> append(const Entry& entry) = 0;
  virtual Result<> add(const Photo& photo) = 0;
  /// The public half must be somebody's keys'; the copy goes with them.
  virtual Result<> add_copy(const std::string& tip, const Bytes& public_half, const Bytes& sealed) = 0;
  /// With its timeline, photos and all copies of its key.
  virtual Result<> remove_tip(const std::string& id) = 0;
};

/// Where units of work are queued, and what has been committed is read; as broadcast::Books.
class Books {
 public:
  using Work = std::function<Result<>(Ledger&, account::Roll&)>;
  using Done = std::function<void(Result<>)>;

  virtual ~Books() = default;
  virtual void submit(Work work, Done done) = 0;
  virtual LedgerView& desk() = 0;
};

}  // namespace openday::desk
