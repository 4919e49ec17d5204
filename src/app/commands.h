// The administrator's commands: each is one request to the running server's API (docs/API.md), but for those
// that work on its data folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace openday::app {

struct CommandLine {
  std::vector<std::string> words;  // what stands on the command line, options taken out
  std::vector<std::pair<std::string, std::string>> options;  // "--name" → value

  [[nodiscard]] const std::string* option(const std::string& name) const;
};

/// Splits argv (without the program's name). Every option takes a value: "--title X" or "--title=X".
CommandLine split_command_line(int argc, char** argv);

/// What --config names, or the file that is used without it.
std::string config_file_of(const CommandLine& line);

/// kInvalid, with the nearest right one: an option that is neither in `known` nor --config.
Result<> check_options(const CommandLine& line, std::vector<std::string> known = {});

/// Runs "venue create …" and its like, or "backup" and "restore", which need no server. Returns the exit
/// status: 0 done, 1 refused, 2 wrong usage.
int run_command(const CommandLine& line);

/// The commands to the server, one a line, for --help.
std::string commands_help();
/// Those that work on the data folder.
std::string local_commands_help();

}  // namespace openday::app
