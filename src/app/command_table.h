// What the administrator's commands send to the running server: one request each (docs/API.md).
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands.h"

namespace openday::app {

struct Arguments {
  std::vector<std::string> words;  // after the command's own two words
  const CommandLine& line;
};

struct Command {
  const char* noun;
  const char* verb;
  const char* usage;    // what follows the verb
  const char* meaning;  // empty: the verb says it
  size_t least_words;
  size_t most_words;
  std::vector<std::string> options;
  const char* method;
  std::function<Result<std::string>(const Arguments&)> path;
  std::function<Result<nlohmann::json>(const Arguments&)> body;  // null: none
};

/// In the order of --help.
const std::vector<Command>& command_table();

}  // namespace openday::app
