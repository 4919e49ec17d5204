// Somebody else's servers take what is pushed, and somebody else's decoder decodes it.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "base/random.h"
#include "restreamer.h"
#include "rtmp_server.h"
#include "wrap/srt/srt.h"

namespace openday::output {
namespace {

/// What a command says on standard output and error.
std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), got);
  int status = ::pclose(pipe);
  CHECK(status == 0);
  return out;
}

/// FFmpeg as a server that records three seconds of what it is sent, then ends.
class Recorder {
 public:
  explicit Recorder(std::vector<std::string> input, const std::string& ending)
      : path_(std::filesystem::temp_directory_path() / ("openday-" + random_name(8) + ending)) {
    std::vector<std::string> words = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
    words.insert(words.end(), input.begin(), input.end());
    for (const char* word : {"-t", "3", "-c", "copy"}) words.emplace_back(word);
    words.push_back(path_);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execvp("ffmpeg", arguments.data());
      ::_exit(127);
    }
  }
  ~Recorder() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    std::filesystem::remove(path_);
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  bool ended() {
    if (child_ > 0 && ::waitpid(child_, &status_, WNOHANG) == child_) child_ = -1;
    return child_ < 0;
  }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
  pid_t child_ = -1;
  int status_ = -1;
};

void check_recording(const std::string& path) {
  CHECK(output_of("ffmpeg -nostdin -v error -xerror -i '" + path + "' -f null -")
            .empty());  // decodes without complaint
  auto frames = output_of(
      "ffprobe -v error -count_frames -show_entries stream=codec_name,nb_read_frames -of csv=p=0 '" + path +
      "'");
  INFO(frames);
  int video = 0;
  int audio = 0;
  size_t at = frames.find("h264,");
  REQUIRE(at != std::string::npos);
  video = std::atoi(frames.c_str() + at + 5);
  at = frames.find("aac,");
  REQUIRE(at != std::string::npos);
  audio = std::atoi(frames.c_str() + at + 4);
  CHECK(video >= 75);   // of 90
  CHECK(audio >= 110);  // of 140
}

TargetsOptions quick() {
  TargetsOptions options;
  options.pacing.first = milliseconds(100);  // FFmpeg needs a moment to listen
  options.pacing.most = milliseconds(200);
  return options;
}

uint16_t free_tcp_port() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto any = *SocketAddress::parse("127.0.0.1", 0);
  REQUIRE(::bind(socket.get(), any.raw(), any.size()) == 0);
  return SocketAddress::local_of(socket.get())->port();
}

}  // namespace

TEST_CASE("FFmpeg takes an RTMP push and it decodes") {
  std::string origin = "rtmp://127.0.0.1:" + std::to_string(free_tcp_port()) + "/app";
  Recorder recorder({"-f", "flv", "-listen", "1", "-i", origin + "/key"}, ".flv");
  test::Restreamer restreamer(quick(), milliseconds(16));
  restreamer.targets->configure({{.id = "one", .url = origin, .key = "key", .rendition = "720p"}});
  REQUIRE(test::Signal().wait([&] { return recorder.ended(); }));
  CHECK(recorder.status() == 0);
  check_recording(recorder.path());
}

TEST_CASE("FFmpeg takes an encrypted SRT push and it decodes") {
  uint16_t port =
      SocketAddress::local_of(srt::bind_udp(*SocketAddress::parse("127.0.0.1", 0))->get())->port();
  std::string origin = "srt://127.0.0.1:" + std::to_string(port);
  Recorder recorder({"-f", "mpegts", "-i", origin + "?mode=listener&passphrase=a passphrase"}, ".ts");
  test::Restreamer restreamer(quick(), milliseconds(16));
  restreamer.targets->configure({{.id = "one", .url = origin, .key = "a passphrase", .rendition = "720p"}});
  REQUIRE(test::Signal().wait([&] { return recorder.ended(); }));
  CHECK(recorder.status() == 0);
  check_recording(recorder.path());
}

TEST_CASE("one libsrt and no second is mapped where SRT and libavformat meet") {
  // libavformat of Debian links libsrt-gnutls; linking another flavour here would bring two sets of the same
  // symbols.
  std::string maps;
  FILE* file = std::fopen("/proc/self/maps", "r");
  REQUIRE(file != nullptr);
  std::array<char, 4096> line;
  std::vector<std::string> found;
  while (std::fgets(line.data(), line.size(), file) != nullptr) {
    std::string path(line.data());
    size_t at = path.find("/libsrt");
    if (at == std::string::npos || path.compare(at, 8, "/libsrtp") == 0) continue;
    path = path.substr(at, path.find('\n') - at);
    if (std::ranges::find(found, path) == found.end()) found.push_back(path);
  }
  std::fclose(file);
  CHECK(found.size() == 1);
  CHECK(found.front().starts_with("/libsrt-gnutls.so"));
}

}  // namespace openday::output
