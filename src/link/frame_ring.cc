#include "link/frame_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace openday::link {
namespace {

constexpr uint32_t kRingMagic = 0x4F445231;  // "ODR1"
constexpr size_t kPage = 4096;

// Every field another process writes is atomic; the reader takes each exactly once.
struct SlotHeader {
  std::atomic<uint64_t> lock{0};  // odd while being written
  std::atomic<uint64_t> sequence{0};
  std::atomic<uint32_t> generation{0};
  std::atomic<int32_t> width{0};
  std::atomic<int32_t> height{0};
  std::atomic<int64_t> show_at{0};
  std::atomic<int64_t> arrival{0};
  std::atomic<int64_t> source_pts{0};
};

struct RingHeader {
  std::atomic<uint32_t> magic{0};
  std::atomic<uint32_t> generation{0};
  std::atomic<int32_t> max_width{0};
  std::atomic<int32_t> max_height{0};
  std::atomic<int64_t> heartbeat{0};
  std::atomic<int64_t> audio_from{0};
  std::atomic<int64_t> audio_to{0};
  SlotHeader slots[kVideoSlots];
};

static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(RingHeader) <= kPage);

size_t padded_to_page(size_t size) {
  return (size + kPage - 1) / kPage * kPage;
}

}  // namespace

class RingMemory {
 public:
  RingMemory(UniqueFd fd, void* base, size_t size, RingGeometry geometry)
      : fd_(std::move(fd)), base_(static_cast<uint8_t*>(base)), size_(size), geometry_(geometry) {}
  RingMemory(const RingMemory&) = delete;
  RingMemory& operator=(const RingMemory&) = delete;
  ~RingMemory() { ::munmap(base_, size_); }

  static size_t picture_bytes(const RingGeometry& g) {
    return padded_to_page(media::Image::size_of(g.max_width, g.max_height));
  }
  static size_t total_bytes(const RingGeometry& g) {
    return kPage + sizeof(float) * 2 * static_cast<size_t>(kAudioFrames) + picture_bytes(g) * kVideoSlots;
  }

  [[nodiscard]] RingHeader& header() const { return *reinterpret_cast<RingHeader*>(base_); }
  [[nodiscard]] float* audio() const { return reinterpret_cast<float*>(base_ + kPage); }
  [[nodiscard]] uint8_t* picture(size_t slot) const {
    return base_ + kPage + sizeof(float) * 2 * static_cast<size_t>(kAudioFrames) +
           picture_bytes(geometry_) * slot;
  }
  [[nodiscard]] const UniqueFd& fd() const { return fd_; }
  [[nodiscard]] const RingGeometry& geometry() const { return geometry_; }

 private:
  UniqueFd fd_;
  uint8_t* base_;
  size_t size_;
  RingGeometry geometry_;
};

namespace {

bool sane(const RingGeometry& g) {
  return g.max_width >= 16 && g.max_height >= 16 && g.max_width <= 4096 && g.max_height <= 4096;
}

// A consistent copy of one slot's header, if it holds a picture that fits.
std::optional<PictureInfo> look(const RingMemory& memory, size_t slot, uint64_t* lock = nullptr) {
  const SlotHeader& header = memory.header().slots[slot];
  uint64_t before = header.lock.load(std::memory_order_acquire);
  if (before == 0 || before % 2 != 0) return std::nullopt;
  PictureInfo info;
  info.sequence = header.sequence.load(std::memory_order_relaxed);
  info.generation = header.generation.load(std::memory_order_relaxed);
  info.width = header.width.load(std::memory_order_relaxed);
  info.height = header.height.load(std::memory_order_relaxed);
  info.show_at.ns = header.show_at.load(std::memory_order_relaxed);
  info.arrival.ns = header.arrival.load(std::memory_order_relaxed);
  info.source_pts = header.source_pts.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (header.lock.load(std::memory_order_relaxed) != before) return std::nullopt;
  const auto& g = memory.geometry();
  if (info.width < 2 || info.height < 2 || info.width > g.max_width || info.height > g.max_height ||
      info.width % 2 != 0 || info.height % 2 != 0) {
    return std::nullopt;
  }
  if (lock != nullptr) *lock = before;
  return info;
}

}  // namespace

