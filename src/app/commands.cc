#include "app/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>

#include "app/command_table.h"
#include "app/config.h"
#include "app/data_folder.h"
#include "base/text.h"
#include "wrap/curl/curl.h"
#include "wrap/ssl/digest.h"

namespace openday::app {
namespace {

using Json = nlohmann::json;

constexpr const char* kDefaultConfig = "/etc/openday/openday.toml";

int usage(const std::string& message) {
  fmt::print(stderr, "openday: {}\nSee 'openday --help'.\n", message);
  return 2;
}

// A shell hands on any bytes; JSON takes none but UTF-8.
Result<> check_text(const CommandLine& line) {
  for (const std::string& word : line.words) {
    if (!is_valid_utf8(word)) return fail(Errc::kInvalid, "a word of the command is not UTF-8");
  }
  for (const auto& [name, value] : line.options) {
    if (!is_valid_utf8(name) || !is_valid_utf8(value)) return fail(Errc::kInvalid, "an option is not UTF-8");
  }
  return {};
}

// Commands of one word that work on the data folder, whether or not a server runs.
struct LocalCommand {
  const char* name;
  const char* usage;
  const char* meaning;
  bool wants_file;
  std::vector<std::string> options;
  std::function<Result<>(const std::string& data_dir, const std::string& file, const CommandLine&)> run;
  const char* done;
};

const std::vector<LocalCommand>& local_commands() {
  static const std::vector<LocalCommand> kCommands = {
      {"backup",
       "FILE",
       "write database, server key and admin token into one new file; the server may be running",
       true,
       {},
       [](const std::string& data_dir, const std::string& file, const CommandLine&) {
         return back_up(data_dir, file);
       },
       "Keep {0} safe: whoever has it can do everything. Recorded media is not in it.\n"},
      {"restore",
       "FILE [--force yes]",
       "make the data folder of a stopped server out of such a file",
       true,
       {"--force"},
       [](const std::string& data_dir, const std::string& file, const CommandLine& line) {
         const auto* force = line.option("--force");
         return restore(file, data_dir, force != nullptr && *force == "yes");
       },
       "{1} is as it was when {0} was made. Start the server.\n"},
      {"verify-audit",
       "[--head HASH]",
       "whether every entry of the audit log is as it was written, and none is missing before the last; with "
       "a "
       "head of before, noted elsewhere, whether its end is still there; the server may be running",
       false,
       {"--head"},
       [](const std::string& data_dir, const std::string&, const CommandLine& line) -> Result<> {
         const auto* noted = line.option("--head");
         OPENDAY_TRY(std::string head, verify_audit(data_dir, noted != nullptr ? *noted : ""));
         fmt::print("{}\n", head);
         return {};
       },
       "The audit log of {1} is whole.\n"},
  };
  return kCommands;
}

int run_local(const LocalCommand& command, const CommandLine& line) {
  if (auto known = check_options(line, command.options); !known) return usage(known.error().message);
  if (line.words.size() != (command.wants_file ? 2 : 1))
    return usage(fmt::format("usage: openday {} {}", command.name, command.usage));
  auto config = load_config(config_file_of(line));
  if (!config) return usage(config.error().message);
  std::string file = command.wants_file ? line.words[1] : "";
  if (auto done = command.run(config->data_dir, file, line); !done) {
    fmt::print(stderr, "openday: {}\n", done.error().message);
    return 1;
  }
  fmt::print(fmt::runtime(command.done), file, config->data_dir);
  return 0;
}

// The commands run beside the server: its own configuration tells where it listens and where the token lies.
struct Server {
  std::string url;
  std::string token;
  std::string pin;  // of its TLS key
};

Result<Server> find_server(const std::string& config_file) {
  OPENDAY_TRY(Config config, load_config(config_file));
  const Json& http = config.hub["http"];
  Server server;
  bool tls = http["listen"].empty();
  const Json& listen = http[tls ? "tls" : "listen"];
  if (listen.empty()) return fail(Errc::kInvalid, config_file + ": http.listen and http.tls are both empty");
  std::string host = listen[0]["address"];
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  server.url = fmt::format("{}://{}:{}", tls ? "https" : "http", host, listen[0]["port"].get<int>());
  if (tls) {
    // A certificate names the house as viewers know it, never 127.0.0.1.
    OPENDAY_TRY(std::string certificate, read_file(http["certificate"], 1 << 20));
    OPENDAY_TRY(server.pin, wrap::public_key_pin(certificate));
  }
  OPENDAY_TRY(std::string token, read_file(config.data_dir + "/admin.token", 4096));
  while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
  server.token = std::move(token);
  return server;
}

}  // namespace

const std::string* CommandLine::option(const std::string& name) const {
  auto found = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.first == name; });
  return found == options.end() ? nullptr : &found->second;
}

