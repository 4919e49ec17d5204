// A store in a folder of its own, a disk that can be broken, and packaged media to record.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "encoded_program.h"
#include "output/recorder_disk.h"
#include "output/recorder_writer.h"
#include "package/packager.h"

namespace openday::test {

inline constexpr ProgramTime kStart{1'790'000'000'000};

/// Gone with everything in it at the end.
class TempFolder {
 public:
  TempFolder() {
    // In memory where there is such a place: thousands of files are rewritten.
    bool in_memory = access("/dev/shm", W_OK) == 0;
    path_ = in_memory ? "/dev/shm/openday-output-XXXXXX" : "/tmp/openday-output-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The real disk, with faults on demand: `fault` is asked before every operation and may answer with an
/// error.
class BreakableDisk final : public output::Disk {
 public:
  using Fault = std::function<std::optional<Error>(const std::string& operation, const std::string& path)>;
  Fault fault;
  std::optional<uint64_t> free;   // what free_space() says
  std::vector<std::string> done;  // "operation path", in order

  Result<> make_folder(const std::string& path) override {
    return with("make_folder", path, [&] { return real_->make_folder(path); });
  }
  Result<std::unique_ptr<output::DiskFile>> open(const std::string& path) override {
    if (auto error = check("open", path)) return std::unexpected(*error);
    auto file = real_->open(path);
    if (!file) return file;
    return std::make_unique<File>(*this, path, *std::move(file));
  }
  Result<std::unique_ptr<output::DiskLock>> lock(const std::string& path) override {
    if (auto error = check("lock", path)) return std::unexpected(*error);
    return real_->lock(path);
  }
  Result<> replace(const std::string& path, ByteView content) override {
    return with("replace", path, [&] { return real_->replace(path, content); });
  }
  Result<Bytes> read(const std::string& path, uint64_t limit) override {
    if (auto error = check("read", path)) return std::unexpected(*error);
    return real_->read(path, limit);
  }
  Result<uint64_t> size(const std::string& path) override {
    if (auto error = check("size", path)) return std::unexpected(*error);
    return real_->size(path);
  }
  Result<> link(const std::string& from, const std::string& to) override {
    return with("link", to, [&] { return real_->link(from, to); });
  }
  Result<> remove(const std::string& path) override {
    return with("remove", path, [&] { return real_->remove(path); });
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    if (auto error = check("list", path)) return std::unexpected(*error);
    return real_->list(path);
  }
  Result<uint64_t> free_space(const std::string& path) override {
    if (auto error = check("free_space", path)) return std::unexpected(*error);
    if (free) return *free;
    return real_->free_space(path);
  }

 private:
  class File final : public output::DiskFile {
   public:
    File(BreakableDisk& disk, std::string path, std::unique_ptr<output::DiskFile> real)
        : disk_(disk), path_(std::move(path)), real_(std::move(real)) {}
    Result<> append(ByteView bytes) override {
      if (auto error = disk_.check("append", path_)) {
        (void)real_->append(bytes.first(bytes.size() / 2));  // as a full disk does
        return std::unexpected(*error);
      }
      return real_->append(bytes);
    }
    /// Only noted: the power stays on in these tests, and there are thousands of them.
    Result<> sync() override {
      return disk_.with("sync", path_, [] { return Result<>(); });
    }
    Result<> cut_to(uint64_t size) override {
      return disk_.with("cut_to", path_, [&] { return real_->cut_to(size); });
    }

   private:
    BreakableDisk& disk_;
    const std::string path_;
    std::unique_ptr<output::DiskFile> real_;
  };

  std::optional<Error> check(const std::string& operation, const std::string& path) {
    done.push_back(operation + " " + path);
    return fault ? fault(operation, path) : std::nullopt;
  }
  template <class Real>
  Result<> with(const std::string& operation, const std::string& path, Real real) {
    if (auto error = check(operation, path)) return std::unexpected(*error);
    return real();
  }

  std::unique_ptr<output::Disk> real_ = output::posix_disk();
};

/// What a packager told its listener, in order.
struct Tape final : package::PackageListener {
  std::vector<media::InitSegment> inits;
  std::vector<std::variant<media::Part, media::Segment>> events;

  void on_init(const media::InitSegment& init) override { inits.push_back(init); }
  void on_part(const media::Part& part) override { events.emplace_back(part); }
  void on_segment(const media::Segment& segment) override { events.emplace_back(segment); }
};

/// One engine run of `ticks` at 30 fps: renditions "90p" and "audio". Of its last `unseen` ticks no picture
/// comes.
inline Tape record_tape(const std::string& run, int64_t first_msn, int discontinuity, int ticks,
                        ProgramTime start = kStart, int seed = 0, int unseen = 0) {
  static std::map<std::pair<int, int>, EncodedProgram> programs;
  auto [at, fresh] = programs.try_emplace({ticks, seed});
  if (fresh) at->second = encode_program({.ticks = ticks, .audio_kbps = 24, .seed = seed});
  const EncodedProgram& from = at->second;
  package::PackagerOptions options;
  options.run = run;
  options.start = start;
  options.first_msn = first_msn;
  options.discontinuity = discontinuity;
  media::Rendition rung;
  rung.name = "90p";
  Tape tape;
  auto core = package::PackagerCore::create(options, {{.rendition = rung, .video = from.video}}, from.audio,
                                            96, tape);
  REQUIRE(core);
  core->begin();
  size_t sound = 0;
  for (const media::AccessUnit& picture : from.pictures) {
    if (picture.tick >= ticks - unseen) break;
    core->push_video(0, picture);
    for (; sound < from.sound.size() && from.sound[sound].pts < (picture.tick - 1) * 1600; ++sound) {
      core->push_audio(from.sound[sound]);
    }
  }
  for (; sound < from.sound.size(); ++sound) core->push_audio(from.sound[sound]);
  core->finish();
  return tape;
}

/// Plays a tape into a writer; returns the paths of segments that were stored. `before` runs before each
/// event.
inline std::vector<std::string> play(
    const Tape& tape, output::StoreWriter& writer,
    const std::function<void(const std::variant<media::Part, media::Segment>&)>& before = {}) {
  for (const media::InitSegment& init : tape.inits) writer.begin(init);
  std::vector<std::string> paths;
  for (const auto& event : tape.events) {
    if (before) before(event);
    if (const auto* part = std::get_if<media::Part>(&event)) writer.add(*part);
    if (const auto* segment = std::get_if<media::Segment>(&event)) {
      std::string path = writer.finish(*segment);
      if (!path.empty()) paths.push_back(path);
    }
  }
  return paths;
}

}  // namespace openday::test
