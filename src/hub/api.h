// The HTTP API of docs/API.md over the books, the engines and the viewers' side.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "broadcast/ledger.h"
#include "hub/api_values.h"
#include "hub/clips.h"
#include "hub/conductor.h"
#include "hub/desk_office.h"
#include "hub/gate.h"
#include "hub/http.h"
#include "hub/moderators.h"
#include "hub/word_rules.h"

namespace openday::hub {

struct ApiSettings {
  media::HouseFormat house;       // of new broadcasts
  IngestAddresses ingest;         // host empty: the one the request was sent to
  Json site = Json::object();     // "site" of the public list
  Json layouts = Json::object();  // answer of /admin/layouts
};

/// The answer to one request, to be given now or later; copies share it.
class Reply {
 public:
  Reply(Responder responder, std::string id)
      : responder_(std::make_shared<Responder>(std::move(responder))), id_(std::move(id)) {}

  void json(int status, const Json& body) const { responder_->send(Response::json(status, dump(body))); }
  void nothing() const { responder_->send(Response::empty(204)); }
  void send(Response response) const { responder_->send(std::move(response)); }
  void fail(const Error& error) const;
  /// Unless there was another answer by then: after `patience`, `answer`.
  void at_latest(Duration patience, const Response& answer) const {
    responder_->set_deadline(patience, [answer] { return answer; });
  }
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  std::shared_ptr<Responder> responder_;
  std::string id_;
};

/// Home thread: the hub's. Everything it is given outlives it, and it outlives the router's last request.
class Api {
 public:
  struct Parts {
    Router& router;
    broadcast::Books& books;
    const broadcast::Rules& rules;
    Gate& gate;
    account::Rolls& rolls;
    Engines& engines;
    Publishers& publishers;
    Audience& audience;
    ControlRoom& room;
    Rooms& rooms;
    Moderators& moderators;
    engage::Archives& archives;
    WordRules& words;
    Conductor& conductor;
    const Clock& clock;
    /// The broadcast's media may go. `done` hears when nobody can have it any more and the books know that,
    /// or why that must be tried again.
    std::function<void(const std::string& broadcast, std::function<void(Result<>)> done)> delete_media;
    Log log;
    // All three, or none: this server takes no tips.
    DeskOffice* desk = nullptr;
    OfficerKeys* officer_keys = nullptr;
    ControlRoom* desk_room = nullptr;
    Clips* clips = nullptr;  // of tips; none: none are kept
  };
  struct StaffRoute {
    account::Right right;
    Method method;
    std::string pattern;
  };

  Api(Parts parts, ApiSettings settings);
  Api(const Api&) = delete;

  void add_routes();
  /// Every route that is not everybody's, with the right it needs; a test walks them.
  [[nodiscard]] const std::vector<StaffRoute>& staff_routes() const { return staff_routes_; }
  /// The WebSockets among them.
  [[nodiscard]] const std::vector<StaffRoute>& staff_sockets() const { return staff_sockets_; }

 private:
  using StaffHandler = std::function<void(const Request&, const account::Act&, const Reply&)>;
  using VisitorHandler = std::function<void(const Request&, const Gate::Visitor&, Responder)>;

  void staff(account::Right right, Method method, const std::string& pattern, StaffHandler handler,
             RouteOptions options = {});
  void visitor(account::Right right, Method method, const std::string& pattern, VisitorHandler handler,
               RouteOptions options = {});
  void socket(account::Right right, const std::string& pattern, WebSocketRoute route);
  void add_public_routes();
  void add_session_routes();
  void add_people_routes();
  /// The path of one broadcast, and the id that a request names in it.
  inline static const std::string kOne = "/api/v1/admin/broadcasts/{b}";
  static std::string id_in(const Request& request) { return std::string(request.param("b")); }

  void add_broadcast_routes();
  void add_life_routes();
  void add_program_routes();
  void add_withdrawal_routes();
  void add_scene_routes();
  void add_target_routes();
  void add_venue_routes();
  void add_picture_routes();
  void add_moderation_routes();
  void add_word_routes();
  void add_desk_routes();
  void add_roster_routes();
  void add_tip_routes();
  void add_clip_routes();

