// What mixer and ladder cost, in CPU seconds per second of program: mix_cpu WIDTH HEIGHT FILE FILE FILE
// Files are raw I420 pictures of that size, played round and round, as fast as the encoders take them.
#include <fmt/format.h>
#include <time.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/text.h"
#include "encode/ladder.h"
#include "link/frame_ring.h"
#include "mixer/mixer.h"

using namespace openday;

namespace {

double cpu(clockid_t which) {
  timespec t{};
  ::clock_gettime(which, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::vector<media::Image> load(const char* file, int width, int height) {
  auto bytes = read_file(file, size_t{1} << 31);
  std::vector<media::Image> images;
  if (!bytes) return images;
  size_t size = static_cast<size_t>(width) * static_cast<size_t>(height) * 3 / 2;
  for (size_t at = 0; at + size <= bytes->size(); at += size) {
    images.emplace_back(width, height);
    const char* from = bytes->data() + at;
    for (int p = 0; p < 3; ++p) {
      for (int row = 0; row < images.back().rows(p); ++row) {
        auto columns = static_cast<size_t>(images.back().columns(p));
        std::memcpy(images.back().plane(p) + row * images.back().stride(p), from, columns);
        from += columns;
      }
    }
  }
  return images;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: mix_cpu WIDTH HEIGHT FILE FILE FILE\n");
    return 2;
  }
  constexpr media::HouseFormat kHouse{1280, 720, 30};
  constexpr int kTicks = 600;
  int width = std::stoi(argv[1]);
  int height = std::stoi(argv[2]);
  auto book = mixer::LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  mixer::MixerConfig config;
  config.house = kHouse;
  config.slots = {{0, "a", "A"}, {1, "b", "B"}, {2, "c", "C"}};
  auto mixer = mixer::Mixer::create(config, *book, {});
  std::vector<std::vector<media::Image>> films;
  std::vector<link::RingWriter> rings;
  for (int i = 0; i < 3; ++i) {
    films.push_back(load(argv[3 + i], width, height));
    rings.push_back(*link::RingWriter::attach(*(*mixer)->share(i)));
    (*mixer)->feed_state(i, {true, true});
    if (films.back().empty()) return 1;
  }

  std::mutex mutex;
  std::condition_variable changed;
  size_t done = 0;
  size_t bytes = 0;
  SystemClock clock;
  encode::LadderConfig ladder_config;
  ladder_config.house = kHouse;
  ladder_config.renditions = {
      {"720p", 1280, 720, 2500, 128}, {"480p", 854, 480, 1200, 128}, {"360p", 640, 360, 700, 128}};
  encode::LadderEvents events;
  events.unit = [&](const std::string& rendition, const media::AccessUnit& unit) {
    std::lock_guard lock(mutex);
    bytes += unit.data->size();
    if (rendition == "720p") ++done;
    changed.notify_all();
  };
  auto ladder = encode::Ladder::open(ladder_config, events, clock);
  HouseTime start = clock.now();
  (*mixer)->start(start, clock.wall());
  (void)(*mixer)->take({.layout = "grid", .venues = {"a", "b", "c"}});
  std::vector<float> hum(1600 * 2, 0.1f);
  double composing = 0;
  double writing = 0;
  double before = cpu(CLOCK_PROCESS_CPUTIME_ID);
  for (media::Tick tick = 0; tick < kTicks; ++tick) {
    double t0 = cpu(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < 3; ++i) {
      HouseTime at = (*mixer)->time_of(tick);
      (void)rings[i].write_picture(films[i][static_cast<size_t>(tick) % films[i].size()], at, at, 0);
      rings[i].write_audio(link::audio_index(start) + tick * 1600, hum.data(), 1600);
    }
    double t1 = cpu(CLOCK_THREAD_CPUTIME_ID);
    media::ProgramFrame frame = (*mixer)->compose(tick);
    composing += cpu(CLOCK_THREAD_CPUTIME_ID) - t1;
    writing += t1 - t0;
    (*ladder)->push(frame);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done + 20 > static_cast<size_t>(tick); });
  }
  (*ladder)->finish();
  double all = cpu(CLOCK_PROCESS_CPUTIME_ID) - before - writing;
  constexpr double kSeconds = static_cast<double>(kTicks) / kHouse.fps;
  fmt::print("compose {:.4f} CPU-s/s, mixer and ladder together {:.3f} CPU-s/s, {:.0f} kbit/s\n",
             composing / kSeconds, all / kSeconds, static_cast<double>(bytes) * 8 / 1000 / kSeconds);
  return 0;
}
