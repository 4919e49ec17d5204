#include "output/export_mp4_tables.h"

#include <algorithm>

namespace openday::output {
namespace {

/// Writes a box: its head now, its size when the body is there.
class Box {
 public:
  Box(ByteWriter& out, Bytes& bytes, std::string_view type) : bytes_(bytes), at_(bytes.size()) {
    out.u32(0);
    out.append(type);
  }
  Box(ByteWriter& out, Bytes& bytes, std::string_view type, uint8_t version, uint32_t flags)
      : Box(out, bytes, type) {
    out.u8(version);
    out.u24(flags);
  }
  ~Box() {
    auto size = static_cast<uint32_t>(bytes_.size() - at_);
    for (size_t i = 0; i < 4; ++i) bytes_[at_ + i] = static_cast<uint8_t>(size >> (24 - 8 * i));
  }
  Box(const Box&) = delete;

 private:
  Bytes& bytes_;
  const size_t at_;
};

void write_matrix(ByteWriter& out) {
  for (uint32_t value : {0x10000u, 0u, 0u, 0u, 0x10000u, 0u, 0u, 0u, 0x40000000u}) out.u32(value);
}

uint64_t in_movie_time(int64_t value, uint32_t timescale) {
  return static_cast<uint64_t>(value) * kMovieTimescale / timescale;
}

}  // namespace

void Mp4Track::append_duration(uint32_t duration) {
  if (!durations_.empty() && durations_.back().duration == duration) {
    ++durations_.back().count;
  } else {
    durations_.push_back({.count = 1, .duration = duration});
  }
}

void Mp4Track::stretch_last(int64_t by) {
  int64_t duration = std::max<int64_t>(1, durations_.back().duration + by);
  end_ += duration - durations_.back().duration;
  if (--durations_.back().count == 0) durations_.pop_back();
  append_duration(static_cast<uint32_t>(std::min<int64_t>(duration, UINT32_MAX)));
}

void Mp4Track::add_chunk(uint64_t at, int64_t decode_time, const InitTrack& described,
                         const std::vector<FragmentSample>& samples) {
  if (samples.empty()) return;
  if (sizes_.empty()) {
    begin_ = end_ = decode_time;
    width_ = described.width;
    height_ = described.height;
  } else if (decode_time != end_) {
    stretch_last(decode_time - end_);
  }
  auto known = std::ranges::find(descriptions_, described.sample_entry);
  auto description = static_cast<uint32_t>(known - descriptions_.begin()) + 1;
  if (known == descriptions_.end()) descriptions_.push_back(described.sample_entry);

  chunks_.push_back(at);
  auto count = static_cast<uint32_t>(samples.size());
  if (chunk_runs_.empty() || chunk_runs_.back().samples != count ||
      chunk_runs_.back().description != description) {
    chunk_runs_.push_back(
        {.first_chunk = static_cast<uint32_t>(chunks_.size()), .samples = count, .description = description});
  }
  for (const FragmentSample& sample : samples) {
    sizes_.push_back(sample.size);
    if (sample.key) keys_.push_back(static_cast<uint32_t>(sizes_.size()));
    append_duration(sample.duration);
    end_ += sample.duration;
  }
}

void Mp4Track::write(ByteWriter& out, Bytes& bytes, uint32_t id, uint64_t media_data_at) const {
  Box trak(out, bytes, "trak");
  uint64_t lasts = in_movie_time(end_ - begin_, timescale_);
  uint64_t begins = in_movie_time(begin_, timescale_);
  {
    Box tkhd(out, bytes, "tkhd", 1, 3);  // enabled, in movie
    out.u64(0);
    out.u64(0);
    out.u32(id);
    out.u32(0);
    out.u64(begins + lasts);
    out.u64(0);
    out.u16(0);
    out.u16(0);
    out.u16(video_ ? 0 : 0x100);
    out.u16(0);
    write_matrix(out);
    out.u32(static_cast<uint32_t>(width_) << 16);
    out.u32(static_cast<uint32_t>(height_) << 16);
  }
  if (begins > 0) {
    Box edts(out, bytes, "edts");
    Box elst(out, bytes, "elst", 1, 0);
    out.u32(2);
    out.u64(begins);  // nothing until the first sample …
    out.u64(UINT64_MAX);
    out.u32(0x10000);
    out.u64(lasts);  // … then all of them
    out.u64(0);
    out.u32(0x10000);
  }
  Box mdia(out, bytes, "mdia");
  {
    Box mdhd(out, bytes, "mdhd", 1, 0);
    out.u64(0);
    out.u64(0);
    out.u32(timescale_);
    out.u64(static_cast<uint64_t>(end_ - begin_));
    out.u16(0x55c4);  // "und"
    out.u16(0);
  }
  {
    Box hdlr(out, bytes, "hdlr", 0, 0);
    out.u32(0);
    out.append(video_ ? "vide" : "soun");
    for (int i = 0; i < 3; ++i) out.u32(0);
    out.append(video_ ? "video" : "sound");
    out.u8(0);
  }
  Box minf(out, bytes, "minf");
  if (video_) {
    Box vmhd(out, bytes, "vmhd", 0, 1);
    out.u64(0);
  } else {
    Box smhd(out, bytes, "smhd", 0, 0);
    out.u32(0);
  }
  {
    Box dinf(out, bytes, "dinf");
    Box dref(out, bytes, "dref", 0, 0);
    out.u32(1);
    Box url(out, bytes, "url ", 0, 1);  // in this file
  }
  write_tables(out, bytes, media_data_at);
}

void Mp4Track::write_tables(ByteWriter& out, Bytes& bytes, uint64_t media_data_at) const {
  Box stbl(out, bytes, "stbl");
  {
    Box stsd(out, bytes, "stsd", 0, 0);
    out.u32(static_cast<uint32_t>(descriptions_.size()));
    for (const Bytes& description : descriptions_) out.append(description);
  }
  {
    Box stts(out, bytes, "stts", 0, 0);
    out.u32(static_cast<uint32_t>(durations_.size()));
    for (const Run& run : durations_) {
      out.u32(run.count);
      out.u32(run.duration);
    }
  }
  if (video_) {
    Box stss(out, bytes, "stss", 0, 0);
    out.u32(static_cast<uint32_t>(keys_.size()));
    for (uint32_t key : keys_) out.u32(key);
  }
  {
    Box stsc(out, bytes, "stsc", 0, 0);
    out.u32(static_cast<uint32_t>(chunk_runs_.size()));
    for (const ChunkRun& run : chunk_runs_) {
      out.u32(run.first_chunk);
      out.u32(run.samples);
      out.u32(run.description);
    }
  }
  {
    Box stsz(out, bytes, "stsz", 0, 0);
    out.u32(0);
    out.u32(static_cast<uint32_t>(sizes_.size()));
    for (uint32_t size : sizes_) out.u32(size);
  }
  Box co64(out, bytes, "co64", 0, 0);
  out.u32(static_cast<uint32_t>(chunks_.size()));
  for (uint64_t chunk : chunks_) out.u64(media_data_at + chunk);
}

Bytes mp4_head(const std::vector<Mp4Track>& tracks, uint64_t media_bytes) {
  // Offsets are as long whatever they say: write once to know the length, once to say the truth.
  uint64_t media_data_at = 0;
  for (;;) {
    Bytes bytes;
    ByteWriter out(bytes);
    {
      Box ftyp(out, bytes, "ftyp");
      out.append("isom");
      out.u32(0x200);
      out.append("isomiso2avc1mp41");
    }
    {
      Box moov(out, bytes, "moov");
      {
        uint64_t lasts = 0;
        uint32_t next_id = 1;
        for (const Mp4Track& track : tracks) {
          if (track.empty()) continue;
          lasts = std::max(lasts, in_movie_time(track.end(), track.timescale()));
          ++next_id;
        }
        Box mvhd(out, bytes, "mvhd", 1, 0);
        out.u64(0);
        out.u64(0);
        out.u32(kMovieTimescale);
        out.u64(lasts);
        out.u32(0x10000);
        out.u16(0x100);
        out.u16(0);
        out.u64(0);
        write_matrix(out);
        for (int i = 0; i < 6; ++i) out.u32(0);
        out.u32(next_id);
      }
      uint32_t id = 0;
      for (const Mp4Track& track : tracks) {
        if (!track.empty()) track.write(out, bytes, ++id, media_data_at);
      }
    }
    out.u32(1);  // mdat with a 64-bit size
    out.append("mdat");
    out.u64(16 + media_bytes);
    if (bytes.size() == media_data_at) return bytes;
    media_data_at = bytes.size();
  }
}

}  // namespace openday::output
