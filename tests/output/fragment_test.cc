#include "output/recorder_fragment.h"

#include <catch2/catch.hpp>

#include "store_fixture.h"

using namespace openday;
using namespace openday::output;

namespace {

/// One small segment of the test program.
Bytes one_segment(int& parts) {
  test::Tape tape = test::record_tape("run1", 0, 0, 60);
  Bytes out;
  parts = 0;
  for (const auto& event : tape.events) {
    const auto* part = std::get_if<media::Part>(&event);
    if (part == nullptr || part->rendition != "90p") continue;
    out.insert(out.end(), part->data->begin(), part->data->end());
    ++parts;
  }
  return out;
}

}  // namespace

TEST_CASE("a segment cut at any byte is taken up to its last whole fragment") {
  int parts = 0;
  Bytes segment = one_segment(parts);
  REQUIRE(parts == 6);
  WholeFragments whole = whole_fragments(segment);
  REQUIRE(whole.size == segment.size());
  REQUIRE(whole.fragments.size() == 6);
  std::vector<uint64_t> ends{0};
  for (const Fragment& fragment : whole.fragments) ends.push_back(ends.back() + fragment.size);
  size_t wrong = 0;
  for (size_t cut = 0; cut <= segment.size(); ++cut) {
    WholeFragments got = whole_fragments(ByteView(segment).first(cut));
    size_t want = 0;
    while (want + 1 < ends.size() && ends[want + 1] <= cut) ++want;
    if (got.fragments.size() != want || got.size != ends[want]) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a fragment whose sizes lie is refused, whatever byte is changed") {
  int parts = 0;
  Bytes segment = one_segment(parts);
  WholeFragments whole = whole_fragments(segment);
  size_t head = whole.fragments[0].payload_at;
  for (size_t at = 0; at < head; ++at) {
    for (uint8_t value : {uint8_t{0}, uint8_t{1}, uint8_t{0x7f}, uint8_t{0xff}}) {
      Bytes broken(segment.begin(), segment.begin() + static_cast<std::ptrdiff_t>(whole.fragments[0].size));
      broken[at] = value;
      auto fragment = read_fragment(broken);
      if (!fragment) continue;
      for (const FragmentRun& run : fragment->runs) {  // what is accepted stays inside
        CHECK(run.data_at + run.bytes() <= fragment->size);
      }
    }
  }
}

TEST_CASE("init segments are read, garbage is not") {
  test::Tape tape = test::record_tape("run1", 0, 0, 60);
  auto tracks = read_init(*tape.inits[0].data);
  REQUIRE(tracks);
  REQUIRE(tracks->size() == 2);
  CHECK(tracks->at(0).video);
  CHECK(tracks->at(0).width == 160);
  CHECK(tracks->at(0).height == 90);
  CHECK(as_text(ByteView(tracks->at(0).sample_entry).subspan(4, 4)) == "avc1");
  CHECK(!tracks->at(1).video);
  CHECK(as_text(ByteView(tracks->at(1).sample_entry).subspan(4, 4)) == "mp4a");
  const Bytes& init = *tape.inits[0].data;
  for (size_t cut = 0; cut < init.size(); ++cut) CHECK(!read_init(ByteView(init).first(cut)));
}
