#include "hub/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "broadcast/vault.h"
#include "hub/api_bodies.h"
#include "hub/api_values.h"
#include "wrap/sodium/sodium.h"

namespace openday::hub {
namespace {

using account::Act;
using account::AuditEntry;
using account::Person;
using account::Right;
using account::Roll;
using account::Session;
using broadcast::sha256_hex;

constexpr const char* kWrong = "name or password is wrong";

// Of a password that nobody has: to compare with when there is nobody of the name.
const std::string& nobodys_hash() {
  static const std::string kHash = sodium::hash_password(random_name()).value_or("");
  return kHash;
}

Error too_many_passwords() {
  return {Errc::kBusy, "too many passwords at once; try again"};
}

Response unauthorized(const Request& request, std::string_view message) {
  auto response = Response::error(401, "unauthorized", message, request.id);
  response.with("WWW-Authenticate", "Bearer");
  return response;
}

/// A socket that its route takes for an ordinary one, and that the gate can close.
class Guarded final : public WebSocketHandler {
 public:
  explicit Guarded(std::unique_ptr<WebSocketHandler> inner) : inner_(std::move(inner)) {}
  void on_open(WebSocket& socket) override {
    socket_ = &socket;
    inner_->on_open(socket);
    if (ended_) end();
  }
  void on_text(WebSocket& socket, std::string_view text) override { inner_->on_text(socket, text); }
  void on_close(WebSocket& socket) override {
    socket_ = nullptr;
    inner_->on_close(socket);
  }
  void on_writable(WebSocket& socket) override { inner_->on_writable(socket); }
  void end() {
    ended_ = true;
    if (socket_ != nullptr) socket_->close(1008, "logged out");
  }
  std::shared_ptr<const Gate::Stay> stay;

