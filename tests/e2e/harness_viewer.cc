// What viewers are sent: playlists, parts, and what is in them.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/text.h"
#include "tests/e2e/harness.h"

namespace openday::e2e {
namespace {

// name="value" or name=value of an attribute list
std::string attribute(const std::string& line, const std::string& name) {
  size_t at = line.find(name + "=");
  while (at != std::string::npos && at > 0 && line[at - 1] != ':' && line[at - 1] != ',') {
    at = line.find(name + "=", at + 1);
  }
  if (at == std::string::npos) return {};
  at += name.size() + 1;
  if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find(',', at) - at);
}

std::string resolve(const std::string& playlist, const std::string& uri) {
  if (uri.rfind("/", 0) == 0) return uri;
  return playlist.substr(0, playlist.rfind('/') + 1) + uri;
}

}  // namespace

std::vector<ListedSegment> segments_of(const Server& server, const std::string& playlist) {
  Http answer = server.get(playlist);
  if (answer.status != 200) throw std::runtime_error(playlist + " is not there");
  std::vector<ListedSegment> all;
  std::istringstream lines(answer.body);
  ListedSegment next;
  double at = 0;
  double duration = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("#EXT-X-PROGRAM-DATE-TIME:", 0) == 0)
      at = static_cast<double>(parse_rfc3339(line.substr(25)));
    if (line.rfind("#EXTINF:", 0) == 0) duration = std::stod(line.substr(8)) * 1000;
    if (line.rfind("#EXT-X-GAP", 0) == 0) next.gap = true;
    if (line.empty() || line[0] == '#') continue;
    next.path = line[0] == '/' ? line : playlist.substr(0, playlist.rfind('/') + 1) + line;
    next.from_ms = std::llround(at);
    next.to_ms = std::llround(at += duration);
    all.push_back(std::exchange(next, {}));
  }
  return all;
}

std::vector<std::pair<double, HouseTime>> lateness(const std::vector<PartSeen>& parts) {
  std::vector<std::pair<double, HouseTime>> late;
  double due = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) due += parts[i].duration;
    double at = static_cast<double>((parts[i].at - parts[0].at).count()) / 1e6;
    late.emplace_back(at - due * 1000, parts[i].at);
  }
  return late;
}

Viewer::Viewer(const Server& server, std::string playlist_path)
    : server_(server),
      path_(std::move(playlist_path)),
      thread_([this](const std::stop_token& stop) { follow(stop); }),
      fetcher_([this](const std::stop_token& stop) { fetch(stop); }) {}

Viewer::~Viewer() {
  stop();
}

void Viewer::stop() {
  for (auto* thread : {&thread_, &fetcher_}) {
    thread->request_stop();
    if (thread->joinable()) thread->join();
  }
}

void Viewer::follow(const std::stop_token& stop) {
  SystemClock clock;
  std::string query;
  std::set<std::pair<int64_t, int>> known;
  bool first = true;
  while (!stop.stop_requested()) {
    Http answer = server_.get(path_ + query, seconds(6));
    HouseTime now = clock.now();
    if (answer.status != 200) {
      ++misses_;
      query.clear();
      ::poll(nullptr, 0, 50);
      continue;
    }
    std::istringstream lines(answer.body);
    int64_t msn = 0;
    int part = 0;
    std::string init;
    bool discontinuity = false;
    int64_t at_ms = -1;
    bool fresh = false;
    std::lock_guard lock(mutex_);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("#EXT-X-MEDIA-SEQUENCE:", 0) == 0) {
        msn = std::stoll(line.substr(22));
      } else if (line.rfind("#EXT-X-MAP:", 0) == 0) {
        init = resolve(path_, attribute(line, "URI"));
      } else if (line.rfind("#EXT-X-DISCONTINUITY", 0) == 0 && line.find("SEQUENCE") == std::string::npos) {
        discontinuity = true;
      } else if (line.rfind("#EXT-X-PROGRAM-DATE-TIME:", 0) == 0) {
        at_ms = parse_rfc3339(line.substr(25));
      } else if (line.rfind("#EXT-X-PART:", 0) == 0) {
        if (known.insert({msn, part}).second) {
          fresh = true;
          // What stood there at the first look has no arrival time worth keeping.
          if (!first) parts_.push_back({msn, part, std::stod(attribute(line, "DURATION")), now});
        }
        ++part;
      } else if (!line.empty() && line[0] != '#') {
        if (!segments_.contains(msn)) segments_[msn] = {init, resolve(path_, line), at_ms, discontinuity};
        discontinuity = false;
        ++msn;
        part = 0;
      }
    }
    if (!fresh && !first) ++misses_;
    first = false;
    query = fmt::format("?_HLS_msn={}&_HLS_part={}", msn, part);
  }
}

