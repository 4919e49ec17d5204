#include "hub/admin_session.h"

#include <fmt/format.h>

#include "base/address.h"
#include "base/random.h"
#include "base/text.h"
#include "broadcast/vault.h"
#include "hub/api_bodies.h"

namespace openday::hub {
namespace {

using broadcast::Act;
using broadcast::sha256_hex;

Response unauthorized(const Request& request, std::string_view message) {
  auto response = Response::error(401, "unauthorized", message, request.id);
  response.with("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace

Throttle::Throttle(const Clock& clock, size_t most, Duration window, size_t keys_bound)
    : clock_(clock),
      most_(most),
      window_(window),
      keys_bound_(keys_bound),
      salt_(random_name()),
      salted_(clock.now()) {}

void Throttle::tidy(HouseTime now) {
  if (now - salted_ > std::chrono::hours(1)) {
    salt_ = random_name();
    salted_ = now;
    seen_.clear();
  }
  if (seen_.size() < keys_bound_) return;
  std::erase_if(
      seen_, [&](const auto& entry) { return entry.second.empty() || now - entry.second.back() > window_; });
}

std::optional<Duration> Throttle::ask(std::string_view address) {
  HouseTime now = clock_.now();
  tidy(now);
  std::string caller(address);
  if (auto parsed = SocketAddress::parse(caller, 0)) caller = parsed->caller();  // an IPv6 /64 is one caller
  std::string key = sha256_hex(salt_ + caller);
  auto found = seen_.find(key);
  if (found == seen_.end()) {
    if (seen_.size() >= keys_bound_) return window_;
    found = seen_.emplace(key, std::deque<HouseTime>()).first;
  }
  auto& times = found->second;
  while (!times.empty() && now - times.front() >= window_) times.pop_front();
  if (times.size() >= most_) return window_ - (now - times.front());
  times.push_back(now);
  return std::nullopt;
}

AdminGate::AdminGate(const std::string& token, broadcast::Books& books, const Clock& clock, Log log)
    : token_digest_(sha256_hex(token)),
      books_(books),
      clock_(clock),
      log_(std::move(log)),
      throttle_(clock, kTriesAMinute, seconds(60)) {}

Result<> AdminGate::load() {
  OPENDAY_TRY(auto sessions, books_.view().sessions());
  for (const auto& session : sessions) sessions_[session.digest] = {session.created_at, session.expires_at};
  forget_expired();
  return {};
}

// Digests are compared, so that neither content nor length of the token shows in the time it takes.
bool AdminGate::is_token(std::string_view presented) const {
  return equal_constant_time(sha256_hex(presented), token_digest_);
}

// "__Host-" makes browsers insist on Secure, Path=/ and no Domain; without TLS they would refuse such a
// cookie.
std::string AdminGate::cookie_name(const Request& request) {
  return request.secure ? "__Host-openday" : "openday";
}

void AdminGate::forget_expired() {
  ProgramTime now = clock_.wall();
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    if (session->second.expires_at > now) {
      ++session;
      continue;
    }
    std::string digest = session->first;
    session = sessions_.erase(session);
    books_.submit([digest](broadcast::Ledger& ledger) { return ledger.remove_session(digest); },
                  [](Result<>) {});
  }
}

std::expected<Act, Response> AdminGate::admit(const Request& request, bool changes) {
  ProgramTime now = clock_.wall();
  static constexpr std::string_view kBearer = "Bearer ";
  std::string_view authorization = request.header("authorization");
  if (!authorization.empty()) {
    if (authorization.starts_with(kBearer) && is_token(authorization.substr(kBearer.size()))) {
      return Act{"admin", "token", now};
    }
    return std::unexpected(unauthorized(request, "this token is not the admin's"));
  }
  std::string_view cookie = request.cookie(cookie_name(request));
  if (cookie.empty()) return std::unexpected(unauthorized(request, "log in, or send Authorization: Bearer"));
  std::string digest = sha256_hex(cookie);
  auto session = sessions_.find(digest);
  if (session == sessions_.end() || session->second.expires_at <= now) {
    return std::unexpected(unauthorized(request, "the session has ended; log in again"));
  }
  if (changes) {
    if (!request.same_origin()) {
      return std::unexpected(Response::error(
          403, "refused", "this request did not come from a page of this server", request.id));
    }
    bool visible = request.http_version != 20;
    if (visible && request.method != Method::kGet && request.header("x-openday") != "1") {
      return std::unexpected(
          Response::error(403, "refused", "the header X-Openday: 1 is missing", request.id));
    }
  }
  if (session->second.expires_at - now < kLifetime - kRenewAfter) {
    session->second.expires_at = now + duration_cast<milliseconds>(kLifetime);
    broadcast::Session renewed{digest, session->second.created_at, session->second.expires_at};
    books_.submit([renewed](broadcast::Ledger& ledger) { return ledger.put(renewed); }, [](Result<>) {});
  }
  return Act{"admin", "session", now};
}

void AdminGate::login(const Request& request, Responder responder) {
  auto body = parse_body(request);
  auto token = body ? read_token(*body) : std::unexpected(body.error());
  if (!token) return responder.send(error_response(token.error(), request.id));
  if (auto wait = throttle_.ask(request.peer)) {
    auto response = Response::error(429, "busy", "too many tries; wait a minute", request.id);
    response.with("Retry-After", std::to_string(duration_cast<seconds>(*wait).count() + 1));
    return responder.send(std::move(response));
  }
  if (!is_token(*token)) {
    log_.warn("login_refused", {{"id", request.id}});
    return responder.send(unauthorized(request, "this token is not the admin's"));
  }
  forget_expired();
  if (sessions_.size() >= kMaxSessions) {
    auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      return a.second.expires_at < b.second.expires_at;
    });
    books_.submit(
        [digest = oldest->first](broadcast::Ledger& ledger) { return ledger.remove_session(digest); },
        [](Result<>) {});
    sessions_.erase(oldest);
  }
  ProgramTime now = clock_.wall();
  std::string cookie = random_name(32);
  broadcast::Session session{sha256_hex(cookie), now, now + duration_cast<milliseconds>(kLifetime)};
  auto answer = std::make_shared<Responder>(std::move(responder));
  std::string set = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", cookie_name(request), cookie,
                                request.secure ? "; Secure" : "");
  books_.submit(
      [session](broadcast::Ledger& ledger) -> Result<> {
        OPENDAY_CHECK_OK(ledger.put(session));
        return ledger.append({0, session.created_at, "admin", "token", "session.login", "", ""});
      },
      [this, session, answer, set = std::move(set), id = request.id](Result<> outcome) {
        if (!outcome) return answer->send(error_response(outcome.error(), id));
        sessions_[session.digest] = {session.created_at, session.expires_at};
        auto response = Response::empty(204);
        response.with("Set-Cookie", set).with("Cache-Control", "no-store");
        answer->send(std::move(response));
      });
}

void AdminGate::logout(const Request& request, Responder responder) {
  std::string name = cookie_name(request);
  std::string digest = sha256_hex(request.cookie(name));
  auto response = Response::empty(204);
  response.with("Set-Cookie", name + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" +
                                  (request.secure ? "; Secure" : ""));
  if (sessions_.erase(digest) == 0) return responder.send(std::move(response));
  auto answer = std::make_shared<Responder>(std::move(responder));
  auto shared = std::make_shared<Response>(std::move(response));
  books_.submit([digest](broadcast::Ledger& ledger) { return ledger.remove_session(digest); },
                [answer, shared, id = request.id](Result<> outcome) {
                  answer->send(outcome ? std::move(*shared) : error_response(outcome.error(), id));
                });
}

}  // namespace openday::hub
