// The tip site: pages of plain HTML on a listener of their own. No scripts, no cookies, no session, nothing
// logged or counted, and answers that no cache keeps; a receipt is never part of an address.
#pragma once

#include <string>
#include <vector>

#include "broadcast/ledger.h"
#include "hub/http.h"
#include "hub/throttle.h"
#include "hub/tip_desk.h"
#include "hub/tip_form.h"
#include "hub/tip_pages.h"

namespace openday::hub {

/// Home thread: the hub's. Everything it is given outlives it, and it outlives the router's last request.
class TipSite {
 public:
  static constexpr size_t kMostForm = 512 * 1024;  // 10,000 characters are 90 kB when escaped
  static constexpr size_t kReadsForATip = 4;  // an address may look so many times as often as it may send
  static constexpr size_t kAllAMinute = 120;  // derivations for everybody together

  struct Parts {
    Router& router;  // the site's own
    TipDesk& desk;
    broadcast::LedgerView& broadcasts;
    const Clock& clock;
    TipNotices notices;
    std::string css;     // the style sheet; empty: none
    size_t per_address;  // tips in a quarter of an hour; a crowd may share an address
  };
  explicit TipSite(Parts parts);
  TipSite(const TipSite&) = delete;

  void add_routes();
  /// Addresses are forgotten within the hour, whether or not somebody comes. Every few minutes.
  void forget();

  /// What a form with photos brings, once its parts are read.
  void send(const Request& request, TipFields fields, Responder responder);

 private:
  void form(const Request& request, Responder responder);
  void answer(const Request& request, Responder responder);
  void write(const Request& request, Responder responder);
  [[nodiscard]] TipPage page_of(const Request& request, const TipFields* fields = nullptr) const;
  [[nodiscard]] std::vector<TipChoice> choices() const;
  /// A problem, unless they may now.
  std::optional<Phrase> too_often(const Request& request, Throttle& throttle);

  Parts parts_;
  Throttle sends_;
  Throttle reads_;
  Throttle all_;
};

}  // namespace openday::hub
