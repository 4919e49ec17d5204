// The people who work here: list, add, change, and give a new password.
#include "base/random.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Act;
using account::Person;
using account::Right;
using account::Roll;

void Api::commit_person(int status, const Reply& reply, std::function<Result<Person>(Roll&)> work,
                        const std::string& secret) {
  auto made = std::make_shared<std::optional<Person>>();
  parts_.rolls.submit(
      [work = std::move(work), made](Roll& roll) -> Result<> {
        OPENDAY_TRY(*made, work(roll));
        return {};
      },
      [this, status, reply, made, secret](Result<> outcome) {
        if (outcome) outcome = parts_.gate.load();
        if (!outcome) return reply.fail(outcome.error());
        Json answer = person_json(**made);
        if (!secret.empty()) answer["password"] = secret;
        reply.json(status, answer);
      });
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
          commit_person(200, reply,
                        [id = std::string(request.param("p")), changes = *changes, act](Roll& roll) {
                          return account::edit_person(roll, id, changes, act);
                        });
        });
  staff(Right::kManagePeople, Method::kPost, one + "/password",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request, /*may_be_empty=*/true);
          auto fields = body ? read_nothing(*body) : std::unexpected(body.error());
          if (!fields) return reply.fail(fields.error());
          std::string made_up = random_name(8);
          parts_.gate.hash(made_up, [this, id = std::string(request.param("p")), made_up, act,
                                     reply](Result<std::string> hashed) {
            if (!hashed) return reply.fail(hashed.error());
            commit_person(
                200, reply,
                [id, hashed = *hashed, act](Roll& roll) {
                  return account::set_password(roll, id, hashed, /*must_change=*/true, "", act);
                },
                made_up);
          });
        });
}

}  // namespace openday::hub
