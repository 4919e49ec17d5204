// The entry of each process under the supervisor, and under the hub (photo). `control` is the channel of
// docs/LINK.md; the value is the exit status.
#pragma once

#include "base/fd.h"

namespace openday::app {

int run_hub(UniqueFd control);
int run_gateway(UniqueFd control);
int run_feed(UniqueFd control);
int run_engine(UniqueFd control);
int run_photo(UniqueFd control);

}  // namespace openday::app
