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
#include "hub/tip_upload.h"

namespace openday::hub {

/// Home thread: the hub's. Everything it is given outlives it, and it outlives the router's last request.
class TipSite final : private TipReception {
 public:
  static constexpr size_t kMostForm = TipUpload::kMostText;
  static constexpr size_t kReadsForATip = 4;  // an address may look so many times as often as it may send
  // Derivations for everybody together; who looks for answers, or guesses, takes nothing from the senders.
  static constexpr size_t kSendsAMinute = 120;
  static constexpr size_t kReadsAMinute = 120;
  // Of either for one IPv4 /24 or IPv6 /48, so that nobody's many addresses use up what is for everybody.
  static constexpr size_t kOfANetworkAMinute = 30;
  static constexpr size_t kMostUploads = 200;  // forms that are being read
  static constexpr size_t kUploadsOfOne = 10;  // of one address: a form may take its quarter of an hour
  static constexpr size_t kPhotoPlaces = 8;    // of them, with photos in memory
  static constexpr size_t kPhotoPlacesOfOne = 4;

  struct Parts {
    Router& router;  // the site's own
    TipDesk& desk;
    PhotoCleaner* photos;  // null: none are taken
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

 private:
  std::optional<TipRefusal> count(const Request& request) override;
  Response again(const Request& request, const TipForm& form) override;
  void send(const Request& request, TipForm form, Responder responder) override;
  void add_send_route();
  [[nodiscard]] Response form_again(const TipPage& page, const TipDraft& draft, int status,
                                    const std::vector<TipProblem>& problems) const;
  [[nodiscard]] TipDraft draft_of(const TipForm& form) const;
  void form(const Request& request, Responder responder);
  void answer(const Request& request, Responder responder);
  void write(const Request& request, Responder responder);
  [[nodiscard]] TipPage page_of(const Request& request, const TipFields* fields = nullptr) const;
  /// The newest that are listed, and `also`, if viewers can see it.
  [[nodiscard]] std::vector<TipChoice> choices(const std::string& also) const;
  /// kNotFound: there is none of this id that viewers can see, in the list or by a link.
  [[nodiscard]] Result<TipChoice> choice(const std::string& id) const;
  /// That the moment is none of the broadcast's, as far as it has been aired.
  [[nodiscard]] std::optional<TipProblem> problem_with_moment(const std::string& broadcast,
                                                              ProgramTime moment) const;
  /// Unless they may now: it is counted then.
  bool sends_too_often(const Request& request);
  bool reads_too_often(const Request& request);

  Parts parts_;
  PhotoPlaces places_{kPhotoPlaces, kPhotoPlacesOfOne};
  Throttle sends_;
  Throttle reads_;
  Throttle sends_of_networks_;
  Throttle reads_of_networks_;
  Throttle all_sends_;
  Throttle all_reads_;
};

}  // namespace openday::hub
