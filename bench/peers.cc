#include "bench/peers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "base/fd.h"
#include "bench/cpu.h"

namespace openday::bench {
namespace {

bool answers(int port) {
  UniqueFd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return ::connect(one.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Peer::Peer(test::HeldPort port, const std::vector<std::string>& command, const std::string& log)

    : port_(std::move(port)), program_(std::make_unique<e2e::Program>(command, log)) {
  bool up = e2e::eventually(std::chrono::seconds(10),
                            [&] { return !program_->running() || answers(port_.number()); });
  if (!up || !program_->running()) throw std::runtime_error(command[0] + " does not start: " + slurp(log));
}

Peer Peer::node_ws(const std::string& folder) {
  test::HeldPort port;
  std::vector<std::string> command = {"node", OPENDAY_SOURCE_DIR "/bench/ws_broadcast.mjs",
                                      std::to_string(port.number())};
  return {std::move(port), command, folder + "/ws.log"};
}

Peer Peer::nchan(const std::string& folder) {
  test::HeldPort port;
  std::string paths;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    paths += fmt::format("{0}_temp_path {1}/{0};\n", kind, folder);
  }
  // One process, so that its CPU time is one server's; a newcomer gets what comes from now on.
  std::ofstream(folder + "/nchan.conf") << fmt::format(
      "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n{}daemon off;\nmaster_process off;\n"
      "pid {}/nchan.pid;\nworker_processes 1;\nworker_rlimit_nofile 19900;\n"
      "events {{ worker_connections 19800; }}\nhttp {{\naccess_log off;\n{}"
      "nchan_shared_memory_size 256m;\nserver {{\nlisten 127.0.0.1:{} backlog=4096;\n"
      "location = {} {{ nchan_pubsub websocket; nchan_channel_id all; nchan_message_buffer_length 20; "
      "nchan_subscriber_first_message newest; }}\n}}\n}}\n",
      ::getuid() == 0 ? "user root;\n" : "", folder, paths, port.number(), kPath);
  return {std::move(port),
          {"nginx", "-p", folder, "-c", folder + "/nchan.conf", "-e", folder + "/nchan.log"},
          folder + "/nchan.log"};
}

}  // namespace openday::bench