  /// Somebody whose keys are open.
  using Officer = DeskOffice::Reader;
  using DeskHandler = std::function<void(const Request&, const Officer&, const Reply&)>;
  using OfficerHandler = std::function<void(const Request&, const Officer&, Responder)>;
  /// What works with tips is for the roster; what puts somebody on it is for every officer.
  enum class Key { kOnRoster, kAny };
  /// For officers; 423 `locked` when their keys are not open, 403 when nobody has vouched for them,
  /// 409 before the desk is founded.
  void officer(Method method, const std::string& pattern, OfficerHandler handler, Key key = Key::kOnRoster);
  /// The same.
  void unlocked(Method method, const std::string& pattern, DeskHandler handler, Key key = Key::kOnRoster);
  /// Answers, and lets the other officers' pages know.
  void desk_changed(const Reply& reply, const Result<>& outcome);

  void send_public_list(const Reply& reply);
  void send_public(const std::string& id, const Reply& reply);
  void take(const std::string& id, const broadcast::Scene& scene, const broadcast::Act& act,
            const Reply& reply);
  void change_mix(const std::string& id, const Json& body, const broadcast::Act& act, const Reply& reply);
  void withdraw(const std::string& id, const Json& body, const broadcast::Act& act, const Reply& reply);
  void rotate_key(const std::string& venue, const std::string& host, const broadcast::Act& act,
                  const Reply& reply);

  /// Commits `work`, tells everybody of the changed broadcast, answers with it.
  void commit_broadcast(int status, const Reply& reply,
                        std::function<Result<broadcast::Broadcast>(broadcast::Ledger&)> work);
  /// Commits `work`, reads the broadcast it belongs to again for everybody, then `answer`s.
  template <class T>
  void commit_part(const std::string& broadcast, const Reply& reply,
                   std::function<Result<T>(broadcast::Ledger&)> work, std::function<void(T)> answer);
  void tell_changed(const std::string& broadcast);
  /// Commits `work` about a person, and answers with them; `secret` is told once.
  void commit_person(int status, const Reply& reply,
                     std::function<Result<account::Person>(account::Roll&)> work,
                     const std::string& secret = {}, bool even_last_officer = false);

  [[nodiscard]] engage::Decider decider(const account::Act& act) const;
  /// The id when the account is gone.
  [[nodiscard]] std::string name_of_person(const std::string& id) const;
  /// `claimed`: what was not even tried.
  void answer_decided(const std::string& id, const engage::Decided& decided,
                      const std::vector<engage::Refusal>& claimed, const Reply& reply);
  /// Commits `work` about a room, then goes on with what it made.
  template <class T>
  void commit_room(const Reply& reply, std::function<Result<T>(engage::Archive&)> work,
                   std::function<void(T)> then);

  void commit_words(const std::string& name, const Reply& reply, engage::Archives::Work work);

  Parts parts_;
  const ApiSettings settings_;
  std::vector<StaffRoute> staff_routes_;
  std::vector<StaffRoute> staff_sockets_;
  Throttle recoveries_;  // by person

  // Public answers, rendered once for all who ask within a second; dropped when anything changes.
  struct Cached {
    std::shared_ptr<const SharedResponse> response;
    HouseTime until;
  };
  static constexpr size_t kMaxCached = 256;
  void forget_cached() { cached_.clear(); }
  std::map<std::string, Cached> cached_;  // by id of the broadcast; "" is the list
};

template <class T>
void Api::commit_part(const std::string& broadcast, const Reply& reply,
                      std::function<Result<T>(broadcast::Ledger&)> work, std::function<void(T)> answer) {
  broadcast::submit<T>(parts_.books, std::move(work),
                       [this, broadcast, reply, answer = std::move(answer)](Result<T> outcome) {
                         if (!outcome) return reply.fail(outcome.error());
                         tell_changed(broadcast);
                         answer(std::move(*outcome));
                       });
}

}  // namespace openday::hub
