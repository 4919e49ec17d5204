#include "wrap/av_decode/deinterlacer.h"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

#include <fmt/format.h>

#include "wrap/av_decode/internal.h"

namespace openday::wrap {

struct Deinterlacer::State {
  GraphPtr graph;
  AVFilterContext* in = nullptr;   // owned by the graph
  AVFilterContext* out = nullptr;  // owned by the graph
  int width = 0;
  int height = 0;
  int format = AV_PIX_FMT_NONE;
};

namespace {

constexpr AVRational kTimeBase{1, 90000};  // tags are no times, but filters take them for such

Result<AVFilterContext*> add(AVFilterGraph& graph, const char* filter, const char* options) {
  AVFilterContext* context = nullptr;
  int made =
      avfilter_graph_create_filter(&context, avfilter_get_by_name(filter), filter, options, nullptr, &graph);
  if (made < 0) return std::unexpected(av_error(filter, made));
  return context;
}

}  // namespace

Deinterlacer::Deinterlacer() : state_(std::make_unique<State>()) {}
Deinterlacer::~Deinterlacer() = default;

void Deinterlacer::reset() {
  *state_ = State{};
}

Result<std::optional<Picture>> Deinterlacer::push(const Picture& picture) {
  const AVFrame& frame = PictureAccess::frame(picture);
  State& state = *state_;
  if (!state.graph || state.width != frame.width || state.height != frame.height ||
      state.format != frame.format) {
    reset();
    state.graph.reset(avfilter_graph_alloc());
    if (!state.graph) return fail(Errc::kLimit, "out of memory");
    state.graph->nb_threads = 1;
    std::string source = fmt::format("video_size={}x{}:pix_fmt={}:time_base={}/{}:pixel_aspect={}/{}",
                                     frame.width, frame.height, frame.format, kTimeBase.num, kTimeBase.den,
                                     picture.sar_num, picture.sar_den);
    OPENDAY_TRY(state.in, add(*state.graph, "buffer", source.c_str()));
    // Only pictures that say they are interlaced; the field order is theirs too.
    OPENDAY_TRY(AVFilterContext * filter,
                add(*state.graph, "bwdif", "mode=send_frame:parity=auto:deint=interlaced"));
    OPENDAY_TRY(state.out, add(*state.graph, "buffersink", nullptr));
    int linked = avfilter_link(state.in, 0, filter, 0);
    if (linked >= 0) linked = avfilter_link(filter, 0, state.out, 0);
    if (linked >= 0) linked = avfilter_graph_config(state.graph.get(), nullptr);
    if (linked < 0) {
      reset();
      return std::unexpected(av_error("bwdif", linked));
    }
    state.width = frame.width;
    state.height = frame.height;
    state.format = frame.format;
  }
  FramePtr copy(av_frame_clone(&frame));
  if (!copy) return fail(Errc::kLimit, "out of memory");
  int pushed = av_buffersrc_add_frame(state.in, copy.get());
  if (pushed < 0) return std::unexpected(av_error("bwdif", pushed));
  FramePtr done(av_frame_alloc());
  if (!done || av_buffersink_get_frame(state.out, done.get()) < 0) return std::nullopt;
  // bwdif counts in half ticks, to have room for a second field.
  done->pts = av_rescale_q(done->pts, av_buffersink_get_time_base(state.out), kTimeBase);
  return PictureAccess::wrap(std::move(done));
}

}  // namespace openday::wrap
