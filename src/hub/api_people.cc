// The people who work here: list, add, change, and give a new password.
#include "base/random.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Act;
using account::Person;
using account::Right;
using account::Roll;
using account::Rolls;

void Api::commit_person(int status, const Reply& reply, std::function<Result<Person>(Roll&)> work,
                        const std::string& secret, bool even_last_officer) {
  auto made = std::make_shared<std::optional<Person>>();
  Rolls::Work change = [work = std::move(work), made](Roll& roll) -> Result<> {
    OPENDAY_TRY(*made, work(roll));
    return {};
  };
  Rolls::Done answer = [this, status, reply, made, secret](Result<> outcome) {
    if (outcome) outcome = parts_.gate.load();
    if (!outcome) return reply.fail(outcome.error());
    Json body = person_json(**made);
    if (!secret.empty()) body["password"] = secret;
    reply.json(status, body);
  };
  if (parts_.desk == nullptr) return parts_.rolls.submit(std::move(change), std::move(answer));
  parts_.desk->change_people(std::move(change), even_last_officer, std::move(answer));
}

void Api::add_people_routes() {
  const std::string all = "/api/v1/admin/people";
  const std::string one = all + "/{p}";
  staff(Right::kManagePeople, Method::kGet, all, [this](const Request&, const Act&, const Reply& reply) {
    auto people = parts_.rolls.roll().people();
    if (!people) return reply.fail(people.error());
    Json list = Json::array();
    for (const auto& person : *people) list.push_back(person_json(person));
    reply.json(200, {{"people", std::move(list)}});
  });
  staff(Right::kManagePeople, Method::kPost, all,
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto wanted = body ? read_new_person(*body) : std::unexpected(body.error());
          if (!wanted) return reply.fail(wanted.error());
          if (wanted->password) {
            if (auto good = account::check_password(*wanted->password, wanted->id); !good)
              return reply.fail(good.error());
          }
          std::string made_up = wanted->password ? "" : random_name(8);
          parts_.gate.hash(wanted->password.value_or(made_up), [this, wanted = *wanted, made_up, act,
                                                                reply](Result<std::string> hashed) {
            if (!hashed) return reply.fail(hashed.error());
            account::NewPerson made{wanted.id, wanted.name, wanted.roles, *hashed};
            commit_person(
                201, reply, [made, act](Roll& roll) { return account::add_person(roll, made, act); },
                made_up);
          });
        });
  staff(Right::kManagePeople, Method::kGet, one,
        [this](const Request& request, const Act&, const Reply& reply) {
          auto person = parts_.rolls.roll().person(std::string(request.param("p")));
          if (!person) return reply.fail(person.error());
          reply.json(200, person_json(*person));
        });
  staff(Right::kManagePeople, Method::kPatch, one,
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto changes = body ? read_person_changes(*body) : std::unexpected(body.error());
          if (!changes) return reply.fail(changes.error());
          commit_person(
              200, reply,
              [id = std::string(request.param("p")), changes = changes->changes, act](Roll& roll) {
                return account::edit_person(roll, id, changes, act);
              },
              {}, changes->even_last_officer);
        });
  staff(Right::kManagePeople, Method::kPost, one + "/password",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request, /*may_be_empty=*/true);
          auto meant = body ? read_password_reset(*body) : std::unexpected(body.error());
          if (!meant) return reply.fail(meant.error());
          std::string made_up = random_name(8);
          parts_.gate.hash(made_up, [this, id = std::string(request.param("p")), made_up, act, meant = *meant,
                                     reply](Result<std::string> hashed) {
            if (!hashed) return reply.fail(hashed.error());
            commit_person(
                200, reply,
                [id, hashed = *hashed, act](Roll& roll) {
                  return account::set_password(roll, id, {.hash = hashed, .must_change = true}, act);
                },
                made_up, meant.even_last_officer);
          });
        });
}

}  // namespace openday::hub
