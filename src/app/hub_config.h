// The hub's start.config (docs/LINK.md), read and checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/egress.h"
#include "broadcast/rules.h"
#include "desk/ledger.h"
#include "hub/api_values.h"
#include "hub/desired.h"
#include "hub/http.h"
#include "hub/http_parse.h"
#include "hub/room.h"
#include "hub/tip_pages.h"
#include "link/message.h"
#include "media/media.h"
#include "output/recorder_writer.h"

namespace openday::app {

/// The tip site and the desk behind it.
struct TipsConfig {
  hub::HttpOptions http;
  hub::TipNotices notices;
  desk::Retention retention;
  size_t per_address = 30;
  std::string url;
};

struct HubConfig {
  std::string data_dir;
  std::string pages;  // folder of the built web pages; empty: none
  hub::HttpOptions http;
  hub::RoomOptions room;
  std::vector<hub::Network> metrics_from;
  hub::IngestAddresses ingest;
  media::HouseFormat house;
  hub::HouseSettings settings;
  EgressPolicy egress;
  std::string media_root;  // folder of all broadcasts' media
  output::RetentionPolicy retention;
  int64_t dvr_window_s = 0;
  link::Json site;  // {"name", "name_zh", "name_en", "tips"}
  std::optional<TipsConfig> tips;
};

/// kInvalid names what is missing or wrong. The supervisor has checked the file; this checks the message.
Result<HubConfig> parse_hub_config(const link::Json& config);

/// Layouts as the mixer's book tells them ({"layouts": [{"name", "labels", "overlap", "tiles": {"3": [[x, y,
/// w, h]…]}}]}), as the rules need them, and as docs/API.md answers them.
broadcast::Layouts layouts_of(const link::Json& book);
link::Json layouts_answer(const link::Json& book);

}  // namespace openday::app
