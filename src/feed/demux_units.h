// Units as libavformat makes them become units as the pipeline takes them.
#pragma once

#include <map>
#include <memory>

#include "feed/unit.h"
#include "wrap/av_decode/demuxer.h"

namespace openday::feed {

/// One thread. Keeps one set-up per stream of one demuxer.
class DemuxUnits {
 public:
  Unit convert(wrap::DemuxedUnit demuxed, HouseTime arrival);

 private:
  struct Known {
    std::shared_ptr<const wrap::CodecSetup> from;
    std::shared_ptr<const Setup> setup;
  };
  std::map<int, Known> known_;
};

}  // namespace openday::feed
