// The least that libwebsockets needs for an origin: requests held until their part exists, answered from one
// buffer.
#pragma once

#include <atomic>
#include <cstddef>

#include "bench/origin_clients.h"

namespace openday::bench {

/// Serves on a free loopback port, told in `port`, on this thread until the process is ended. Asks for the
/// newest part in `times`, renders nothing, packs nothing and logs nothing: what it costs is the library's
/// own work.
void run_reference_origin(const PartTimes& times, size_t body_bytes, std::atomic<int>& port);

}  // namespace openday::bench
