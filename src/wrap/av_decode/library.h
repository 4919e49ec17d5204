// The FFmpeg libraries as a whole: their log, and what they must do before a sandbox closes.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace openday::wrap {

/// What a decoder is opened with.
struct CodecSetup {
  std::string codec;  // libavcodec's name: "h264", "aac"
  Bytes config;       // avcC, hvcC, AudioSpecificConfig …; empty when it comes in band
  int sample_rate = 0;
  int channels = 0;
  bool operator==(const CodecSetup&) const = default;
};

/// Silences the libraries' own log and initialises TLS and networking. Call it once, before threads and
/// before the sandbox.
void warm_up_libraries();

/// The codecs that may be decoded here: what cameras and encoders send. The libraries know 500 more, each a
/// way in.
bool is_decodable(const std::string& codec);

}  // namespace openday::wrap
