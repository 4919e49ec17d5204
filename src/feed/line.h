// What the feed's decoding thread drives: decoded sources and the test pattern alike.
#pragma once

#include "feed/stats.h"
#include "feed/unit.h"

namespace openday::feed {

/// One thread, no clock of its own, no waiting: whoever owns it calls run() when next_due() has come.
class Line {
 public:
  virtual ~Line() = default;
  virtual void push(Unit unit, HouseTime now) = 0;
  virtual void want(const Want& want, HouseTime now) = 0;
  /// Another publisher or a new connection: nothing of the old one counts any more.
  virtual void restart() = 0;
  /// When run() has something to do; far in the future: nothing.
  [[nodiscard]] virtual HouseTime next_due() const = 0;
  /// Does a slice of what is due.
  virtual void run(HouseTime now) = 0;
  [[nodiscard]] virtual Stats stats(HouseTime now) const = 0;
};

}  // namespace openday::feed
