// Every connection this process makes is checked when it is made.
//
// A pull source may redirect, and its playlists may name any server, deep inside libavformat. So the check
// stands where all of that must pass: this executable defines connect(), and the libraries it loads call
// ours. The C library's own resolver does not (it calls its internal one), so names can still be looked up.
// libsrt does not either: it sends datagrams; an SRT source is resolved and checked by its caller and given
// to libsrt as a number.
#pragma once

#include "base/egress.h"

namespace openday::wrap {

/// From now on, connect() to an internet address that `policy` does not allow fails with EACCES. Before the
/// first call everything is allowed. Any thread; meant to be called once.
void guard_connections(const EgressPolicy& policy);

}  // namespace openday::wrap
