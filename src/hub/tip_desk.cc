#include "hub/tip_desk.h"

#include "base/random.h"
#include "wrap/sodium/sodium.h"

namespace openday::hub {
namespace {

constexpr auto kKeepTrying = std::chrono::hours(1);
constexpr int kMostClips = 50;  // a minute

}  // namespace

struct TipDesk::Work {
  Sent sent;
  std::function<bool()> waits;
  std::function<void(Result<std::string>)> done;
  std::string receipt;
  desk::NewTip tip;
};

TipDesk::TipDesk(Parts parts)
    : parts_(std::move(parts)),
      of_tips_(parts_.loop, parts_.log),
      complaints_(parts_.loop.clock()),
      worker_(parts_.loop, kMostWaiting) {}

TipDesk::~TipDesk() {
  *alive_ = false;
}

bool TipDesk::is_founded() {
  HouseTime now = parts_.loop.clock().now();
  if (now < sure_until_) return true;  // every page asks, and signatures take their time
  if (!desk::anybody_reads(parts_.books.desk(), parts_.rolls.roll(), parts_.house)) return false;
  sure_until_ = now + kSure;
  return true;
}

void TipDesk::send(Sent sent, std::function<bool()> waits, std::function<void(Result<std::string>)> done) {
  if (auto good = desk::check(sent.content); !good) return done(std::unexpected(good.error()));
  auto work = std::make_shared<Work>();
  work->sent = std::move(sent);
  work->waits = std::move(waits);
  work->done = std::move(done);
  bool asked = worker_.ask(
      [work, salt = parts_.house.salt()](const std::stop_token&) -> Result<> {
        desk::NewTip& tip = work->tip;
        tip.id = random_name();
        tip.key = desk::make_content_key();
        work->receipt = desk::make_receipt();
        OPENDAY_TRY(tip.receipt, desk::keys_of(work->receipt, salt));
        for (auto& image : work->sent.photos) {
          int number = static_cast<int>(tip.photos.size()) + 1;
          tip.photos.push_back({tip.id, number, desk::seal_photo(tip.key, tip.id, number, image)});
          sodium::wipe(image);
        }
        tip.content = std::move(work->sent.content);
        tip.broadcast = std::move(work->sent.broadcast);
        return {};
      },
      [this, work](const Result<>& sealed) {
        if (!sealed) return work->done(std::unexpected(sealed.error()));
        if (work->waits()) record(work);
      });
  if (!asked) work->done(fail(Errc::kBusy, "too many tips at once; try again in a minute"));
}

void TipDesk::record(const std::shared_ptr<Work>& work) {
  parts_.books.submit([work, &house = parts_.house, at = parts_.loop.clock().wall()](
                          desk::Ledger& ledger,
                          account::Roll& roll) { return desk::record(ledger, roll, house, work->tip, at); },
                      [this, work](const Result<>& recorded) {
                        if (!recorded) {
                          of_tips_.write(LogLevel::kError, "tip_not_kept", recorded.error().message);
                          return work->done(std::unexpected(recorded.error()));
                        }
                        work->done(std::move(work->receipt));
                        if (on_news) on_news();
                      });
}

void TipDesk::keep_clips() {
  if (parts_.clips == nullptr) return;
  auto tips = parts_.books.desk().tips_without_clip(
      desk::to_minute(parts_.loop.clock().wall()) + -duration_cast<milliseconds>(kKeepTrying), kMostClips);
  if (!tips) return parts_.log.error("tips_unreadable", {{"why", tips.error().message}});
  for (const auto& tip : *tips) keep_clip(tip);
}

void TipDesk::keep_clip(const desk::Tip& tip) {
  if (!keeping_.insert(tip.id).second) return;
  auto range = desk::clip_around(*tip.moment);
  parts_.clips->keep(tip.broadcast, range.from, range.to,
                     [this, id = tip.id, alive = alive_](const Result<std::string>& clip) {
                       if (!*alive) return;
                       if (!clip) {
                         keeping_.erase(id);
                         return complain_of_clip(clip.error());
                       }
                       noting_.insert(*clip);
                       note_clip(id, *clip);
                     });
}

/// At the turn of a minute, and of none in particular.
void TipDesk::complain_of_clip(const Error& error) {
  bool expected = error.code == Errc::kNotFound || error.code == Errc::kInvalid || error.code == Errc::kBusy;
  if (expected) return;  // not aired, not yet, or not now
  if (auto more = complaints_.allow()) {
    parts_.log.warn("clip_not_kept", {{"why", error.message}, {"before", *more}});
  }
}

void TipDesk::note_clip(const std::string& id, const std::string& clip) {
  parts_.books.submit(
      [id, clip](desk::Ledger& ledger, account::Roll&) { return desk::note_clip(ledger, id, clip); },
      [this, id, clip](const Result<>& noted) {
        keeping_.erase(id);
        noting_.erase(clip);
        if (!noted) return parts_.clips->release(clip);
        if (on_news) on_news();
      });
}

void TipDesk::sweep_clips() {
  if (parts_.clips == nullptr) return;
  auto kept = parts_.clips->kept();
  if (!kept || kept->empty()) return;
  auto named = parts_.books.desk().clips();
  if (!named) return parts_.log.error("tips_unreadable", {{"why", named.error().message}});
  std::set<std::string> needed(named->begin(), named->end());
  for (const auto& clip : *kept) {
    if (!needed.contains(clip) && !noting_.contains(clip)) parts_.clips->release(clip);
  }
}

void TipDesk::find(const std::string& receipt, const std::function<void(Result<Found>)>& then) {
  auto busy = fail(Errc::kBusy, "too many at once; try again in a minute");
  if (reading_ == kMostReading) return then(busy);
  bool asked = worker_.ask(
      [receipt, salt = parts_.house.salt()](const std::stop_token&) { return desk::keys_of(receipt, salt); },
      [this, then](const Result<desk::ReceiptKeys>& keys) {
        --reading_;
        if (!keys) return then(std::unexpected(keys.error()));
        auto tip = parts_.books.desk().tip_of_receipt(keys->lookup);
        if (!tip) return then(std::unexpected(tip.error()));
        auto key = desk::unwrap_key(tip->for_tipster, keys->wrapping);
        if (!key) return then(std::unexpected(key.error()));
        then(Found{*std::move(tip), *std::move(key)});
      });
  if (!asked) return then(busy);
  ++reading_;
}

Result<TipDesk::Dialog> TipDesk::dialog(const Found& found) const {
  OPENDAY_TRY(auto timeline, parts_.books.desk().timeline(found.tip.id));
  Dialog dialog;
  dialog.state = found.tip.state;
  for (const auto& entry : timeline) {
    if (entry.sealed.empty()) continue;  // who took it for what is not the tipster's business
    OPENDAY_TRY(std::string words, desk::open_words(found.key, entry));
    if (entry.deed == desk::Deed::kReceived) {
      OPENDAY_TRY(auto content, desk::content_in(words));
      words = std::move(content.text);
    }
    dialog.lines.push_back({entry.at, entry.by.empty(), std::move(words)});
  }
  return dialog;
}

void TipDesk::read(const std::string& receipt, std::function<void(Result<Dialog>)> done) {
  find(receipt, [this, done = std::move(done)](const Result<Found>& found) {
    done(found ? dialog(*found) : std::unexpected(found.error()));
  });
}

void TipDesk::write(const std::string& receipt, const std::string& text,
                    std::function<void(Result<Dialog>)> done) {
  find(receipt, [this, text, done = std::move(done)](const Result<Found>& found) {
    if (!found) return done(std::unexpected(found.error()));
    parts_.books.submit(
        [id = found->tip.id, key = found->key, text, at = parts_.loop.clock().wall()](
            desk::Ledger& ledger, account::Roll&) { return desk::write(ledger, id, key, text, at); },
        [this, id = found->tip.id, key = found->key, done](const Result<>& written) {
          if (!written) return done(std::unexpected(written.error()));
          if (on_news) on_news();
          auto tip = parts_.books.desk().tip(id);
          done(tip ? dialog({*std::move(tip), key}) : std::unexpected(tip.error()));
        });
  });
}

}  // namespace openday::hub
