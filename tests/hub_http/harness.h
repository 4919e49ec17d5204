// A real server on a thread of its own, and blocking clients with deadlines.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/loop.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/http.h"
#include "hub/http1_parser.h"

namespace openday::hub::test {

class Hub {
 public:
  explicit Hub(HttpOptions options = {}, const std::function<void(HttpServer&)>& set_up = {}) {
    if (options.listeners.empty()) options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = false}};
    loop_ = Loop::create(clock_).value();
    auto made = HttpServer::create(std::move(options), *loop_);
    if (!made) throw std::runtime_error(made.error().message);
    server_ = std::move(*made);
    if (set_up) set_up(*server_);
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Hub() {
    loop_->post([this] {
      server_.reset();
      loop_->stop();
    });
    thread_.join();
  }

  /// Runs `task` on the hub thread and returns what it returns.
  template <class Task>
  auto on_hub(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    auto shared = std::make_shared<decltype(packaged)>(std::move(packaged));
    if (!loop_->post([shared] { (*shared)(); })) throw std::runtime_error("the hub has ended");
    return result.get();
  }
  HttpCounters counters() {
    return on_hub([this] { return server_->counters(); });
  }
  [[nodiscard]] int port(size_t listener = 0) const { return server_->port(listener); }
  HttpServer& server() { return *server_; }
  Loop& loop() { return *loop_; }

 private:
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

/// How long tests wait for what must come: a machine may be busy with four of them, and compile besides.
constexpr seconds kPatience{30};

/// Asks on the hub thread, again and again, until `condition` holds; false after kPatience.
template <class Condition>
bool eventually(Hub& hub, Condition condition) {
  auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (hub.on_hub(condition)) return true;
    std::this_thread::yield();
  }
  return false;
}

struct Answer {
  int status = 0;
  std::vector<Header> headers;  // lower-case names
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const Header& one : headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
};

/// A client that speaks bytes. Every wait ends after kPatience.
class Client {
 public:
  explicit Client(int port, int receive_buffer = 0, const char* source = nullptr) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0)
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    timeval patience{kPatience.count(), 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (source != nullptr) {
      ::inet_pton(AF_INET, source, &address.sin_addr);
      REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  bool send(std::string_view text) {
    while (!text.empty()) {
      ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Closes with a reset instead of an end.
  void abort() {
    linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.reset();
  }

  /// More bytes; false at the end, a reset or after the deadline.
  bool more() {
    char buffer[64 * 1024];
    ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    bytes_.append(buffer, static_cast<size_t>(got));
    return true;
  }
  [[nodiscard]] size_t buffered() const { return bytes_.size(); }
  std::string read_exactly(size_t size) {
    while (bytes_.size() < size && more()) {
    }
    std::string out = bytes_.substr(0, size);
    bytes_.erase(0, size);
    return out;
  }
  /// True when the server ends the connection and nothing but `bytes_` has come.
  bool at_end() { return bytes_.empty() && !more(); }

  /// The next answer, with its body by Content-Length. Nothing when the connection ends first.
  std::optional<Answer> read(bool head_only = false) {
    size_t end = 0;
    while ((end = bytes_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return std::nullopt;
    }
    Answer answer;
    std::string head = bytes_.substr(0, end + 2);
    bytes_.erase(0, end + 4);
    size_t eol = head.find("\r\n");
    answer.status = std::stoi(head.substr(9, 3));
    for (size_t at = eol + 2; at < head.size();) {
      size_t stop = head.find("\r\n", at);
      std::string line = head.substr(at, stop - at);
      size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(tolower(c));
      answer.headers.push_back({name, line.substr(colon + 2)});
      at = stop + 2;
    }
    std::string length = answer.header("content-length");
    if (!length.empty() && !head_only) answer.body = read_exactly(std::stoul(length));
    if (answer.header("transfer-encoding") == "chunked") {
      ChunkedDecoder decoder;
      Bytes body;
      while (!decoder.done()) {
        auto used = decoder.feed(bytes_, body, 1 << 26);
        if (!used) return std::nullopt;
        bytes_.erase(0, *used);
        if (!decoder.done() && !more()) return std::nullopt;
      }
      answer.body = as_text(body);
    }
    return answer;
  }
  std::optional<Answer> get(std::string_view target, std::string_view more_headers = {}) {
    std::string text = "GET ";
    text.append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(more_headers).append("\r\n");
    if (!send(text)) return std::nullopt;
    return read();
  }

 private:
  UniqueFd fd_;
  bool connected_ = false;
  std::string bytes_;
};

/// A folder that goes away with it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_("/tmp/openday-test-" + random_name(8)) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace openday::hub::test
