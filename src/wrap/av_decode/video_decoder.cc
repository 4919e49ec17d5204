#include "wrap/av_decode/video_decoder.h"

#include "wrap/av_decode/internal.h"

namespace openday::wrap {

struct VideoDecoder::State {
  CodecContext context;
  PacketPtr packet{av_packet_alloc()};
};

VideoDecoder::VideoDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoDecoder::VideoDecoder(VideoDecoder&&) noexcept = default;
VideoDecoder& VideoDecoder::operator=(VideoDecoder&&) noexcept = default;
VideoDecoder::~VideoDecoder() = default;

Result<VideoDecoder> VideoDecoder::open(const CodecSetup& setup) {
  auto state = std::make_unique<State>();
  OPENDAY_TRY(state->context, open_decoder(setup));
  if (state->context->codec_type != AVMEDIA_TYPE_VIDEO) return fail(Errc::kInvalid, "not a video codec");
  return VideoDecoder(std::move(state));
}

Result<> VideoDecoder::send(ByteView unit, int64_t tag) {
  if (unit.empty()) return {};  // an empty packet would mean the end
  return send_packet(*state_->context, *state_->packet, unit, tag);
}

std::optional<Picture> VideoDecoder::receive() {
  FramePtr frame(av_frame_alloc());
  if (!frame || avcodec_receive_frame(state_->context.get(), frame.get()) < 0) return std::nullopt;
  return PictureAccess::wrap(std::move(frame));
}

void VideoDecoder::drain() {
  avcodec_send_packet(state_->context.get(), nullptr);
}
void VideoDecoder::flush() {
  avcodec_flush_buffers(state_->context.get());
}

Picture PictureAccess::wrap(FramePtr frame) {
  Picture picture;
  picture.tag = frame->pts;
  picture.width = frame->width;
  picture.height = frame->height;
  if (frame->sample_aspect_ratio.num > 0 && frame->sample_aspect_ratio.den > 0) {
    picture.sar_num = frame->sample_aspect_ratio.num;
    picture.sar_den = frame->sample_aspect_ratio.den;
  }
  picture.interlaced = frame->interlaced_frame != 0;
  picture.damaged = frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
  picture.frame_ = std::make_shared<const Picture::Frame>(Picture::Frame{std::move(frame)});
  return picture;
}

}  // namespace openday::wrap
