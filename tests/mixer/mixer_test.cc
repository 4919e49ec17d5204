#include "mixer/mixer.h"

#include "rig.h"

using namespace openday;
using namespace openday::mixer;
using namespace openday::mixer::test;

namespace {

const Scene kThree{.layout = "grid", .venues = {"a", "b", "c"}};
Scene only(const std::string& venue) {
  return {.layout = "full", .venues = {venue}};
}

// Middle of the i-th tile of the grid of three on 320 × 180.
constexpr std::pair<int, int> kMiddle[] = {{80, 45}, {240, 45}, {160, 135}};

void seat_three(Rig& rig) {
  rig.connect(0, kRed, 300, 160, 90);
  rig.connect(1, kGreen, 500, 160, 90);
  rig.connect(2, kBlue, 700, 160, 90);
  rig.take(kThree);
  rig.steps(3);
}

Ink tile(const Rig& rig, int index) {
  return rig.at(kMiddle[index].first, kMiddle[index].second);
}

}  // namespace

TEST_CASE("three venues stand in their tiles, the rest is background") {
  Rig rig;
  seat_three(rig);
  CHECK(same(tile(rig, 0), kRed));
  CHECK(same(tile(rig, 1), kGreen));
  CHECK(same(tile(rig, 2), kBlue));
  CHECK(same(rig.at(20, 135), kBackground));
}

TEST_CASE("before any scene the program is its slate, and silence") {
  Rig rig;
  rig.connect(0, kRed, 440);
  rig.steps(5);
  CHECK_FALSE(same(rig.at(160, 90), kRed));
  CHECK(loudest(*rig.last->audio) == 0);
}

TEST_CASE("every tick gives one frame with its own number, time and sound, through minutes of faults") {
  Rig rig;
  seat_three(rig);
  int spt = rig.house.samples_per_tick();
  for (int n = 0; n < 3000; ++n) {  // two minutes
    if (n % 400 == 50) rig.kill(0);
    if (n % 400 == 120) rig.connect(0, kRed, 300, 320, 180);
    if (n % 400 == 200) rig.feeds[1].pictures = false;
    if (n % 400 == 260) rig.feeds[1].pictures = true;
    if (n % 400 == 300) rig.feeds[2].sound = false;
    if (n % 400 == 390) rig.feeds[2].sound = true;
    if (n % 97 == 0) rig.take(n % 2 == 0 ? kThree : only("b"));
    media::Tick expected = rig.next;
    const media::ProgramFrame& frame = rig.step();
    REQUIRE(frame.tick == expected);
    REQUIRE(frame.at.ms == rig.wall.ms + expected * 40);
    REQUIRE(frame.image);
    REQUIRE(frame.image->width() == 320);
    REQUIRE(frame.image->height() == 180);
    REQUIRE(frame.audio->size() == static_cast<size_t>(spt) * 2);
  }
}

TEST_CASE(
    "a venue that dies is held for half a second, then its slate shows; the other tiles are untouched") {
  Rig rig;
  seat_three(rig);
  rig.kill(1);
  int held = 0;
  while (same(tile(rig, 1), kGreen)) {
    rig.step();
    ++held;
    REQUIRE(held < 50);
    CHECK(same(tile(rig, 0), kRed));
    CHECK(same(tile(rig, 2), kBlue));
  }
  CHECK(held == 13);  // 12 held ticks of 40 ms are 480 ms, the 13th would be 520
  rig.steps(100);
  CHECK_FALSE(same(tile(rig, 1), kGreen));
  CHECK_FALSE(same(tile(rig, 1), kBackground, 0));
  CHECK(same(tile(rig, 0), kRed));
  CHECK(rig.mixer->status().slots[1].picture == PictureState::kLost);
}

TEST_CASE("a venue that returns is shown at once, whatever its new size") {
  Rig rig;
  seat_three(rig);
  rig.kill(1);
  rig.steps(50);
  rig.connect(1, kGreen, 500, 320, 180);
  rig.step();
  CHECK(same(tile(rig, 1), kGreen));
  CHECK(same(rig.at(162, 2), kGreen, 2));
  CHECK(same(rig.at(318, 88), kGreen, 2));
}

