// A whole Openday for a test: the server in a folder of its own, publishers, a viewer that keeps what it was
// sent.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "tests/port.h"
#include "tests/synth/judge.h"

namespace openday::e2e {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A program of the system, killed with this object.
class Program {
 public:
  /// Standard output and error go to `log`.
  Program(const std::vector<std::string>& command, const std::string& log);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  /// True when it ended within `patience`; its status as of wait(2) is then in status().
  bool wait(milliseconds patience);
  [[nodiscard]] bool running();
  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] int status() const { return status_; }

 private:
  int pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// One sample of a Prometheus text by its name and labels as they are written; nothing when it is not there.
std::optional<double> metric(const std::string& text, const std::string& sample);

/// Asks `condition` until it holds, at most `patience`. What a test waits for is always a condition.
bool eventually(milliseconds patience, const std::function<bool()>& condition);

/// Runs a command to its end; throws with its output when it fails.
std::string run(const std::vector<std::string>& command);

struct Http {
  int status = 0;
  std::string body;
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
};

struct Size {
  int width = 1280;
  int height = 720;
  int fps = 30;
};

/// The synthetic venues' files, encoded once a build. `look` is empty or "camera": see scripts/make-venue.
std::string venue_file(int venue, int length_s, Size size, const std::string& extension,
                       const std::string& look = {});

class Server {
 public:
  struct Options {
    Size house;
    std::string extra;  // more TOML: whole tables
    std::vector<std::string> ladder = {"720p 1280x720 2500 128", "480p 854x480 1200 128",
                                       "360p 640x360 700 128"};
    std::string log_level = "info";
    int max_connections = 10'000;
  };
  Server() : Server(Options{}) {}
  explicit Server(Options options);
  ~Server();
  /// Again, after it has ended; waits until it is ready, as the constructor does.
  void start();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Http get(const std::string& path, milliseconds patience = seconds(10)) const;
  /// With the admin's token. Throws unless the status is 2xx.
  Json admin(const std::string& method, const std::string& path, const Json& body = nullptr) const;
  Http admin_raw(const std::string& method, const std::string& path, const Json& body = nullptr) const;
  [[nodiscard]] Json status(const std::string& broadcast) const;
  /// The program as a command beside the server: `openday venue list`. What it prints is both its outputs.
  struct Outcome {
    int status = 0;
    std::string output;
    [[nodiscard]] Json json() const { return Json::parse(output, nullptr, false); }
  };
  [[nodiscard]] Outcome command(std::vector<std::string> words) const;
  [[nodiscard]] std::string folder() const { return folder_; }
  /// The admin's.
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int rtmp_port() const { return rtmp_port_.number(); }
  [[nodiscard]] int rtmps_port() const { return rtmps_port_.number(); }
  [[nodiscard]] int srt_port() const { return srt_port_; }
  [[nodiscard]] int tls_port() const { return tls_port_.number(); }
  /// The process of this role (and id) now; −1 if there is none.
  [[nodiscard]] int pid_of(const std::string& broadcast, const std::string& role,
                           const std::string& id = {}) const;
  Program& program() { return *program_; }

  /// Creates venues "v0" …, each for the synthetic venue of that number, and a broadcast of them, rehearsing.
  void set_up(const std::string& broadcast, int venues);
  /// Where the synthetic venue's encoder sends; `protocol` is "rtmp", "rtmps" or "srt". Makes a new key.
  std::string publish_url(const std::string& venue, const std::string& protocol);
  /// Waits until the engine reports the venue as live.
  bool wait_live(const std::string& broadcast, const std::string& venue,
                 milliseconds patience = seconds(10)) const;

 private:
  std::string folder_;
  test::HeldPort http_port_, tls_port_, rtmp_port_, rtmps_port_;
  int srt_port_ = test::free_udp_port();
  std::string token_;
  std::unique_ptr<Program> program_;
};

struct Tile {
  int x, y, w, h;  // 1/1000 of the program
};
/// The tiles of a layout for so many venues, as the server tells them.
std::vector<Tile> tiles_of(const Server& server, const std::string& layout, size_t venues);
/// Where a 16:9 picture stands in a tile, as a viewer would measure it.
synth::TileBox picture_in(const Tile& tile, Size size);

/// ffmpeg publishing a file by stream copy, for ever.
std::unique_ptr<Program> publish(const std::string& file, const std::string& url, const std::string& log,
                                 const std::vector<std::string>& before_input = {});

/// FFmpeg as the server that is pushed to; it records so many seconds, then ends.
std::unique_ptr<Program> recorder(const std::vector<std::string>& input, const std::string& file,
                                  int length_s, const std::string& log);

struct ListedSegment {
  std::string path;
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  bool gap = false;
  [[nodiscard]] bool overlaps(int64_t from, int64_t to) const { return from_ms < to && from < to_ms; }
};
/// The segments of a media playlist, with their program times.
std::vector<ListedSegment> segments_of(const Server& server, const std::string& playlist);

struct PartSeen {
  int64_t msn = 0;
  int part = 0;
  double duration = 0;
  HouseTime at;  // when the playlist that lists it was complete here
};

/// How late each part came against a clock that ticks with the parts' durations, in ms (the first one: 0),
/// and when.
std::vector<std::pair<double, HouseTime>> lateness(const std::vector<PartSeen>& parts);

/// Follows a media playlist by blocking reload on a thread of its own and keeps every part and segment it
/// lists.
class Viewer {
 public:
  Viewer(const Server& server, std::string playlist_path);
  ~Viewer();

  [[nodiscard]] std::vector<PartSeen> parts() const;
  /// Blocking reloads that failed or came back without anything new.
  [[nodiscard]] size_t misses() const { return misses_; }
  /// Stops and returns every whole segment seen in a file, its init first; after a change of init a further
  /// file begins.
  struct Recording {
    std::string file;
    std::vector<std::string> later;  // a further file for every further init
    size_t segments = 0;
    std::vector<std::string> inits;  // distinct EXT-X-MAP URIs, in order
    size_t discontinuities = 0;
    int64_t first_at_ms = -1;  // program time of the first segment in the file, UTC ms
  };
  Recording finish(const std::string& file);
  [[nodiscard]] size_t segments() const;

 private:
  void follow(const std::stop_token& stop);
  void fetch(const std::stop_token& stop);
  void stop();

  const Server& server_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::vector<PartSeen> parts_;
  struct Kept {
    std::string init;
    std::string uri;
    int64_t at_ms = -1;
    bool discontinuity = false;
  };
  std::map<int64_t, Kept> segments_;
  std::map<std::string, std::string> media_;  // uri → bytes
  std::atomic<size_t> misses_{0};
  std::jthread thread_;
  std::jthread fetcher_;
};

/// Decoded program.
struct Decoded {
  std::vector<int64_t> video_pts;  // of every packet, in 1/90000 s, in file order
  std::vector<bool> keys;
  std::vector<float> sound;  // interleaved stereo, 48 kHz
  double video_start = 0;    // s
  double audio_start = 0;
  std::string errors;  // what the decoder complained about
};
/// Decodes a file; `look` is called with every picture.
Decoded decode(const std::string& file, Size size, const std::function<void(const media::Image&)>& look);
/// The sound of the program's ticks [from, to), as far as it was decoded.
std::vector<float> sound_of(const Decoded& decoded, int64_t from, int64_t to, int fps);

}  // namespace openday::e2e
