// H.264 byte streams (Annex B of ITU-T H.264) to what MP4 stores (ISO/IEC 14496-15). Pure.
#pragma once

#include <string>

#include "base/bytes.h"

namespace openday::wrap {

/// AVCDecoderConfigurationRecord (14496-15, 5.3.3.1) from parameter sets with start codes; kInvalid without
/// an SPS and a PPS.
Result<Bytes> avc_config(ByteView parameter_sets);
/// "avc1.64001f" (RFC 6381, 3.3) of such a record.
std::string avc_codecs(ByteView config);
/// NAL units with 4-byte lengths instead of start codes; parameter sets, delimiters and SEI are left out.
Bytes to_length_prefixed(ByteView access_unit);

}  // namespace openday::wrap