TEST_CASE("a portrait venue is letterboxed in its tile") {
  Rig rig;
  seat_three(rig);
  rig.connect(1, kGreen, 500, 90, 160);
  rig.step();
  CHECK(same(tile(rig, 1), kGreen));
  CHECK(same(rig.at(170, 45), kBackground));
  CHECK(same(rig.at(310, 45), kBackground));
}

TEST_CASE("a picture is shown at its time and not before") {
  Rig rig;
  rig.connect(0, kRed);
  rig.take(only("a"));
  rig.steps(2);
  FakeFeed& feed = rig.feeds[0];
  feed.pictures = false;
  media::Image green(320, 180);
  green.fill(kGreen.y, kGreen.u, kGreen.v);
  HouseTime later = rig.mixer->time_of(rig.next + 3);
  REQUIRE(feed.writer->write_picture(green, later, later, 0));
  for (int n = 0; n < 3; ++n) {
    rig.step();
    CHECK(same(rig.at(160, 90), kRed));
  }
  rig.step();
  CHECK(same(rig.at(160, 90), kGreen));
}

TEST_CASE("sound follows the scene: who is in it is heard, who is not is silent") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.connect(1, kGreen, 500);
  rig.take(only("a"));
  rig.steps(5);
  CHECK(loudest(*rig.last->audio) == Approx(0.25f).margin(0.01));
  rig.feeds[0].amplitude = 0;
  rig.steps(2);
  CHECK(loudest(*rig.last->audio) == 0);  // b is not in the scene
  rig.take(only("b"));
  rig.steps(2);
  CHECK(loudest(*rig.last->audio) == Approx(0.25f).margin(0.01));
}

TEST_CASE("sound that does not follow the scene is everybody's") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.connect(1, kGreen, 300);
  Scene scene = only("a");
  scene.follow_audio = false;
  rig.take(scene);
  rig.steps(5);
  CHECK(loudest(*rig.last->audio) == Approx(0.5f).margin(0.01));
}

TEST_CASE("gain and mute belong to the venue, and out-of-range gains are refused") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.take(only("a"));
  REQUIRE(rig.mixer->set_mix({{"a", {6.0206, false}}}));
  rig.steps(5);
  CHECK(loudest(*rig.last->audio) == Approx(0.5f).margin(0.01));
  CHECK(rig.mixer->levels().venues["a"][0] == Approx(-6.02).margin(0.1));
  REQUIRE(rig.mixer->set_mix({{"a", {6.0206, true}}}));
  rig.steps(5);
  CHECK(loudest(*rig.last->audio) == 0);
  CHECK(rig.mixer->levels().venues["a"][0] == Approx(-6.02).margin(0.1));  // its own meter goes on
  CHECK(rig.mixer->levels().program[0] == -100);
  CHECK_FALSE(rig.mixer->set_mix({{"a", {12.1, false}}}));
  CHECK_FALSE(rig.mixer->set_mix({{"a", {std::nan(""), false}}}));
  CHECK(rig.mixer->mix()["a"].mute);
}

TEST_CASE("cuts, mutes, losses and returns make no click in the program") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.connect(1, kGreen, 410);
  rig.take(only("a"));
  std::vector<float> heard;
  auto run = [&](int ticks) {
    for (int n = 0; n < ticks; ++n) {
      const auto& samples = *rig.step().audio;
      heard.insert(heard.end(), samples.begin(), samples.end());
    }
  };
  run(5);
  rig.take(only("b"));
  run(3);
  rig.take(only("a"));
  run(3);
  REQUIRE(rig.mixer->set_mix({{"a", {0, true}}}));
  run(3);
  REQUIRE(rig.mixer->set_mix({{"a", {-12, false}}}));
  run(3);
  rig.feeds[0].sound = false;
  run(4);
  rig.feeds[0].sound = true;
  run(4);
  rig.take({.layout = "full", .venues = {"a"}, .slate = true});
  run(3);
  // Each tone alone moves by 0.0134 a sample at most; two at once by twice that, the ramps add a little.
  CHECK(roughness(heard) < 0.035f);
  CHECK(loudest(heard) > 0.2f);
  CHECK(loudest(*rig.last->audio) == 0);
}

