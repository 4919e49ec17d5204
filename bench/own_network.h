// A loopback of the benchmark's own, whose receiving half can be given to a core.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "base/fd.h"

namespace openday::bench {

/// On loopback the sender's system call also does what the receiver's machine does with a packet: half of its
/// time. With receive packet steering (the kernel's Documentation/networking/scaling.rst) another core does
/// it, as it does wherever there is a network between the two.
class OwnNetwork {
 public:
  /// Moves this process, and what it starts from here on, into namespaces of its own, which takes root.
  /// False: it stays where it is.
  static bool enter() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0) return false;
    UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
  }
  /// The core that receives; -1: the sender's.
  static bool receive_on(int core) {
    std::ofstream steering("/sys/class/net/lo/queues/rx-0/rps_cpus");
    steering << (core < 0 ? 0 : 1 << core) << std::flush;
    return steering.good();
  }
};

}  // namespace openday::bench
