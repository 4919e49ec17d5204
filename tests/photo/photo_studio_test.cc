// Photos through real processes.
#include "app/photo_studio.h"

#include <dirent.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "photo/clean.h"
#include "photo/photo_file.h"
#include "pictures.h"

using namespace openday;
using namespace openday::photo::test;

namespace {

/// A studio and its loop, which runs until everything that was asked for has been answered.
class Studio {
 public:
  explicit Studio(app::PhotoStudio::Options options = {})
      : loop_(Loop::create(clock_).value()),
        studio_(std::in_place, *loop_,
                Log("test", LogLevel::kInfo, [this](std::string_view line) { lines_ += line; }),
                std::move(options)) {}

  void ask(Bytes photo) {
    size_t place = answers_.size();
    answers_.push_back(fail(Errc::kInternal, "nothing yet"));
    ++open_;
    studio_->clean(std::make_shared<const Bytes>(std::move(photo)), [this, place](Result<Bytes> answer) {
      answers_[place] = std::move(answer);
      if (--open_ == 0) loop_->stop();
    });
    CHECK_FALSE(answers_[place]);  // not within the call
  }
  /// Once.
  void run() {
    auto late = loop_->after(seconds(60), [this] { loop_->stop(); });
    loop_->run();
    loop_->cancel(late);
    REQUIRE(open_ == 0);
  }
  std::string outcome(size_t place) {
    const Result<Bytes>& answer = answers_[place];
    return answer ? "a photo" : name_of(answer.error().code);
  }
  Result<Bytes>& answer(size_t place) { return answers_[place]; }
  /// What was logged.
  [[nodiscard]] const std::string& lines() const { return lines_; }
  [[nodiscard]] int64_t minute() const { return clock_.wall().ms / 60'000; }
  app::PhotoStudio& studio() { return *studio_; }
  Loop& loop() { return *loop_; }
  void end() { studio_.reset(); }

 private:
  SystemClock clock_;
  std::string lines_;
  std::unique_ptr<Loop> loop_;
  std::optional<app::PhotoStudio> studio_;
  std::vector<Result<Bytes>> answers_;
  int open_ = 0;
};

app::PhotoStudio::Options role(const char* name) {
  app::PhotoStudio::Options options;
  options.role = name;
  return options;
}

/// Children of this process by /proc.
std::vector<int> children() {
  std::vector<int> found;
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (dirent* entry = ::readdir(folder.get())) {
    int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(status, line);
    size_t name = line.rfind(')');
    if (name == std::string::npos) continue;
    int parent = std::atoi(line.c_str() + std::min(line.size(), name + 4));
    if (parent == ::getpid()) found.push_back(pid);
  }
  return found;
}

}  // namespace

TEST_CASE("a photo goes through a process of its own, and leaves no process behind") {
  Studio studio;
  Bytes file = with_segment(jpeg(300, 200), 0xE1, exif_segment(6));
  studio.ask(file);
  studio.run();
  REQUIRE(studio.outcome(0) == "a photo");
  auto made = photo::read_photo_file(*studio.answer(0)).value();
  CHECK(made.width == 200);
  CHECK(made.height == 300);
  CHECK_FALSE(holds(*studio.answer(0), "GPS"));
  CHECK_FALSE(holds(*studio.answer(0), "JFIF"));
  CHECK(children().empty());
  CHECK(studio.studio().working() == 0);
}

TEST_CASE("a large photo fits through the link both ways") {
  wrap::Pixels noise{3600, 2600, {}};
  uint32_t state = 1;
  for (int i = 0; i < 3600 * 2600 * 3; ++i) {
    state = state * 1664525 + 1013904223;
    noise.rgb.push_back(static_cast<uint8_t>(state >> 24));
  }
  Bytes file = wrap::encode_photo(noise, 2).value();
  REQUIRE(file.size() > 5 * 1024 * 1024);
  REQUIRE(file.size() < hub::PhotoCleaner::kMostBytes);
  Studio studio;
  studio.ask(file);
  studio.run();
  CHECK(studio.outcome(0) == "a photo");
}

TEST_CASE("the largest photo there may be fits into the memory of its process") {
  Bytes file = by_ffmpeg(png(2, 2), "-vf scale=8000:6000 -pix_fmt rgba64be", "png");
  REQUIRE_FALSE(file.empty());
  Studio studio;
  studio.ask(file);
  studio.run();
  CHECK(studio.outcome(0) == "a photo");
}

TEST_CASE("what is wrong with a photo is said in words for its sender") {
  Studio studio;
  Bytes cut = jpeg();
  cut.resize(cut.size() / 2);
  studio.ask(text("GIF89a"));
  studio.ask(Bytes(hub::PhotoCleaner::kMostBytes + 1));
  studio.ask(cut);
  studio.ask(kPngBegin + png_header(60'000, 60'000) + chunk("IEND", {}));
  studio.ask({});
  studio.run();
  CHECK(studio.outcome(0) == "unsupported");
  CHECK(studio.answer(0).error().message.find("JPEG, PNG or WebP") != std::string::npos);
  CHECK(studio.outcome(1) == "limit");
  CHECK(studio.answer(1).error().message.find("12 MB") != std::string::npos);
  CHECK(studio.outcome(2) == "invalid");
  CHECK(studio.outcome(3) == "limit");
  CHECK(studio.outcome(4) == "unsupported");
}

TEST_CASE("a process that breaks, dies or lies costs its photo and no other") {
  for (const char* name : {"crash", "dead"}) {
    Studio studio(role(name));
    int64_t minute = studio.minute();
    for (int i = 0; i < 3; ++i) studio.ask(jpeg());
    studio.run();
    for (size_t i = 0; i < 3; ++i) CHECK(studio.outcome(i) == "invalid");
    // No line has the moment at which somebody sent a photo: it waits until the minute is over.
    CHECK((studio.lines().empty() || studio.minute() != minute));
  }
  Studio liar(role("lie"));
  liar.ask(text("<script>"));
  liar.ask(png(8, 8));
  liar.ask(jpeg(3000, 10));
  // What it did not take out, the studio does.
  liar.ask(with_segment(jpeg(), 0xE1, exif_segment(6)) + text("PK"));
  liar.run();
  for (size_t i = 0; i < 3; ++i) CHECK(liar.outcome(i) == "invalid");
  REQUIRE(liar.outcome(3) == "a photo");
  CHECK_FALSE(holds(*liar.answer(3), "GPS"));
  CHECK_FALSE(holds(*liar.answer(3), "PK"));
  CHECK(children().empty());
}

TEST_CASE("a process that hangs is killed") {
  auto options = role("hang");
  options.patience = milliseconds(300);
  Studio studio(options);
  studio.ask(jpeg());
  studio.run();
  CHECK(studio.outcome(0) == "timeout");
  CHECK(children().empty());
}

TEST_CASE("a process killed in the middle is nobody else's harm") {
  auto options = role("hang");
  Studio studio(options);
  studio.ask(jpeg());
  studio.loop().after(milliseconds(100), [&] {
    for (int pid : children()) ::kill(pid, SIGKILL);
  });
  studio.run();
  CHECK(studio.outcome(0) == "invalid");
}

TEST_CASE("photos wait for their turn, within a bound") {
  app::PhotoStudio::Options options;
  options.most_waiting = 3;
  Studio studio(options);
  for (int i = 0; i < 7; ++i) studio.ask(jpeg());
  CHECK(studio.studio().working() == 2);
  CHECK(studio.studio().waiting() == 3);
  studio.run();
  int done = 0;
  for (size_t i = 0; i < 7; ++i) done += studio.outcome(i) == "a photo" ? 1 : 0;
  CHECK(done == 5);
  CHECK(studio.outcome(6) == "busy");
}

TEST_CASE("the end of the studio ends its processes") {
  Studio studio(role("hang"));
  studio.ask(jpeg());
  studio.ask(jpeg());
  studio.ask(jpeg());
  CHECK(children().size() == 2);
  studio.end();
  CHECK(children().empty());
}

TEST_CASE("the process that decodes is confined while it does") {
  Studio studio;
  studio.ask(jpeg(4000, 3000));
  // Until it is gone, look at what it may do.
  bool seen = false;
  auto look = studio.loop().every(milliseconds(2), [&] {
    for (int pid : children()) {
      std::ifstream status("/proc/" + std::to_string(pid) + "/status");
      std::string all((std::istreambuf_iterator<char>(status)), {});
      seen = seen || (all.find("Seccomp:\t2") != std::string::npos &&
                      all.find("NoNewPrivs:\t1") != std::string::npos);
    }
  });
  studio.run();
  studio.loop().cancel(look);
  CHECK(studio.outcome(0) == "a photo");
  CHECK(seen);
}
