#include "link/frame_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::link;
using media::Image;

namespace {

struct Ring {
  RingReader reader = RingReader::create({64, 36}).value();
  RingWriter writer = RingWriter::attach(reader.share().value()).value();

  void put(uint8_t luma, int64_t show_at_ms, int width = 64, int height = 36) {
    Image image(width, height);
    image.fill(luma, 128, 128);
    REQUIRE(writer.write_picture(image, {show_at_ms * 1'000'000}, {1}, 0));
  }
};

}  // namespace

TEST_CASE("the picture chosen is the newest whose time has come") {
  Ring ring;
  CHECK_FALSE(ring.reader.newest());
  ring.put(10, 100);
  ring.put(20, 133);
  ring.put(30, 166);
  CHECK_FALSE(ring.reader.choose({99'000'000}));
  auto chosen = ring.reader.choose({140'000'000});
  REQUIRE(chosen);
  Image out(chosen->width, chosen->height);
  REQUIRE(ring.reader.copy(*chosen, out));
  CHECK(out.plane(0)[0] == 20);
  CHECK(ring.reader.newest()->show_at.ns == 166'000'000);
}

TEST_CASE("a picture that was overwritten is not handed out") {
  Ring ring;
  ring.put(10, 100);
  auto chosen = ring.reader.newest();
  REQUIRE(chosen);
  for (int i = 0; i < kVideoSlots; ++i) ring.put(50, 200 + i);
  Image out(64, 36);
  CHECK_FALSE(ring.reader.copy(*chosen, out));
}

TEST_CASE("pictures of any size up to the house's are taken, larger ones refused") {
  Ring ring;
  ring.put(10, 1, 32, 18);
  CHECK(ring.reader.newest()->width == 32);
  CHECK(ring.writer.write_picture(Image(128, 36), {2}, {2}, 0).error().code == Errc::kLimit);
}

TEST_CASE("sound comes back where it was put, silence where none was") {
  Ring ring;
  std::vector<float> samples(960 * 2, 0.5f);
  ring.writer.write_audio(48000, samples.data(), 960);
  std::vector<float> out(1200 * 2, 9.0f);
  CHECK(ring.reader.read_audio(47900, 1200, out.data()) == 960);
  CHECK(out[99 * 2] == 0.0f);
  CHECK(out[100 * 2] == 0.5f);
  CHECK(out[1059 * 2 + 1] == 0.5f);
  CHECK(out[1060 * 2] == 0.0f);
}

TEST_CASE("a gap in the sound is silence, a jump starts anew") {
  Ring ring;
  std::vector<float> samples(100 * 2, 1.0f);
  std::vector<float> out(300 * 2);
  ring.writer.write_audio(1000, samples.data(), 100);
  ring.writer.write_audio(1200, samples.data(), 100);
  CHECK(ring.reader.read_audio(1000, 300, out.data()) == 300);
  CHECK(out[150 * 2] == 0.0f);
  CHECK(out[250 * 2] == 1.0f);
  ring.writer.write_audio(1'000'000, samples.data(), 100);
  CHECK(ring.reader.read_audio(1000, 300, out.data()) == 0);
  CHECK(ring.reader.read_audio(1'000'000, 300, out.data()) == 100);
}

TEST_CASE("a long stream of sound wraps and keeps its newest half of the ring") {
  Ring ring;
  std::vector<float> block(1024 * 2);
  int64_t at = 0;
  for (int i = 0; i < 300; ++i, at += 1024) {
    for (auto& s : block) s = static_cast<float>(i);
    ring.writer.write_audio(at, block.data(), 1024);
  }
  std::vector<float> out(1024 * 2);
  CHECK(ring.reader.read_audio(at - 1024, 1024, out.data()) == 1024);
  CHECK(out[0] == 299.0f);
  CHECK(ring.reader.read_audio(at - kAudioFrames / 2, 1024, out.data()) == 1024);
  CHECK(out[0] == 236.0f);
  CHECK(ring.reader.read_audio(0, 1024, out.data()) == 0);
}

TEST_CASE("a new writer starts a new generation and hides the old pictures") {
  Ring ring;
  ring.put(10, 100);
  RingWriter next = RingWriter::attach(ring.reader.share().value()).value();
  CHECK(ring.reader.generation() == 2);
  CHECK_FALSE(ring.reader.newest());
}

TEST_CASE("memory that is not a sealed ring is refused") {
  UniqueFd open_memory(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(open_memory.get(), 1 << 20) == 0);
  CHECK_FALSE(RingWriter::attach(std::move(open_memory)));
}

TEST_CASE("a writer that scribbles over the headers spoils its own tile only") {
  Ring ring;
  ring.put(10, 100);
  UniqueFd fd = ring.reader.share().value();
  auto* base = static_cast<uint8_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
  REQUIRE(base != MAP_FAILED);
  Image out(64, 36);
  std::vector<float> sound(2048 * 2);
  for (unsigned fill = 0; fill < 256; ++fill) {
    for (size_t i = 0; i < 4096; ++i) base[i] = static_cast<uint8_t>(fill * 31 + i * fill);
    if (auto picture = ring.reader.newest()) {
      CHECK(picture->width <= 64);
      CHECK(picture->height <= 36);
      Image fitting(picture->width, picture->height);
      (void)ring.reader.copy(*picture, fitting);
    }
    CHECK(ring.reader.read_audio(static_cast<int64_t>(fill) * 1000, 2048, sound.data()) <= 2048);
  }
  ::munmap(base, 4096);
}

TEST_CASE("house times and sample indices convert without drifting") {
  for (int64_t index : {int64_t{0}, int64_t{1}, int64_t{47999}, int64_t{48000}, int64_t{123456789012}}) {
    int64_t back = audio_index(audio_time(index) + Duration(1));
    CHECK(back - index <= 0);
    CHECK(index - back <= 1);
  }
}
