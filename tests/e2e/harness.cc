#include "tests/e2e/harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/fd.h"
#include "base/text.h"
#include "wrap/curl/curl.h"

namespace openday::e2e {
namespace {

const std::string kBuild = OPENDAY_BUILD_DIR;
const std::string kSource = OPENDAY_SOURCE_DIR;

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

// The command's status as of wait(2), −1 when it did not end, and what it printed.
std::pair<int, std::string> run_to_end(const std::vector<std::string>& command) {
  static std::atomic<int> serial{0};
  std::string log = fmt::format("/tmp/openday-run-{}-{}", ::getpid(), serial++);
  Program program(command, log);
  bool ended = program.wait(std::chrono::minutes(3));
  std::ifstream file(log);
  std::string output((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove(log);
  return {ended ? program.status() : -1, output};
}

}  // namespace

Program::Program(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::syscall(SYS_close_range, 3, ~0u, 0);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
}

Program::~Program() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Program::signal(int number) const {
  ::kill(pid_, number);
}

bool Program::wait(milliseconds patience) {
  return eventually(patience, [&] { return !running(); });
}

bool Program::running() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

bool eventually(milliseconds patience, const std::function<bool()>& condition) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::poll(nullptr, 0, 20);  // between two looks at the condition
  }
}

std::string run(const std::vector<std::string>& command) {
  auto [status, output] = run_to_end(command);
  if (status != 0) throw std::runtime_error(command[0] + " failed: " + output);
  return output;
}

std::string venue_file(int venue, int length_s, Size size, const std::string& extension,
                       const std::string& look) {
  std::string file = fmt::format("{}/venues/{}-{}s-{}x{}p{}{}.{}", kBuild, venue, length_s, size.width,
                                 size.height, size.fps, look, extension);
  run({kSource + "/scripts/make-venue", kBuild, std::to_string(venue), std::to_string(length_s),
       fmt::format("{}x{}", size.width, size.height), std::to_string(size.fps), file, look});
  return file;
}

Server::Server(Options options) {
  char pattern[] = "/tmp/openday-e2e-XXXXXX";
  if (::mkdtemp(pattern) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
       "-keyout", folder_ + "/key.pem", "-out", folder_ + "/cert.pem"});
  std::string ladder;
  for (const auto& rung : options.ladder) ladder += (ladder.empty() ? "" : ", ") + quoted(rung);
  std::ofstream(folder_ + "/openday.toml") << fmt::format(
      "[server]\ndata_dir = \"{0}/data\"\npages = \"{1}/web-player/dist\"\npipelines = \"{1}/pipelines\"\n"
      "log_level = \"{12}\"\n"
      "[http]\nlisten = [\"127.0.0.1:{2}\"]\ntls = [\"127.0.0.1:{3}\"]\ncertificate = \"{0}/cert.pem\"\n"
      "private_key = \"{0}/key.pem\"\nmax_connections = {13}\n"
      "[ingest]\naddress = \"127.0.0.1\"\npublic_host = \"127.0.0.1\"\nrtmp_port = {4}\nsrt_port = {5}\n"
      "rtmps_port = {11}\n"
      "[house]\nwidth = {6}\nheight = {7}\nfps = {8}\n[encode]\nladder = [{9}]\n"
      "{10}\n",
      folder_, kSource, http_port_.number(), tls_port_.number(), rtmp_port_.number(), srt_port_,
      options.house.width, options.house.height, options.house.fps, ladder,
      options.extra.empty() ? "[store]\nreserve_mb = 10\n[egress]\nallow_private = true\n" : options.extra,
      rtmps_port_.number(), options.log_level, options.max_connections);
  start();
}

void Server::start() {
  program_ = std::make_unique<Program>(
      std::vector<std::string>{kBuild + "/src/app/openday", "serve", "--config", folder_ + "/openday.toml"},
      folder_ + "/log");
  bool ready = eventually(seconds(30), [&] {
    if (!program_->running()) return true;
    auto answer = wrap::http_request("GET", url() + "/readyz", {}, "", milliseconds(1000));
    return answer && answer->status == 200;
  });
  if (!ready || !program_->running()) throw std::runtime_error("the server did not get ready:\n" + log());
  token_ = read_file(folder_ + "/data/admin.token", 4096).value();
  while (!token_.empty() && token_.back() == '\n') token_.pop_back();
}

