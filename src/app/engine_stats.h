// How the engine's parts and feeds fare, in the words of docs/LINK.md, `stats`.
#pragma once

#include <vector>

#include "encode/ladder.h"
#include "link/message.h"
#include "output/recorder.h"
#include "output/targets.h"
#include "package/packager.h"

namespace openday::app {

link::Json to_json(const std::vector<encode::EncoderStats>& encoders);
link::Json to_json(const package::PackagerCounters& packager);
link::Json to_json(const std::vector<output::TargetStats>& targets);
link::Json to_json(const output::RecordingStatus& recording);
/// A feed reads what strangers made and may have been taken over: of its `state` only what LINK.md knows is
/// passed on, each field a number, a truth or a short text.
link::Json feed_state(const link::Json& said);

}  // namespace openday::app
