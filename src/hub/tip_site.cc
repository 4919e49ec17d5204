#include "hub/tip_site.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check_text.h"
#include "desk/receipt.h"

namespace openday::hub {
namespace {

constexpr Duration kQuarter = std::chrono::minutes(15);
constexpr Duration kPatience = seconds(25);  // with the disk; the server's own is 30 s, and has no page
constexpr int kMostChoices = 50;
constexpr Duration kMomentTolerance = seconds(60);  // of clocks, and of forms that know no seconds
constexpr int64_t kLatest = 4'102'444'800'000;      // the year 2100: what <input> can show without surprises

Response page_response(int status, const std::string& html) {
  Response response = Response::bytes(status, "text/html; charset=utf-8",
                                      std::make_shared<const Bytes>(html.begin(), html.end()));
  response.with("Cache-Control", "no-store");
  response.with("Referrer-Policy", "no-referrer");
  response.with(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response.with("Cross-Origin-Opener-Policy", "same-origin");
  response.with("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()");
  return response;
}

/// How a failure that the tipster did not cause reads while they write, and its status.
std::pair<Phrase, int> told(const Error& error) {
  if (error.code == Errc::kBusy) return {phrase::kTooOften, 429};
  return {phrase::kTrouble, 503};
}

bool is_form(const Request& request) {
  std::string_view type = request.header("content-type");
  return type.substr(0, type.find(';')) == "application/x-www-form-urlencoded";
}

std::optional<TipProblem> problem_with_text(const std::string& text) {
  if (text.empty() || text.find_first_not_of(" \n\t") == std::string::npos)
    return TipProblem{"text", phrase::kNoText};
  if (!check_paragraph("text", text, text.size())) return TipProblem{"text", phrase::kBadText};
  if (!check_paragraph("text", text, desk::kMostCharacters)) return TipProblem{"text", phrase::kTextTooLong};
  return std::nullopt;
}

}  // namespace

TipSite::TipSite(Parts parts)
    : parts_(std::move(parts)),
      sends_(parts_.clock, parts_.per_address, kQuarter),
      reads_(parts_.clock, parts_.per_address * kReadsForATip, kQuarter),
      sends_of_networks_(parts_.clock, kOfANetworkAMinute, seconds(60)),
      reads_of_networks_(parts_.clock, kOfANetworkAMinute, seconds(60)),
      all_sends_(parts_.clock, kSendsAMinute, seconds(60)),
      all_reads_(parts_.clock, kReadsAMinute, seconds(60)) {}

void TipSite::add_routes() {
  auto& router = parts_.router;
  router.get("/",
             [this](const Request& request, Responder responder) { form(request, std::move(responder)); });
  router.get("/answer", [this](const Request& request, Responder responder) {
    responder.send(page_response(200, answer_form_page(page_of(request), {})));
  });
  // Whoever loads the address of an answer again is shown the form.
  for (const char* path : {"/send", "/write"}) {
    router.get(path, [path](const Request&, Responder responder) {
      auto response = page_response(303, "");
      response.with("Location", std::string_view(path) == "/send" ? "/" : "/answer");
      responder.send(std::move(response));
    });
  }
  RouteOptions options{.max_body = kMostForm, .any_origin = false};
  auto post = [&](const char* path, void (TipSite::*handler)(const Request&, Responder)) {
    router.add(
        Method::kPost, path,
        [this, handler](const Request& request, Responder responder) {
          (this->*handler)(request, std::move(responder));
        },
        options);
  };
  add_send_route();
  post("/answer", &TipSite::answer);
  post("/write", &TipSite::write);
  router.get("/robots.txt", [](const Request&, Responder responder) {
    responder.send(Response::text(200, "User-agent: *\nDisallow: /\n"));
  });
  if (!parts_.css.empty()) {
    auto css = std::make_shared<const Bytes>(parts_.css.begin(), parts_.css.end());
    router.get("/tips.css", [css](const Request&, Responder responder) {
      auto response = Response::bytes(200, "text/css; charset=utf-8", css);
      response.with("Cache-Control", "no-cache");
      responder.send(std::move(response));
    });
  }
  router.otherwise([this](const Request& request, Responder responder) {
    responder.send(page_response(404, message_page(page_of(request), phrase::kNotFound)));
  });
}

void TipSite::forget() {
  for (auto* throttle :
       {&sends_, &reads_, &sends_of_networks_, &reads_of_networks_, &all_sends_, &all_reads_}) {
    throttle->forget();
  }
}

TipPage TipSite::page_of(const Request& request, const TipFields* fields) const {
  std::string asked = fields != nullptr ? fields->text(kSwitch) : "";
  if (asked.empty() && fields != nullptr) asked = fields->text("lang");
  if (asked.empty()) asked = request.query.get("lang").value_or("");
  TipPage page{parts_.notices, tongue_of(asked, request.header("accept-language")), !parts_.css.empty(), ""};
  if (request.method == Method::kGet) {
    page.here = fmt::format("{}?lang={}", request.path,
                            tag_of(page.tongue == Tongue::kZh ? Tongue::kEn : Tongue::kZh));
  }
  return page;
}

std::vector<TipChoice> TipSite::choices(const std::string& also) const {
  std::vector<TipChoice> choices;
  auto broadcasts = parts_.broadcasts.public_broadcasts(kMostChoices);
  if (!broadcasts) return choices;
  for (const auto& one : *broadcasts) choices.push_back({one.id, one.title});
  if (std::ranges::find(choices, also, &TipChoice::id) != choices.end()) return choices;
  if (auto one = choice(also)) choices.push_back(*std::move(one));
  return choices;
}

Result<TipChoice> TipSite::choice(const std::string& id) const {
  OPENDAY_TRY(auto found, parts_.broadcasts.broadcast(id));
  // What is not listed is shown to who has its link, once it is on the air.
  if (found.hidden && !found.live_at) return fail(Errc::kNotFound, "there is no such broadcast");
  return TipChoice{found.id, found.title};
}

bool TipSite::sends_too_often(const Request& request) {
  return ask_within(sends_of_networks_, sends_, request.peer).has_value();
}

bool TipSite::reads_too_often(const Request& request) {
  return ask_within(reads_of_networks_, reads_, request.peer) || all_reads_.ask("");
}

void TipSite::form(const Request& request, Responder responder) {
  auto page = page_of(request);
  if (!parts_.desk.is_founded()) {
    return responder.send(page_response(503, message_page(page, phrase::kNotFounded)));
  }
  TipDraft draft;
  draft.zone = local_zone(parts_.clock.wall());
  std::string named(request.query.get("b").value_or(""));
  auto offered = choices(named);
  if (std::ranges::find(offered, named, &TipChoice::id) != offered.end()) draft.broadcast = named;
  auto at = request.query.integer("at");
  if (at && *at && **at > 0 && **at < kLatest) {
    draft.moment = local_time({**at});
    draft.zone = local_zone({**at});
  }
  responder.send(page_response(200, form_page(page, draft, offered, {}, parts_.photos != nullptr)));
}

void TipSite::add_send_route() {
  UploadRoute route;
  route.max_body = TipUpload::kMostBody;
  route.max_at_once = kMostUploads;
  route.max_per_caller = kUploadsOfOne;
  route.accept = [this](const Request& request,
                        UploadFlow flow) -> std::expected<std::unique_ptr<UploadSink>, Response> {
    auto upload = TipUpload::create({*this, parts_.photos, places_, parts_.clock}, request, std::move(flow));
    if (upload) return *std::move(upload);
    TipForm none;
    none.refusal = TipRefusal{400, {"", phrase::kBrokenForm}};
    return std::unexpected(again(request, none));
  };
  route.worded = [this](const Request& request, const Response& refusal) {
    return worded_refusal(*this, request, {}, refusal);
  };
  parts_.router.upload(Method::kPost, "/send", std::move(route));
}

std::optional<TipRefusal> TipSite::count(const Request& request) {
  if (!parts_.desk.is_founded()) return TipRefusal{503, {"", phrase::kNotFounded}};
  if (sends_too_often(request)) return TipRefusal{429, {"", phrase::kTooOften}};
  return std::nullopt;
}

Response TipSite::again(const Request& request, const TipForm& form) {
  auto refusal = form.refusal.value_or(TipRefusal{503, {"", phrase::kTrouble}});
  return form_again(page_of(request, &form.fields), draft_of(form), refusal.status, {refusal.problem});
}

Response TipSite::form_again(const TipPage& page, const TipDraft& draft, int status,
                             const std::vector<TipProblem>& problems) const {
  return page_response(status,
                       form_page(page, draft, choices(draft.broadcast), problems, parts_.photos != nullptr));
}

TipDraft TipSite::draft_of(const TipForm& form) const {
  const TipFields& fields = form.fields;
  TipDraft draft{fields.text("kind"), fields.text("broadcast"), fields.text("moment"), "",
                 fields.text("text"), fields.text("contact"),   form.brought_photos};
  draft.zone = local_zone(read_local_time(draft.moment).value_or(parts_.clock.wall()));
  if (draft.broadcast == kNoChoice) draft.broadcast.clear();
  return draft;
}

std::optional<TipProblem> TipSite::problem_with_moment(const std::string& broadcast,
                                                       ProgramTime moment) const {
  auto found = parts_.broadcasts.broadcast(broadcast);
  if (!found) return std::nullopt;  // what cannot be read just now is no mistake of theirs
  TipProblem outside{"moment", phrase::kMomentOutside};
  auto from = found->public_from ? found->public_from : found->live_at;
  if (!from) return outside;
  ProgramTime to = found->ended_at.value_or(parts_.clock.wall());
  auto tolerance = duration_cast<milliseconds>(kMomentTolerance);
  if (!(moment + tolerance < *from) && !(to + tolerance < moment)) return std::nullopt;
  outside.detail = fmt::format("{} – {} {}", local_minute(*from), local_minute(to), local_zone(*from));
  return outside;
}

void TipSite::send(const Request& request, TipForm form, Responder responder) {
  if (form.refusal) return responder.send(again(request, form));
  TipDraft draft = draft_of(form);
  if (!form.fields.text(kSwitch).empty())
    return responder.send(form_again(page_of(request, &form.fields), draft, 200, {}));
  std::vector<TipProblem> problems;
  if (std::ranges::find(desk::kKinds, draft.kind) == desk::kKinds.end())
    problems.push_back({"kind", phrase::kBadKind});
  auto chosen = draft.broadcast.empty() ? Result<TipChoice>() : choice(draft.broadcast);
  if (!chosen && chosen.error().code == Errc::kNotFound)
    problems.push_back({"broadcast", phrase::kUnknownBroadcast});
  TipDesk::Sent sent{
      {draft.kind, draft.text, draft.contact, std::nullopt}, draft.broadcast, std::move(form.photos)};
  if (!draft.moment.empty()) {
    auto moment = read_local_time(draft.moment);
    if (moment) sent.content.moment = *moment;
    if (!moment) problems.push_back({"moment", phrase::kBadMoment});
    auto outside = moment && !draft.broadcast.empty() && chosen
                       ? problem_with_moment(draft.broadcast, *moment)
                       : std::nullopt;
    if (outside) problems.push_back(*std::move(outside));
  }
  if (auto wrong = problem_with_text(draft.text)) problems.push_back(*wrong);
  if (!check_line("contact", draft.contact, 0, desk::kMostContact))
    problems.push_back({"contact", phrase::kBadContact});
  auto page = page_of(request, &form.fields);
  if (!problems.empty()) return responder.send(form_again(page, draft, 422, problems));
  if (!chosen) return responder.send(form_again(page, draft, 503, {{"", phrase::kTrouble}}));
  bool often = (!form.counted && sends_too_often(request)) || all_sends_.ask("");
  if (often) return responder.send(form_again(page, draft, 429, {{"", phrase::kTooOften}}));
  auto answer = std::make_shared<Responder>(std::move(responder));
  answer->set_deadline(
      kPatience, [this, page, draft] { return form_again(page, draft, 503, {{"", phrase::kTrouble}}); });
  parts_.desk.send(
      std::move(sent), [answer] { return !answer->done(); },
      [this, page, draft, answer](const Result<std::string>& receipt) {
        if (receipt) {
          return answer->send(page_response(200, receipt_page(page, desk::shown_receipt(*receipt))));
        }
        auto [what, status] = told(receipt.error());
        answer->send(form_again(page, draft, status, {{"", what}}));
      });
}

void TipSite::answer(const Request& request, Responder responder) {
  auto fields = is_form(request) ? read_form(as_text(request.body)) : TipFields();
  auto page = page_of(request, fields ? &*fields : nullptr);
  if (fields && !fields->text(kSwitch).empty())
    return responder.send(page_response(200, answer_form_page(page, {}, fields->text("receipt"))));
  auto receipt = desk::read_receipt(fields ? fields->text("receipt") : "");
  auto again = [](const TipPage& on, int status, const TipProblem& problem) {
    return page_response(status, answer_form_page(on, {problem}));
  };
  if (!receipt) return responder.send(again(page, 422, {"receipt", phrase::kBadReceipt}));
  if (reads_too_often(request)) return responder.send(again(page, 429, {"", phrase::kTooOftenToRead}));
  auto reply = std::make_shared<Responder>(std::move(responder));
  parts_.desk.read(*receipt, [page, again, reply, receipt = *receipt](const Result<TipDesk::Dialog>& dialog) {
    if (dialog) return reply->send(page_response(200, dialog_page(page, *dialog, receipt, "", {}, false)));
    // A receipt that leads nowhere is answered like one that leads somewhere.
    if (dialog.error().code == Errc::kNotFound)
      return reply->send(again(page, 200, {"receipt", phrase::kUnknown}));
    bool busy = dialog.error().code == Errc::kBusy;
    reply->send(
        again(page, busy ? 429 : 503, {"", busy ? phrase::kTooOftenToRead : phrase::kTroubleReading}));
  });
}

void TipSite::write(const Request& request, Responder responder) {
  auto fields = is_form(request) ? read_form(as_text(request.body)) : TipFields();
  auto page = page_of(request, fields ? &*fields : nullptr);
  auto receipt = desk::read_receipt(fields ? fields->text("receipt") : "");
  if (!receipt) {
    return responder.send(page_response(422, answer_form_page(page, {{"receipt", phrase::kBadReceipt}})));
  }
  std::string text = fields->text("text");
  auto wrong = problem_with_text(text);
  if (reads_too_often(request)) {
    // Nothing can be looked up now, so what was written is kept on a page without what was said before.
    TipDesk::Dialog nothing;
    return responder.send(
        page_response(429, dialog_page(page, nothing, *receipt, text, {{"", phrase::kTooOften}}, false)));
  }
  auto reply = std::make_shared<Responder>(std::move(responder));
  auto show = [page, reply, receipt = *receipt, text](const Result<TipDesk::Dialog>& dialog, int status,
                                                      const std::vector<TipProblem>& problems) {
    bool found = dialog.has_value();
    bool unknown = !found && dialog.error().code == Errc::kNotFound;
    if (unknown) {
      return reply->send(page_response(200, answer_form_page(page, {{"receipt", phrase::kUnknown}})));
    }
    reply->send(page_response(status, dialog_page(page, found ? *dialog : TipDesk::Dialog(), receipt,
                                                  problems.empty() ? "" : text, problems, problems.empty())));
  };
  if (wrong) {
    return parts_.desk.read(
        *receipt, [show, wrong](const Result<TipDesk::Dialog>& dialog) { show(dialog, 422, {*wrong}); });
  }
  parts_.desk.write(*receipt, text, [this, show, receipt = *receipt](const Result<TipDesk::Dialog>& dialog) {
    if (dialog || dialog.error().code == Errc::kNotFound) return show(dialog, 200, {});
    Errc code = dialog.error().code;
    if (code == Errc::kConflict || code == Errc::kLimit) {
      // It was closed meanwhile, or is full: shown as it is now.
      return parts_.desk.read(
          receipt, [show](const Result<TipDesk::Dialog>& now) { show(now, 409, {{"", phrase::kFull}}); });
    }
    auto [what, status] = told(dialog.error());
    show(dialog, status, {{"", what}});
  });
}

}  // namespace openday::hub
