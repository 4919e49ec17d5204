// A feed: one venue's source in, pictures and sound of the house format out. Parses containers and codecs
// that strangers made, so it opens what it needs, gives up everything else, and only then reads a byte.
#include <memory>
#include <string>
#include <utility>

#include "app/child.h"
#include "app/processes.h"
#include "base/log.h"
#include "base/loop.h"
#include "feed/feed.h"
#include "wrap/av_decode/connect_guard.h"
#include "wrap/av_decode/library.h"
#include "wrap/sandbox/sandbox.h"

namespace openday::app {
namespace {

// Decoded pictures of 4096 × 4096 in the deepest format, several dozen of them, would end here.
constexpr uint64_t kAddressSpace = uint64_t{3} << 30;

constexpr Duration kLookAgain = seconds(10);

class FeedProcess {
 public:
  FeedProcess(Loop& loop, Log log) : loop_(loop), log_(std::move(log)) {}

  Result<> open(UniqueFd control) {
    Child::Handlers handlers;
    handlers.on_start = [this](const Child::Start& begin) {
      auto started = start(begin);
      if (started) return;
      log_.error("start_failed", {{"why", started.error().message}});
      failed_ = true;
      loop_.stop();
    };
    handlers.on_peer = [this](const std::string& role, const std::string&, UniqueFd socket) {
      if (!feed_) return;
      Result<> connected;
      if (role == "gateway") {
        connected = feed_->connect_gateway(std::move(socket));
      } else if (role == "engine") {
        connected = feed_->connect_engine(std::move(socket));
      }
      if (!connected) log_.error("peer_failed", {{"role", role}, {"why", connected.error().message}});
    };
    handlers.on_gone = [this](const std::string& role, const std::string&) {
      if (feed_ && role == "gateway") feed_->forget_gateway();
    };
    handlers.on_stop = [this] { loop_.stop(); };
    OPENDAY_TRY(child_, Child::open(loop_, std::move(control), std::move(handlers)));
    return {};
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Result<> start(const Child::Start& begin) {
    OPENDAY_TRY(LogLevel least, begin.log_level);
    log_ = log_.from(least);
    OPENDAY_TRY(feed::FeedConfig config, feed::parse_config(begin.config));
    wrap::warm_up_libraries();
    wrap::SandboxRules rules;
    rules.role = wrap::SandboxRole::kFeedBytes;
    rules.address_space_bytes = kAddressSpace;
    Result<UniqueFd> file = UniqueFd();
    if (const auto* source = std::get_if<feed::FileConfig>(&config.source)) {
      // Open before the sandbox closes: then it needs no files at all.
      file = feed::open_media(config.media_root, source->path);
    } else if (std::holds_alternative<feed::PullConfig>(config.source)) {
      rules.role = wrap::SandboxRole::kFeedPull;
      wrap::guard_connections(config.egress);
    }
    OPENDAY_TRY(auto sandbox, wrap::enter_sandbox(rules));
    log_.info("sandboxed", {{"venue", config.venue}, {"landlock", sandbox.landlock_abi}});
    if (!file) {
      // It says so to the engine meanwhile; whoever is started next looks again, which we can no longer.
      loop_.after(kLookAgain, [this] {
        failed_ = true;
        loop_.stop();
      });
    }
    feed_ = std::make_unique<feed::Feed>(loop_, log_, std::move(config), std::move(file));
    return child_->ready();
  }

  Loop& loop_;
  Log log_;
  std::unique_ptr<Child> child_;
  std::unique_ptr<feed::Feed> feed_;
  bool failed_ = false;
};

}  // namespace

int run_feed(UniqueFd control) {
  Log log("feed");
  SystemClock clock;
  auto loop = Loop::create(clock);
  if (!loop) {
    log.error("start_failed", {{"why", loop.error().message}});
    return 1;
  }
  FeedProcess process(**loop, log);
  if (auto opened = process.open(std::move(control)); !opened) {
    log.error("start_failed", {{"why", opened.error().message}});
    return 1;
  }
  (*loop)->run();
  return process.failed() ? 1 : 0;
}

}  // namespace openday::app
