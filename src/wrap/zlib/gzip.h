// gzip (RFC 1952) of whole texts.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace openday::wrap {

/// `level` 1 (fast) … 9 (small). The result is the same for the same input: no time, no file name. Any
/// thread.
Result<Bytes> gzip(ByteView plain, int level);

/// At most `limit` bytes come out; more is kLimit. Any thread.
Result<Bytes> gunzip(ByteView packed, size_t limit);

}  // namespace openday::wrap
