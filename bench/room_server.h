// A server with a room on air, as the room's benchmarks use it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "bench/crowd.h"
#include "tests/e2e/harness.h"

namespace openday::bench {

inline constexpr const char* kBroadcast = "room";

/// Room for 15,000 sockets and more. `shown`: comments a second that the room shows, 0: all.
inline e2e::Server::Options room_options(int shown) {
  e2e::Server::Options options;
  options.extra = fmt::format(
      "[store]\nreserve_mb = 10\n[egress]\nallow_private = true\n[room]\nshown_per_second = {}\n", shown);
  options.max_connections = 19'000;
  return options;
}

/// The same with a program that costs next to nothing.
inline e2e::Server::Options small_options(int shown) {
  auto options = room_options(shown);
  options.house = {320, 180, 25};
  options.ladder = {"180p 320x180 200 64"};
  return options;
}

/// For the server's plain port.
inline CrowdPlan room_plan(const e2e::Server& server, size_t sockets) {
  CrowdPlan plan;
  plan.port = std::stoi(server.url().substr(server.url().rfind(':') + 1));
  plan.sockets = sockets;
  plan.path = std::string("/api/v1/broadcasts/") + kBroadcast + "/room";
  plan.subprotocol = "openday-room-1";
  return plan;
}

}  // namespace openday::bench