TEST_CASE("a feed that writes garbage as sound spoils neither the program nor the meters") {
  Rig rig;
  seat_three(rig);
  rig.feeds[0].sound = false;
  std::vector<float> garbage(static_cast<size_t>(rig.house.samples_per_tick()) * 2, std::nanf(""));
  rig.feeds[0].writer->write_audio(link::audio_index(rig.start) + rig.next * rig.house.samples_per_tick(),
                                   garbage.data(), rig.house.samples_per_tick());
  rig.steps(50);
  for (float value : *rig.last->audio) REQUIRE(std::isfinite(value));
  CHECK(loudest(*rig.last->audio) > 0.2f);
  CHECK(std::isfinite(rig.mixer->status().lufs));
}

TEST_CASE("a feed that stamps its pictures with impossible times only loses its own tile") {
  Rig rig;
  seat_three(rig);
  rig.feeds[1].pictures = false;
  media::Image image(160, 90);
  image.fill(kGreen.y, kGreen.u, kGreen.v);
  for (int n = 0; n < 40; ++n) {
    for (int64_t ns : {INT64_MIN, int64_t{-1}, INT64_MAX}) {
      REQUIRE(rig.feeds[1].writer->write_picture(image, HouseTime{ns}, HouseTime{ns}, ns));
    }
    rig.step();
    CHECK(same(tile(rig, 0), kRed));
    CHECK(same(tile(rig, 2), kBlue));
  }
  CHECK_FALSE(same(tile(rig, 1), kGreen));
  CHECK(rig.mixer->status().slots[1].picture == PictureState::kLost);
}

TEST_CASE("missed ticks are made up for with the same picture and their own sound") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.take(only("a"));
  rig.steps(5);
  auto image = rig.last->image;
  std::vector<float> heard(rig.last->audio->begin(), rig.last->audio->end());
  for (int n = 0; n < 3; ++n) rig.feed(rig.next + n);
  for (int n = 0; n < 3; ++n) {
    media::ProgramFrame frame = rig.mixer->repeat(rig.next);
    CHECK(frame.tick == rig.next++);
    CHECK(frame.image == image);
    heard.insert(heard.end(), frame.audio->begin(), frame.audio->end());
  }
  const auto& after = *rig.step().audio;
  heard.insert(heard.end(), after.begin(), after.end());
  CHECK(roughness(heard) < 0.0105f);  // one unbroken tone of 300 Hz at 0.25
}

TEST_CASE("a title is laid over the lower left and is gone with the next scene") {
  Rig rig({640, 360, 25});
  rig.connect(0, kGreen, 0, 640, 360);
  Scene scene = only("a");
  scene.title = "公开庭审";
  rig.take(scene);
  rig.steps(2);
  auto overlay = lower_third(640, 360, scene.title);
  int x = overlay->x + overlay->picture.width() - 4;
  int y = overlay->y + 4;
  CHECK_FALSE(same(rig.at(x, y), kGreen, 20));
  CHECK(same(rig.at(x, overlay->y - 4), kGreen));
  rig.take(only("a"));
  rig.steps(2);
  CHECK(same(rig.at(x, y), kGreen));
}

TEST_CASE("one venue that fills the program is passed on without drawing") {
  Rig rig;
  rig.connect(0, kRed);
  rig.take(only("a"));
  rig.steps(30);
  bool passed = false;
  for (const VenuePicture& picture : rig.pictures) passed = passed || picture.image == rig.last->image;
  if (!passed) {  // the thumbnail's turn is every 12th tick: look until one coincides
    for (int n = 0; n < 12 && !passed; ++n) {
      rig.step();
      passed = rig.pictures.back().image == rig.last->image;
    }
  }
  CHECK(passed);
}

