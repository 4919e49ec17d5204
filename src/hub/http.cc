#include "hub/http.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "hub/http_parse.h"

namespace openday::hub {

const char* name_of(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kPatch: return "PATCH";
    case Method::kDelete: return "DELETE";
    case Method::kOptions: return "OPTIONS";
  }
  return "GET";
}

const char* reason_of(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

int status_of(Errc code) {
  switch (code) {
    case Errc::kInvalid: return 400;
    case Errc::kLimit: return 413;
    case Errc::kRefused: return 403;
    case Errc::kNotFound: return 404;
    case Errc::kConflict: return 409;
    case Errc::kBusy: return 429;
    case Errc::kTimeout:
    case Errc::kClosed: return 503;
    case Errc::kUnsupported: return 501;
    case Errc::kIo:
    case Errc::kInternal: return 500;
  }
  return 500;
}

Result<Query> Query::parse(std::string_view raw) {
  if (raw.size() > kMaxQuery) return fail(Errc::kLimit, "the query is too long");
  Query query;
  while (!raw.empty()) {
    size_t ampersand = raw.find('&');
    std::string_view one = raw.substr(0, ampersand);
    raw = ampersand == std::string_view::npos ? std::string_view() : raw.substr(ampersand + 1);
    if (one.empty()) continue;
    if (query.pairs_.size() == kMaxPairs) return fail(Errc::kLimit, "the query has too many parameters");
    size_t equals = one.find('=');
    OPENDAY_TRY(std::string name, percent_decode(one.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      OPENDAY_TRY(value, percent_decode(one.substr(equals + 1)));
    }
    query.pairs_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

std::optional<std::string_view> Query::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<std::optional<int64_t>> Query::integer(std::string_view name) const {
  auto text = get(name);
  if (!text) return std::optional<int64_t>();
  auto value = text->size() <= 18 ? decimal<int64_t>(*text) : std::nullopt;
  if (!value) return fail(Errc::kInvalid, fmt::format("{} is not a number of at most 18 digits", name));
  return value;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& one : headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

std::string_view Request::cookie(std::string_view name) const {
  std::string_view list = header("cookie");
  while (!list.empty()) {
    size_t semicolon = list.find(';');
    std::string_view one = list.substr(0, semicolon);
    list = semicolon == std::string_view::npos ? std::string_view() : list.substr(semicolon + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    size_t equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals) == name) return one.substr(equals + 1);
  }
  return {};
}

std::string_view Request::param(std::string_view name) const {
  auto found = params.find(name);
  return found == params.end() ? std::string_view() : found->second;
}

bool Request::accepts_gzip() const {
  return accepts_coding(header("accept-encoding"), "gzip");
}

bool Request::same_origin() const {
  std::string_view origin = header("origin");
  std::string_view scheme = secure ? "https://" : "http://";
  std::string_view host = header("host");
  return !host.empty() && origin.starts_with(scheme) && origin.substr(scheme.size()) == host;
}

SharedResponse::SharedResponse(int status, std::vector<Header> headers, SharedBytes body)
    : status_(status), headers_(std::move(headers)), body_(std::move(body)) {
  size_t length = body_ ? body_->size() : 0;
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status_, reason_of(status_));
  for (const Header& one : headers_) head += fmt::format("{}: {}\r\n", one.name, one.value);
  head += fmt::format("Content-Length: {}\r\n\r\n", length);
  auto wire = std::make_shared<Bytes>();
  wire->reserve(head.size() + length);
  wire->insert(wire->end(), head.begin(), head.end());
  if (body_) wire->insert(wire->end(), body_->begin(), body_->end());
  head_size_ = head.size();
  wire_ = std::move(wire);
}

Response& Response::with(std::string_view name, std::string_view value) {
  Header header{std::string(name), std::string(value)};
  // The value may come from outside. RFC 9110 5.5: these would end the line, and what follows would be the
  // sender's to write.
  for (char& c : header.value) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  headers.push_back(std::move(header));
  return *this;
}

Response Response::bytes(int status, std::string_view content_type, SharedBytes body) {
  Response response{status, {}, std::move(body)};
  response.with("Content-Type", content_type);
  return response;
}

Response Response::text(int status, std::string_view body) {
  return bytes(status, "text/plain; charset=utf-8", std::make_shared<const Bytes>(body.begin(), body.end()));
}

Response Response::json(int status, std::string_view body) {
  Response response =
      bytes(status, "application/json", std::make_shared<const Bytes>(body.begin(), body.end()));
  response.with("Cache-Control", "no-store");
  return response;
}

Response Response::error(int status, std::string_view code, std::string_view message, std::string_view id) {
  return json(status, fmt::format(R"({{"error":{{"code":{},"message":{},"id":{}}}}})", json_quote(code),
                                  json_quote(message), json_quote(id)));
}

Response Response::error(const Error& error, std::string_view id) {
  return Response::error(status_of(error.code), openday::name_of(error.code), error.message, id);
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder old(std::move(*this));
    exchange_ = std::move(other.exchange_);
  }
  return *this;
}

Responder::~Responder() {
  if (!done()) exchange_->send(Response::error(500, "internal", "the request was not answered", ""));
}

void Responder::send(Response response) {
  auto exchange = std::move(exchange_);
  if (exchange && !exchange->gone()) exchange->send(std::move(response));
}

Responder make_responder(std::function<void(Response)> on_answer) {
  class Recorder final : public Exchange {
   public:
    explicit Recorder(std::function<void(Response)> on_answer) : on_answer_(std::move(on_answer)) {}
    void send(Response response) override {
      if (auto task = std::exchange(on_answer_, nullptr)) task(std::move(response));
    }
    [[nodiscard]] bool gone() const override { return !on_answer_; }
    void when_gone(std::function<void()>) override {}
    void set_deadline(Duration, std::function<Response()>) override {}

   private:
    std::function<void(Response)> on_answer_;
  };
  return Responder(std::make_shared<Recorder>(std::move(on_answer)));
}

}  // namespace openday::hub
