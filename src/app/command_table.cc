#include "app/command_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace openday::app {
namespace {

using Json = nlohmann::json;

Json split_list(const std::string& text) {
  Json list = Json::array();
  for (size_t at = 0; at <= text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) list.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return list;
}

// A time as the API takes it: a number is milliseconds since 1970.
Json time_of(const std::string& word) {
  if (auto ms = decimal<int64_t>(word)) return *ms;
  return word;
}

// Fills a body from options; what is wrong with one is told at the end.
class BodyOf {
 public:
  explicit BodyOf(const Arguments& a, Json body = Json::object()) : a_(a), body_(std::move(body)) {}

  BodyOf& text(const char* option, const char* key) {
    if (const auto* value = a_.line.option(option)) body_[key] = *value;
    return *this;
  }
  /// As the API takes it; "none" takes a time away.
  BodyOf& time(const char* option, const char* key) {
    const auto* value = a_.line.option(option);
    if (value != nullptr) body_[key] = *value == "none" ? Json(nullptr) : time_of(*value);
    return *this;
  }
  BodyOf& list(const char* option, const char* key) {
    if (const auto* value = a_.line.option(option)) body_[key] = split_list(*value);
    return *this;
  }
  BodyOf& number(const char* option, const char* key) {
    const auto* value = a_.line.option(option);
    if (value == nullptr) return *this;
    Json number = Json::parse(*value, nullptr, false);
    if (!number.is_number()) return wrong(option, "a number", *value);
    body_[key] = std::move(number);
    return *this;
  }
  BodyOf& truth(const char* option, const char* key) {
    const auto* value = a_.line.option(option);
    if (value == nullptr) return *this;
    if (*value != "yes" && *value != "no") return wrong(option, "yes or no", *value);
    body_[key] = *value == "yes";
    return *this;
  }
  /// Where a venue's pictures come from: one of four options.
  BodyOf& source() {
    for (const char* kind : {"ingest", "pull", "file", "test"}) {
      std::string option = std::string("--") + kind;
      const auto* value = a_.line.option(option);
      if (value == nullptr) continue;
      if (body_.contains("source")) return wrong(option, "one source", "two");
      bool plain = std::string_view(kind) == "ingest" || std::string_view(kind) == "test";
      if (plain && *value != "yes") return wrong(option, "yes", *value);
      body_["source"] = {{"kind", kind}};
      if (!plain) body_["source"][std::string_view(kind) == "pull" ? "url" : "path"] = *value;
    }
    return *this;
  }
  /// What is said of a venue, and of a broadcast, when it is made and when it is changed.
  BodyOf& venue() { return source().number("--av-offset", "av_offset_ms").number("--jitter", "jitter_ms"); }
  BodyOf& broadcast() {
    return time("--starts-at", "starts_at")
        .text("--description", "description")
        .text("--language", "language")
        .truth("--hidden", "hidden")
        .list("--venues", "venues");
  }
  /// A change that changes nothing is a slip.
  Result<Json> change() {
    if (!error_ && body_.empty()) return fail(Errc::kInvalid, "nothing to change: give at least one option");
    return done();
  }
  Result<Json> done() {
    if (error_) return std::unexpected(*error_);
    return std::move(body_);
  }

 private:
  BodyOf& wrong(const std::string& option, const char* expected, const std::string& value) {
    if (!error_)
      error_ = Error{Errc::kInvalid, fmt::format("{} wants {}, not '{}'", option, expected, value)};
    return *this;
  }

