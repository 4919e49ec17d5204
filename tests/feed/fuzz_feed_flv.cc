// A publisher's FLV tags, any bytes, through reader, map, decoders and fitter in simulated time.
// Input: records of {tag u8, time u24 (ms), size u16, body}.
#include <algorithm>
#include <cstdint>

#include "feed/flv_reader.h"
#include "feed/pipeline.h"
#include "wrap/av_decode/library.h"

using namespace openday;

namespace {

/// Has every picture drawn, and holds the pipeline to what it promises its sink.
struct Drain final : feed::Sink {
  void picture(int width, int height, HouseTime, HouseTime, int64_t, const Draw& draw) override {
    if (width < 2 || height < 2 || width > 320 || height > 180) __builtin_trap();
    media::Image image(width, height);
    (void)draw(image.planes());
  }
  void audio(int64_t from, const float*, int64_t count) override {
    if (from < next || count <= 0) __builtin_trap();
    next = from + count;
  }
  void beat(HouseTime) override {}
  int64_t next = INT64_MIN;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = (wrap::warm_up_libraries(), true);
  (void)quiet;
  Drain drain;
  feed::Pipeline pipeline({.house = {320, 180, 30}}, drain);
  feed::FlvReader reader;
  HouseTime now{1'000'000'000'000};
  pipeline.want({320, 180, size % 2 == 0 ? feed::Mode::kProgram : feed::Mode::kIdle}, now);
  auto run_to = [&](HouseTime until) {
    for (int i = 0; i < 64 && pipeline.next_due() <= until; ++i) {
      now = std::max(now, pipeline.next_due());
      pipeline.run(now);
    }
    now = std::max(now, until);
  };
  ByteReader in(ByteView(data, size));
  while (in.remaining() > 6) {
    int tag = in.u8();
    int64_t time = in.u24();
    ByteView body = in.take(std::min<size_t>(in.u16(), in.remaining()));
    run_to(now + milliseconds(10));
    auto unit = reader.read(tag, time, now, body);
    if (unit) pipeline.push(std::move(*unit), now);
    if (tag == 0x77) pipeline.want({160, 90, feed::Mode::kProgram}, now);
    if (tag == 0x78) pipeline.restart();
  }
  run_to(now + seconds(2));
  return 0;
}
