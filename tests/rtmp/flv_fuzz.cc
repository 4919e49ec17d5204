// FLV tag bodies: the views that parsing gives lie inside the body.
#include <cstdlib>

#include "rtmp/flv.h"

using namespace openday;
using namespace openday::rtmp;

namespace {
void inside(ByteView view, ByteView body) {
  if (view.empty()) return;
  if (view.data() < body.data() || view.data() + view.size() > body.data() + body.size()) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView body(data, size);
  if (auto video = parse_video_tag(body)) {
    inside(video->data, body);
    if (video->composition_ms < -0x800000 || video->composition_ms > 0x7FFFFF) std::abort();
  }
  if (auto audio = parse_audio_tag(body)) inside(audio->data, body);
  if (auto config = parse_avc_config(body)) {
    for (ByteView set : config->sps) inside(set, body);
    for (ByteView set : config->pps) inside(set, body);
  }
  return 0;
}