Server::~Server() {
  program_->signal(SIGTERM);
  if (!program_->wait(seconds(8))) program_->signal(SIGKILL);
  program_.reset();
  if (const char* keep = std::getenv("OPENDAY_KEEP"); keep == nullptr) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

std::string Server::url() const {
  return fmt::format("http://127.0.0.1:{}", http_port_.number());
}

std::string Server::log() const {
  return read_file(folder_ + "/log", 64 << 20).value_or("no log");
}

Http Server::get(const std::string& path, milliseconds patience) const {
  auto answer = wrap::http_request("GET", url() + path, {}, "", patience);
  if (!answer) return {0, answer.error().message};
  return {answer->status, answer->body};
}

Http Server::admin_raw(const std::string& method, const std::string& path, const Json& body) const {
  auto answer = wrap::http_request(method, url() + path,
                                   {"Authorization: Bearer " + token_, "Content-Type: application/json"},
                                   body.is_null() ? "" : body.dump(), seconds(10));
  if (!answer) return {0, answer.error().message};
  return {answer->status, answer->body};
}

Json Server::admin(const std::string& method, const std::string& path, const Json& body) const {
  Http answer = admin_raw(method, "/api/v1/admin" + path, body);
  if (answer.status < 200 || answer.status > 299) {
    throw std::runtime_error(fmt::format("{} {}: {} {}", method, path, answer.status, answer.body));
  }
  return answer.body.empty() ? Json() : answer.json();
}

Server::Outcome Server::command(std::vector<std::string> words) const {
  words.insert(words.begin(), kBuild + "/src/app/openday");
  words.insert(words.end(), {"--config", folder_ + "/openday.toml"});
  auto [status, output] = run_to_end(words);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

Json Server::status(const std::string& broadcast) const {
  return admin("GET", "/broadcasts/" + broadcast + "/status");
}

int Server::pid_of(const std::string& broadcast, const std::string& role, const std::string& id) const {
  Json now = status(broadcast);
  for (const auto& process : now["processes"]) {
    if (process["role"] == role && (id.empty() || process["id"] == id)) return process["pid"];
  }
  return -1;
}

void Server::set_up(const std::string& broadcast, int venues) {
  Json ids = Json::array();
  for (int v = 0; v < venues; ++v) {
    std::string id = "v" + std::to_string(v);
    admin("POST", "/venues", {{"id", id}, {"name", "Venue " + std::to_string(v) + " 法庭"}});
    ids.push_back(id);
  }
  admin("POST", "/broadcasts", {{"id", broadcast}, {"title", "Test broadcast 测试"}, {"venues", ids}});
  admin("POST", "/broadcasts/" + broadcast + "/rehearse", Json::object());
}

std::string Server::publish_url(const std::string& venue, const std::string& protocol) {
  Json key = admin("POST", "/venues/" + venue + "/key", Json::object());
  if (protocol != "srt") {
    return key[protocol]["url"].get<std::string>() + "/" + key[protocol]["stream_key"].get<std::string>();
  }
  return fmt::format("{}?mode=caller&streamid={}&passphrase={}", key["srt"]["url"].get<std::string>(),
                     key["srt"]["stream_id"].get<std::string>(), key["srt"]["passphrase"].get<std::string>());
}

bool Server::wait_live(const std::string& broadcast, const std::string& venue, milliseconds patience) const {
  return eventually(patience, [&] {
    Json now = status(broadcast);
    if (!now.contains("slots")) return false;
    for (const auto& slot : now["slots"]) {
      if (slot.value("venue", "") == venue && slot.value("state", "") == "live") return true;
    }
    return false;
  });
}

std::vector<Tile> tiles_of(const Server& server, const std::string& layout, size_t venues) {
  std::vector<Tile> tiles;
  Json layouts = server.admin("GET", "/layouts");
  for (const auto& known : layouts["layouts"]) {
    if (known["id"] != layout) continue;
    for (const auto& arrangement : known["arrangements"]) {
      if (arrangement["venues"] != venues) continue;
      for (const auto& t : arrangement["tiles"]) tiles.push_back({t["x"], t["y"], t["w"], t["h"]});
    }
  }
  return tiles;
}

synth::TileBox picture_in(const Tile& tile, Size size) {
  double left = tile.x * size.width / 1000.0;
  double top = tile.y * size.height / 1000.0;
  double width = tile.w * size.width / 1000.0;
  double height = tile.h * size.height / 1000.0;
  double scale = std::min(width / 16, height / 9);
  double w = scale * 16;
  double h = scale * 9;
  return {static_cast<int>(left + (width - w) / 2), static_cast<int>(top + (height - h) / 2),
          static_cast<int>(w), static_cast<int>(h)};
}

std::unique_ptr<Program> publish(const std::string& file, const std::string& url, const std::string& log,
                                 const std::vector<std::string>& before_input) {
  std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1"};
  command.insert(command.end(), before_input.begin(), before_input.end());
  std::string format = url.rfind("srt://", 0) == 0 ? "mpegts" : "flv";
  for (const auto& word :
       {std::string("-i"), file, std::string("-c"), std::string("copy"), std::string("-f"), format, url}) {
    command.push_back(word);
  }
  return std::make_unique<Program>(command, log);
}

std::optional<double> metric(const std::string& text, const std::string& sample) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(sample + " ", 0) == 0) return std::stod(line.substr(sample.size() + 1));
  }
  return std::nullopt;
}

std::unique_ptr<Program> recorder(const std::vector<std::string>& input, const std::string& file,
                                  int length_s, const std::string& log) {
  std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
  command.insert(command.end(), input.begin(), input.end());
  for (const std::string& word :
       {std::string("-t"), std::to_string(length_s), std::string("-c"), std::string("copy"), file})
    command.push_back(word);
  return std::make_unique<Program>(command, log);
}

}  // namespace openday::e2e
