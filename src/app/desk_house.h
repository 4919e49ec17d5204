// The desk as the hub has it: officers' keys, the tip site on listeners of its own, and what connects them.
#pragma once

#include <memory>

#include "app/hub_config.h"
#include "app/store_books.h"
#include "base/log.h"
#include "hub/control_room.h"
#include "hub/desk_office.h"
#include "hub/gate.h"
#include "hub/http.h"
#include "hub/officer_keys.h"
#include "hub/tip_desk.h"
#include "hub/tip_site.h"

namespace openday::app {

/// Home thread: the loop's. The gate is told of it, and must not be used after it.
class DeskHouse {
 public:
  /// `house_keys` outlives the store, too: its writer uses them. `css`: the tip site's style sheet; empty:
  /// none. `photos` and `clips` may be null.
  static Result<std::unique_ptr<DeskHouse>> open(Loop& loop, const Log& log, StoreBooks& books,
                                                 hub::Gate& gate, const TipsConfig& config,
                                                 const desk::HouseKeys& house_keys, const std::string& css,
                                                 hub::PhotoCleaner* photos, desk::ClipKeeper* clips);
  ~DeskHouse();
  DeskHouse(const DeskHouse&) = delete;

  hub::DeskOffice& office() { return *office_; }
  hub::OfficerKeys& keys() { return *keys_; }
  hub::ControlRoom& room() { return *room_; }
  hub::HttpServer& site_server() { return *http_; }
  /// Every desk page looks anew.
  void tell_officers();

 private:
  DeskHouse(Loop& loop, hub::Gate& gate, const desk::HouseKeys& house)
      : loop_(loop), gate_(gate), house_(house) {}

  void keep_clips_at_the_minute();

  Loop& loop_;
  hub::Gate& gate_;
  const desk::HouseKeys& house_;
  std::unique_ptr<hub::OfficerKeys> keys_;
  std::unique_ptr<hub::ControlRoom> room_;
  std::unique_ptr<hub::DeskOffice> office_;
  std::unique_ptr<hub::TipDesk> tips_;
  std::unique_ptr<hub::TipSite> site_;
  std::unique_ptr<hub::HttpServer> http_;  // first to go: its requests refer to all of the above
  Loop::TimerId here_ = 0;
  Loop::TimerId tidy_ = 0;
  Loop::TimerId minute_ = 0;
  uint64_t turns_ = 0;  // of minutes
  Loop::TimerId expiry_ = 0;
};

}  // namespace openday::app
