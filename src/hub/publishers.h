// The hub's side of its channel to the gateway: whose keys these are, and where each venue's stream shall go.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/loop.h"
#include "broadcast/ledger.h"
#include "broadcast/rules.h"
#include "link/channel.h"

namespace openday::hub {

/// Home thread: the loop's.
class Publishers {
 public:
  static constexpr size_t kChannelBound = 1024 * 1024;

  struct Publisher {
    std::string state;  // "connected", "streaming"
    std::string protocol;
    ProgramTime since;
  };

  Publishers(Loop& loop, Log log, broadcast::LedgerView& ledger, const broadcast::Rules& rules);
  ~Publishers();
  Publishers(const Publishers&) = delete;

  Result<> attach(UniqueFd socket);
  void gone();
  [[nodiscard]] bool attached() const { return channel_ != nullptr; }

  /// The whole truth of which venue is wanted by which feed ("b/v"); the gateway is told the differences.
  void route(const std::map<std::string, std::string>& feed_of_venue);
  /// Cuts a venue's publisher: its key was changed, or the venue is gone. A gateway that cannot be told now
  /// is told later; for a venue that is gone, only if it reports that venue's publisher again.
  void kick(const std::string& venue, std::string_view why);

  /// Who publishes now, by venue.
  [[nodiscard]] const std::map<std::string, Publisher>& publishers() const { return publishers_; }
  /// How often each venue's encoder has connected since the hub started.
  [[nodiscard]] const std::map<std::string, uint64_t>& connects() const { return connects_; }
  /// Of the gateway's last report (docs/LINK.md, stats) what can be true; null before the first.
  [[nodiscard]] const nlohmann::json& stats() const { return stats_; }
  /// Called when a publisher comes or goes.
  std::function<void(const std::string& venue)> on_change;

 private:
  void on_message(const link::Message& message);
  void on_auth(const nlohmann::json& head);
  void on_publisher(const nlohmann::json& head);
  void on_stats(const nlohmann::json& head);
  Result<std::string> venue_of(const std::string& protocol, const std::string& key, std::string& passphrase);
  [[nodiscard]] bool is_outdated(const std::string& venue, const nlohmann::json& head) const;
  /// False: the gateway was not told.
  bool tell(std::string_view type, nlohmann::json fields);
  void tell_all();

  Loop& loop_;
  const Log log_;
  broadcast::LedgerView& ledger_;
  const broadcast::Rules& rules_;
  std::shared_ptr<link::Channel> channel_;
  std::map<std::string, std::string> routes_;
  std::map<std::string, std::string> untold_kicks_;  // venue → why; bounded by the venues
  std::set<std::string> let_in_;                     // venues whose keys this hub has said to be right
  std::map<std::string, Publisher> publishers_;
  std::map<std::string, uint64_t> connects_;
  nlohmann::json stats_;
  LogThrottle not_told_log_;
  Loop::TimerId retell_ = 0;
};

}  // namespace openday::hub
