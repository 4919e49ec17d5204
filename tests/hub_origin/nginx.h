// A real nginx with the shipped config/nginx/openday.conf, for tests and benchmarks. Without TLS it listens,
// too: most of them look at something else.
#pragma once

#include <fmt/format.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>

#include "../port.h"
#include "base/fd.h"
#include "base/text.h"
#include "wrap/ssl/self_signed.h"

namespace openday::test {

/// Runs while it lives. Every failure is a std::runtime_error.
class Nginx {
 public:
  /// `folder` is there and stays; `upstream` is the hub's port on this machine; both sides of a proxied
  /// connection count as connections.
  Nginx(std::string folder, int upstream, int connections) : folder_(std::move(folder)) {
    std::string site =
        read_file(std::string(OPENDAY_SOURCE_DIR) + "/config/nginx/openday.conf", 1 << 20).value();
    replace(site, "/var/cache/nginx/openday", folder_ + "/cache");
    replace(site, "server 127.0.0.1:8080;", fmt::format("server 127.0.0.1:{};", upstream));
    replace(site, "listen 80;", fmt::format("listen 127.0.0.1:{};", http_.number()));
    replace(site, "listen 443 ssl http2;",
            fmt::format("listen 127.0.0.1:{} ssl http2; listen 127.0.0.1:{} backlog=4096;", tls_.number(),
                        plain_.number()));
    auto certificate = wrap::make_self_signed("tv.test").value();
    write("nginx-cert.pem", certificate.certificate_pem);
    write("nginx-key.pem", certificate.key_pem);
    replace(site, "/etc/ssl/openday/fullchain.pem", folder_ + "/nginx-cert.pem");
    replace(site, "/etc/ssl/openday/privkey.pem", folder_ + "/nginx-key.pem");
    std::string paths;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      paths += fmt::format("{0}_temp_path {1}/{0};\n", kind, folder_);
    }
    write("nginx.conf",
          fmt::format("{}daemon off;\npid {}/nginx.pid;\nerror_log {};\nworker_processes 1;\n"
                      "events {{ worker_connections {}; }}\nhttp {{\n{}{}}}\n",
                      ::getuid() == 0 ? "user root;\n" : "", folder_, errors(), connections, paths, site));
    std::string config = folder_ + "/nginx.conf";
    std::string log = errors();
    const char* arguments[] = {"nginx",        "-p", folder_.c_str(), "-c",
                               config.c_str(), "-e", log.c_str(),     nullptr};
    if (::posix_spawnp(&pid_, "nginx", nullptr, nullptr, const_cast<char**>(arguments), environ) != 0) {
      throw std::runtime_error("there is no nginx");
    }
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!answers()) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("nginx does not start:\n" + this->log());
      }
    }
  }
  ~Nginx() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  [[nodiscard]] int port() const { return plain_.number(); }
  [[nodiscard]] int tls_port() const { return tls_.number(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const { return read_file(errors(), 1 << 20).value_or("no log"); }

 private:
  /// The shipped file is changed in places that must be there.
  static void replace(std::string& text, const std::string& from, const std::string& to) {
    size_t at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("config/nginx/openday.conf has no '" + from + "'");
    for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream file(folder_ + "/" + name);
    if (!(file << text).flush()) throw std::runtime_error(folder_ + "/" + name + " cannot be written");
  }
  [[nodiscard]] std::string errors() const { return folder_ + "/nginx.log"; }
  [[nodiscard]] bool answers() const {
    UniqueFd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(plain_.number()));
    return ::connect(one.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  std::string folder_;
  HeldPort http_, tls_, plain_;
  pid_t pid_ = -1;
};

}  // namespace openday::test
