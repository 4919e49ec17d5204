// /healthz, /readyz and /metrics.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "hub/conductor.h"
#include "hub/http.h"
#include "hub/http_parse.h"
#include "hub/metrics_text.h"

namespace openday::hub {

/// How the database is doing. How much it has taken is not told: beside the comments' count that would count
/// tips.
struct BooksHealth {
  std::string trouble;  // empty: fine
  uint64_t failed_commits = 0;
  uint64_t refused = 0;
  uint64_t queued = 0;
};

/// Home thread: the hub's.
class Operations {
 public:
  struct Parts {
    Router& router;
    Loop& loop;
    const Engines& engines;
    const Publishers& publishers;
    const Conductor& conductor;
    std::function<BooksHealth()> books;
    std::function<const HttpCounters&()> http;
    /// Families of the viewers' side, appended to the rest.
    std::function<void(MetricsText&)> more;
    std::vector<Network> metrics_from;  // besides loopback
  };

  explicit Operations(Parts parts) : parts_(std::move(parts)) {}
  Operations(const Operations&) = delete;

  void add_routes();
  /// Why the house is not ready; empty when it is.
  [[nodiscard]] std::vector<std::string> reasons() const;
  [[nodiscard]] std::string metrics() const;

 private:
  [[nodiscard]] bool may_look_inside(const Request& request) const;

  const Parts parts_;
};

}  // namespace openday::hub
