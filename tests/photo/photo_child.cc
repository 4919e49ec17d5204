// The test program, and, as `child ROLE`, what the studio starts: the real process, and ones that misbehave.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "app/child.h"
#include "app/processes.h"
#include "tests/run_tests.h"

namespace {

using namespace openday;

int misbehave(const std::string& role) {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  std::unique_ptr<app::Child> child;
  app::Child::Handlers handlers;
  handlers.on_start = [&](const app::Child::Start&) {
    if (role == "dead") ::_exit(3);
    (void)child->ready();
  };
  handlers.on_message = [&](const link::Message& message) {
    if (role == "crash") std::abort();
    if (role == "lie") {  // gives back what it got
      (void)child->send(link::make_message("cleaned", link::Json::object(), message.body));
    }
    // "hang" does nothing at all.
  };
  handlers.on_stop = [&] { loop->stop(); };
  child = app::Child::open(*loop, UniqueFd(3), std::move(handlers)).value();
  loop->run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "child") {
    std::string role = argv[2];
    ::signal(SIGPIPE, SIG_IGN);
    // Past the handlers of exit(): LeakSanitizer would want to trace this process, which its sandbox forbids.
    ::_exit(role == "photo" ? app::run_photo(UniqueFd(3)) : misbehave(role));
  }
  return run_tests(argc, argv);
}
