#include "app/desk_house.h"

namespace openday::app {
namespace {

/// Between two changes of the desk nothing is said for hours: a page that hears this knows that it would hear
/// of one.
const hub::Json kHere = {{"t", "here"}};
constexpr auto kSayHere = std::chrono::seconds(10);

}  // namespace

Result<std::unique_ptr<DeskHouse>> DeskHouse::open(Loop& loop, const Log& log, StoreBooks& books,
                                                   hub::Gate& gate, const TipsConfig& config,
                                                   const desk::HouseKeys& house_keys, const std::string& css,
                                                   hub::PhotoCleaner* photos, desk::ClipKeeper* clips) {
  std::unique_ptr<DeskHouse> house(new DeskHouse(loop, gate, house_keys));
  house->keys_ = std::make_unique<hub::OfficerKeys>(books, loop);
  house->room_ = std::make_unique<hub::ControlRoom>([](const std::string&) { return std::vector{kHere}; });
  house->office_ = std::make_unique<hub::DeskOffice>(
      hub::DeskOffice::Parts{loop, books, books, house->house_, *house->keys_, config.retention, clips, log});
  house->tips_ =
      std::make_unique<hub::TipDesk>(hub::TipDesk::Parts{loop, books, books, house->house_, clips, log});
  house->tips_->on_news = [house = house.get()] { house->tell_officers(); };
  house->here_ = loop.every(
      kSayHere, [room = house->room_.get()] { room->tell("", kHere, hub::WebSocket::Loss::kMayDrop); });
  // Somebody may have been vouched for while a tip was on its way, or a share was cut short.
  house->keys_->on_open = [office = house->office_.get()](const desk::Pair& pair) { office->share(pair); };
  OPENDAY_TRY(house->http_, hub::HttpServer::create(config.http, loop));
  house->site_ = std::make_unique<hub::TipSite>(hub::TipSite::Parts{house->http_->router(), *house->tips_,
                                                                    photos, books.view(), loop.clock(),
                                                                    config.notices, css, config.per_address});
  house->site_->add_routes();
  if (config.http.tls) {
    if (auto usable = house->http_->reload_certificate(); !usable) {
      log.error("certificate_unusable", {{"why", usable.error().message}});  // the hub tries again
    }
  }
  house->tidy_ = loop.every(std::chrono::minutes(5), [site = house->site_.get()] { site->forget(); });
  house->expiry_ =
      loop.every(std::chrono::minutes(10), [office = house->office_.get()] { office->expire(); });
  house->keep_clips_at_the_minute();
  gate.use(house->keys_.get());
  return house;
}

void DeskHouse::keep_clips_at_the_minute() {
  constexpr int64_t kMinute = 60'000;
  minute_ = loop_.after(milliseconds(kMinute - loop_.clock().wall().ms % kMinute), [this] {
    // At the first turn, and every ten minutes.
    if (turns_++ % 10 == 0) tips_->sweep_clips();
    tips_->keep_clips();
    keep_clips_at_the_minute();
  });
}

/// Not for dropping: the next one may be hours away.
void DeskHouse::tell_officers() {
  room_->tell("", {{"t", "changed"}}, hub::WebSocket::Loss::kMustNot);
}

DeskHouse::~DeskHouse() {
  loop_.cancel(minute_);
  gate_.use(nullptr);
  loop_.cancel(here_);
  loop_.cancel(tidy_);
  loop_.cancel(expiry_);
}

}  // namespace openday::app
