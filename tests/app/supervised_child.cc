// The test program, and, as `child ROLE`, what its supervisor starts: a process that does as it is told.
#include <fstream>

#include "base/loop.h"
#include "link/channel.h"
#include "tests/run_tests.h"

namespace {

using namespace openday;

int play(const std::string& role) {
  SystemClock clock;
  auto loop = Loop::create(clock);
  if (!loop) return 1;
  std::shared_ptr<link::Channel> control;
  auto say = [&](const char* type, link::Json fields) {
    (void)control->send(link::make_message(type, std::move(fields)));
  };
  auto opened = link::Channel::open(
      **loop, UniqueFd(3), 4 << 20,
      [&](link::Message message) {
        if (message.type() == "start") {
          const auto& config = message.head["config"];
          if (config.contains("note")) {
            std::ofstream(config["note"].get<std::string>(), std::ios::app) << config.dump() << "\n";
          }
          say("ready", link::Json::object());
          for (const auto& wish : config.value("wishes", link::Json::array())) say("desired", wish);
        } else if (message.type() == "ping") {
          say("pong", link::Json::object());
          // What the supervisor refuses stands in its log: so the test sees that this ping was answered.
          if (role == "hub") say("desired", link::Json::object());
        } else if (message.type() == "stop") {
          (*loop)->stop();
        }
      },
      [&](const Error&) { (*loop)->stop(); });
  if (!opened) return 1;
  control = *opened;
  (*loop)->run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "child") return play(argv[2]);
  return run_tests(argc, argv);
}
