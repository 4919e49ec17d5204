#include "output/export_mp4.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "output/export_mp4_tables.h"
#include "store_fixture.h"

using namespace openday;
using namespace openday::output;
using openday::test::kStart;
using openday::test::output_of;
using openday::test::TempFolder;
using Json = nlohmann::json;

namespace {

/// run1: segments 10 … 13 (the last of 15 ticks), 1.7 s pause, run2: 15 … 17, other pictures.
struct Store {
  TempFolder folder;
  std::unique_ptr<Disk> disk = posix_disk();
  ManualClock clock{{1'000'000'000}, kStart};

  Store() {
    record(test::record_tape("run1", 10, 0, 195));
    record(test::record_tape("run2", 15, 1, 180, kStart + milliseconds(8200), 3));
  }
  void record(const test::Tape& tape) {
    StoreWriter writer(folder.path(), {.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0},
                       *disk, clock, Log("test", LogLevel::kError));
    test::play(tape, writer);
  }
  [[nodiscard]] ExportRequest request(const std::string& rendition = "90p") const {
    ExportRequest out;
    out.store = folder.path();
    out.rendition = rendition;
    return out;
  }
};

struct Probed {
  struct Packet {
    double at = 0;
    double duration = 0;
    bool key = false;
  };
  std::vector<Packet> video;
  std::vector<Packet> audio;
  int pictures = 0;  // decoded
  std::string complaints;
};

Probed probe(const std::string& path) {
  Probed out;
  Json json = Json::parse(output_of("ffprobe -v error -show_packets -of json " + path));
  for (const Json& packet : json["packets"]) {
    auto& into = packet["codec_type"] == "video" ? out.video : out.audio;
    into.push_back({.at = std::stod(packet["dts_time"].get<std::string>()),
                    .duration = std::stod(packet["duration_time"].get<std::string>()),
                    .key = packet["flags"].get<std::string>()[0] == 'K'});
    CHECK(packet["pts_time"] == packet["dts_time"]);
  }
  out.pictures = std::atoi(output_of("ffprobe -v error -count_frames -select_streams v:0 -show_entries "
                                     "stream=nb_read_frames -of csv=p=0 " +
                                     path)
                               .c_str());
  out.complaints = output_of("ffmpeg -v warning -xerror -err_detect explode -i " + path + " -f null - 2>&1");
  return out;
}

void check_continuous(const std::vector<Probed::Packet>& packets) {
  for (size_t i = 1; i < packets.size(); ++i) {
    INFO("packet " << i);
    CHECK(packets[i].at == Approx(packets[i - 1].at + packets[i - 1].duration).margin(2e-5));
    CHECK(packets[i].at > packets[i - 1].at);
  }
}

}  // namespace

TEST_CASE("a whole broadcast of two runs is one file that starts fast, plays through and is continuous") {
  Store store;
  std::string path = store.folder / "all.mp4";
  std::vector<double> shares;
  REQUIRE(export_mp4(store.request(), path, [&](double share) {
    shares.push_back(share);
    return true;
  }));
  CHECK(shares.back() == 1);
  CHECK(std::is_sorted(shares.begin(), shares.end()));
  Probed probed = probe(path);
  CHECK(probed.complaints.empty());
  CHECK(probed.pictures == 375);
  REQUIRE(probed.video.size() == 375);
  check_continuous(probed.video);
  check_continuous(probed.audio);
  for (size_t i = 0; i < 375; ++i)
    CHECK(probed.video[i].key == (i < 195 ? i % 60 == 0 : (i - 195) % 60 == 0));
  // Sound and picture stay in step over the joint: run 2 begins with both.
  CHECK(probed.video[195].at == Approx(6.5).margin(0.022));
  double nearest = 1;
  for (const auto& packet : probed.audio)
    nearest = std::min(nearest, std::abs(packet.at - probed.video[195].at));
  CHECK(nearest < 2e-5);
  std::ifstream file(path, std::ios::binary);
  std::string head(4096, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  CHECK(head.find("moov") < 64);
  CHECK(!std::filesystem::exists(path + ".part"));
}

TEST_CASE("the media is copied bit by bit: decoded pictures are those of the recording") {
  Store store;
  std::string path = store.folder / "all.mp4";
  REQUIRE(export_mp4(store.request(), path));
  std::string fragments = store.folder / "fragments.mp4";
  auto checksums = [&](const std::string& of) {
    std::string text = output_of("ffmpeg -v error -i " + of +
                                 " -map 0:v -f framemd5 - 2>&1 | grep -v '^#' | awk '{print $NF}'");
    REQUIRE(text.size() > 1000);
    return text;
  };
  std::string expected;
  for (const auto& [run, first, last] : {std::tuple("run1", 10, 13), std::tuple("run2", 15, 17)}) {
    std::ofstream out(fragments, std::ios::binary | std::ios::trunc);
    auto append = [&](const std::string& name) {
      std::ifstream in(store.folder / name, std::ios::binary);
      out << in.rdbuf();
    };
    append(init_path(run, "90p"));
    for (int msn = first; msn <= last; ++msn) append(segment_path(run, "90p", msn));
    out.close();
    expected += checksums(fragments);
  }
  CHECK(checksums(path) == expected);
}

TEST_CASE("a range takes the segments that overlap it, and begins at zero with sound and picture in step") {
  Store store;
  ExportRequest request = store.request();
  request.from = kStart + milliseconds(3000);
  request.to = kStart + milliseconds(4001);
  std::string path = store.folder / "range.mp4";
  REQUIRE(export_mp4(request, path));
  Probed probed = probe(path);
  CHECK(probed.complaints.empty());
  REQUIRE(probed.video.size() == 120);  // segments 11 and 12
  CHECK(probed.video[0].at == 0);
  CHECK(probed.audio[0].at > 0);  // AAC frames do not begin at 2 s: 96256 is the first behind 96000
  CHECK(probed.audio[0].at == Approx(256.0 / 48000).margin(2e-5));
  check_continuous(probed.audio);
}

TEST_CASE("withdrawn ranges are left out, by the index or by the request, and leave no gap") {
  Store store;
  {
    StoreWriter writer(store.folder.path(),
                       {.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0}, *store.disk,
                       store.clock, Log("test"));
    REQUIRE(writer.open());
    writer.withdraw(kStart + milliseconds(2500), kStart + milliseconds(2600));
  }
  ExportRequest request = store.request();
  request.withdrawn.push_back({kStart + milliseconds(8200), kStart + milliseconds(8201)});
  std::string path = store.folder / "public.mp4";
  REQUIRE(export_mp4(request, path));
  Probed probed = probe(path);
  CHECK(probed.complaints.empty());
  CHECK(probed.video.size() == 375 - 60 - 60);
  check_continuous(probed.video);
  check_continuous(probed.audio);
  // Over three joints sound and picture have not drifted: less than an AAC frame each.
  CHECK(std::abs(probed.video.back().at - probed.audio.back().at) < 0.1);
}

TEST_CASE("the audio alone is exported too") {
  Store store;
  std::string path = store.folder / "audio.mp4";
  REQUIRE(export_mp4(store.request("audio"), path));
  Probed probed = probe(path);
  CHECK(probed.complaints.empty());
  CHECK(probed.video.empty());
  CHECK(probed.audio.size() > 580);
  check_continuous(probed.audio);
}

TEST_CASE("a plan can be read at any offset, as ranges ask for it") {
  Store store;
  std::string path = store.folder / "all.mp4";
  REQUIRE(export_mp4(store.request(), path));
  auto whole = store.disk->read(path, 1 << 24);
  REQUIRE(whole);
  auto plan = Mp4Plan::make(store.request());
  REQUIRE(plan);
  CHECK(plan->size() == whole->size());
  CHECK(plan->duration() == Approx(12.5).margin(0.05));
  uint64_t seed = 12345;
  for (int i = 0; i < 2000; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    uint64_t offset = (seed >> 20) % (whole->size() + 100);
    Bytes got(1 + (seed >> 50) % 9000);
    auto count = plan->read(offset, got);
    REQUIRE(count);
    size_t expected = offset >= whole->size() ? 0 : std::min<size_t>(got.size(), whole->size() - offset);
    REQUIRE(*count == expected);
    REQUIRE(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(expected),
                       whole->begin() + static_cast<std::ptrdiff_t>(offset)));
  }
}

TEST_CASE("runs that were encoded differently stand in one file with two descriptions") {
  TempFolder folder;
  auto disk = posix_disk();
  ManualClock clock{{1'000'000'000}, kStart};
  Store store;
  // The same rendition at another size: other parameter sets.
  test::EncodedProgram larger = test::encode_program({.width = 320, .height = 180, .ticks = 60});
  package::PackagerOptions options;
  options.run = "run3";
  options.start = kStart + seconds(20);
  options.first_msn = 30;
  options.discontinuity = 2;
  media::Rendition rung;
  rung.name = "90p";
  test::Tape tape;
  auto core = package::PackagerCore::create(options, {{.rendition = rung, .video = larger.video}},
                                            larger.audio, 96, tape);
  REQUIRE(core);
  core->begin();
  for (const auto& picture : larger.pictures) core->push_video(0, picture);
  for (const auto& sound : larger.sound) core->push_audio(sound);
  core->finish();
  store.record(tape);
  std::string path = store.folder / "all.mp4";
  REQUIRE(export_mp4(store.request(), path));
  Probed probed = probe(path);
  CHECK(probed.complaints.empty());
  CHECK(probed.pictures == 435);
  check_continuous(probed.video);
}

TEST_CASE("an export that is cancelled or fails leaves nothing behind") {
  Store store;
  std::string path = store.folder / "all.mp4";
  SECTION("cancelled while planning") {
    CHECK(export_mp4(store.request(), path, [](double) { return false; }).error().code == Errc::kClosed);
  }
  SECTION("cancelled while copying") {
    int calls = 0;
    CHECK(export_mp4(store.request(), path, [&](double) { return ++calls < 8; }).error().code ==
          Errc::kClosed);
    CHECK(calls == 8);
  }
  SECTION("nothing in that time") {
    ExportRequest request = store.request();
    request.from = kStart + seconds(1000);
    CHECK(export_mp4(request, path).error().code == Errc::kNotFound);
    request = store.request("720p");
    CHECK(export_mp4(request, path).error().code == Errc::kNotFound);
  }
  SECTION("a file that retention has taken, or that is not what it was") {
    auto plan = Mp4Plan::make(store.request());
    REQUIRE(plan);
    std::filesystem::remove(store.folder / "run1/90p/11.m4s");
    Bytes all(plan->size());
    CHECK(plan->read(0, all).error().code == Errc::kIo);
    CHECK(!export_mp4(store.request(), path));
    std::ofstream(store.folder / "run1/90p/11.m4s") << std::string(100'000, 'x');
    CHECK(!export_mp4(store.request(), path));
  }
  SECTION("no place to write to") {
    CHECK(export_mp4(store.request(), store.folder / "missing/all.mp4").error().code == Errc::kIo);
  }
  CHECK(!std::filesystem::exists(path));
  CHECK(!std::filesystem::exists(path + ".part"));
}
