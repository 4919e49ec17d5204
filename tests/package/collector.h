// A listener that remembers, and what its parts say when they are read back.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "output/recorder_fragment.h"
#include "package/packager.h"

namespace openday::test {

struct Collector final : package::PackageListener {
  struct Rendition {
    media::InitSegment init;
    std::vector<media::Part> parts;
    std::vector<media::Segment> segments;

    [[nodiscard]] std::vector<media::Part> parts_of(int64_t msn) const {
      std::vector<media::Part> out;
      for (const media::Part& part : parts) {
        if (part.msn == msn) out.push_back(part);
      }
      return out;
    }
    /// The init segment and all parts, one behind the other: a playable file.
    [[nodiscard]] Bytes file() const {
      Bytes out = *init.data;
      for (const media::Part& part : parts) {
        if (part.data != nullptr) out.insert(out.end(), part.data->begin(), part.data->end());
      }
      return out;
    }
  };

  void on_init(const media::InitSegment& init) override { renditions[init.rendition].init = init; }
  void on_part(const media::Part& part) override { renditions[part.rendition].parts.push_back(part); }
  void on_segment(const media::Segment& segment) override {
    renditions[segment.rendition].segments.push_back(segment);
  }

  std::map<std::string, Rendition> renditions;
};

/// The one fragment that a part must be.
inline output::Fragment fragment_of(const media::Part& part) {
  REQUIRE(part.data != nullptr);
  auto fragment = output::read_fragment(*part.data);
  REQUIRE(fragment);
  REQUIRE(fragment->size == part.data->size());
  return *fragment;
}

inline const output::FragmentRun* run_of(const output::Fragment& fragment, uint32_t track) {
  for (const output::FragmentRun& run : fragment.runs) {
    if (run.track == track) return &run;
  }
  return nullptr;
}

}  // namespace openday::test
