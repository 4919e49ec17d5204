// Reads back what the packager wrote: init segments and moof+mdat pairs. Bounded and strict, as after a crash
// a file may end anywhere. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace openday::output {

struct InitTrack {
  uint32_t id = 0;
  bool video = false;
  uint32_t timescale = 0;
  int width = 0;
  int height = 0;
  Bytes sample_entry;  // the stsd's only entry, box header included: "avc1" or "mp4a"
};

/// ISO/IEC 14496-12 moov, as much of it as is needed. kInvalid if there is no track.
Result<std::vector<InitTrack>> read_init(ByteView init);

struct FragmentSample {
  uint32_t duration = 0;
  uint32_t size = 0;
  bool key = false;
};

/// Samples of one track that lie one behind the other.
struct FragmentRun {
  uint32_t track = 0;
  uint64_t decode_time = 0;  // of the first, in the track's timescale
  uint64_t data_at = 0;      // of the first, from the beginning of the fragment
  std::vector<FragmentSample> samples;

  [[nodiscard]] uint64_t duration() const;
  [[nodiscard]] uint64_t bytes() const;
};

struct Fragment {
  uint64_t size = 0;        // of all its boxes
  uint64_t payload_at = 0;  // of the mdat's body, from the beginning of the fragment
  uint64_t payload_size = 0;
  std::vector<FragmentRun> runs;
};

inline constexpr uint64_t kMostMoof = 1 << 20;

/// The fragment at the beginning of `bytes`, which must hold everything up to the mdat's header; the mdat's
/// body may be missing (`size` says how much there should be). kLimit: `bytes` ends before that. kInvalid:
/// not a fragment, or one whose samples do not lie in its mdat.
Result<Fragment> read_fragment(ByteView bytes);

/// Bytes of `file` up to the end of its last whole fragment, and those fragments.
struct WholeFragments {
  uint64_t size = 0;
  std::vector<Fragment> fragments;
};
WholeFragments whole_fragments(ByteView file);

}  // namespace openday::output
