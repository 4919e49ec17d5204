#include "ingest/ts_aligner.h"

#include <catch2/catch.hpp>
#include <random>

namespace openday::ingest {
namespace {

/// A packet whose payload holds sync bytes too.
Bytes packet(uint8_t number) {
  Bytes out(TsAligner::kPacket, number);
  for (size_t i = 0; i < out.size(); i += 7) out[i] = TsAligner::kSync;
  return out;
}

Bytes packets(int from, int to) {
  Bytes out;
  for (int i = from; i < to; ++i) {
    auto one = packet(static_cast<uint8_t>(i));
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

TEST_CASE("aligned messages pass through whole") {
  TsAligner aligner;
  Bytes out;
  aligner.push(packets(0, 7), out);
  CHECK(out == packets(0, 7));
  aligner.push(packets(7, 8), out);
  CHECK(out == packets(0, 8));
  CHECK(aligner.skipped() == 0);
}

TEST_CASE("packets cut anywhere are put together again") {
  Bytes stream = packets(0, 40);
  for (size_t cut : {1u, 7u, 187u, 188u, 189u, 1316u, 1456u}) {
    TsAligner aligner;
    Bytes out;
    for (size_t at = 0; at < stream.size(); at += cut) {
      aligner.push(ByteView(stream).subspan(at, std::min(cut, stream.size() - at)), out);
    }
    CHECK(out == stream);
    CHECK(aligner.skipped() == 0);
  }
}

TEST_CASE("bytes before and between packets are skipped and counted") {
  TsAligner aligner;
  Bytes out;
  aligner.push(joined({Bytes(100, 0x11), packets(0, 5), Bytes(33, 0x22), packets(5, 10)}), out);
  CHECK(out == packets(0, 10));
  CHECK(aligner.skipped() == 133);
}

TEST_CASE("garbage yields nothing and is not kept") {
  std::mt19937 random(7);
  TsAligner aligner;
  Bytes out;
  size_t given = 0;
  for (int i = 0; i < 1000; ++i) {
    Bytes garbage(1316);
    for (auto& byte : garbage) byte = static_cast<uint8_t>(random() % 256 == 0x47 ? 0x48 : random());
    given += garbage.size();
    aligner.push(garbage, out);
  }
  CHECK(out.size() < given / 100);  // three sync bytes at the right distance do occur by chance
  CHECK(out.size() % TsAligner::kPacket == 0);
  CHECK(given - out.size() - aligner.skipped() <= 3 * TsAligner::kPacket);
}

TEST_CASE("whatever comes, only packets with a sync byte go out") {
  std::mt19937 random(11);
  TsAligner aligner;
  Bytes out;
  for (int i = 0; i < 2000; ++i) {
    Bytes piece = random() % 3 == 0 ? Bytes(random() % 300, 0x47)
                                    : packets(i % 200, i % 200 + static_cast<int>(random() % 4));
    if (!piece.empty() && random() % 4 == 0) piece.resize(random() % piece.size() + 1);
    aligner.push(piece, out);
  }
  REQUIRE(out.size() % TsAligner::kPacket == 0);
  bool all = true;
  for (size_t at = 0; at < out.size(); at += TsAligner::kPacket) all = all && out[at] == TsAligner::kSync;
  CHECK(all);
}

}  // namespace openday::ingest
