// Keeps the cores from halting while something is measured: on a virtual machine CPU time after a halt is up
// to 40 % dearer (the core has run something else meanwhile), by an amount that changes from run to run.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <thread>
#include <vector>

namespace openday::bench {

/// One loop a core in the idle class, which anything else preempts at once; their time is counted for nobody
/// but this process. The kernel spreads them, unless `each_held`: then each keeps to its core.
class AwakeCores {
 public:
  explicit AwakeCores(bool each_held = false) {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      loops_.emplace_back([i, each_held](const std::stop_token& stop) {
        const sched_param none{};
        if (::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none) != 0) return;
        if (each_held) {
          cpu_set_t core;
          CPU_ZERO(&core);
          CPU_SET(i, &core);
          ::pthread_setaffinity_np(::pthread_self(), sizeof core, &core);
        }
        while (!stop.stop_requested()) {
        }
      });
    }
  }

 private:
  std::vector<std::jthread> loops_;
};

}  // namespace openday::bench
