// An origin behind real sockets.
#pragma once

#include <memory>
#include <string>

#include "../hub_http/harness.h"
#include "hub/origin.h"

namespace openday::hub::test {

/// The origin ends on the hub's thread and before its loop, however the test ends.
class OriginHub {
 public:
  OriginHub()
      : hub_({}, [this](HttpServer& server) {
          origin_ = std::make_unique<Origin>(OriginOptions(), server.loop(), Log("test", LogLevel::kError));
          origin_->add_routes(server.router());
        }) {}
  ~OriginHub() {
    hub_.on_hub([this] { origin_.reset(); });
  }
  /// A broadcast without a password; `store` may be empty.
  void put(const std::string& store, OriginState state, ProgramTime public_from = {}, std::string id = "b") {
    OriginSetup setup;
    setup.id = id;
    setup.names = {id};
    setup.store = store;
    setup.state = state;
    setup.public_from = public_from;
    hub_.on_hub([&] { origin_->put(setup); });
  }
  Hub& hub() { return hub_; }
  Origin& origin() { return *origin_; }
  Answer get(std::string_view target, std::string_view headers = {}) {
    Client client(hub_.port());
    return client.get(target, headers).value();
  }

 private:
  std::unique_ptr<Origin> origin_;
  Hub hub_;
};

}  // namespace openday::hub::test
