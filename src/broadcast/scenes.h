// Scenes on air and saved, the sound mix, and the withdrawal of what must not be heard again.
#pragma once

#include <string>

#include "broadcast/ledger.h"
#include "broadcast/rules.h"

namespace openday::broadcast {

inline constexpr size_t kMaxSceneTitle = 100;  // characters

/// The layout exists and has tiles for so many venues, and they sit in the broadcast, each once. A scene
/// without venues shows the program's slate.
Result<> check_scene(const Scene& scene, const Broadcast& broadcast, const Rules& rules);
/// Everybody in one picture, as far as a layout allows.
Scene opening_scene(const std::vector<Seat>& seats, const Rules& rules);

/// The engine has put `scene` on air.
Result<Broadcast> note_scene(Ledger& ledger, const std::string& id, const Scene& scene, const Act& act);
/// The venues sit in the broadcast, the gains are from -60 to 12 dB.
Result<> check_mix(const std::map<std::string, Mix>& changes, const Broadcast& broadcast);
/// Given venues change, the others stay.
Result<Broadcast> change_mix(Ledger& ledger, const std::string& id, const std::map<std::string, Mix>& changes,
                             const Act& act);

inline constexpr size_t kMaxSavedScenes = 100;
Result<SavedScene> save_scene(Ledger& ledger, const std::string& id, const SavedScene& scene, bool replace,
                              const Rules& rules, const Act& act);
Result<> remove_scene(Ledger& ledger, const std::string& id, const std::string& name, const Act& act);

/// kConflict: nothing has been live; kInvalid, kLimit: the range or the reason.
Result<> check_withdrawal(const Broadcast& broadcast, ProgramTime from, ProgramTime to,
                          const std::string& reason);
/// Takes [from, to) out of everything that is shown again. At most a day at once, and not before the
/// broadcast.
Result<Withdrawal> withdraw(Ledger& ledger, const std::string& id, ProgramTime from, ProgramTime to,
                            const std::string& reason, const Act& act);

}  // namespace openday::broadcast
