#include "output/recorder_fragment.h"

#include <numeric>
#include <optional>

namespace openday::output {
namespace {

constexpr uint32_t fourcc(const char (&name)[5]) {
  return uint32_t{static_cast<uint8_t>(name[0])} << 24 | uint32_t{static_cast<uint8_t>(name[1])} << 16 |
         uint32_t{static_cast<uint8_t>(name[2])} << 8 | static_cast<uint8_t>(name[3]);
}

constexpr size_t kMostSamples = 65536;  // in a run: three orders above what 1/3 s holds

struct BoxHead {
  uint32_t type = 0;
  uint64_t size = 0;  // head included
  uint64_t head = 0;
};

/// Nothing when `bytes` is too short for a head, or the sizes contradict each other.
std::optional<BoxHead> read_head(ByteView bytes) {
  ByteReader reader(bytes);
  BoxHead out;
  out.size = reader.u32();
  out.type = reader.u32();
  out.head = 8;
  if (out.size == 1) {
    out.size = reader.u64();
    out.head = 16;
  }
  if (!reader.ok() || out.size < out.head) return std::nullopt;
  return out;
}

/// Walks the boxes of `bytes`; false when one does not fit, or when `visit` says so.
bool for_each_box(ByteView bytes, auto visit) {
  while (!bytes.empty()) {
    std::optional<BoxHead> head = read_head(bytes);
    if (!head || head->size > bytes.size()) return false;
    ByteView whole = bytes.first(static_cast<size_t>(head->size));
    if (!visit(head->type, whole.subspan(static_cast<size_t>(head->head)), whole)) return false;
    bytes = bytes.subspan(whole.size());
  }
  return true;
}

void read_tkhd(ByteView body, InitTrack& track) {
  ByteReader reader(body);
  int version = reader.u8();
  reader.skip(3);
  reader.skip(version == 1 ? 16 : 8);  // creation and modification
  track.id = reader.u32();
  reader.skip(version == 1 ? 12 : 8);  // reserved, duration
  reader.skip(8 + 8 + 36);             // reserved, layer … volume, matrix
  track.width = static_cast<int>(reader.u32() >> 16);
  track.height = static_cast<int>(reader.u32() >> 16);
  if (!reader.ok()) track.id = 0;
}

void read_mdhd(ByteView body, InitTrack& track) {
  ByteReader reader(body);
  int version = reader.u8();
  reader.skip(3);
  reader.skip(version == 1 ? 16 : 8);
  track.timescale = reader.u32();
}

bool read_trak(ByteView body, InitTrack& track) {
  return for_each_box(body, [&](uint32_t type, ByteView inside, ByteView) {
    if (type == fourcc("tkhd")) read_tkhd(inside, track);
    if (type == fourcc("mdhd")) read_mdhd(inside, track);
    if (type == fourcc("hdlr") && inside.size() >= 12) {
      track.video = ByteReader(inside.subspan(8)).u32() == fourcc("vide");
    }
    if (type == fourcc("stsd") && inside.size() > 8) {
      std::optional<BoxHead> entry = read_head(inside.subspan(8));
      if (!entry || entry->size > inside.size() - 8) return false;
      ByteView bytes = inside.subspan(8, static_cast<size_t>(entry->size));
      track.sample_entry.assign(bytes.begin(), bytes.end());
    }
    bool container = type == fourcc("mdia") || type == fourcc("minf") || type == fourcc("stbl");
    return !container || read_trak(inside, track);
  });
}

struct Defaults {
  uint32_t track = 0;
  uint32_t duration = 0;
  uint32_t size = 0;
  uint32_t flags = 0;
};

bool read_tfhd(ByteView body, Defaults& defaults) {
  ByteReader reader(body);
  uint32_t flags = reader.u32();
  defaults.track = reader.u32();
  if (flags & 0x1) return false;  // base-data-offset: not what default-base-is-moof writes
  if (flags & 0x2) reader.skip(4);
  if (flags & 0x8) defaults.duration = reader.u32();
  if (flags & 0x10) defaults.size = reader.u32();
  if (flags & 0x20) defaults.flags = reader.u32();
  return reader.ok();
}

bool read_trun(ByteView body, const Defaults& defaults, FragmentRun& run) {
  ByteReader reader(body);
  uint32_t flags = reader.u32() & 0xffffff;
  uint32_t count = reader.u32();
  run.data_at = flags & 0x1 ? reader.u32() : 0;
  uint32_t first_flags = flags & 0x4 ? reader.u32() : 0;
  if (!reader.ok() || count > kMostSamples) return false;
  for (uint32_t i = 0; i < count; ++i) {
    FragmentSample sample;
    sample.duration = flags & 0x100 ? reader.u32() : defaults.duration;
    sample.size = flags & 0x200 ? reader.u32() : defaults.size;
    uint32_t sample_flags = flags & 0x400 ? reader.u32() : defaults.flags;
    if (i == 0 && (flags & 0x4)) sample_flags = first_flags;
    if (flags & 0x800) reader.skip(4);           // composition offset: zero, as nothing is reordered
    sample.key = (sample_flags & 0x10000) == 0;  // sample_is_non_sync_sample
    if (!reader.ok()) return false;
    run.samples.push_back(sample);
  }
  return true;
}

bool read_traf(ByteView body, std::vector<FragmentRun>& runs) {
  Defaults defaults;
  uint64_t decode_time = 0;
  return for_each_box(body, [&](uint32_t type, ByteView inside, ByteView) {
    if (type == fourcc("tfhd")) return read_tfhd(inside, defaults);
    if (type == fourcc("tfdt")) {
      ByteReader reader(inside);
      bool wide = reader.u8() == 1;
      reader.skip(3);
      decode_time = wide ? reader.u64() : reader.u32();
      return reader.ok();
    }
    if (type != fourcc("trun")) return true;
    FragmentRun run;
    run.track = defaults.track;
    run.decode_time = decode_time;
    if (!read_trun(inside, defaults, run)) return false;
    decode_time += run.duration();
    runs.push_back(std::move(run));
    return true;
  });
}

}  // namespace

uint64_t FragmentRun::duration() const {
  return std::accumulate(samples.begin(), samples.end(), uint64_t{0},
                         [](uint64_t sum, const FragmentSample& sample) { return sum + sample.duration; });
}

uint64_t FragmentRun::bytes() const {
  return std::accumulate(samples.begin(), samples.end(), uint64_t{0},
                         [](uint64_t sum, const FragmentSample& sample) { return sum + sample.size; });
}

Result<std::vector<InitTrack>> read_init(ByteView init) {
  std::vector<InitTrack> tracks;
  bool good = for_each_box(init, [&](uint32_t type, ByteView inside, ByteView) {
    if (type != fourcc("moov")) return true;
    return for_each_box(inside, [&](uint32_t inner, ByteView trak, ByteView) {
      if (inner != fourcc("trak")) return true;
      InitTrack track;
      if (!read_trak(trak, track) || track.id == 0 || track.timescale == 0 || track.sample_entry.empty())
        return false;
      tracks.push_back(std::move(track));
      return true;
    });
  });
  if (!good || tracks.empty()) return fail(Errc::kInvalid, "not an init segment");
  return tracks;
}

Result<Fragment> read_fragment(ByteView bytes) {
  Fragment out;
  uint64_t moof_at = 0;
  bool have_moof = false;
  for (;;) {
    if (out.size > bytes.size()) return fail(Errc::kLimit, "the fragment is cut short");
    ByteView rest = bytes.subspan(static_cast<size_t>(out.size));
    std::optional<BoxHead> head = read_head(rest);
    if (!head) {
      if (rest.size() < 16) return fail(Errc::kLimit, "the fragment is cut short");
      return fail(Errc::kInvalid, "not a box");
    }
    if (head->type == fourcc("mdat")) {
      if (!have_moof || head->size > uint64_t{1} << 40) return fail(Errc::kInvalid, "not a fragment");
      out.payload_at = out.size + head->head;
      out.payload_size = head->size - head->head;
      out.size += head->size;
      break;
    }
    if (head->size > kMostMoof) return fail(Errc::kInvalid, "not a fragment");
    if (head->size > rest.size()) return fail(Errc::kLimit, "the fragment is cut short");
    if (head->type == fourcc("moof")) {
      if (have_moof) return fail(Errc::kInvalid, "a moof without its mdat");
      have_moof = true;
      moof_at = out.size;
      ByteView body =
          rest.subspan(static_cast<size_t>(head->head), static_cast<size_t>(head->size - head->head));
      bool good = for_each_box(body, [&](uint32_t type, ByteView inside, ByteView) {
        return type != fourcc("traf") || read_traf(inside, out.runs);
      });
      if (!good) return fail(Errc::kInvalid, "a moof that cannot be read");
    }
    out.size += head->size;
  }
  for (FragmentRun& run : out.runs) {
    run.data_at += moof_at;  // default-base-is-moof
    if (run.data_at < out.payload_at || run.data_at + run.bytes() > out.payload_at + out.payload_size) {
      return fail(Errc::kInvalid, "samples outside their mdat");
    }
  }
  return out;
}

WholeFragments whole_fragments(ByteView file) {
  WholeFragments out;
  for (;;) {
    Result<Fragment> next = read_fragment(file.subspan(static_cast<size_t>(out.size)));
    if (!next || next->size > file.size() - out.size) return out;
    out.size += next->size;
    out.fragments.push_back(*std::move(next));
  }
}

}  // namespace openday::output