// Media is fetched as it comes, for the live window is short, and beside the playlists, whose times are
// measured.
void Viewer::fetch(const std::stop_token& stop) {
  for (;;) {
    bool last_look = stop.stop_requested();
    std::set<std::string> wanted;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [number, kept] : segments_) {
        for (const auto& uri : {kept.init, kept.uri}) {
          if (!media_.contains(uri)) wanted.insert(uri);
        }
      }
    }
    for (const auto& uri : wanted) {
      Http media = server_.get(uri);
      std::lock_guard lock(mutex_);
      if (media.status == 200) media_[uri] = std::move(media.body);
    }
    if (last_look) return;
    ::poll(nullptr, 0, 200);
  }
}

std::vector<PartSeen> Viewer::parts() const {
  std::lock_guard lock(mutex_);
  return parts_;
}

size_t Viewer::segments() const {
  std::lock_guard lock(mutex_);
  return segments_.size();
}

Viewer::Recording Viewer::finish(const std::string& file) {
  stop();
  Recording recording;
  recording.file = file;
  std::ofstream out(file, std::ios::binary);
  for (const auto& [msn, kept] : segments_) {
    if (!media_.contains(kept.uri) || !media_.contains(kept.init)) continue;
    if (recording.inits.empty() || recording.inits.back() != kept.init) {
      if (!recording.inits.empty()) {
        recording.later.push_back(fmt::format("{}.{}.mp4", file, recording.inits.size()));
        out = std::ofstream(recording.later.back(), std::ios::binary);
      }
      recording.inits.push_back(kept.init);
      out << media_[kept.init];
    }
    out << media_[kept.uri];
    if (recording.first_at_ms < 0) recording.first_at_ms = kept.at_ms;
    ++recording.segments;
    if (kept.discontinuity) ++recording.discontinuities;
  }
  return recording;
}

Decoded decode(const std::string& file, Size size, const std::function<void(const media::Image&)>& look) {
  Decoded decoded;
  std::string packets = run({"ffprobe", "-v", "error", "-show_entries",
                             "packet=stream_index,codec_type,pts_time,flags", "-of", "csv=p=0", file});
  std::istringstream lines(packets);
  bool first_video = true;
  bool first_audio = true;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string type;
    std::string index;
    std::string time;
    std::string flags;
    std::getline(fields, type, ',');
    std::getline(fields, index, ',');
    std::getline(fields, time, ',');
    std::getline(fields, flags, ',');
    if (time.empty() || time == "N/A") continue;
    double at = std::stod(time);
    if (type == "video") {
      if (std::exchange(first_video, false)) decoded.video_start = at;
      decoded.video_pts.push_back(static_cast<int64_t>(at * 90000 + 0.5));
      decoded.keys.push_back(flags.find('K') != std::string::npos);
    } else if (type == "audio" && std::exchange(first_audio, false)) {
      decoded.audio_start = at;
    }
  }
  std::string errors = file + ".errors";
  std::string sound = file + ".s16";
  // One decode to two outputs; pictures come through a pipe, in the file's own time base: a guessed frame
  // rate would round two neighbours of a cut onto one tick and complain of it.
  std::string command = fmt::format(
      "ffmpeg -nostdin -v error -i '{}' -map 0:a -f s16le -ar 48000 -ac 2 -y '{}' -map 0:v -fps_mode "
      "passthrough -enc_time_base -1 -f rawvideo -pix_fmt "
      "yuv420p - 2>'{}'",
      file, sound, errors);
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  media::Image image(size.width, size.height);
  for (bool more = true; more;) {
    for (int plane = 0; plane < 3 && more; ++plane) {
      for (int row = 0; row < image.rows(plane) && more; ++row) {
        uint8_t* at =
            image.plane(plane) + static_cast<size_t>(row) * static_cast<size_t>(image.stride(plane));
        more = std::fread(at, 1, static_cast<size_t>(image.columns(plane)), pipe) ==
               static_cast<size_t>(image.columns(plane));
      }
    }
    if (more) look(image);
  }
  ::pclose(pipe);
  decoded.errors = read_file(errors, 1 << 20).value_or("");
  std::ifstream in(sound, std::ios::binary);
  std::vector<char> raw((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  decoded.sound.resize(raw.size() / 2);
  for (size_t i = 0; i < decoded.sound.size(); ++i) {
    int16_t value = 0;
    std::memcpy(&value, raw.data() + i * 2, 2);
    decoded.sound[i] = static_cast<float>(value) / 32768.0f;
  }
  std::filesystem::remove(sound);
  std::filesystem::remove(errors);
  return decoded;
}

std::vector<float> sound_of(const Decoded& decoded, int64_t from, int64_t to, int fps) {
  auto at = [&](int64_t tick) {
    double s = static_cast<double>(tick) / fps - decoded.audio_start;
    auto sample = static_cast<ptrdiff_t>(s * 48000) * 2;
    return decoded.sound.begin() + std::clamp<ptrdiff_t>(sample, 0, std::ssize(decoded.sound));
  };
  return {at(from), at(to)};
}

}  // namespace openday::e2e
