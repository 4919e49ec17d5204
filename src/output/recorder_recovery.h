// Brings a media store back to what its index says, after whatever ended the engine that wrote it.
#pragma once

#include <string>
#include <vector>

#include "output/recorder_disk.h"
#include "output/store_index.h"

namespace openday::output {

struct Recovered {
  std::vector<IndexFact> facts;  // the whole index, as it is on disk now
  uint64_t index_size = 0;
  int cut_back = 0;    // segments that a crash left unfinished, cut to their last whole fragment and indexed
  int removed = 0;     // files that held nothing whole, or that retention had already dropped
  int lost = 0;        // index lines whose file is not there as it should be
  int orphans = 0;     // runs with media that the index does not know: left alone
  int unreadable = 0;  // index lines that said nothing: left out
};

/// The caller holds the store's lock. In turn:
/// - a torn last line of the index goes;
/// - of the newest lines, those whose file is missing or short (a power cut) go;
/// - a segment that is not indexed is cut back to its last whole moof+mdat and indexed, or removed if it has
///   none;
/// - what retention had dropped but not yet removed is removed;
/// - an index that is mostly about dropped segments is rewritten without them.
Result<Recovered> recover_store(Disk& disk, const std::string& store);

}  // namespace openday::output
