// Every body reader of the API over the same bytes. What one accepts must also survive being answered as
// JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hub/api_bodies.h"
#include "hub/api_values.h"

using namespace openday;
using namespace openday::hub;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto json = parse_object(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!json) return 0;
  if (dump(*json).empty()) std::abort();
  media::HouseFormat house;
  if (auto read = read_new_broadcast(*json, house); read && read->targets.size() > broadcast::kMaxTargets)
    std::abort();
  (void)read_broadcast_changes(*json, house);
  (void)read_new_venue(*json);
  (void)read_venue_changes(*json);
  (void)read_new_target(*json);
  (void)read_target_changes(*json);
  if (auto scene = read_scene(*json)) {
    auto again = broadcast::scene_from(broadcast::to_json(*scene));
    if (!again || *again != *scene) std::abort();
  }
  (void)read_named_scene(*json);
  if (auto mix = read_mix(*json, {})) {
    for (const auto& [venue, one] : *mix) {
      if (!(one.gain_db >= -60 && one.gain_db <= 12)) std::abort();
    }
  }
  (void)read_withdraw(*json);
  (void)read_switch(*json, true);
  (void)read_saved(*json);
  (void)read_nothing(*json);
  (void)read_confirm(*json);
  (void)read_login(*json);
  (void)read_new_password(*json);
  if (auto person = read_new_person(*json)) {
    auto again = account::roles_in(account::text_of(person->roles));
    if (!again || *again != person->roles) std::abort();
  }
  (void)read_person_changes(*json);
  return 0;
}
