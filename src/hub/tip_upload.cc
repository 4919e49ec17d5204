#include "hub/tip_upload.h"

#include <algorithm>

#include "base/address.h"
#include "base/text.h"

namespace openday::hub {
namespace {

constexpr size_t kMostTexts = 16;  // as read_form() takes
constexpr std::string_view kPhotos = "photos";

/// What the server's own refusal of this status means.
TipRefusal cut_off_refusal(int status) {
  switch (status) {
    case 408: return {status, {"", phrase::kTooSlow}};
    case 413: return {status, {"", phrase::kTooMuch}};
    case 503: return {status, {"photos", phrase::kTooManyPhotosNow}};
    default: return {status, {"", phrase::kBrokenForm}};
  }
}

}  // namespace

PhotoPlaces::Place::Place(PhotoPlaces& places, std::string address, std::function<void()> on_turn)
    : places_(places), caller_(std::move(address)), on_turn_(std::move(on_turn)) {
  if (auto parsed = SocketAddress::parse(caller_, 0)) caller_ = parsed->caller();
  has_turn_ = places_.has_room_for(*this);
  places_.line_.push_back(this);
}

PhotoPlaces::Place::~Place() {
  places_.line_.remove(this);
  places_.give_turns();
}

void PhotoPlaces::Place::brought(size_t bytes, Duration took) {
  bytes_ += static_cast<int64_t>(bytes);
  took_ += took;
}

bool PhotoPlaces::Place::is_over() const {
  auto least = kLeastRate * duration_cast<milliseconds>(took_ - kGrace).count() / 1000;
  return (took_ > kLongestTurn || bytes_ < least) && places_.is_wanted(*this);
}

/// Of its caller.
size_t PhotoPlaces::turns_of(const Place& place) const {
  auto turns = std::ranges::count_if(
      line_, [&](const Place* one) { return one->has_turn_ && one->caller_ == place.caller_; });
  return static_cast<size_t>(turns);
}

bool PhotoPlaces::has_room_for(const Place& place) const {
  auto taken = std::ranges::count_if(line_, [](const Place* one) { return one->has_turn_; });
  return static_cast<size_t>(taken) < most_ && turns_of(place) < most_of_one_;
}

/// That somebody waits who would have this place's turn, were it over.
bool PhotoPlaces::is_wanted(const Place& place) const {
  return std::ranges::any_of(line_, [&](const Place* one) {
    return !one->has_turn_ && (one->caller_ == place.caller_ || turns_of(*one) < most_of_one_);
  });
}

void PhotoPlaces::give_turns() {
  while (true) {
    Place* next = nullptr;
    for (Place* place : line_) {
      if (place->has_turn_ || !has_room_for(*place)) continue;
      if (next == nullptr || turns_of(*place) < turns_of(*next)) next = place;
    }
    if (next == nullptr) return;
    next->has_turn_ = true;
    next->on_turn_();
  }
}

TipRefusal photo_refusal(Errc code, int number) {
  switch (code) {
    case Errc::kUnsupported: return {422, {"photos", phrase::kPhotoKind, number}};
    case Errc::kLimit: return {413, {"photos", phrase::kPhotoTooLarge, number}};
    case Errc::kTimeout: return {422, {"photos", phrase::kPhotoTooSlow, number}};
    case Errc::kBusy: return {503, {"photos", phrase::kTooManyPhotosNow}};
    case Errc::kIo: return {503, {"photos", phrase::kNoPhotosNow}};
    default: return {422, {"photos", phrase::kPhotoBroken, number}};
  }
}

Response worded_refusal(TipReception& reception, const Request& request, TipForm form,
                        const Response& refusal) {
  if (!form.refusal) form.refusal = cut_off_refusal(refusal.status);
  auto page = reception.again(request, form);
  page.status = refusal.status;
  for (const auto& header : refusal.headers) {
    if (header.name == "Retry-After") page.with(header.name, header.value);
  }
  return page;
}

Result<std::unique_ptr<TipUpload>> TipUpload::create(const Parts& parts, const Request& request,
                                                     UploadFlow flow) {
  std::unique_ptr<TipUpload> upload(new TipUpload(parts, request, std::move(flow)));
  std::string_view type = request.header("content-type");
  if (lower_ascii(trim_blanks(type.substr(0, type.find(';')))) == "application/x-www-form-urlencoded") {
    return upload;
  }
  OPENDAY_TRY(upload->parser_, MultipartParser::create(type, *upload));
  return upload;
}

TipUpload::TipUpload(const Parts& parts, const Request& request, UploadFlow flow)
    : parts_(parts), request_(request), flow_(std::move(flow)), since_(parts.clock.now()), asked_(since_) {}

TipUpload::~TipUpload() {
  *alive_ = false;
}

std::expected<UploadSink::Next, Response> TipUpload::take(ByteView bytes) {
  HouseTime now = parts_.clock.now();
  if (now - since_ > kLongest) {
    return std::unexpected(worded(Response::error(408, "timeout", "the form took too long", request_.id)));
  }
  if (!parser_) {
    if (text_.size() + bytes.size() > kMostText) {
      return std::unexpected(worded(Response::error(413, "limit", "the form is too large", request_.id)));
    }
    text_.append(as_text(bytes));
    return Next::kMore;
  }
  if (place_ && place_->has_turn()) {
    place_->brought(bytes.size(), now - asked_);
    if (place_->is_over()) refuse(503, {"photos", phrase::kTooSlowNow});
  }
  if (auto fed = parser_->feed(bytes); !fed) {
    refuse(fed.error().code == Errc::kLimit ? 413 : 400, {"", phrase::kBrokenForm});
    return std::unexpected(parts_.reception.again(request_, form_));
  }
  // An answer that comes early reaches people over HTTP/2 (RFC 9113 8.1).
  if (form_.refusal && request_.http_version == 20) {
    return std::unexpected(parts_.reception.again(request_, form_));
  }
  if (waits()) return Next::kWait;
  asked_ = now;
  return Next::kMore;
}

void TipUpload::finish(Responder responder) {
  if (!parser_) {
    auto fields = read_form(text_);
    if (!fields) refuse(400, {"text", phrase::kBadText});
    if (fields) form_.fields = *std::move(fields);
  } else if (!parser_->finish()) {
    refuse(400, {"", phrase::kBrokenForm});
  }
  parts_.reception.send(request_, std::move(form_), std::move(responder));
}

Response TipUpload::worded(Response refusal) {
  TipForm form;
  form.fields = form_.fields;
  form.brought_photos = form_.brought_photos;
  form.refusal = form_.refusal;
  return worded_refusal(parts_.reception, request_, std::move(form), refusal);
}

Result<size_t> TipUpload::on_part(const MultipartPart& part) {
  part_ = part.name;
  text_.clear();
  return kMostBody;  // bounded below
}

Result<> TipUpload::on_bytes(ByteView bytes) {
  if (part_ != kPhotos) {
    texts_ += bytes.size();
    if (texts_ > kMostText) return fail(Errc::kLimit, "the form is too large");
    text_.append(as_text(bytes));
    return {};
  }
  if (!bytes.empty()) form_.brought_photos = true;
  if (photo_.empty() && !form_.refusal) begin_photo();
  if (form_.refusal) return {};
  photo_.insert(photo_.end(), bytes.begin(), bytes.end());
  if (photo_.size() > PhotoCleaner::kMostBytes) {
    refuse(413, {"photos", phrase::kPhotoTooLarge, photo_number_});
  }
  return {};
}

Result<> TipUpload::on_part_end() {
  if (part_ != kPhotos) {
    std::erase(text_, '\r');  // browsers send line breaks as CR LF
    if (!is_valid_utf8(text_)) return fail(Errc::kInvalid, "the form is not UTF-8");
    form_.fields.texts.emplace(part_, std::move(text_));
    text_.clear();
    if (form_.fields.texts.size() > kMostTexts) return fail(Errc::kLimit, "the form has too many fields");
    return {};
  }
  // A file input in which nothing was chosen sends an empty file.
  if (!photo_.empty()) waiting_.push_back(std::make_shared<const Bytes>(std::exchange(photo_, {})));
  clean_next();
  return {};
}

void TipUpload::begin_photo() {
  // The form in the other language is no tip: its photos are neither counted nor read.
  if (!form_.fields.text(kSwitch).empty()) return refuse(200, {"photos", phrase::kPhotosAgain});
  if (parts_.photos == nullptr) return refuse(422, {"photos", phrase::kNoPhotosNow});
  if (!form_.counted) {
    if (auto refusal = parts_.reception.count(request_)) return refuse(refusal->status, refusal->problem);
    form_.counted = true;
  }
  if (++photo_number_ > desk::kMostPhotos) return refuse(413, {"photos", phrase::kTooManyPhotos});
  if (place_) return;
  place_.emplace(parts_.places, request_.peer, [this] {
    clean_next();
    if (!waits()) go_on();
  });
}

/// The photos are of no use any more; the texts are, to be shown again.
void TipUpload::refuse(int status, TipProblem problem) {
  if (form_.refusal) return;
  form_.refusal = {status, std::move(problem)};
  photo_ = {};
  waiting_.clear();
  form_.photos.clear();
  place_.reset();
}

bool TipUpload::waits() const {
  return !form_.refusal && (cleaning_ || !waiting_.empty() || (place_ && !place_->has_turn()));
}

void TipUpload::go_on() {
  asked_ = parts_.clock.now();
  flow_.go_on();
}

void TipUpload::clean_next() {
  if (cleaning_ || waiting_.empty() || !place_->has_turn()) return;
  cleaning_ = true;
  SharedBytes next = std::move(waiting_.front());
  waiting_.pop_front();
  parts_.photos->clean(std::move(next), [this, alive = alive_](Result<Bytes> photo) {
    if (*alive) on_clean(std::move(photo));
  });
}

void TipUpload::on_clean(Result<Bytes> photo) {
  cleaning_ = false;
  if (form_.refusal) return;  // nothing waits for it
  if (photo) {
    form_.photos.push_back(*std::move(photo));
    clean_next();
  } else {
    auto refusal = photo_refusal(photo.error().code, static_cast<int>(form_.photos.size()) + 1);
    refuse(refusal.status, refusal.problem);
  }
  if (!waits()) go_on();
}

}  // namespace openday::hub