RingReader::RingReader(std::unique_ptr<RingMemory> memory) : memory_(std::move(memory)) {}
RingReader::RingReader(RingReader&&) noexcept = default;
RingReader& RingReader::operator=(RingReader&&) noexcept = default;
RingReader::~RingReader() = default;

Result<RingReader> RingReader::create(const RingGeometry& geometry) {
  if (!sane(geometry)) return fail(Errc::kInvalid, "frame ring: picture size out of range");
  UniqueFd fd(::memfd_create("openday-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return std::unexpected(errno_error("memfd_create"));
  size_t size = RingMemory::total_bytes(geometry);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return std::unexpected(errno_error("ftruncate"));
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return std::unexpected(errno_error("sealing the frame ring"));
  }
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) return std::unexpected(errno_error("mmap"));
  auto* header = new (base) RingHeader;
  header->max_width = geometry.max_width;
  header->max_height = geometry.max_height;
  header->magic = kRingMagic;
  return RingReader(std::make_unique<RingMemory>(std::move(fd), base, size, geometry));
}

Result<UniqueFd> RingReader::share() const {
  return duplicate(memory_->fd());
}

std::optional<PictureInfo> RingReader::choose(HouseTime at) const {
  std::optional<PictureInfo> best;
  uint32_t current = generation();
  for (size_t slot = 0; slot < kVideoSlots; ++slot) {
    auto info = look(*memory_, slot);
    if (!info || info->show_at > at || info->generation != current) continue;
    if (!best || info->sequence > best->sequence) best = info;
  }
  return best;
}

std::optional<PictureInfo> RingReader::newest() const {
  return choose(HouseTime{INT64_MAX});
}

bool RingReader::copy(const PictureInfo& picture, media::Image& into) const {
  if (into.width() != picture.width || into.height() != picture.height) return false;
  for (size_t slot = 0; slot < kVideoSlots; ++slot) {
    uint64_t lock = 0;
    auto info = look(*memory_, slot, &lock);
    if (!info || info->sequence != picture.sequence || info->generation != picture.generation) continue;
    if (info->width != picture.width || info->height != picture.height) return false;
    std::memcpy(into.plane(0), memory_->picture(slot), media::Image::size_of(picture.width, picture.height));
    std::atomic_thread_fence(std::memory_order_acquire);
    return memory_->header().slots[slot].lock.load(std::memory_order_relaxed) == lock;
  }
  return false;
}

int64_t RingReader::read_audio(int64_t from, int64_t count, float* into) const {
  std::fill_n(into, count * 2, 0.0f);
  const RingHeader& header = memory_->header();
  int64_t valid_from = header.audio_from.load(std::memory_order_acquire);
  int64_t valid_to = header.audio_to.load(std::memory_order_acquire);
  if (valid_from < 0 || valid_to < valid_from || valid_to - valid_from > kAudioFrames) return 0;
  int64_t begin = std::max(from, valid_from);
  int64_t end = std::min(from + count, valid_to);
  for (int64_t i = begin; i < end; ++i) {
    const float* frame = memory_->audio() + i % kAudioFrames * 2;
    into[(i - from) * 2] = frame[0];
    into[(i - from) * 2 + 1] = frame[1];
  }
  return std::max<int64_t>(0, end - begin);
}

uint32_t RingReader::generation() const {
  return memory_->header().generation.load(std::memory_order_acquire);
}
HouseTime RingReader::heartbeat() const {
  return {memory_->header().heartbeat.load(std::memory_order_relaxed)};
}

RingWriter::RingWriter(std::unique_ptr<RingMemory> memory) : memory_(std::move(memory)) {
  generation_ = memory_->header().generation.load() + 1;
  memory_->header().audio_from = 0;
  memory_->header().audio_to = 0;
  memory_->header().generation.store(generation_, std::memory_order_release);
}
RingWriter::RingWriter(RingWriter&&) noexcept = default;
RingWriter& RingWriter::operator=(RingWriter&&) noexcept = default;
RingWriter::~RingWriter() = default;

