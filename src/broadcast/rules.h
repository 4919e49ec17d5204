// What the rules are given besides the ledger: the house's layouts, its egress policy and its secrets.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/egress.h"
#include "broadcast/vault.h"

namespace openday::broadcast {

/// The layouts a scene may use, and for how many venues each has tiles.
using Layouts = std::map<std::string, std::set<int>>;

/// Immutable while in use; any thread.
struct Rules {
  Layouts layouts;
  EgressPolicy egress;
  Vault vault;
};

}  // namespace openday::broadcast
