// What is posted to /send, as it comes: the form's texts, and photos, each cleaned before the next is read.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/http_upload.h"
#include "hub/multipart.h"
#include "hub/photo_cleaner.h"
#include "hub/tip_form.h"
#include "hub/tip_pages.h"

namespace openday::hub {

/// Turns at holding photos in memory: a few uploads at once, fewer of one address; the others wait in line.
/// The next turn is of who has fewest, then of who came first. While somebody waits for a turn, it is kept
/// only by who brings kLeastRate after kGrace, and no longer than kLongestTurn; else as long as one likes.
/// Home thread: the hub's. It outlives its places.
class PhotoPlaces {
 public:
  static constexpr Duration kGrace = std::chrono::seconds(10);
  static constexpr Duration kLongestTurn = std::chrono::seconds(60);
  static constexpr int64_t kLeastRate = 100 * 1024;  // bytes a second, on average

  PhotoPlaces(size_t most, size_t most_of_one) : most_(most), most_of_one_(most_of_one) {}
  PhotoPlaces(const PhotoPlaces&) = delete;

  /// One upload's place in the line, and then its turn, until it is destroyed.
  class Place {
   public:
    /// `on_turn` is called when the turn comes later; not when has_turn() is true at once.
    Place(PhotoPlaces& places, std::string address, std::function<void()> on_turn);
    ~Place();
    Place(const Place&) = delete;
    [[nodiscard]] bool has_turn() const { return has_turn_; }
    /// So many bytes came within its turn, and the client took so long over them.
    void brought(size_t bytes, Duration took);
    /// The turn is to be given up: it is a slow one, and another waits for it.
    [[nodiscard]] bool is_over() const;

   private:
    friend class PhotoPlaces;
    PhotoPlaces& places_;
    std::string caller_;  // an IPv6 /64 is one
    const std::function<void()> on_turn_;
    bool has_turn_ = false;
    int64_t bytes_ = 0;  // in its turn
    Duration took_{0};   // the same; without what the server took
  };

 private:
  [[nodiscard]] size_t turns_of(const Place& place) const;
  [[nodiscard]] bool has_room_for(const Place& place) const;
  [[nodiscard]] bool is_wanted(const Place& place) const;
  void give_turns();

  const size_t most_;
  const size_t most_of_one_;
  std::list<Place*> line_;  // in the order they came, those with a turn too
};

/// Why a form is not taken as it is.
struct TipRefusal {
  int status = 422;
  TipProblem problem;
};

/// What has come of a form.
struct TipForm {
  TipFields fields;
  std::vector<Bytes> photos;          // cleaned
  bool brought_photos = false;        // also such as were thrown away
  bool counted = false;               // among its sender's tips
  std::optional<TipRefusal> refusal;  // the first
};

/// Whoever gets the forms. Outlives the uploads.
class TipReception {
 public:
  virtual ~TipReception() = default;
  /// A form begins to bring photos: counts it among its sender's tips, or says why it may not.
  virtual std::optional<TipRefusal> count(const Request& request) = 0;
  /// The form again, with what was typed and why.
  virtual Response again(const Request& request, const TipForm& form) = 0;
  /// The form is there.
  virtual void send(const Request& request, TipForm form, Responder responder) = 0;
};

/// One body, of either kind of form. Home thread: the hub's.
///
/// In memory it holds kMostText of texts, one photo as it came, and those before it cleaned; a photo only
/// while it has a place. What is wrong with photos does not end the reading over HTTP/1.1, where a browser
/// shows no answer before it has sent everything: what still comes is thrown away.
class TipUpload final : public UploadSink, private MultipartEvents {
 public:
  static constexpr size_t kMostText = 512 * 1024;         // 10,000 characters are 90 kB when escaped
  static constexpr size_t kMostBody = 128 * 1024 * 1024;  // photos that are too large are named, not cut off
  static constexpr Duration kLongest = std::chrono::minutes(15);

  struct Parts {
    TipReception& reception;
    PhotoCleaner* photos;  // null: none are taken
    PhotoPlaces& places;
    const Clock& clock;
  };
  /// kUnsupported, kInvalid: no kind of form.
  static Result<std::unique_ptr<TipUpload>> create(const Parts& parts, const Request& request,
                                                   UploadFlow flow);
  ~TipUpload() override;

  std::expected<Next, Response> take(ByteView bytes) override;
  void finish(Responder responder) override;
  Response worded(Response refusal) override;

 private:
  TipUpload(const Parts& parts, const Request& request, UploadFlow flow);

  Result<size_t> on_part(const MultipartPart& part) override;
  Result<> on_bytes(ByteView bytes) override;
  Result<> on_part_end() override;

  void begin_photo();
  void refuse(int status, TipProblem problem);
  [[nodiscard]] bool waits() const;
  void go_on();
  void clean_next();
  void on_clean(Result<Bytes> photo);

  const Parts parts_;
  const Request request_;  // without a body
  const UploadFlow flow_;
  const HouseTime since_;
  HouseTime asked_;                        // when the client was last let send on
  std::optional<MultipartParser> parser_;  // none: the other kind of form, collected in text_
  TipForm form_;
  std::string part_;                 // its name
  std::string text_;                 // of the part
  size_t texts_ = 0;                 // bytes of all parts that are texts
  Bytes photo_;                      // of the part, as far as it has come
  int photo_number_ = 0;             // from 1, empty ones not counted
  std::deque<SharedBytes> waiting_;  // to be cleaned
  bool cleaning_ = false;
  std::optional<PhotoPlaces::Place> place_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // the cleaner may answer late
};

/// What a cleaner's failure means for the photo of this number.
TipRefusal photo_refusal(Errc code, int number);
/// The server's own refusal as a page of the site.
Response worded_refusal(TipReception& reception, const Request& request, TipForm form,
                        const Response& refusal);

}  // namespace openday::hub
