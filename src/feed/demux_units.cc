#include "feed/demux_units.h"

#include <utility>

namespace openday::feed {

Unit DemuxUnits::convert(wrap::DemuxedUnit demuxed, HouseTime arrival) {
  Known& known = known_[demuxed.stream];
  if (known.from != demuxed.setup) {
    known.from = demuxed.setup;
    known.setup = std::make_shared<const Setup>(
        Setup{known.from->codec, known.from->config, known.from->sample_rate, known.from->channels});
  }
  Unit unit;
  unit.kind = demuxed.kind;
  unit.stream = demuxed.stream;
  unit.setup = known.setup;
  unit.data = std::move(demuxed.data);
  unit.pts = demuxed.pts;
  unit.dts = demuxed.dts;
  unit.key = demuxed.key;
  unit.after_loss = demuxed.after_loss;
  unit.arrival = arrival;
  return unit;
}

}  // namespace openday::feed
