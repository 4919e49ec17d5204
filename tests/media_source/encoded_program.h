// Encodes a small moving picture and a tone with libavcodec, as the engine's encoders do: IDRs by tick
// number, no B-frames, audio with its priming.
#pragma once

#include <string>
#include <vector>

#include "media/media.h"

namespace openday::test {

struct ProgramSpec {
  int width = 160;
  int height = 90;
  int fps = 30;
  int ticks = 150;
  int audio_kbps = 96;
  int seed = 0;  // another seed, other pictures
};

struct EncodedProgram {
  media::Track video;
  media::Track audio;
  std::vector<media::AccessUnit> pictures;  // pictures[n] is tick n
  std::vector<media::AccessUnit> sound;     // begins before zero
};

/// Throws when libavcodec refuses: a test cannot go on without its media.
EncodedProgram encode_program(const ProgramSpec& spec);

/// What a command of the shell prints. Throws when there is no shell.
std::string output_of(const std::string& command);

}  // namespace openday::test
