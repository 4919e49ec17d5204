#include "wrap/av_mux/cmaf_muxer.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/opt.h>
}

#include <array>
#include <optional>

#include "wrap/av_mux/mux_common.h"

namespace openday::wrap {

struct CmafMuxer::State {
  Bytes pending;  // what the muxer has written since the last cut
  std::unique_ptr<AVIOContext, IoFree> io;
  std::unique_ptr<AVFormatContext, FormatFree> context;
  std::unique_ptr<AVPacket, PacketFree> packet;
  std::array<int, 2> stream_of{-1, -1};  // by media::Kind
  std::array<std::optional<int64_t>, 2> last_dts;
  bool any = false;  // something was added since the last cut
  bool header_written = false;
  SharedBytes init;

  ~State() {
    if (header_written) av_write_trailer(context.get());
  }
};

CmafMuxer::CmafMuxer(std::unique_ptr<State> state) : state_(std::move(state)) {}
CmafMuxer::CmafMuxer(CmafMuxer&&) noexcept = default;
CmafMuxer& CmafMuxer::operator=(CmafMuxer&&) noexcept = default;
CmafMuxer::~CmafMuxer() = default;

Result<CmafMuxer> CmafMuxer::create(const std::vector<media::Track>& tracks) {
  if (tracks.empty() || tracks.size() > 2)
    return fail(Errc::kInvalid, "one or two tracks are packaged together");
  auto state = std::make_unique<State>();
  AVFormatContext* context = nullptr;
  if (int code = avformat_alloc_output_context2(&context, nullptr, "mp4", nullptr); code < 0) {
    return av_failure("mp4 muxer", code);
  }
  state->context.reset(context);
  state->packet.reset(av_packet_alloc());
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBuffer));
  state->io.reset(
      avio_alloc_context(buffer, kIoBuffer, 1, &state->pending, nullptr, append_to_bytes, nullptr));
  if (state->io == nullptr || state->packet == nullptr) return fail(Errc::kInternal, "out of memory");
  context->pb = state->io.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;  // no encoder name in the file
  context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;

  for (const media::Track& track : tracks) {
    auto kind = static_cast<size_t>(track.kind);
    if (state->stream_of[kind] >= 0) return fail(Errc::kInvalid, "two tracks of a kind");
    AVStream* stream = avformat_new_stream(context, nullptr);
    if (stream == nullptr) return fail(Errc::kInternal, "out of memory");
    OPENDAY_CHECK_OK(describe(track, *stream));
    state->stream_of[kind] = stream->index;
  }
  // frag_custom: a fragment ends when told. No edit list: decode times are presentation times, there is
  // nothing to shift.
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof+cmaf+skip_trailer", 0);
  av_dict_set(&options, "use_editlist", "0", 0);
  av_dict_set(&options, "video_track_timescale", "90000", 0);
  int code = avformat_write_header(context, &options);
  av_dict_free(&options);
  if (code < 0) return av_failure("mp4 header", code);
  state->header_written = true;
  avio_flush(context->pb);
  state->init = std::make_shared<const Bytes>(std::move(state->pending));
  state->pending = Bytes();
  return CmafMuxer(std::move(state));
}

const SharedBytes& CmafMuxer::init() const {
  return state_->init;
}

Result<> CmafMuxer::add(const media::AccessUnit& unit) {
  auto kind = static_cast<size_t>(unit.kind);
  int stream = state_->stream_of[kind];
  std::optional<int64_t>& last = state_->last_dts[kind];
  if (stream < 0) return fail(Errc::kInvalid, "an access unit of a track that is not there");
  if (unit.data == nullptr || unit.data->empty() || unit.duration <= 0)
    return fail(Errc::kInvalid, "an empty access unit");
  if (unit.dts < 0 || (last && unit.dts <= *last))
    return fail(Errc::kInvalid, "a decode time that does not rise");
  if (!state_->any) {
    // For this fragment only: its decode times are written as they are. Otherwise libavformat moves the first
    // sample to where the previous fragment ended, and the first of all to zero.
    av_opt_set(state_->context->priv_data, "movflags", "+frag_discont", 0);
  }
  AVPacket* packet = state_->packet.get();
  av_packet_unref(packet);
  packet->data = const_cast<uint8_t*>(unit.data->data());  // only read: it is copied into the fragment
  packet->size = static_cast<int>(unit.data->size());
  packet->stream_index = stream;
  packet->pts = unit.pts;
  packet->dts = unit.dts;
  packet->duration = unit.duration;
  if (unit.key || unit.kind == media::Kind::kAudio) packet->flags |= AV_PKT_FLAG_KEY;
  if (int code = av_write_frame(state_->context.get(), packet); code < 0)
    return av_failure("mp4 packet", code);
  last = unit.dts;
  state_->any = true;
  return {};
}

Result<SharedBytes> CmafMuxer::cut() {
  if (!state_->any) return SharedBytes();
  state_->any = false;
  if (int code = av_write_frame(state_->context.get(), nullptr); code < 0)
    return av_failure("mp4 fragment", code);
  avio_flush(state_->context->pb);
  auto part = std::make_shared<const Bytes>(std::move(state_->pending));
  state_->pending = Bytes();
  return SharedBytes(part);
}

}  // namespace openday::wrap