Result<RingWriter> RingWriter::attach(UniqueFd fd) {
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW;
  int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kNeeded) != kNeeded)
    return fail(Errc::kInvalid, "frame ring: not a sealed memfd");
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return std::unexpected(errno_error("fstat"));
  auto size = static_cast<size_t>(info.st_size);
  if (size < kPage) return fail(Errc::kInvalid, "frame ring: too small");
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) return std::unexpected(errno_error("mmap"));
  const auto& header = *static_cast<RingHeader*>(base);
  RingGeometry geometry{header.max_width, header.max_height};
  bool fits = header.magic == kRingMagic && sane(geometry) && RingMemory::total_bytes(geometry) == size;
  auto memory = std::make_unique<RingMemory>(std::move(fd), base, size, geometry);
  if (!fits) return fail(Errc::kInvalid, "frame ring: header does not match its size");
  return RingWriter(std::move(memory));
}

RingGeometry RingWriter::geometry() const {
  return memory_->geometry();
}

Result<> RingWriter::write_picture(const media::Image& image, HouseTime show_at, HouseTime arrival,
                                   int64_t source_pts) {
  return write_picture(
      image.width(), image.height(), show_at, arrival, source_pts, [&](const media::Planes& into) {
        std::memcpy(into.data[0], image.plane(0), media::Image::size_of(image.width(), image.height()));
        return true;
      });
}

Result<> RingWriter::write_picture(int width, int height, HouseTime show_at, HouseTime arrival,
                                   int64_t source_pts, const Draw& draw) {
  const auto& g = memory_->geometry();
  if (width > g.max_width || height > g.max_height || width < 2 || height < 2) {
    return fail(Errc::kLimit, "frame ring: picture is larger than the house size");
  }
  size_t slot = next_sequence_ % kVideoSlots;
  SlotHeader& header = memory_->header().slots[slot];
  uint64_t lock = header.lock.load(std::memory_order_relaxed) | 1;
  header.lock.store(lock, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  bool drawn = draw(media::Image::lay_out(memory_->picture(slot), width, height));
  header.sequence.store(next_sequence_, std::memory_order_relaxed);
  header.generation.store(generation_, std::memory_order_relaxed);
  header.width.store(drawn ? width : 0,
                     std::memory_order_relaxed);  // no reader takes a picture without width
  header.height.store(height, std::memory_order_relaxed);
  header.show_at.store(show_at.ns, std::memory_order_relaxed);
  header.arrival.store(arrival.ns, std::memory_order_relaxed);
  header.source_pts.store(source_pts, std::memory_order_relaxed);
  header.lock.store(lock + 1, std::memory_order_release);
  ++next_sequence_;
  if (!drawn) return fail(Errc::kInvalid, "frame ring: the picture could not be drawn");
  return {};
}

void RingWriter::write_audio(int64_t from, const float* samples, int64_t count) {
  if (from < 0 || count <= 0 || count > kAudioFrames / 2) return;
  RingHeader& header = memory_->header();
  int64_t valid_from = header.audio_from.load(std::memory_order_relaxed);
  int64_t valid_to = header.audio_to.load(std::memory_order_relaxed);
  float* ring = memory_->audio();
  if (valid_from == valid_to || from < valid_from || from > valid_to + media::HouseFormat::kSampleRate) {
    header.audio_to.store(
        from, std::memory_order_release);  // empty range first: a reader never sees old samples as new
    header.audio_from.store(from, std::memory_order_release);
    valid_from = valid_to = from;
  }
  auto put = [&](int64_t index, float left, float right) {
    float* frame = ring + index % kAudioFrames * 2;
    frame[0] = left;
    frame[1] = right;
  };
  // What is about to be overwritten leaves the valid range before it changes.
  int64_t oldest = std::max(valid_to, from + count) - kAudioFrames / 2;
  if (valid_from < oldest) header.audio_from.store(std::min(oldest, valid_to), std::memory_order_release);
  for (int64_t i = valid_to; i < from; ++i) put(i, 0, 0);
  for (int64_t i = 0; i < count; ++i) put(from + i, samples[i * 2], samples[i * 2 + 1]);
  header.audio_to.store(std::max(valid_to, from + count), std::memory_order_release);
}

void RingWriter::beat(HouseTime now) {
  memory_->header().heartbeat.store(now.ns, std::memory_order_relaxed);
}

}  // namespace openday::link
