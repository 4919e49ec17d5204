// Init segments, parts and segments as link messages (docs/LINK.md, hub ↔ engine), written and read in one
// place.
#pragma once

#include <string>

#include "link/message.h"
#include "media/media.h"

namespace openday::package {

link::Message to_message(const media::InitSegment& init);
link::Message to_message(const std::string& run, const media::Part& part);
/// `path` in the media store; empty: not recorded.
link::Message to_message(const std::string& run, const media::Segment& segment, const std::string& path);

/// A part or segment as it arrived, with the run it says it belongs to.
template <class T>
struct FromRun {
  std::string run;
  T value;
};

/// kInvalid or kLimit: a field is missing, of another type or out of range, or a name is not a slug.
Result<media::InitSegment> init_from(const link::Message& message);
Result<FromRun<media::Part>> part_from(const link::Message& message);
struct ArrivedSegment {
  std::string run;
  media::Segment segment;
  std::string path;  // empty: not recorded
};
Result<ArrivedSegment> segment_from(const link::Message& message);

}  // namespace openday::package
