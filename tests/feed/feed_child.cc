// The feed process as the supervisor runs it, for tests.
#include <unistd.h>

#include <csignal>

#include "app/processes.h"

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  // Past the handlers of exit(): LeakSanitizer would want to trace this process, which its sandbox forbids.
  ::_exit(openday::app::run_feed(openday::UniqueFd(3)));
}