std::string config_file_of(const CommandLine& line) {
  const auto* file = line.option("--config");
  return file == nullptr ? kDefaultConfig : *file;
}

Result<> check_options(const CommandLine& line, std::vector<std::string> known) {
  known.emplace_back("--config");
  for (const auto& [name, value] : line.options) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string near = nearest(name, known);
    return fail(Errc::kInvalid,
                "unknown option " + name + (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  return {};
}

CommandLine split_command_line(int argc, char** argv) {
  CommandLine line;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (word.rfind("--", 0) != 0 || word.size() == 2) {
      line.words.push_back(word);
    } else if (size_t equals = word.find('='); equals != std::string::npos) {
      line.options.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else {
      line.options.emplace_back(word, i + 1 < argc ? argv[i + 1] : "");
      ++i;
    }
  }
  return line;
}

std::string commands_help() {
  std::string out;
  for (const auto& command : command_table()) {
    out += fmt::format("  {} {} {}\n", command.noun, command.verb, command.usage);
    if (command.meaning[0] != '\0') out += fmt::format("        {}\n", command.meaning);
  }
  return out;
}

std::string local_commands_help() {
  std::string out;
  for (const auto& command : local_commands()) {
    out += fmt::format("  {} {}\n        {}\n", command.name, command.usage, command.meaning);
  }
  return out;
}

int run_command(const CommandLine& line) {
  for (const auto& command : local_commands()) {
    if (line.words[0] == command.name) return run_local(command, line);
  }
  std::vector<std::string> nouns;
  std::vector<std::string> verbs;
  const Command* command = nullptr;
  for (const auto& candidate : command_table()) {
    nouns.emplace_back(candidate.noun);
    if (line.words[0] != candidate.noun) continue;
    verbs.emplace_back(candidate.verb);
    if (line.words.size() > 1 && line.words[1] == candidate.verb) command = &candidate;
  }
  if (verbs.empty()) {
    for (const auto& one : local_commands()) nouns.emplace_back(one.name);
    std::string near = nearest(line.words[0], nouns);
    return usage("unknown command '" + line.words[0] + "'" +
                 (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
  if (command == nullptr) {
    return usage(fmt::format("'{}' wants one of: {}", line.words[0], fmt::join(verbs, ", ")));
  }
  Arguments arguments{{line.words.begin() + 2, line.words.end()}, line};
  if (arguments.words.size() < command->least_words || arguments.words.size() > command->most_words) {
    return usage(fmt::format("usage: openday {} {} {}", command->noun, command->verb, command->usage));
  }
  if (auto known = check_options(line, command->options); !known) return usage(known.error().message);
  if (auto text = check_text(line); !text) return usage(text.error().message);
  auto path = command->path(arguments);
  if (!path) return usage(path.error().message);
  Result<Json> body = command->body ? command->body(arguments) : Result<Json>(nullptr);
  if (!body) return usage(body.error().message);
  auto server = find_server(config_file_of(line));
  if (!server) return usage(server.error().message);

  std::vector<std::string> headers = {"Authorization: Bearer " + server->token,
                                      "Content-Type: application/json"};
  auto answer =
      wrap::http_request(command->method, server->url + *path, headers, body->is_null() ? "" : body->dump(),
                         std::chrono::seconds(15), server->pin);
  if (!answer) {
    if (answer.error().code == Errc::kRefused) {
      fmt::print(stderr,
                 "openday: {}\nhttp.certificate is not what is served there. If it was renewed just now, "
                 "try again in half a minute.\n",
                 answer.error().message);
      return 1;
    }
    fmt::print(stderr, "openday: {}\nIs the server running? Start it with 'openday serve --config {}'.\n",
               answer.error().message, config_file_of(line));
    return 1;
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (answer->status >= 400) {
    auto error = json.is_object() && json.contains("error") ? json["error"] : Json::object();
    fmt::print(stderr, "openday: {} ({}, error id {})\n", error.value("message", "the server refused"),
               answer->status, error.value("id", "none"));
    return 1;
  }
  if (!json.is_discarded() && !answer->body.empty()) fmt::print("{}\n", json.dump(2));
  return 0;
}

}  // namespace openday::app
