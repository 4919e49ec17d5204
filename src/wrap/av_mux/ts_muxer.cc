#include "wrap/av_mux/ts_muxer.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <array>
#include <optional>

#include "wrap/av_mux/mux_common.h"

namespace openday::wrap {
namespace {

/// Between the clock in the stream (PCR) and decode times: what a hardware decoder may buffer. Adds nothing
/// to the delay of a player that shows what it has.
constexpr int kMuxDelayUs = 200'000;

}  // namespace

struct TsMuxer::State {
  Bytes pending;
  std::unique_ptr<AVIOContext, IoFree> io;
  std::unique_ptr<AVFormatContext, FormatFree> context;
  std::unique_ptr<AVPacket, PacketFree> packet;
  std::array<int, 2> stream_of{-1, -1};  // by media::Kind
  std::array<AVRational, 2> unit_of{};   // of the access units' times
  std::array<std::optional<int64_t>, 2> last_dts;
  bool header_written = false;

  ~State() {
    if (header_written) av_write_trailer(context.get());
  }
};

TsMuxer::TsMuxer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TsMuxer::TsMuxer(TsMuxer&&) noexcept = default;
TsMuxer& TsMuxer::operator=(TsMuxer&&) noexcept = default;
TsMuxer::~TsMuxer() = default;

Result<TsMuxer> TsMuxer::create(const std::vector<media::Track>& tracks) {
  if (tracks.empty() || tracks.size() > 2) return fail(Errc::kInvalid, "one or two tracks go into a stream");
  auto state = std::make_unique<State>();
  AVFormatContext* context = nullptr;
  if (int code = avformat_alloc_output_context2(&context, nullptr, "mpegts", nullptr); code < 0) {
    return av_failure("mpegts muxer", code);
  }
  state->context.reset(context);
  state->packet.reset(av_packet_alloc());
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBuffer));
  state->io.reset(
      avio_alloc_context(buffer, kIoBuffer, 1, &state->pending, nullptr, append_to_bytes, nullptr));
  if (state->io == nullptr || state->packet == nullptr) return fail(Errc::kInternal, "out of memory");
  context->pb = state->io.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->max_delay = kMuxDelayUs;
  av_dict_set(&context->metadata, "service_provider", "Openday", 0);
  av_dict_set(&context->metadata, "service_name", "Openday", 0);
  for (const media::Track& track : tracks) {
    auto kind = static_cast<size_t>(track.kind);
    if (state->stream_of[kind] >= 0) return fail(Errc::kInvalid, "two tracks of a kind");
    AVStream* stream = avformat_new_stream(context, nullptr);
    if (stream == nullptr) return fail(Errc::kInternal, "out of memory");
    OPENDAY_CHECK_OK(describe(track, *stream));
    state->stream_of[kind] = stream->index;
    state->unit_of[kind] = stream->time_base;  // the muxer's header makes it 1/90000 for both
  }
  if (int code = avformat_write_header(context, nullptr); code < 0) return av_failure("mpegts header", code);
  state->header_written = true;
  return TsMuxer(std::move(state));
}

Result<> TsMuxer::add(const media::AccessUnit& unit, Bytes& out) {
  auto kind = static_cast<size_t>(unit.kind);
  int stream = state_->stream_of[kind];
  std::optional<int64_t>& last = state_->last_dts[kind];
  if (stream < 0) return fail(Errc::kInvalid, "an access unit of a track that is not there");
  if (unit.data == nullptr || unit.data->empty()) return fail(Errc::kInvalid, "an empty access unit");
  if (last && unit.dts <= *last) return fail(Errc::kInvalid, "a decode time that does not rise");
  AVPacket* packet = state_->packet.get();
  av_packet_unref(packet);
  packet->data = const_cast<uint8_t*>(unit.data->data());  // only read: it is converted into a copy
  packet->size = static_cast<int>(unit.data->size());
  packet->stream_index = stream;
  packet->pts = unit.pts;
  packet->dts = unit.dts;
  packet->duration = unit.duration;
  if (unit.key || unit.kind == media::Kind::kAudio) packet->flags |= AV_PKT_FLAG_KEY;
  AVFormatContext* context = state_->context.get();
  av_packet_rescale_ts(packet, state_->unit_of[kind], context->streams[stream]->time_base);
  if (int code = av_write_frame(context, packet); code < 0) return av_failure("mpegts packet", code);
  last = unit.dts;
  avio_flush(context->pb);
  out.insert(out.end(), state_->pending.begin(), state_->pending.end());
  state_->pending.clear();
  return {};
}

}  // namespace openday::wrap
