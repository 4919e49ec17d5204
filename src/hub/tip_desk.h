// The tipsters' side of the desk: what the tip site's pages do. Knows no HTTP.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/loop_worker.h"
#include "base/minute_log.h"
#include "desk/ledger.h"
#include "desk/ports.h"
#include "desk/tips.h"

namespace openday::hub {

/// Home thread: the loop's. Receipts are derived beside it, one at a time, at most kMostWaiting wait (kBusy
/// beyond), of which kMostReading are looked up: the rest are for new tips. Nothing is logged of a tip, not
/// even that there is one: a log line has an exact time. That one could not be kept is logged when the minute
/// is over.
class TipDesk {
 public:
  static constexpr size_t kMostWaiting = 8;
  static constexpr size_t kMostReading = 4;

  struct Parts {
    Loop& loop;
    desk::Books& books;
    account::Rolls& rolls;
    const desk::HouseKeys& house;
    desk::ClipKeeper* clips;  // null: none are kept
    Log log;
  };
  explicit TipDesk(Parts parts);
  ~TipDesk();
  TipDesk(const TipDesk&) = delete;

  /// There is somebody to seal a tip to; the last of them may have left within kSure.
  [[nodiscard]] bool is_founded();
  static constexpr auto kSure = std::chrono::seconds(10);

  struct Sent {
    desk::Content content;
    std::string broadcast;
    std::vector<Bytes> photos;  // cleaned
  };
  /// `done` gets the receipt once the tip has reached the disk. When nobody `waits` for it any more before
  /// the tip is on its way there, there is no tip: whoever sends a form twice has one.
  void send(Sent sent, std::function<bool()> waits, std::function<void(Result<std::string> receipt)> done);

  struct Line {
    ProgramTime at;  // the minute
    bool mine = false;
    std::string text;
  };
  struct Dialog {
    desk::State state = desk::State::kReceived;
    std::vector<Line> lines;
  };
  /// kNotFound: no tip has this receipt.
  void read(const std::string& receipt, std::function<void(Result<Dialog>)> done);
  void write(const std::string& receipt, const std::string& text, std::function<void(Result<Dialog>)> done);

  /// Has clips kept of the moments of tips that have none yet. For the turn of a minute: when a clip was made
  /// can be seen on the disk, and must not tell when in the minute its tip came. What a stop or a failure
  /// left out is tried again for an hour.
  void keep_clips();
  /// Releases clips that no tip names: a stop came between a clip and its tip's note of it, or they could not
  /// be removed when their tips went.
  void sweep_clips();

  /// Something has come in.
  std::function<void()> on_news;

 private:
  struct Work;
  void record(const std::shared_ptr<Work>& work);
  void keep_clip(const desk::Tip& tip);
  void complain_of_clip(const Error& error);
  void note_clip(const std::string& id, const std::string& clip);
  struct Found {
    desk::Tip tip;
    desk::Key key;
  };
  void find(const std::string& receipt, const std::function<void(Result<Found>)>& then);
  Result<Dialog> dialog(const Found& found) const;

  Parts parts_;
  MinuteLog of_tips_;  // what fails while somebody sends one
  LogThrottle complaints_;
  std::set<std::string> keeping_;                               // tips whose clips are being made
  std::set<std::string> noting_;                                // clips that are there, and not yet noted
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // the ports may answer late
  HouseTime sure_until_;                                        // that there is somebody
  size_t reading_ = 0;                                          // receipts that are being looked up
  LoopWorker worker_;
};

}  // namespace openday::hub