 private:
  const std::unique_ptr<WebSocketHandler> inner_;
  WebSocket* socket_ = nullptr;
  bool ended_ = false;
};

}  // namespace

Gate::Gate(const std::string& token, account::Rolls& rolls, Loop& loop, Log log)
    : token_digest_(sha256_hex(token)),
      rolls_(rolls),
      loop_(loop),
      clock_(loop.clock()),
      log_(std::move(log)),
      by_address_(clock_, kTriesAMinute, seconds(60)),
      by_network_(clock_, kOfANetworkAMinute, seconds(60)),
      by_name_(clock_, kTriesAQuarterHour, std::chrono::minutes(15)),
      in_vain_(clock_, kVainTries, std::chrono::minutes(15)),
      by_person_(clock_, kOwnTriesAQuarterHour, std::chrono::minutes(15)),
      worker_(loop, kMostHashes),
      forgetting_(loop.every(kForgetEvery, [this] { forget_expired(); })) {}

Gate::~Gate() {
  loop_.cancel(forgetting_);
  if (noting_ == 0) return;
  loop_.cancel(noting_);
  note_refused();
}

Result<> Gate::load() {
  OPENDAY_TRY(auto people, rolls_.roll().people());
  OPENDAY_TRY(auto sessions, rolls_.roll().sessions());
  people_.clear();
  for (auto& person : people) people_[person.id] = std::move(person);
  sessions_.clear();
  for (auto& session : sessions) {
    if (!removing_.contains(session.digest)) sessions_[session.digest] = std::move(session);
  }
  forget_expired();
  settle();
  return {};
}

// Digests are compared, so that neither content nor length of the token shows in the time it takes.
bool Gate::is_token(std::string_view presented) const {
  return equal_constant_time(sha256_hex(presented), token_digest_);
}

// "__Host-" makes browsers insist on Secure, Path=/ and no Domain; without TLS they would refuse such a
// cookie.
std::string Gate::cookie_name(const Request& request) {
  return request.secure ? "__Host-openday" : "openday";
}

void Gate::remove_session(const std::string& digest, std::function<void(Result<>)> done,
                          std::optional<AuditEntry> entry) {
  sessions_.erase(digest);
  removing_.insert(digest);
  settle();
  rolls_.submit(
      [digest, entry = std::move(entry)](Roll& roll) -> Result<> {
        OPENDAY_CHECK_OK(roll.remove_session(digest));
        return entry ? roll.append(*entry) : Result<>();
      },
      [this, digest, done = std::move(done)](Result<> outcome) {
        // What could not be removed stays away until the next start, at least.
        if (outcome) removing_.erase(digest);
        done(std::move(outcome));
      });
}

void Gate::settle() {
  if (keys_ != nullptr) keys_->keep_only(sessions_);
  for (const auto& one : std::exchange(stays_, {})) {
    auto stay = one.lock();  // `end` may let it go
    if (!stay) continue;
    if (holds(*stay)) {
      stays_.push_back(one);
    } else {
      stay->end();
    }
  }
}

bool Gate::holds(const Stay& stay) const {
  auto session = sessions_.find(stay.session);
  if (session == sessions_.end()) return false;
  auto person = people_.find(session->second.person);
  return person != people_.end() && !person->second.disabled && !person->second.must_change &&
         account::may(person->second.roles, stay.right) && person->second.roles == stay.roles &&
         person->second.name == stay.name;
}

std::shared_ptr<const Gate::Stay> Gate::stay(const Visitor& visitor, Right right, std::function<void()> end) {
  if (!visitor.person) return nullptr;
  std::erase_if(stays_, [](const auto& one) { return one.expired(); });
  auto made = std::make_shared<const Stay>(
      Stay{visitor.session, right, visitor.person->roles, visitor.person->name, std::move(end)});
  stays_.push_back(made);
  return made;
}

WebSocketRoute Gate::guard(Right right, WebSocketRoute route) {
  route.accept = [this, right, accept = std::move(route.accept)](
                     const Request& request) -> std::expected<std::unique_ptr<WebSocketHandler>, Response> {
    auto who = admit(request, right, /*changes=*/true);
    if (!who) return std::unexpected(std::move(who).error());
    auto accepted = accept(request);
    if (!accepted) return accepted;
    auto guarded = std::make_unique<Guarded>(std::move(*accepted));
    guarded->stay = stay(*who, right, [socket = guarded.get()] { socket->end(); });
    return guarded;
  };
  return route;
}

void Gate::forget_expired() {
  ProgramTime now = clock_.wall();
  std::vector<std::string> expired;
  for (const auto& [digest, session] : sessions_) {
    if (session.expires_at <= now) expired.push_back(digest);
  }
  for (const auto& digest : expired) remove_session(digest);
}

std::expected<Gate::Visitor, Response> Gate::admit(const Request& request, Right right, bool changes) {
  auto visitor = identify(request, changes);
  if (!visitor) return visitor;
  if (visitor->person && visitor->person->must_change && right != Right::kOwnAccount) {
    return std::unexpected(
        Response::error(403, "password_change_needed", "choose a password of your own first", request.id));
  }
  if (!account::may(visitor->roles, right)) {
    return std::unexpected(Response::error(
        403, "forbidden",
        fmt::format("your roles do not include what this needs ({})", account::grant_of(right).name),
        request.id));
  }
  return visitor;
}

std::expected<Gate::Visitor, Response> Gate::identify(const Request& request, bool changes) {
  ProgramTime now = clock_.wall();
  static constexpr std::string_view kBearer = "Bearer ";
  std::string_view authorization = request.header("authorization");
  if (!authorization.empty()) {
    if (authorization.starts_with(kBearer) && is_token(authorization.substr(kBearer.size()))) {
      return Visitor{{"admin", "token", now}, {account::Role::kAdmin}, std::nullopt, ""};
    }
    return std::unexpected(unauthorized(request, "this token is not the admin's"));
  }
  std::string_view cookie = request.cookie(cookie_name(request));
  if (cookie.empty()) return std::unexpected(unauthorized(request, "log in, or send Authorization: Bearer"));
  auto found = sessions_.find(sha256_hex(cookie));
  auto person = found == sessions_.end() ? people_.end() : people_.find(found->second.person);
  if (person == people_.end() || person->second.disabled || found->second.expires_at <= now) {
    return std::unexpected(unauthorized(request, "the session has ended; log in again"));
  }
  if (changes) {
    if (!request.same_origin()) {
      return std::unexpected(Response::error(
          403, "refused", "this request did not come from a page of this server", request.id));
    }
    if (request.method != Method::kGet && request.header("x-openday") != "1") {
      return std::unexpected(
          Response::error(403, "refused", "the header X-Openday: 1 is missing", request.id));
    }
  }
  Session& session = found->second;
  if (session.expires_at - now < kLifetime - kRenewAfter) {
    session.expires_at = now + duration_cast<milliseconds>(kLifetime);
    rolls_.submit([digest = session.digest,
                   until = session.expires_at](Roll& roll) { return roll.renew(digest, until); },
                  [](Result<>) {});
  }
  return Visitor{{session.person, "session", now}, person->second.roles, person->second, session.digest};
}

void Gate::hash(std::string password, std::function<void(Result<std::string>)> then) {
  if (worker_.is_full()) return then(std::unexpected(too_many_passwords()));
  worker_.ask(
      [password = std::move(password)](const std::stop_token&) mutable {
        auto hashed = sodium::hash_password(password);
        sodium::wipe(password);
        return hashed;
      },
      std::move(then));
}

void Gate::check(const std::string& person, std::string password, std::function<void(Result<bool>)> then) {
  if (worker_.is_full()) return then(std::unexpected(too_many_passwords()));
  auto known = people_.find(person);
  bool somebody = known != people_.end() && !known->second.disabled;
  std::string expected = somebody ? known->second.password : "";
  worker_.ask(
      [expected, password = std::move(password)](const std::stop_token&) mutable {
        bool right = sodium::matches_password(expected.empty() ? nobodys_hash() : expected, password);
        sodium::wipe(password);
        return right && !expected.empty();
      },
      [this, person, expected, then = std::move(then)](bool right) {
        auto now = people_.find(person);  // as they are by now
        then(right && now != people_.end() && !now->second.disabled && now->second.password == expected);
      });
}

void Gate::count_refused(const std::string& name) {
  // What is nobody's name may be a password in the wrong field.
  ++refused_[people_.contains(name) ? name : ""];
  if (noting_ == 0) noting_ = loop_.after(kNoteRefusedAfter, [this] { note_refused(); });
}

void Gate::note_refused() {
  noting_ = 0;
  rolls_.submit(
      [refused = std::exchange(refused_, {}), now = clock_.wall()](Roll& roll) -> Result<> {
        for (const auto& [name, tries] : refused) {
          OPENDAY_CHECK_OK(roll.append(
              {0, now, "", "password", "session.refused", name, fmt::format(R"({{"tries":{}}})", tries)}));
        }
        return {};
      },
      [log = log_](const Result<>& noted) {
        if (!noted) log.error("refused_not_noted", {{"why", noted.error().message}});
      });
}

void Gate::login(const Request& request, Responder responder) {
  auto body = parse_body(request);
  auto wanted = body ? read_login(*body) : std::unexpected(body.error());
  if (!wanted) return responder.send(error_response(wanted.error(), request.id));
  if (auto wait = ask_within(by_network_, by_address_, request.peer)) {
    return responder.send(too_often(request.id, *wait));
  }
  auto often = by_name_.ask(wanted->name);
  if (worker_.is_full()) return responder.send(error_response(too_many_passwords(), request.id));
  auto in_vain = in_vain_.ask(request.peer, wanted->name);  // until it turns out otherwise
  if (often && in_vain) return responder.send(too_often(request.id, std::min(*often, *in_vain)));
  auto held = std::make_shared<std::pair<Request, Responder>>(request, std::move(responder));
  sodium::wipe(held->first.body);
  check(wanted->name, wanted->password, [this, held, wanted = *wanted](Result<bool> right) mutable {
    auto& [asked, answer] = *held;
    if (right && *right) {
      in_vain_.forgive(asked.peer, wanted.name);
      open_session(asked, wanted.name, wanted.password, std::move(answer));
    } else if (right) {
      log_.warn("login_refused", {{"id", asked.id}});
      count_refused(wanted.name);
      answer.send(unauthorized(asked, kWrong));
    } else {
      answer.send(error_response(right.error(), asked.id));
    }
    sodium::wipe(wanted.password);
  });
  sodium::wipe(wanted->password);
}

void Gate::open_session(const Request& request, const std::string& person, const std::string& password,
                        Responder responder) {
  forget_expired();
  if (sessions_.size() >= kMaxSessions) {
    auto oldest =
        std::ranges::min_element(sessions_, {}, [](const auto& entry) { return entry.second.expires_at.ms; });
    remove_session(std::string(oldest->first));
  }
  ProgramTime now = clock_.wall();
  std::string cookie = random_name(32);
  Session session{sha256_hex(cookie), person, now, now + duration_cast<milliseconds>(kLifetime)};
  auto answer = std::make_shared<Responder>(std::move(responder));
  std::string set = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", cookie_name(request), cookie,
                                request.secure ? "; Secure" : "");
  rolls_.submit(
      [session](Roll& roll) -> Result<> {
        OPENDAY_CHECK_OK(roll.add(session));
        return roll.append({0, session.created_at, session.person, "password", "session.login", "", ""});
      },
      [this, session, answer, set = std::move(set), password = std::string(password),
       id = request.id](Result<> outcome) mutable {
        if (!outcome) return answer->send(error_response(outcome.error(), id));
        sessions_[session.digest] = session;
        auto welcome = [this, session, answer, set](Result<> opened) {
          // Without their keys they can still do everything else, and the desk says what is missing.
          if (!opened) log_.warn("keys_not_opened", {{"why", opened.error().message}});
          auto response = Response::json(200, dump({{"person", person_json(people_[session.person])}}));
          response.with("Set-Cookie", set);
          answer->send(std::move(response));
        };
        if (keys_ == nullptr) return welcome({});
        keys_->open(people_[session.person], session.digest, password, welcome);
        sodium::wipe(password);
      });
}

