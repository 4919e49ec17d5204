// Servers that do the room's fan-out and nothing else, to be compared with.
#pragma once

#include <memory>
#include <string>

#include "tests/e2e/harness.h"
#include "tests/port.h"

namespace openday::bench {

/// Each runs while it lives, and sends to every WebSocket on kPath what one of them says. Failures are
/// std::runtime_error.
class Peer {
 public:
  static constexpr const char* kPath = "/room";

  /// Node with ws, framed once, one write a socket.
  static Peer node_ws(const std::string& folder);
  /// nginx with nchan, one worker.
  static Peer nchan(const std::string& folder);

  [[nodiscard]] int port() const { return port_.number(); }
  [[nodiscard]] int pid() const { return program_->pid(); }

 private:
  Peer(test::HeldPort port, const std::vector<std::string>& command, const std::string& log);

  test::HeldPort port_;
  std::unique_ptr<e2e::Program> program_;
};

}  // namespace openday::bench
