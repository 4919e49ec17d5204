// A feed that writes anything into the ring's header, and the engine that reads it.
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "link/frame_ring.h"

using namespace openday;
using namespace openday::link;

namespace {

struct Ring {
  RingReader reader = RingReader::create({32, 32}).value();
  UniqueFd fd = reader.share().value();
  size_t size = 0;
  uint8_t* base = nullptr;

  Ring() {
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) __builtin_trap();
    size = static_cast<size_t>(info.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) __builtin_trap();
    base = static_cast<uint8_t*>(memory);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Ring ring;
  constexpr size_t kHeaderPage = 4096;
  std::memset(ring.base, 0, kHeaderPage);
  std::memcpy(ring.base, data, std::min(size, kHeaderPage));
  (void)ring.reader.heartbeat();
  for (HouseTime at : {HouseTime{0}, HouseTime{1'000'000'000}, HouseTime{INT64_MAX}}) {
    auto info = ring.reader.choose(at);
    if (!info) continue;
    if (info->width > 32 || info->height > 32 || info->show_at > at) __builtin_trap();
    media::Image image(info->width, info->height);
    (void)ring.reader.copy(*info, image);
  }
  std::vector<float> sound(2 * 1600);
  for (int64_t from : {int64_t{0}, int64_t{48'000}, int64_t{1} << 40}) {
    int64_t count = ring.reader.read_audio(from, 1600, sound.data());
    if (count < 0 || count > 1600) __builtin_trap();
  }
  // The other side takes such memory only when its header fits it.
  if (auto writer = RingWriter::attach(duplicate(ring.fd).value())) {
    std::vector<float> samples(2 * 1024, 0.5f);
    writer->write_audio(48'000, samples.data(), 1024);
    media::Image picture(std::min(32, writer->geometry().max_width), 16);
    (void)writer->write_picture(picture, {1}, {1}, 1);
    writer->beat({1});
  }
  return 0;
}
