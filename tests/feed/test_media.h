// Small media made by the ffmpeg command line when a test runs, and a simulated house to play them in.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "feed/pipeline.h"
#include "link/frame_ring.h"
#include "wrap/av_decode/demuxer.h"

namespace openday::test {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

/// A folder that goes with the test process.
inline const std::string& media_folder() {
  struct Folder {
    std::string path;
    Folder() {
      char pattern[] = "/tmp/openday-feed-XXXXXX";
      path = ::mkdtemp(pattern);
    }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static Folder folder;
  return folder.path;
}

/// Runs ffmpeg once per file name; returns its path.
inline std::string make_media(const std::string& name, const std::string& arguments) {
  std::string path = media_folder() + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  if (!std::filesystem::exists(path)) {
    std::string command = "ffmpeg -nostdin -v error -y " + arguments + " " + path;
    REQUIRE(std::system(command.c_str()) == 0);  // NOLINT(concurrency-mt-unsafe)
  }
  return path;
}

/// A flash and a beep of 100 ms every second, on black and silence.
inline std::string flash_and_beep(const std::string& size = "160x90", int fps = 30, int seconds = 8) {
  std::string length = std::to_string(seconds);
  return "-f lavfi -i color=c=black:s=" + size + ":r=" + std::to_string(fps) + ":d=" + length +
         ",drawbox=enable='lt(mod(t\\,1)\\,0.1)':color=white:t=fill -f lavfi -i "
         "aevalsrc='if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(6283*t)\\,0)':s=48000:d=" +
         length + " ";
}
inline const std::string kH264 = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p ";

/// All units of a file, in the order of the container.
inline std::vector<feed::Unit> units_of(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(fd);
  std::map<std::shared_ptr<const wrap::CodecSetup>, std::shared_ptr<const feed::Setup>> setups;
  wrap::warm_up_libraries();
  auto demuxer = wrap::Demuxer::open_file(std::move(fd));
  REQUIRE(demuxer);
  std::vector<feed::Unit> units;
  while (auto read = demuxer->read()) {
    auto& setup = setups[read->setup];
    if (!setup) {
      setup = std::make_shared<feed::Setup>(feed::Setup{read->setup->codec, read->setup->config,
                                                        read->setup->sample_rate, read->setup->channels});
    }
    units.push_back(
        {read->kind, read->stream, setup, read->data, read->pts, read->dts, read->key, false, {}});
  }
  REQUIRE(!units.empty());
  return units;
}

struct SeenPicture {
  HouseTime show_at;
  HouseTime written;
  int width;
  int height;
  int luma;  // mean of the middle
  int cb;
  int cr;
  int64_t source_pts;
};

/// Records what a pipeline writes, and checks what must hold of every write.
class Recorder final : public feed::Sink {
 public:
  void picture(int width, int height, HouseTime show_at, HouseTime, int64_t source_pts,
               const Draw& draw) override {
    media::Image image(width, height);
    REQUIRE(image.width() == width);
    REQUIRE(image.height() == height);
    if (!draw(image.planes())) return;
    int x = image.width() / 2;
    int y = image.height() / 2;
    pictures.push_back({show_at, now, image.width(), image.height(), image.plane(0)[y * image.stride(0) + x],
                        image.plane(1)[y / 2 * image.stride(1) + x / 2],
                        image.plane(2)[y / 2 * image.stride(2) + x / 2], source_pts});
  }
  void audio(int64_t from, const float* samples, int64_t count) override {
    if (audio_to >= 0) {
      CHECK(from >= audio_to);  // no overlap
      if (from > audio_to) gaps.emplace_back(audio_to, from);
    }
    audio_to = from + count;
    if (from < link::audio_index(now)) late_samples += count;
    for (int64_t i = 0; i < count; ++i) {
      float left = samples[i * 2];
      if (std::abs(left) > 0.1f && from + i > last_loud + 9600) beeps.push_back(link::audio_time(from + i));
      if (std::abs(left) > 0.1f) last_loud = from + i;
      peak = std::max({peak, std::abs(left), std::abs(samples[i * 2 + 1])});
    }
    written_samples += count;
  }
  void beat(HouseTime) override { ++beats; }

  /// When each flash begins.
  [[nodiscard]] std::vector<HouseTime> flashes() const {
    std::vector<HouseTime> out;
    bool light = false;
    for (const auto& picture : pictures) {
      if (picture.luma > 128 && !light) out.push_back(picture.show_at);
      light = picture.luma > 128;
    }
    return out;
  }

  HouseTime now;
  std::vector<SeenPicture> pictures;
  std::vector<HouseTime> beeps;
  std::vector<std::pair<int64_t, int64_t>> gaps;
  int64_t audio_to = -1;
  int64_t last_loud = INT64_MIN / 2;
  int64_t written_samples = 0;
  int64_t late_samples = 0;  // written after their time
  float peak = 0;
  int beats = 0;
};

inline feed::PipelineOptions house_720() {
  return {.house = {1280, 720, 30}};
}

/// A house whose time is simulated: units arrive, the pipeline does what is due, nothing waits.
class House {
 public:
  explicit House(feed::PipelineOptions options = {}) : pipeline(options, recorder) {}

  /// Plays `units` from now on as if sent live: each leaves when its decode time has come and arrives after
  /// `network(time since the start)`.
  void play(std::vector<feed::Unit> units, const std::function<int64_t(int64_t)>& network = {}) {
    int64_t first = INT64_MAX;
    for (const auto& unit : units) first = std::min(first, unit.dts.count());
    HouseTime start = now;
    HouseTime last = now;
    for (auto& unit : units) {
      int64_t since = unit.dts.count() - first;
      HouseTime arrival = start + Duration(since + (network ? network(since) : 0));
      arrival = last = std::max(last, arrival);
      play_at(std::move(unit), arrival);
    }
  }
  void play_at(feed::Unit unit, HouseTime arrival) {
    advance_to(arrival);
    unit.arrival = arrival;
    pipeline.push(std::move(unit), now);
  }
  void advance_to(HouseTime until) {
    while (pipeline.next_due() <= until) {
      now = std::max(now, pipeline.next_due());
      recorder.now = now;
      pipeline.run(now);
    }
    now = std::max(now, until);
    recorder.now = now;
  }
  void settle() { advance_to(now + seconds(3)); }

  HouseTime now{100 * kSecond};
  Recorder recorder;
  feed::Pipeline pipeline;
};

inline void shift(std::vector<feed::Unit>& units, Duration by) {
  for (auto& unit : units) {
    unit.pts += by;
    unit.dts += by;
  }
}

}  // namespace openday::test
