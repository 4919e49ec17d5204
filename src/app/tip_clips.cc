#include "app/tip_clips.h"

namespace openday::app {

void TipClips::keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
                    std::function<void(Result<std::string>)> done) {
  auto known = broadcasts_.broadcast(broadcast);
  if (!known) return done(std::unexpected(known.error()));
  if (!known->live_at || !known->public_from)
    return done(fail(Errc::kNotFound, "nothing of this broadcast was aired"));
  clips_.keep({broadcast, *known->public_from, from, to}, std::move(done));
}

void TipClips::release(const std::string& clip) {
  clips_.remove(clip, [](const Result<>&) {});
}

}  // namespace openday::app
