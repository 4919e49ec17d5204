// The viewers' side as the control side knows it, over the origin.
#pragma once

#include <functional>

#include "hub/audience.h"
#include "hub/desired.h"
#include "hub/metrics_text.h"
#include "hub/origin.h"

namespace openday::app {

/// Home thread: the loop's.
class OriginAudience final : public hub::Audience {
 public:
  OriginAudience(hub::Origin& origin, const hub::HouseSettings& settings, double dvr_window_s)
      : origin_(origin), settings_(settings), dvr_window_s_(dvr_window_s) {}

  void update(const broadcast::Broadcast& broadcast) override;
  void remove(const std::string& broadcast) override;
  void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to,
                std::function<void(int64_t segments)> done) override;
  void keep_withdrawn(const std::string& broadcast, ProgramTime from, ProgramTime to) override;
  void ask_recorded(const std::string& broadcast,
                    std::function<void(std::optional<bool> recorded)> done) override;
  [[nodiscard]] std::optional<ProgramTime> edge(const std::string& broadcast) const override;
  [[nodiscard]] bool has_poster(const std::string& broadcast) const override;
  [[nodiscard]] hub::Viewers viewers(const std::string& broadcast) const override;

  /// Told of each new withdrawal, for what keeps copies.
  std::function<void(const std::string& broadcast, ProgramTime from, ProgramTime to)> on_withdrawn;

 private:
  hub::Origin& origin_;
  const hub::HouseSettings& settings_;
  const double dvr_window_s_;
};

void origin_metrics(hub::MetricsText& out, const hub::OriginMetrics& metrics);

}  // namespace openday::app
