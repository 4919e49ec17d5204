// The entry of each process under the supervisor, and under the hub (photo). `control` is the channel of
// docs/LINK.md; the value is the exit status.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace openday::app {

/// The ways into a hub, as its routers tell them (hub::Router::routes).
struct HubRoutes {
  std::vector<std::string> all;
  std::vector<std::string> staff;  // of them, what only the gate lets anybody to
  std::vector<std::string> tips;   // of the tip site; empty: there is none
};
/// `on_built`, on the hub's thread, hears the routes of what has been built.
int run_hub(UniqueFd control, std::function<void(const HubRoutes&)> on_built = {});
int run_gateway(UniqueFd control);
int run_feed(UniqueFd control);
int run_engine(UniqueFd control);
int run_photo(UniqueFd control);

}  // namespace openday::app
