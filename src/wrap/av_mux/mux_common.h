// What the muxers share. Includes foreign headers: for the .cc files of this folder only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
}

#include <memory>

#include "base/bytes.h"
#include "media/media.h"

namespace openday::wrap {

inline constexpr int kIoBuffer = 64 * 1024;

std::unexpected<Error> av_failure(const char* what, int code);
/// Sets up `stream` for `track`: H.264 with its avcC, or AAC with its AudioSpecificConfig.
Result<> describe(const media::Track& track, AVStream& stream);
/// An AVIOContext write callback; `opaque` is the Bytes that are appended to.
int append_to_bytes(void* opaque, uint8_t* data, int size);

struct FormatFree {
  void operator()(AVFormatContext* context) const { avformat_free_context(context); }
};
struct IoFree {
  void operator()(AVIOContext* io) const {
    av_freep(static_cast<void*>(&io->buffer));
    avio_context_free(&io);
  }
};
struct PacketFree {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

}  // namespace openday::wrap
