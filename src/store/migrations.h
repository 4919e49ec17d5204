// The database's shape, version by version. A migration that has been released is never changed; the next one
// follows.
#pragma once

#include "base/result.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::store {

/// The version this build writes.
int schema_version();

/// Brings the database to schema_version(), each step in a transaction of its own. kUnsupported when it was
/// written by a newer build: going on would lose what that build knows.
Result<> migrate(sqlite::Database& db);

}  // namespace openday::store
