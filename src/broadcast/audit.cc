#include "broadcast/audit.h"

#include <utility>

namespace openday::broadcast {

Result<> audit(Ledger& ledger, const Act& act, std::string action, const std::string& subject,
               const Json& detail) {
  return ledger.append({0, act.at, act.by, act.via, std::move(action), subject,
                        detail.is_null() ? std::string() : detail.dump()});
}

}  // namespace openday::broadcast
