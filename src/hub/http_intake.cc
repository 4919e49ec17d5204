#include "hub/http_intake.h"

#include <exception>

#include "base/text.h"

namespace openday::hub {
namespace {

constexpr int64_t kSlowest = 4 * 1024;  // bytes a second

Response busy(std::string_view why, std::string_view id) {
  return std::move(Response::error(503, "busy", why, id).with("Retry-After", "10"));
}

}  // namespace

Intake::Intake(ServerCore& server, const UploadRoute& route, std::shared_ptr<Caller> caller,
               std::string request_id)
    : server_(server),
      route_(route),
      caller_(std::move(caller)),
      request_id_(std::move(request_id)),
      since_(server.now()) {
  ++server_.uploads_of[&route_];
  if (caller_) ++caller_->uploads;
}

Intake::~Intake() {
  wake_.reset();  // before the sink, which may call it
  sink_.reset();
  if (--server_.uploads_of[&route_] == 0) server_.uploads_of.erase(&route_);
  if (caller_) --caller_->uploads;
}

std::expected<std::unique_ptr<Intake>, Response> Intake::open(ServerCore& server, const Router::Match& match,
                                                              Request request, std::optional<uint64_t> length,
                                                              std::shared_ptr<Caller> caller,
                                                              std::function<void()> on_go_on) {
  const UploadRoute& route = *match.upload;
  auto refused = [&](Response refusal) {
    return std::unexpected(route.worded ? route.worded(request, std::move(refusal)) : std::move(refusal));
  };
  std::string coding = lower_ascii(request.header("content-encoding"));
  if (!coding.empty() && coding != "identity") {
    return refused(
        Response::error(415, "unsupported", "a body must come without Content-Encoding", request.id));
  }
  if (length.value_or(0) > route.max_body)
    return refused(Response::error(413, "limit", "the body is too large", request.id));
  auto open = server.uploads_of.find(&route);
  bool full = open != server.uploads_of.end() && open->second >= route.max_at_once;
  if (full || (caller && caller->uploads >= route.max_per_caller))
    return refused(busy("too many uploads at once", request.id));
  request.params = match.params;
  std::unique_ptr<Intake> intake(new Intake(server, route, std::move(caller), request.id));
  intake->wake_ =
      std::make_shared<const std::function<void()>>([self = intake.get(), on_go_on = std::move(on_go_on)] {
        if (!self->waits_) return;
        self->waits_ = false;
        self->since_ = self->server_.now();
        self->taken_then_ = self->taken_;
        on_go_on();
      });
  try {
    auto accepted = route.accept(request, UploadFlow(intake->wake_));
    if (!accepted) return std::unexpected(std::move(accepted.error()));
    intake->sink_ = std::move(*accepted);
  } catch (const std::exception&) {
    ++server.counters.handler_failures;
    return std::unexpected(Response::error(500, "internal", "the request was not answered", request.id));
  }
  return intake;
}

std::optional<Response> Intake::take(ByteView bytes) {
  if (bytes.size() > room())
    return worded(Response::error(413, "limit", "the body is too large", request_id_));
  if (bytes.empty()) return std::nullopt;
  taken_ += bytes.size();
  waits_ = true;  // so that a go_on() within take() counts
  try {
    auto next = sink_->take(bytes);
    if (!next) return std::move(next.error());
    if (*next == UploadSink::Next::kMore) waits_ = false;
  } catch (const std::exception&) {
    ++server_.counters.handler_failures;
    return Response::error(500, "internal", "the request was not answered", request_id_);
  }
  if (waits_) since_ = server_.now();
  return std::nullopt;
}

std::optional<Response> Intake::overdue(HouseTime now) {
  const HttpOptions& options = server_.options;
  if (waits_) {
    if (now - since_ < options.answer_timeout) return std::nullopt;
    return worded(busy("the server is too busy to take this", request_id_));
  }
  if (now - since_ < options.header_timeout) return std::nullopt;
  auto least = static_cast<uint64_t>(kSlowest * (now - since_).count() / Duration(seconds(1)).count());
  if (taken_ - taken_then_ < least)
    return worded(Response::error(408, "timeout", "the request did not come in time", request_id_));
  since_ = now;
  taken_then_ = taken_;
  return std::nullopt;
}

void Intake::finish(Responder responder) {
  wake_.reset();
  sink_->finish(std::move(responder));
}

}  // namespace openday::hub