TEST_CASE("each venue is offered for its thumbnail twice a second, on air or not, while it has pictures") {
  Rig rig;
  seat_three(rig);
  rig.take(only("a"));
  rig.steps(10);
  rig.pictures.clear();
  rig.steps(24);
  std::map<std::string, int> count;
  for (const auto& picture : rig.pictures) ++count[picture.venue];
  CHECK(count == std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 2}});
  rig.kill(2);
  rig.steps(24);
  rig.pictures.clear();
  rig.steps(48);
  for (const auto& picture : rig.pictures) CHECK(picture.venue != "c");
}

TEST_CASE("the status tells what is on air, who lives and how loud it is") {
  Rig rig;
  seat_three(rig);
  rig.steps(80);
  MixerStatus status = rig.mixer->status();
  CHECK(status.tick == rig.next - 1);
  CHECK(status.scene == kThree);
  REQUIRE(status.slots.size() == 3);
  for (const SlotStatus& slot : status.slots) {
    CHECK(slot.on_air);
    CHECK(slot.picture == PictureState::kLive);
    CHECK(slot.peak_db[0] == Approx(-12.04).margin(0.1));
  }
  CHECK(status.peak_db[0] > -6);
  CHECK(status.lufs > -14);
  CHECK(status.lufs < -5);
  rig.take(only("b"));
  rig.steps(3);
  status = rig.mixer->status();
  CHECK_FALSE(status.slots[0].on_air);
  CHECK(status.slots[1].on_air);
}

TEST_CASE("a slot that gets another venue shows nothing of the one before") {
  Rig rig;
  rig.connect(0, kRed, 300);
  rig.take(only("a"));
  rig.steps(5);
  REQUIRE(rig.mixer->configure("公开庭审", {{0, "d", "新法庭"}}));
  rig.take(only("d"));
  rig.mixer->feed_state(0, {});
  for (int n = 0; n < 30; ++n) {
    rig.step();  // the old feed still writes
    CHECK_FALSE(same(rig.at(160, 90), kRed));
  }
  CHECK(loudest(*rig.last->audio) == 0);
  rig.connect(0, kGreen, 500);
  rig.steps(3);
  CHECK(same(rig.at(160, 90), kGreen));
  CHECK(loudest(*rig.last->audio) > 0.2f);
}

TEST_CASE("a venue taken out of the broadcast while on air leaves its slate, and the scene stays") {
  Rig rig;
  seat_three(rig);
  REQUIRE(rig.mixer->configure("公开庭审", {{0, "a", "第一法庭"}, {2, "c", "第三法庭"}}));
  rig.steps(3);
  CHECK(same(tile(rig, 0), kRed));
  CHECK_FALSE(same(tile(rig, 1), kGreen));
  CHECK(same(tile(rig, 2), kBlue));
  CHECK(rig.mixer->status().scene == kThree);
}

TEST_CASE("wrong assignments and houses are refused with a reason") {
  Rig rig;
  auto why = [&](const std::vector<SlotAssignment>& slots) {
    auto result = rig.mixer->configure("t", slots);
    return result ? std::string() : result.error().message;
  };
  CHECK(why({{8, "a", "A"}}) == "slot 8 of venue \"a\": slots are 0 to 7");
  CHECK(why({{0, "a", "A"}, {0, "b", "B"}}) == "slot 0 is given twice");
  CHECK(why({{0, "a", "A"}, {1, "a", "B"}}) == "venue \"a\" is given two slots");
  CHECK(why({{0, "A B", "A"}}) == "slot 0: expected a venue id");
  CHECK(why({{0, "a", "\xff"}}) == "the name of venue \"a\" is not UTF-8");
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  for (media::HouseFormat house :
       {media::HouseFormat{1280, 720, 24}, {1281, 720, 30}, {1280, 0, 30}, {8192, 720, 30}}) {
    MixerConfig config;
    config.house = house;
    CHECK_FALSE(Mixer::create(config, *book, {}));
  }
}
