// Clips on a loop, with a media store by hand.
#include "hub/clips.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/random.h"

using namespace openday;
using namespace openday::hub;

namespace {

namespace fs = std::filesystem;

class Desk {
 public:
  Desk() : loop_(Loop::create(clock_).value()), begin_{clock_.wall().ms / 2000 * 2000 - 60'000} { open(); }
  ~Desk() {
    clips.reset();
    fs::remove_all(folder_);
  }

  void open() {
    output::ClipStore::Options options;
    options.root = folder_ + "/clips";
    options.store_of = [this](const std::string& broadcast) { return folder_ + "/media/" + broadcast; };
    options.reserve_bytes = 0;
    clips.reset();
    clips.emplace(*loop_, options, *disk_, Log("test", LogLevel::kError));
  }
  /// Numbers from 0 on, 2 s each.
  void record(int64_t from, int64_t to) {
    std::string store = folder_ + "/media/b";
    fs::create_directories(store + "/run1/r720");
    std::ofstream index(output::index_path(store), std::ios::app);
    if (from == 0) {
      media::InitSegment init;
      init.run = "run1";
      init.rendition = "r720";
      init.height = 720;
      index << output::to_line(init);
      std::ofstream(store + "/run1/r720/init.mp4") << "init";
    }
    for (int64_t msn = from; msn < to; ++msn) {
      std::ofstream(store + "/" + output::segment_path("run1", "r720", msn)) << "segment" << msn;
      index << output::to_line(media::StoredSegment{"run1", "r720", msn, at(2 * msn), 2.0, 8, false});
    }
  }
  [[nodiscard]] ProgramTime at(int64_t second) const { return {begin_.ms + second * 1000}; }

  /// Runs the loop for as long as it takes; a loop runs once, so each round takes the next one.
  bool until(const std::function<bool()>& condition) {
    bool held = false;
    auto look = loop_->every(milliseconds(5), [&] {
      if (!(held = condition())) return;
      loop_->stop();
    });
    auto late = loop_->after(seconds(20), [&] { loop_->stop(); });
    loop_->run();
    loop_->cancel(look);
    loop_->cancel(late);
    return held;
  }
  std::string answer(const std::function<void(Responder)>& ask) {
    std::string text;
    ask(make_responder([&](Response response) {
      text = std::to_string(response.status);
      if (auto bytes = std::get_if<SharedBytes>(&response.body)) text += " " + std::string(as_text(**bytes));
      if (auto range = std::get_if<FileRange>(&response.body)) {
        std::string content(range->length, '\0');
        (void)!::pread(range->file->get(), content.data(), content.size(), static_cast<off_t>(range->offset));
        text += " " + content;
      }
    }));
    return text;
  }
  std::string playlist(const std::string& id) {
    return answer([&](Responder responder) { clips->serve_playlist(id, {}, std::move(responder)); });
  }

  std::optional<Clips> clips;
  Loop& loop() { return *loop_; }

 private:
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  const ProgramTime begin_;
  const std::string folder_ = "/tmp/openday-clips-" + random_name(8);
  std::unique_ptr<output::Disk> disk_ = output::posix_disk();
};

}  // namespace

TEST_CASE("a clip is kept, played by those who know its name, loses what is withdrawn, and is removed") {
  Desk desk;
  CHECK(desk.clips->view("x").error().code == Errc::kBusy);
  desk.record(0, 6);
  std::string id;
  std::string media;
  std::string before;
  std::string after;
  int step = 0;
  std::optional<Result<>> removed;
  // Each step waits for the one before.
  bool done = desk.until([&] {
    switch (step) {
      case 0:
        if (desk.clips->view("x").error().code == Errc::kBusy) return false;
        desk.clips->keep({"b", {}, desk.at(3), desk.at(9)},
                         [&](Result<std::string> made) { id = made.value_or("none"); });
        ++step;
        return false;
      case 1:
        if (id.empty() || !desk.clips->view(id)->complete) return false;
        before = desk.playlist(id);
        CHECK(desk.clips->view(id)->duration_s == Approx(8.0));
        desk.clips->serve_media(id, "run1/r720/2.m4s", {}, make_responder([&](Response response) {
                                  auto range = std::get<FileRange>(response.body);
                                  media.resize(range.length);
                                  CHECK(::pread(range.file->get(), media.data(), media.size(), 0) == 8);
                                }));
        ++step;
        return false;
      case 2:
        if (media.empty()) return false;
        desk.clips->withdraw("b", desk.at(4), desk.at(6));
        // At once, before any disk has heard of it.
        after = desk.playlist(id);
        CHECK(desk.answer(
                      [&](Responder r) { desk.clips->serve_media(id, "run1/r720/2.m4s", {}, std::move(r)); })
                  .starts_with("404"));
        for (const char* path :
             {"run1/r720/0.m4s", "../../media/b/index.jsonl", "clip.jsonl", "", "run1/r720/init.mp"}) {
          CHECK(desk.answer([&](Responder r) { desk.clips->serve_media(id, path, {}, std::move(r)); })
                    .starts_with("404"));
        }
        desk.clips->remove(id, [&](Result<> result) { removed = std::move(result); });
        CHECK(desk.playlist(id).starts_with("404"));
        ++step;
        return false;
      default: return removed.has_value();
    }
  });
  REQUIRE(done);
  CHECK(removed->has_value());
  CHECK(id.size() == 32);
  CHECK(media == "segment2");
  CHECK(before.find("#EXT-X-PLAYLIST-TYPE:VOD") != std::string::npos);
  CHECK(before.find("#EXT-X-MAP:URI=\"run1/r720/init.mp4\"") != std::string::npos);
  for (const char* name : {"run1/r720/1.m4s", "run1/r720/2.m4s", "run1/r720/4.m4s", "#EXT-X-ENDLIST"}) {
    CHECK(before.find(name) != std::string::npos);
  }
  CHECK(before.find("run1/r720/0.m4s") == std::string::npos);
  CHECK(before.find("#EXT-X-DISCONTINUITY") == std::string::npos);
  CHECK(after.find("run1/r720/2.m4s") == std::string::npos);
  CHECK(after.find("#EXT-X-DISCONTINUITY\n") != std::string::npos);
}

TEST_CASE("after a restart a clip goes on, and a withdrawal told again is kept before anything is shown") {
  Desk desk;
  desk.record(0, 3);
  std::string id;
  int step = 0;
  bool done = desk.until([&] {
    switch (step) {
      case 0:
        if (desk.clips->view("x").error().code == Errc::kBusy) return false;
        desk.clips->keep({"b", {}, desk.at(0), desk.at(12)},
                         [&](Result<std::string> made) { id = made.value_or("none"); });
        ++step;
        return false;
      case 1:
        if (id.empty() || desk.clips->view(id)->duration_s < 5) return false;
        desk.open();
        desk.clips->withdraw("b", desk.at(0), desk.at(2));  // before it has read what there is
        desk.record(3, 7);
        ++step;
        return false;
      default: {
        auto view = desk.clips->view(id);
        if (!view || view->duration_s == 0) return false;
        CHECK(desk.playlist(id).find("/0.m4s") == std::string::npos);
        return view->complete && view->duration_s == Approx(10.0);
      }
    }
  });
  CHECK(done);
}

TEST_CASE("who looks at a clip hears of its first media, of its end, and of what is withdrawn") {
  Desk desk;
  desk.record(0, 1);
  int news = 0;
  std::string id;
  int step = 0;
  desk.clips->on_news = [&] { ++news; };
  auto duration = [&] { return desk.clips->view(id)->duration_s; };
  bool done = desk.until([&] {
    switch (step) {
      case 0:
        if (desk.clips->view("x").error().code == Errc::kBusy) return false;
        desk.clips->keep({"b", {}, desk.at(2), desk.at(12)},
                         [&](Result<std::string> made) { id = made.value_or("none"); });
        ++step;
        return false;
      case 1:
        // It is there, and nothing in it yet.
        if (id.empty()) return false;
        CHECK(duration() == 0);
        CHECK(news == 0);
        desk.record(1, 3);
        ++step;
        return false;
      case 2:
        if (news == 0) return false;
        CHECK(duration() == Approx(4.0));
        desk.record(3, 5);
        ++step;
        return false;
      case 3:
        if (duration() < 8) return false;
        CHECK(news == 1);  // it grows unheard
        desk.record(5, 7);
        ++step;
        return false;
      default: return news == 2 && desk.clips->view(id)->complete;
    }
  });
  REQUIRE(done);
  desk.clips->withdraw("b", desk.at(20), desk.at(22));
  CHECK(news == 2);
  desk.clips->withdraw("b", desk.at(4), desk.at(6));
  CHECK(news == 3);
}

TEST_CASE("many clips of one moment share its files") {
  Desk desk;
  desk.record(0, 6);
  std::vector<std::string> ids;
  bool asked = false;
  bool done = desk.until([&] {
    if (desk.clips->view("x").error().code == Errc::kBusy) return false;
    if (!std::exchange(asked, true)) {
      for (int i = 0; i < 50; ++i) {
        desk.clips->keep({"b", {}, desk.at(0), desk.at(10)},
                         [&](Result<std::string> made) { ids.push_back(made.value_or("none")); });
      }
    }
    return ids.size() == 50 && std::ranges::all_of(ids, [&](const std::string& id) {
             auto view = desk.clips->view(id);
             return view && view->complete;
           });
  });
  REQUIRE(done);
  std::ranges::sort(ids);
  CHECK(std::ranges::adjacent_find(ids) == ids.end());
}
