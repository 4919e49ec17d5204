// Makes one stranger's photo anew, and is killed when it has. The photo comes and goes over the link; there
// are no files and no network.
#include <memory>
#include <utility>

#include "app/child.h"
#include "app/processes.h"
#include "base/log.h"
#include "base/loop.h"
#include "photo/clean.h"
#include "wrap/sandbox/sandbox.h"

namespace openday::app {
namespace {

// 50 megapixels of 16 bits in four channels are 400 MB; the libraries and their stacks want as much again.
constexpr uint64_t kAddressSpace = uint64_t{2} << 30;

class PhotoProcess {
 public:
  PhotoProcess(Loop& loop, Log log) : loop_(loop), log_(std::move(log)) {}

  Result<> open(UniqueFd control) {
    Child::Handlers handlers;
    handlers.on_start = [this](const Child::Start&) {
      auto started = start();
      if (started) return;
      log_.error("start_failed", {{"why", started.error().message}});
      failed_ = true;
      loop_.stop();
    };
    handlers.on_message = [this](const link::Message& message) {
      if (message.type() == "clean" && std::exchange(ready_, false))
        clean(message.body ? ByteView(*message.body) : ByteView());
    };
    handlers.on_stop = [this] { loop_.stop(); };
    OPENDAY_TRY(child_, Child::open(loop_, std::move(control), std::move(handlers)));
    return {};
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Result<> start() {
    wrap::SandboxRules rules;
    rules.role = wrap::SandboxRole::kFeedBytes;
    rules.address_space_bytes = kAddressSpace;
    OPENDAY_CHECK_OK(wrap::enter_sandbox(rules));
    ready_ = true;
    return child_->ready();
  }

  void clean(ByteView photo) {
    auto jpeg = photo::clean_photo(photo);
    if (jpeg) {
      auto body = std::make_shared<const Bytes>(std::move(*jpeg));
      (void)child_->send(link::make_message("cleaned", link::Json::object(), std::move(body)));
    } else {
      link::Json fields;
      fields["code"] = name_of(jpeg.error().code);
      (void)child_->send(link::make_message("refused", std::move(fields)));
    }
  }

  Loop& loop_;
  Log log_;
  std::unique_ptr<Child> child_;
  bool ready_ = false;
  bool failed_ = false;
};

}  // namespace

int run_photo(UniqueFd control) {
  Log log("photo");
  SystemClock clock;
  auto loop = Loop::create(clock);
  if (!loop) {
    log.error("start_failed", {{"why", loop.error().message}});
    return 1;
  }
  PhotoProcess process(**loop, log);
  if (auto opened = process.open(std::move(control)); !opened) {
    log.error("start_failed", {{"why", opened.error().message}});
    return 1;
  }
  (*loop)->run();
  return process.failed() ? 1 : 0;
}

}  // namespace openday::app
