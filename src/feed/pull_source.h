// Sources that the feed fetches by itself: RTSP, SRT, HLS, MPEG-TS and FLV over HTTP; and files, over and
// over.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/egress.h"
#include "base/fd.h"
#include "feed/unit.h"

namespace openday::feed {

/// What a source tells about itself. Called on the source's thread.
struct SourceEvents {
  std::function<void(Unit)> unit;
  /// A new connection or another round: nothing from before counts any more.
  std::function<void()> begin;
  /// Gone, and tried again later. `why` names no URL.
  std::function<void(const Error& why)> lost;
};

/// Waits that end when the source is stopped.
class StopSwitch {
 public:
  void stop();
  [[nodiscard]] bool stopped() const { return flag_->load(); }
  /// False: stopped meanwhile.
  bool sleep_until(HouseTime until);
  [[nodiscard]] const std::shared_ptr<std::atomic<bool>>& flag() const { return flag_; }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
  std::mutex mutex_;
  std::condition_variable wake_;
};

struct PullConfig {
  std::string url;
  std::map<std::string, std::string> options;  // format: ts, flv, hls; latency_ms and passphrase for SRT
  EgressPolicy egress;
};

/// kRefused or kInvalid: this URL is never fetched. What a form can be told before anything is tried.
Result<> check_pull(const PullConfig& config);

/// One thread of its own. After a failure it tries again after 1, 2, 4, 8, then every 15 seconds.
/// Every connection it makes is checked twice: the address resolved here before, and the address connected to
/// by guard_connections() (wrap/av_decode/connect_guard.h), which also sees redirects and playlists.
class PullSource {
 public:
  PullSource(const Clock& clock, PullConfig config, SourceEvents events);
  ~PullSource();
  PullSource(const PullSource&) = delete;
  PullSource& operator=(const PullSource&) = delete;

 private:
  void work();
  Result<> stream();

  const Clock& clock_;
  const PullConfig config_;
  const SourceEvents events_;
  StopSwitch stop_;
  std::thread thread_;  // last
};

/// Opens `path` below `media_root`, following no link that leads out of it.
Result<UniqueFd> open_media(const std::string& media_root, const std::string& path);

/// Plays an open file in a loop with timestamps that go on. One thread of its own.
class FileSource {
 public:
  FileSource(const Clock& clock, UniqueFd file, SourceEvents events);
  ~FileSource();
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

 private:
  void work();
  Result<> play();

  const Clock& clock_;
  UniqueFd file_;
  const SourceEvents events_;
  StopSwitch stop_;
  std::thread thread_;  // last
};

}  // namespace openday::feed