  const Arguments& a_;
  Json body_;
  std::optional<Error> error_;
};

const std::vector<std::string> kSources = {"--ingest", "--pull", "--file", "--test"};

std::vector<std::string> with_sources(std::vector<std::string> options) {
  options.insert(options.end(), kSources.begin(), kSources.end());
  return options;
}

Result<Json> nothing(const Arguments&) {
  return Json::object();
}

Json scene(const Arguments& a, size_t from) {
  return {{"layout", a.words[from]}, {"venues", split_list(a.words[from + 1])}};
}

using Path = std::function<Result<std::string>(const Arguments&)>;

// The first `{}` is the first word, and so on. Nothing but ids may stand there.
Path path(const char* pattern) {
  return [pattern](const Arguments& a) -> Result<std::string> {
    std::string out = "/api/v1/admin";
    size_t word = 0;
    for (std::string_view rest = pattern; !rest.empty();) {
      size_t hole = std::min(rest.find("{}"), rest.size());
      out += rest.substr(0, hole);
      if (hole == rest.size()) break;
      const std::string& id = a.words[word++];
      if (!is_slug(id)) {
        return fail(Errc::kInvalid,
                    fmt::format("'{}' is not an id (lower-case letters, digits, - and _)", id));
      }
      out += id;
      rest.remove_prefix(hole + 2);
    }
    return out;
  };
}

}  // namespace

