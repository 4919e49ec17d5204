// The institution's word lists: read, replace, remove.
#include "base/check_text.h"
#include "engage/word_list.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Act;
using account::Right;
using engage::Archive;
using engage::WordListText;

namespace {

Json list_json(const WordListText& list, size_t words, const std::string& by_name) {
  return {{"name", list.name},
          {"words", words},
          {"changed_at", list.changed_at.ms},
          {"by", list.by},
          {"by_name", by_name}};
}

Result<WordListText> find_list(engage::ArchiveView& archive, const std::string& name) {
  OPENDAY_TRY(auto lists, archive.word_lists());
  for (auto& list : lists) {
    if (list.name == name) return std::move(list);
  }
  return fail(Errc::kNotFound, "there is no word list " + name);
}

Result<> note(Archive& archive, const Act& act, const char* action, const std::string& name) {
  return archive.append({0, act.at, act.by, act.via, action, name, ""});
}

}  // namespace

void Api::add_word_routes() {
  const std::string all = "/api/v1/admin/word-lists";
  const std::string one = all + "/{name}";
  // JSON may need six bytes for one of the text's.
  const RouteOptions large{.max_body = engage::kLargestList * 2};

  staff(Right::kModerate, Method::kGet, all, [this](const Request&, const Act&, const Reply& reply) {
    auto lists = parts_.archives.archive().word_lists();
    if (!lists) return reply.fail(lists.error());
    Json list = Json::array();
    for (const auto& known : *lists)
      list.push_back(list_json(known, parts_.words.words(known.name), name_of_person(known.by)));
    reply.json(200, {{"lists", std::move(list)}});
  });
  staff(Right::kModerate, Method::kGet, one, [this](const Request& request, const Act&, const Reply& reply) {
    auto list = find_list(parts_.archives.archive(), std::string(request.param("name")));
    if (!list) return reply.fail(list.error());
    Json json = list_json(*list, parts_.words.words(list->name), name_of_person(list->by));
    json["text"] = list->text;
    reply.json(200, json);
  });
  staff(
      Right::kModerate, Method::kPut, one,
      [this](const Request& request, const Act& act, const Reply& reply) {
        auto body = parse_body(request);
        if (!body) return reply.fail(body.error());
        Fields fields(*body);
        std::string text = fields.need("text", fields.text("text"));
        std::string name(request.param("name"));
        if (auto good = fields.finish(); !good) return reply.fail(good.error());
        if (auto good = check_id("name", name); !good) return reply.fail(good.error());
        WordListText list{name, text, act.at, act.by};
        parts_.words.check(name, text, [this, list, act, reply](const Result<>& readable) {
          if (!readable) return reply.fail(readable.error());
          commit_words(list.name, reply, [list, act](Archive& archive) -> Result<> {
            OPENDAY_TRY(auto present, archive.word_lists());
            bool fresh =
                std::ranges::none_of(present, [&](const auto& known) { return known.name == list.name; });
            if (fresh && present.size() >= WordRules::kMostLists) {
              return fail(Errc::kLimit, "there are 50 word lists already; remove one first");
            }
            OPENDAY_CHECK_OK(archive.put(list));
            return note(archive, act, "word_list.put", list.name);
          });
        });
      },
      large);
  staff(Right::kModerate, Method::kDelete, one,
        [this](const Request& request, const Act& act, const Reply& reply) {
          std::string name(request.param("name"));
          commit_words(name, reply, [name, act](Archive& archive) -> Result<> {
            OPENDAY_CHECK_OK(archive.remove_word_list(name));
            return note(archive, act, "word_list.remove", name);
          });
        });
}

/// Commits, and answers when it counts: with the list, or with nothing when it has gone.
void Api::commit_words(const std::string& name, const Reply& reply, engage::Archives::Work work) {
  parts_.archives.submit(std::move(work), [this, name, reply](const Result<>& outcome) {
    if (!outcome) return reply.fail(outcome.error());
    parts_.words.reload([this, name, reply](const Result<>& loaded) {
      if (!loaded) return reply.fail(loaded.error());
      auto list = find_list(parts_.archives.archive(), name);
      if (!list) return reply.nothing();
      reply.json(200, list_json(*list, parts_.words.words(name), name_of_person(list->by)));
    });
  });
}

}  // namespace openday::hub