void Gate::logout(const Request& request, Responder responder) {
  std::string name = cookie_name(request);
  std::string digest = sha256_hex(request.cookie(name));
  auto response = Response::empty(204);
  response.with("Set-Cookie", name + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" +
                                  (request.secure ? "; Secure" : ""));
  auto session = sessions_.find(digest);
  bool known = session != sessions_.end();
  if (!known && !removing_.contains(digest)) return responder.send(std::move(response));
  std::optional<AuditEntry> entry;
  if (known) entry = {0, clock_.wall(), session->second.person, "session", "session.logout", "", ""};
  auto answer = std::make_shared<Responder>(std::move(responder));
  auto shared = std::make_shared<Response>(std::move(response));
  remove_session(
      digest,
      [answer, shared, id = request.id](const Result<>& outcome) {
        answer->send(outcome ? std::move(*shared) : error_response(outcome.error(), id));
      },
      std::move(entry));
}

void Gate::change_password(const Request& request, const Visitor& visitor, Responder responder) {
  auto answer = std::make_shared<Responder>(std::move(responder));
  auto refuse = [answer, id = request.id](const Error& error) { answer->send(error_response(error, id)); };
  if (!visitor.person) return refuse({Errc::kConflict, "the token has no password"});
  auto body = parse_body(request);
  auto wanted = body ? read_new_password(*body) : std::unexpected(body.error());
  if (!wanted) return refuse(wanted.error());
  if (auto good = account::check_password(wanted->chosen, visitor.person->id); !good)
    return refuse(good.error());
  if (wanted->chosen == wanted->present) return refuse({Errc::kInvalid, "the new password is the old one"});
  if (auto wait = by_person_.ask(visitor.person->id)) return answer->send(too_often(request.id, *wait));
  // Commits the hash, and with it whatever else the password opens.
  auto commit = [this, visitor, answer, refuse](const account::PasswordChange& change,
                                                const PersonalKeys::Also& also, const std::string& chosen) {
    rolls_.submit(
        [visitor, change, also](Roll& roll) -> Result<> {
          OPENDAY_TRY([[maybe_unused]] auto person,
                      account::set_password(roll, visitor.person->id, change, visitor.act));
          return also ? also(roll) : Result<>();
        },
        [this, visitor, answer, refuse, chosen](Result<> outcome) {
          if (outcome) outcome = load();
          if (!outcome) return refuse(outcome.error());
          auto done = [this, answer](Result<> opened) {
            if (!opened) log_.warn("keys_not_opened", {{"why", opened.error().message}});
            answer->send(Response::empty(204));
          };
          auto person = people_.find(visitor.person->id);
          if (keys_ == nullptr || person == people_.end()) return done({});
          keys_->open(person->second, visitor.session, chosen, done);
        });
  };
  check(visitor.person->id, wanted->present,
        [this, visitor, refuse, commit, present = wanted->present,
         chosen = wanted->chosen](Result<bool> right) {
          if (!right) return refuse(right.error());
          if (!*right) {
            count_refused(visitor.person->id);
            return refuse({Errc::kRefused, "the present password is wrong"});
          }
          // An admin may give them another while this one takes its tenths of a second.
          hash(chosen, [this, visitor, refuse, commit, present, chosen,
                        checked = people_.at(visitor.person->id).password](Result<std::string> hashed) {
            if (!hashed) return refuse(hashed.error());
            account::PasswordChange change{*hashed, /*must_change=*/false, visitor.session, checked};
            if (keys_ == nullptr) return commit(change, nullptr, chosen);
            keys_->change(visitor.act, *visitor.person, present, chosen,
                          [refuse, commit, chosen, change](Result<PersonalKeys::Also> also) {
                            if (!also) return refuse(also.error());
                            commit(change, *also, chosen);
                          });
          });
        });
}

