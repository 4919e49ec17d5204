// The one binary. `serve` supervises; `child ROLE` is what it starts; the rest are the administrator's
// commands.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>

#include "app/commands.h"
#include "app/config.h"
#include "app/data_folder.h"
#include "app/processes.h"
#include "app/supervisor.h"
#include "base/text.h"

namespace openday::app {
namespace {

int help() {
  fmt::print(
      "openday {} - live broadcasting for public institutions\n\n"
      "  serve [--config FILE]\n        run the server ({} by default)\n"
      "  check-config [FILE]\n        say what is wrong with a configuration, or that nothing is\n"
      "  config-reference\n        every key of the configuration\n"
      "{}\n"
      "Commands to the running server (each takes --config FILE to find it):\n{}\n"
      "  --help, --version\n",
      OPENDAY_VERSION, config_file_of({}), local_commands_help(), commands_help());
  return 0;
}

/// What can be started with.
Result<Config> usable_config(const std::string& file) {
  OPENDAY_TRY(Config config, load_config(file));
  OPENDAY_CHECK_OK(check_certificate(config, file));
  OPENDAY_CHECK_OK(check_pipelines(config, file));
  return config;
}

int check_config(const std::string& file) {
  auto config = usable_config(file);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  fmt::print("{}: fine\n", file);
  return 0;
}

// A peer that is gone, or a file that may not grow any more (a limit, a quota), is what a write says, not an
// end.
void ignore_fatal_writes() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

int serve(const std::string& file) {
  auto config = usable_config(file);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 1;
  }
  std::error_code error;
  std::filesystem::create_directories(config->data_dir, error);
  if (error || ::access(config->data_dir.c_str(), W_OK) != 0) {
    fmt::print(stderr,
               "{}: server.data_dir: {} cannot be written; create it for this user or choose another\n", file,
               config->data_dir);
    return 1;
  }
  auto held = hold_data_folder(config->data_dir);
  if (!held) {
    fmt::print(stderr, "{}: server.data_dir: {}; each server needs a folder of its own\n", file,
               held.error().message);
    return 1;
  }
  rlimit no_cores{0, 0};  // a core dump would hold keys and people's words
  ::setrlimit(RLIMIT_CORE, &no_cores);
  ::umask(077);
  ignore_fatal_writes();

  Log log("supervisor", *parse_log_level(config->log_level));
  SystemClock clock;
  auto loop = Loop::create(clock);
  if (!loop) {
    fmt::print(stderr, "openday: {}\n", loop.error().message);
    return 1;
  }
  sigset_t asked;
  sigemptyset(&asked);
  sigaddset(&asked, SIGINT);
  sigaddset(&asked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &asked, nullptr);
  UniqueFd signals(::signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK));
  Supervisor supervisor(**loop, clock, log, *config);
  auto watched = (*loop)->watch(signals.get(), Loop::kRead, [&](uint32_t) {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info) supervisor.stop();
  });
  if (!watched || !supervisor.start()) {
    log.error("start_failed");
    return 1;
  }
  (*loop)->run();
  log.info("stopped");
  return 0;
}

int child(const std::string& role) {
  ignore_fatal_writes();
  UniqueFd control(3);
  if (role == "hub") {
#ifndef OPENDAY_SANITIZE_ADDRESS  // whose leak checker looks into its own process
    // Officers' keys and tips on their way are in its memory: no dump, and no debugger of the same user.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    return run_hub(std::move(control));
  }
  if (role == "gateway") return run_gateway(std::move(control));
  if (role == "feed") return run_feed(std::move(control));
  if (role == "engine") return run_engine(std::move(control));
  if (role == "photo") return run_photo(std::move(control));
  fmt::print(stderr, "openday: 'child' is started by 'serve', not by hand\n");
  return 2;
}

int run(int argc, char** argv) {
  if (argc >= 2) {
    std::string_view first = argv[1];
    std::span<char*> words(argv + 1, static_cast<size_t>(argc - 1));
    auto asks_for_help = [](std::string_view word) { return word == "--help" || word == "-h"; };
    if (first == "help" || std::ranges::any_of(words, asks_for_help)) return help();
    if (first == "--version" || first == "version") {
      fmt::print("openday {}\n", OPENDAY_VERSION);
      return 0;
    }
    if (first == "child" && argc == 3) return child(argv[2]);
    if (first == "config-reference") {
      fmt::print("{}", config_reference());
      return 0;
    }
  }
  CommandLine line = split_command_line(argc - 1, argv + 1);
  if (line.words.empty()) {
    fmt::print(stderr, "openday: say what to do; 'openday --help' lists it\n");
    return 2;
  }
  bool checks = line.words[0] == "check-config";
  if (!checks && line.words[0] != "serve") return run_command(line);
  auto known = check_options(line);
  if (!known || line.words.size() > (checks ? 2 : 1)) {
    fmt::print(stderr, "openday: {}\n",
               known
                   ? "'" + line.words.back() + "' is one word too many; 'openday --help' shows what is wanted"
                   : known.error().message);
    return 2;
  }
  if (checks) return check_config(line.words.size() > 1 ? line.words[1] : config_file_of(line));
  return serve(config_file_of(line));
}

}  // namespace
}  // namespace openday::app

int main(int argc, char** argv) {
  return openday::app::run(argc, argv);
}
