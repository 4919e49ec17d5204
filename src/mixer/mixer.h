// The mixer: permanent slots in, exactly one program frame per tick out.
//
// compose() is a plain function of the tick, the rings and what was asked before: no thread, no clock, no
// sleeping, so that tests step through minutes of program in a moment. The Ticker (mixer/ticker.h) calls it
// in real time.
//
// Everything that is slow or may fail (fonts, slates, checks) happens on the caller's side of take() and
// configure(); compose() only copies pixels and sums samples.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "media/media.h"
#include "mixer/layout.h"
#include "mixer/prepared.h"
#include "mixer/scene.h"
#include "mixer/slate.h"

namespace openday::mixer {

inline constexpr int kSlots = kMaxVenues;

struct MixerConfig {
  media::HouseFormat house;
  std::string title;
  Institution institution;
  std::vector<SlotAssignment> slots;
};

struct VenueMix {
  double gain_db = 0;  // −60 … 12
  bool mute = false;
};

/// How much of a feed the mixer needs (docs/LINK.md "want").
enum class WantMode { kIdle, kPreview, kProgram };
const char* name_of(WantMode mode);
struct Want {
  int slot = 0;
  int width = 0;
  int height = 0;
  WantMode mode = WantMode::kIdle;
  bool operator==(const Want&) const = default;
};

/// What a feed says about itself; takes wait for it.
struct FeedState {
  bool live = false;
  bool caught_up = false;
};

struct Taken {
  uint64_t id = 0;  // what take() returned
  Result<> result;  // kConflict: another take came first, and what follows is the scene on air
  Scene scene;
  media::Tick tick = 0;  // first frame that shows it
  ProgramTime at;
};

/// A venue's picture for its thumbnail, twice a second, whether or not it is on air.
struct VenuePicture {
  int slot = 0;
  std::string venue;
  media::SharedImage image;
  ProgramTime at;
};

/// Called on the tick's thread, or on the caller's inside take(), configure() and set_shed_previews(); post
/// and return.
struct MixerEvents {
  std::function<void(const Taken&)> taken;
  std::function<void(const std::vector<Want>&)> wants;  // those that changed
  std::function<void(VenuePicture)> venue_picture;
};

enum class PictureState { kNone, kLive, kHeld, kLost };  // kNone: never had a picture; kLost: the slate shows
const char* name_of(PictureState state);

struct SlotStatus {
  int slot = 0;
  std::string venue;
  PictureState picture = PictureState::kNone;
  bool on_air = false;
  std::array<float, 2> peak_db{-100, -100};  // over the last second, after gain, before mute
};

struct MixerStatus {
  media::Tick tick = -1;  // newest composed
  Scene scene;            // on air
  std::vector<SlotStatus> slots;
  std::array<float, 2> peak_db{-100, -100};  // of the program, last second
  double lufs = -100;                        // short term (3 s)
};

struct Levels {
  std::map<std::string, std::array<float, 2>> venues;  // dBFS peaks of the last 100 ms
  std::array<float, 2> program{-100, -100};
};

/// start(), compose() and repeat(): one thread. Everything else: any thread.
class Mixer {
 public:
  static constexpr Duration kHold = milliseconds(500);
  static constexpr Duration kTakePatience = milliseconds(500);
  static constexpr Duration kFresh = milliseconds(200);  // a caught-up feed's newest picture is no older
  static constexpr int kIdleWidth = 320;
  static constexpr int kIdleHeight = 180;

  static Result<std::unique_ptr<Mixer>> create(const MixerConfig& config, LayoutBook layouts,
                                               MixerEvents events);
  ~Mixer();
  Mixer(const Mixer&) = delete;

  [[nodiscard]] const media::HouseFormat& house() const;
  /// The slot's frame ring, for its feed. The same memory every time: a restarted feed finds its slot
  /// waiting.
  [[nodiscard]] Result<UniqueFd> share(int slot) const;

  /// Asks for a scene. Checked at once (kNotFound, kInvalid); applied at the tick at which every live venue
  /// in it has caught up, or after kTakePatience; then `taken` is told. Returns the id of the request.
  Result<uint64_t> take(const Scene& scene);
  /// New title and assignments, before any feed of a new venue gets its ring; venues keep their mix. The
  /// scene on air stays, with what it names found anew.
  Result<> configure(const std::string& title, const std::vector<SlotAssignment>& slots);
  /// Venues not named keep what they had.
  Result<> set_mix(const std::map<std::string, VenueMix>& venues);
  [[nodiscard]] std::map<std::string, VenueMix> mix() const;
  void feed_state(int slot, const FeedState& state);
  /// Overload: true asks feeds in preview to idle.
  void shed_previews(bool shedding);
  /// All wants as they are now (for a feed that has just attached).
  [[nodiscard]] std::vector<Want> wants() const;

  [[nodiscard]] MixerStatus status() const;
  [[nodiscard]] Levels levels() const;

  /// Tick 0 is at `house`, which the program clock calls `wall`. Before the first compose().
  void start(HouseTime house, ProgramTime wall);
  [[nodiscard]] HouseTime time_of(media::Tick tick) const;
  /// The program at this tick. Ticks must rise.
  media::ProgramFrame compose(media::Tick tick);
  /// The picture of the last frame with the sound of this tick: how a late ticker makes up for lost ticks.
  media::ProgramFrame repeat(media::Tick tick);

 private:
  struct Impl;
  explicit Mixer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::mixer
