// Whatever is posted as a form with photos, in whichever pieces: it ends with one outcome, every wait ends
// with the photo it is for, and no more is kept than may be.
#include <cstdlib>
#include <string>
#include <vector>

#include "base/text.h"
#include "hub/tip_upload.h"

using namespace openday;
using namespace openday::hub;

namespace {

struct Cleaner final : PhotoCleaner {
  void clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) override {
    if (photo->empty() || !held.empty()) std::abort();
    held.push_back([photo, then = std::move(then)] {
      if (photo->front() == 'x') return then(fail(Errc::kInvalid, ""));
      then(*photo);
    });
  }
  std::vector<std::function<void()>> held;
};

struct Reception final : TipReception {
  std::optional<TipRefusal> count(const Request&) override {
    if (counted++ > 0) std::abort();
    return std::nullopt;
  }
  Response again(const Request&, const TipForm& form) override {
    if (!form.refusal || !form.photos.empty()) std::abort();
    return Response::empty(form.refusal->status);
  }
  void send(const Request&, TipForm form, Responder responder) override {
    ++sent;
    if (form.photos.size() > desk::kMostPhotos || (form.refusal && !form.photos.empty())) std::abort();
    for (const auto& [name, text] : form.fields.texts) {
      if (!is_valid_utf8(text)) std::abort();
    }
    responder.send(Response::empty());
  }
  int counted = 0;
  int sent = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  ByteView body(data + 1, size - 1);
  size_t step = data[0] + size_t{1};
  Cleaner cleaner;
  Reception reception;
  PhotoPlaces places(1, 1);
  ManualClock clock;
  Request request;
  request.headers = {{"content-type", "multipart/form-data; boundary=b"}};
  auto upload = TipUpload::create({reception, &cleaner, places, clock}, request, UploadFlow({})).value();
  bool refused = false;
  for (size_t at = 0; at < body.size() && !refused; at += step) {
    auto next = upload->take(body.subspan(at, std::min(step, body.size() - at)));
    refused = !next;
    bool waits = next && *next == UploadSink::Next::kWait;
    if (waits && cleaner.held.empty()) std::abort();
    while (!cleaner.held.empty()) {
      auto held = std::move(cleaner.held.back());
      cleaner.held.pop_back();
      held();
    }
  }
  if (refused) return 0;
  upload->finish(make_responder([](const Response&) {}));
  if (reception.sent != 1) std::abort();
  return 0;
}
