#include "hub/http_exchange.h"

#include <algorithm>

namespace openday::hub {

bool PendingExchange::take_place(std::shared_ptr<Caller> caller, size_t most) {
  if (caller->waiting >= most) return false;
  caller_ = std::move(caller);
  ++caller_->waiting;
  return true;
}

void PendingExchange::give_place_back() {
  if (auto caller = std::exchange(caller_, nullptr)) --caller->waiting;
}

void PendingExchange::send(Response response) {
  AnswerSink* sink = std::exchange(sink_, nullptr);
  if (!sink) return;
  give_place_back();
  when_gone_ = nullptr;
  on_deadline_ = nullptr;
  sink->answer(stream_, std::move(response));
}

void PendingExchange::set_deadline(Duration patience, std::function<Response()> answer) {
  deadline_ = began_ + patience;
  on_deadline_ = std::move(answer);
}

void PendingExchange::abandon() {
  give_place_back();
  sink_ = nullptr;
  on_deadline_ = nullptr;
  if (auto task = std::exchange(when_gone_, nullptr)) task();
}

bool PendingExchange::expire(HouseTime now) {
  if (!sink_ || now < deadline_) return false;
  auto task = std::exchange(when_gone_, nullptr);
  auto answer = std::exchange(on_deadline_, nullptr);
  Response response = answer ? answer() : Response::error(503, "timeout", "this took too long", "");
  if (!answer) response.with("Retry-After", "1");
  send(std::move(response));
  if (task) task();
  return true;
}

Result<ProxyTrust> ProxyTrust::parse(const std::vector<std::string>& networks) {
  ProxyTrust trust;
  for (const std::string& text : networks) {
    OPENDAY_TRY(Network network, Network::parse(text));
    trust.networks_.push_back(network);
  }
  return trust;
}

bool ProxyTrust::trusts(std::string_view address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& n) { return n.contains(address); });
}

std::optional<Method> parse_method(std::string_view text) {
  for (Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch,
                        Method::kDelete, Method::kOptions}) {
    if (text == name_of(method)) return method;
  }
  return std::nullopt;
}

Result<Request> make_request(std::string_view method, std::string_view target, std::vector<Header> headers) {
  auto known = parse_method(method);
  if (!known) return fail(Errc::kUnsupported, "this method is not served");
  Request request;
  request.head_only = *known == Method::kHead;
  request.method = request.head_only ? Method::kGet : *known;
  size_t question = target.find('?');
  OPENDAY_TRY(request.path, parse_path(target.substr(0, question)));
  if (question != std::string_view::npos) {
    request.raw_query = target.substr(question + 1);
    OPENDAY_TRY(request.query, Query::parse(request.raw_query));
  }
  request.headers = std::move(headers);
  return request;
}

void set_origin_of(Request& request, std::string_view peer, bool secure, bool peer_is_proxy,
                   const ProxyTrust& trust) {
  request.peer = peer;
  request.secure = secure;
  request.by_proxy = peer_is_proxy;
  if (peer_is_proxy) {
    auto trusted = [&](std::string_view address) { return trust.trusts(address); };
    std::string_view client = forwarded_client(request.header("x-forwarded-for"), trusted);
    if (!client.empty()) request.peer = client;
    std::string_view scheme = request.header("x-forwarded-proto");
    if (!scheme.empty()) request.secure = scheme == "https";
  }
  request.peer_is_loopback = is_loopback(request.peer);
}

void add_default_headers(Response& response, const AnswerContext& context, std::string_view date, bool hsts) {
  auto has = [&](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const Header& one) { return one.name == name; });
  };
  auto add = [&](std::string_view name, std::string_view value) {
    if (!has(name)) response.with(name, value);
  };
  add("Date", date);
  if (!context.request_id.empty()) add("X-Request-Id", context.request_id);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "same-origin");
  // Data is not a page: should a browser show it as one, it may load nothing and be framed nowhere.
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("Cross-Origin-Resource-Policy", context.any_origin ? "cross-origin" : "same-origin");
  if (context.any_origin) {
    add("Access-Control-Allow-Origin", "*");
    add("Access-Control-Expose-Headers", "Content-Length, Content-Range, Date, Retry-After");
  }
  if (hsts && context.secure) add("Strict-Transport-Security", "max-age=31536000");
}

std::shared_ptr<const SharedResponse> share(int status, std::vector<Header> headers, SharedBytes body,
                                            int64_t now_s) {
  Response response{status, std::move(headers), {}};
  add_default_headers(response, {.request_id = {}, .head_only = false, .any_origin = true, .secure = false},
                      http_date(now_s), false);
  return std::make_shared<const SharedResponse>(status, std::move(response.headers), std::move(body));
}

uint64_t body_size(const Response& response) {
  if (auto bytes = std::get_if<SharedBytes>(&response.body)) return *bytes ? (*bytes)->size() : 0;
  if (auto range = std::get_if<FileRange>(&response.body)) return range->length;
  if (auto pieces = std::get_if<Pieces>(&response.body)) {
    uint64_t size = 0;
    for (const SharedBytes& one : *pieces) size += one->size();
    return size;
  }
  if (auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body)) {
    return (*shared)->body() ? (*shared)->body()->size() : 0;
  }
  return 0;
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace openday::hub
