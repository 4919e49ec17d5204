// The audit trail's line, as every rule writes it.
#pragma once

#include <string>

#include "broadcast/json.h"
#include "broadcast/ledger.h"

namespace openday::broadcast {

/// Notes in the act's own transaction that `action` (as in "venue.create") was done to `subject`. `detail` is
/// for people who read the trail and never holds a secret; null: nothing to add.
Result<> audit(Ledger& ledger, const Act& act, std::string action, const std::string& subject,
               const Json& detail = nullptr);

}  // namespace openday::broadcast
