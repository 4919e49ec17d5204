// SRT's stream id: what a publisher asks for in its handshake.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace openday::ingest {

/// The ingest key in a stream id: the id itself, or r of "#!::r=KEY,m=publish" (SRT Access Control
/// Guidelines, "General syntax"; keys other than r, m and t are passed over). m may be absent: nothing but
/// publishing is offered here. kInvalid: empty, not UTF-8, with control characters, or of another form;
/// kUnsupported: another mode or type. Messages do not quote the id.
Result<std::string> publish_key(std::string_view stream_id);

}  // namespace openday::ingest
