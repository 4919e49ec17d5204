// Players without pictures: many connections that block-reload one playlist, driven by one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace openday::bench {

inline constexpr int kPartsPerSegment = 6;

/// When each part was handed to the hub, in memory that publisher and clients share.
struct PartTimes {
  static constexpr size_t kMost = 1 << 16;
  std::atomic<int64_t> appeared_ns[kMost];  // CLOCK_MONOTONIC by running number of the part; 0: not yet
};

struct OriginLoad {
  int port = 0;
  int clients = 2000;
  std::string playlist;         // "/hls/bench/720p/live.m3u8"
  bool download_parts = false;  // also fetch the part that the playlist brought, on the same connection
  std::string run;              // of those parts
  std::string tls_certificate;  // PEM to trust; empty: no TLS
  Duration warm_up = seconds(2);
  Duration length = seconds(20);
  int64_t first_part = 0;  // running number to begin with
};

struct OriginResult {
  std::vector<double> latencies_ms;  // from the part's appearance to the whole playlist received
  uint64_t answers = 0;
  uint64_t parts = 0;  // downloaded
  uint64_t bytes = 0;
  uint64_t unanswered = 0;  // at the end, though the part exists; in latencies_ms with their age
  uint64_t errors = 0;      // other statuses, closed connections
  std::string first_error;
  uint64_t urls = 0;  // distinct playlist URLs asked for

  [[nodiscard]] double percentile(double p);
};

/// Connects all clients, then runs for warm_up + length. Samples of the warm-up do not count.
Result<OriginResult> run_origin_clients(const OriginLoad& load, const PartTimes& times);

}  // namespace openday::bench
