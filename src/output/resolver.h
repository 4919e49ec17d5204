// Names to addresses without waiting for them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/egress.h"
#include "base/loop.h"

namespace openday::output {

/// A question to the system's resolver, which can only be asked on a thread that waits, for half a minute at
/// times. That thread is let go of, never joined: it owns what it touches.
///
/// Home thread: the loop's. Destroying it cancels: no callback comes after.
class Resolver {
 public:
  using Addresses = Result<std::vector<SocketAddress>>;
  using OnAnswer = std::function<void(Addresses)>;
  /// openday::resolve, or what a test puts in its place.
  using Ask = std::function<Addresses(const std::string& host, uint16_t port, const EgressPolicy& policy)>;

  Resolver(Loop& loop, const Ask& ask, const std::string& host, uint16_t port, const EgressPolicy& policy,
           OnAnswer on_answer);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace openday::output
