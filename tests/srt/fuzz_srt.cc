// What an SRT publisher sends: its stream id, and a stream cut anywhere.
#include <algorithm>
#include <string>

#include "ingest/stream_id.h"
#include "ingest/ts_aligner.h"

using openday::Bytes;
using openday::ByteView;
using openday::ingest::TsAligner;

namespace {

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

void stream_id(ByteView bytes) {
  std::string id(bytes.begin(), bytes.end());
  auto key = openday::ingest::publish_key(id);
  if (key) {
    expect(!key->empty() && id.find(*key) != std::string::npos);
  } else {
    expect(!key.error().message.empty());
  }
}

// Nothing but whole packets comes out, and no byte is counted twice.
void stream(ByteView bytes, size_t step) {
  TsAligner aligner;
  Bytes out;
  for (size_t at = 0; at < bytes.size(); at += step) {
    aligner.push(bytes.subspan(at, std::min(step, bytes.size() - at)), out);
  }
  expect(out.size() % TsAligner::kPacket == 0);
  for (size_t at = 0; at < out.size(); at += TsAligner::kPacket) expect(out[at] == TsAligner::kSync);
  size_t told = out.size() + aligner.skipped();
  expect(told <= bytes.size() && bytes.size() - told < 3 * TsAligner::kPacket);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  stream_id({data + 1, size - 1});
  stream({data + 1, size - 1}, data[0] + size_t{1});
  return 0;
}