void Gate::unlock(const Request& request, const Visitor& visitor, Responder responder) {
  auto answer = std::make_shared<Responder>(std::move(responder));
  auto refuse = [answer, id = request.id](const Error& error) { answer->send(error_response(error, id)); };
  auto body = parse_body(request);
  auto password = body ? read_password(*body) : std::unexpected(body.error());
  if (!password) return refuse(password.error());
  if (!visitor.person || keys_ == nullptr) return refuse({Errc::kConflict, "there is nothing to unlock"});
  if (auto wait = by_person_.ask(visitor.person->id)) return answer->send(too_often(request.id, *wait));
  check(visitor.person->id, *password,
        [this, visitor, answer, refuse, password = *password](Result<bool> right) {
          if (!right) return refuse(right.error());
          if (!*right) {
            count_refused(visitor.person->id);
            return refuse({Errc::kRefused, "the password is wrong"});
          }
          // Noted before anything opens.
          rolls_.submit(
              [act = visitor.act](Roll& roll) {
                return roll.append({0, act.at, act.by, act.via, "session.unlock", "", ""});
              },
              [this, visitor, answer, refuse, password](const Result<>& noted) {
                if (!noted) return refuse(noted.error());
                if (keys_ == nullptr) return refuse({Errc::kConflict, "there is nothing to unlock"});
                keys_->open(*visitor.person, visitor.session, password, [answer, refuse](Result<> opened) {
                  opened ? answer->send(Response::empty(204)) : refuse(opened.error());
                });
              });
        });
}

Response too_often(const std::string& request_id, Duration wait) {
  auto response = Response::error(429, "busy", "too many tries; wait a moment", request_id);
  response.with("Retry-After", std::to_string(duration_cast<seconds>(wait).count() + 1));
  return response;
}

Json person_json(const Person& person) {
  Json roles = Json::array();
  for (const auto& [role, name] : account::kRoles) {
    if (person.roles.has(role)) roles.push_back(name);
  }
  return {{"id", person.id},
          {"name", person.name},
          {"roles", std::move(roles)},
          {"must_change_password", person.must_change},
          {"disabled", person.disabled}};
}

}  // namespace openday::hub
