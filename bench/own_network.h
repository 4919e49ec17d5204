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
#include <string>

#include "base/fd.h"

namespace openday::bench {

/// On loopback the sender's system call also does what the receiver's machine does with a packet: half of its
/// time. With receive packet steering (the kernel's Documentation/networking/scaling.rst) another core does
/// it, as it does wherever there is a network between the two.
class OwnNetwork {
 public:
  /// Moves this process, and what it starts from here on, into namespaces of its own, which takes root;
  /// else it stays where it is.
  OwnNetwork() {
    // The kernel holds 1,000 packets for another core and drops the rest of a burst to 10,000 sockets, which
    // would measure how often who sends again. All networks of a machine share this number: it is put back in
    // the end.
    std::ifstream("/proc/sys/net/core/netdev_max_backlog") >> backlog_before_;
    backlog_.open("/proc/sys/net/core/netdev_max_backlog");
    entered_ = enter();
    if (!entered_) return;
    backlog_ << 20'000 << std::flush;
    // What paces or probes (BBR) sets timers for every write; there is nothing here to pace for.
    std::ofstream("/proc/sys/net/ipv4/tcp_congestion_control") << "reno" << std::flush;
  }
  ~OwnNetwork() {
    if (entered_) backlog_ << backlog_before_ << std::flush;
  }
  OwnNetwork(const OwnNetwork&) = delete;

  /// The core that receives; -1: the sender's. False: it is the sender's.
  bool receive_on(int core) {
    if (!entered_) return false;
    std::ofstream steering("/sys/class/net/lo/queues/rx-0/rps_cpus");
    steering << (core < 0 ? 0 : 1 << core) << std::flush;
    return steering.good() && core >= 0;
  }

 private:
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

  std::ofstream backlog_;  // opened before: a network of its own does not show it
  std::string backlog_before_;
  bool entered_ = false;
};

}  // namespace openday::bench