const std::vector<Command>& command_table() {
  static const std::vector<Command> kCommands = {
      {"venue", "list", "", "the venues", 0, 0, {}, "GET", path("/venues"), nullptr},
      {"venue", "show", "ID", "one venue", 1, 1, {}, "GET", path("/venues/{}"), nullptr},
      {"venue", "create",
       "NAME [--id ID] [--pull URL | --file PATH | --test yes] [--av-offset MS] [--jitter MS]",
       "a place that sends a feed; without a source it publishes to us", 1, 1,
       with_sources({"--id", "--av-offset", "--jitter"}), "POST", path("/venues"),
       [](const Arguments& a) {
         return BodyOf(a, {{"name", a.words[0]}}).text("--id", "id").venue().done();
       }},
      {"venue", "change",
       "ID [--name TEXT] [--ingest yes | --pull URL | --file PATH | --test yes] [--av-offset MS] "
       "[--jitter MS]",
       "what is not named stays", 1, 1, with_sources({"--name", "--av-offset", "--jitter"}), "PATCH",
       path("/venues/{}"),
       [](const Arguments& a) { return BodyOf(a).text("--name", "name").venue().change(); }},
      {"venue",
       "key",
       "ID",
       "make a new ingest key (the old one stops working) and show it once",
       1,
       1,
       {},
       "POST",
       path("/venues/{}/key"),
       nothing},
      {"venue", "delete", "ID", "", 1, 1, {}, "DELETE", path("/venues/{}"), nullptr},

      {"broadcast", "list", "", "the broadcasts", 0, 0, {}, "GET", path("/broadcasts"), nullptr},
      {"broadcast", "show", "ID", "one broadcast", 1, 1, {}, "GET", path("/broadcasts/{}"), nullptr},
      {"broadcast",
       "create",
       "TITLE --venues ID,ID… [--id ID] [--starts-at TIME] [--description TEXT] [--language TAG] [--hidden "
       "yes]",
       "schedule a broadcast",
       1,
       1,
       {"--id", "--venues", "--starts-at", "--description", "--language", "--hidden"},
       "POST",
       path("/broadcasts"),
       [](const Arguments& a) {
         return BodyOf(a, {{"title", a.words[0]}, {"venues", Json::array()}})
             .text("--id", "id")
             .broadcast()
             .done();
       }},
      {"broadcast",
       "change",
       "ID [--title TEXT] [--venues ID,ID…] [--starts-at TIME|none] [--description TEXT] [--language TAG] "
       "[--hidden yes|no]",
       "what is not named stays",
       1,
       1,
       {"--title", "--venues", "--starts-at", "--description", "--language", "--hidden"},
       "PATCH",
       path("/broadcasts/{}"),
       [](const Arguments& a) { return BodyOf(a).text("--title", "title").broadcast().change(); }},
      {"broadcast",
       "delete",
       "ID",
       "one that is not on the way, with its recording",
       1,
       1,
       {},
       "DELETE",
       path("/broadcasts/{}"),
       nullptr},
      {"broadcast",
       "rehearse",
       "ID",
       "start mixing, unseen by viewers",
       1,
       1,
       {},
       "POST",
       path("/broadcasts/{}/rehearse"),
       nothing},
      {"broadcast",
       "go-live",
       "ID",
       "show the program to viewers",
       1,
       1,
       {},
       "POST",
       path("/broadcasts/{}/go-live"),
       nothing},
      {"broadcast",
       "end",
       "ID",
       "end it for good; the replay stays",
       1,
       1,
       {},
       "POST",
       path("/broadcasts/{}/end"),
       [](const Arguments& a) { return Json{{"confirm", a.words[0]}}; }},
      {"broadcast",
       "take",
       "ID LAYOUT VENUE,VENUE… [--title TEXT]",
       "put a scene on air",
       3,
       3,
       {"--title"},
       "POST",
       path("/broadcasts/{}/take"),
       [](const Arguments& a) { return BodyOf(a, scene(a, 1)).text("--title", "title").done(); }},
      {"broadcast",
       "slate",
       "ID on|off",
       "the emergency slate",
       2,
       2,
       {},
       "POST",
       path("/broadcasts/{}/slate"),
       [](const Arguments& a) -> Result<Json> {
         if (a.words[1] != "on" && a.words[1] != "off") return fail(Errc::kInvalid, "slate wants on|off");
         return Json{{"on", a.words[1] == "on"}};
       }},
      {"broadcast",
       "mix",
       "ID VENUE [--gain DB] [--mute yes|no]",
       "one venue's sound: -60 to 12 dB, and whether it is heard",
       2,
       2,
       {"--gain", "--mute"},
       "PATCH",
       path("/broadcasts/{}/mix"),
       [](const Arguments& a) -> Result<Json> {
         OPENDAY_TRY(Json one, BodyOf(a).number("--gain", "gain_db").truth("--mute", "mute").change());
         return Json{{"venues", {{a.words[1], std::move(one)}}}};
       }},
      {"broadcast",
       "withdraw",
       "ID FROM TO REASON",
       "take a range out of DVR, replay and thumbnails",
       4,
       4,
       {},
       "POST",
       path("/broadcasts/{}/withdraw"),
       [](const Arguments& a) {
         return Json{{"from", time_of(a.words[1])}, {"to", time_of(a.words[2])}, {"reason", a.words[3]}};
       }},
      {"broadcast",
       "status",
       "ID",
       "what the engine says",
       1,
       1,
       {},
       "GET",
       path("/broadcasts/{}/status"),
       nullptr},

      {"scene", "list", "BROADCAST", "saved scenes", 1, 1, {}, "GET", path("/broadcasts/{}/scenes"), nullptr},
      {"scene",
       "save",
       "BROADCAST NAME LAYOUT VENUE,VENUE… [--title TEXT]",
       "keep a scene for later; one of that name is replaced",
       4,
       4,
       {"--title"},
       "PUT",
       path("/broadcasts/{}/scenes/{}"),
       [](const Arguments& a) { return BodyOf(a, scene(a, 2)).text("--title", "title").done(); }},
      {"scene",
       "take",
       "BROADCAST NAME",
       "put a saved scene on air",
       2,
       2,
       {},
       "POST",
       path("/broadcasts/{}/take"),
       [](const Arguments& a) { return Json{{"saved", a.words[1]}}; }},
      {"scene",
       "delete",
       "BROADCAST NAME",
       "",
       2,
       2,
       {},
       "DELETE",
       path("/broadcasts/{}/scenes/{}"),
       nullptr},

      {"target",
       "list",
       "BROADCAST",
       "push targets",
       1,
       1,
       {},
       "GET",
       path("/broadcasts/{}/targets"),
       nullptr},
      {"target",
       "add",
       "BROADCAST NAME URL [--key KEY] [--rendition NAME] [--id ID]",
       "restream the program by RTMP(S) or SRT; an RTMP URL may end in its key",
       3,
       3,
       {"--key", "--rendition", "--id"},
       "POST",
       path("/broadcasts/{}/targets"),
       [](const Arguments& a) {
         return BodyOf(a, {{"name", a.words[1]}, {"url", a.words[2]}, {"enabled", true}})
             .text("--key", "key")
             .text("--rendition", "rendition")
             .text("--id", "id")
             .done();
       }},
      {"target",
       "change",
       "BROADCAST ID [--enabled yes|no] [--name TEXT] [--url URL] [--key KEY] [--rendition NAME]",
       "what is not named stays; a new URL needs its key again",
       2,
       2,
       {"--enabled", "--name", "--url", "--key", "--rendition"},
       "PATCH",
       path("/broadcasts/{}/targets/{}"),
       [](const Arguments& a) {
         return BodyOf(a)
             .truth("--enabled", "enabled")
             .text("--name", "name")
             .text("--url", "url")
             .text("--key", "key")
             .text("--rendition", "rendition")
             .change();
       }},
      {"target",
       "remove",
       "BROADCAST ID",
       "",
       2,
       2,
       {},
       "DELETE",
       path("/broadcasts/{}/targets/{}"),
       nullptr},

      {"person", "list", "", "who may log in", 0, 0, {}, "GET", path("/people"), nullptr},
      {"person",
       "add",
       "ID NAME --roles ROLE,ROLE…",
       "of admin, producer, moderator, officer; shows the first password once, to be changed at log-in",
       2,
       2,
       {"--roles"},
       "POST",
       path("/people"),
       [](const Arguments& a) {
         return BodyOf(a, {{"id", a.words[0]}, {"name", a.words[1]}}).list("--roles", "roles").done();
       }},
      {"person",
       "change",
       "ID [--name TEXT] [--roles ROLE,ROLE…] [--disabled yes|no] [--even-last-officer yes]",
       "what is not named stays; who is disabled is out at once",
       1,
       1,
       {"--name", "--roles", "--disabled", "--even-last-officer"},
       "PATCH",
       path("/people/{}"),
       [](const Arguments& a) {
         return BodyOf(a)
             .text("--name", "name")
             .list("--roles", "roles")
             .truth("--disabled", "disabled")
             .truth("--even-last-officer", "even_last_officer")
             .change();
       }},
      {"person",
       "password",
       "ID [--even-last-officer yes]",
       "make a new password and show it once; ends their sessions",
       1,
       1,
       {"--even-last-officer"},
       "POST",
       path("/people/{}/password"),
       [](const Arguments& a) { return BodyOf(a).truth("--even-last-officer", "even_last_officer").done(); }},

      {"word-list",
       "list",
       "",
       "what comments are looked through for",
       0,
       0,
       {},
       "GET",
       path("/word-lists"),
       nullptr},
      {"word-list", "show", "NAME", "", 1, 1, {}, "GET", path("/word-lists/{}"), nullptr},
      {"word-list",
       "set",
       "NAME FILE",
       "takes the place of what was there; counts from the next comment on",
       2,
       2,
       {},
       "PUT",
       path("/word-lists/{}"),
       [](const Arguments& a) -> Result<Json> {
         constexpr size_t kMost = size_t{1} << 20;
         OPENDAY_TRY(std::string text, read_file(a.words[1], kMost));
         return Json{{"text", std::move(text)}};
       }},
      {"word-list", "delete", "NAME", "", 1, 1, {}, "DELETE", path("/word-lists/{}"), nullptr},

      {"audit",
       "list",
       "",
       "the newest hundred entries of the audit log",
       0,
       0,
       {},
       "GET",
       path("/audit"),
       nullptr},
  };
  return kCommands;
}

}  // namespace openday::app
