// The engine process: one broadcast, from its supervisor's first message to its last.
#include "app/child.h"
#include "app/engine.h"
#include "app/processes.h"

namespace openday::app {

int run_engine(UniqueFd control) {
  SystemClock clock;
  Log log("engine");
  auto loop = Loop::create(clock);
  if (!loop) return 1;
  std::unique_ptr<Child> child;
  std::unique_ptr<Engine> engine;
  int status = 0;
  Child::Handlers handlers;
  auto start = [&](const Child::Start& begin) -> Result<> {
    OPENDAY_TRY(LogLevel least, begin.log_level);
    log = log.from(least);
    OPENDAY_TRY(EngineConfig config, parse_engine_config(begin.config));
    OPENDAY_TRY(engine,
                Engine::start(std::move(config), parse_checkpoint(begin.checkpoint), **loop, clock, log,
                              [&](const Checkpoint& state) { (void)child->checkpoint(to_json(state)); }));
    (void)child->ready();
    return {};
  };
  handlers.on_start = [&](const Child::Start& begin) {
    auto started = start(begin);
    if (started) return;
    log.error("engine_start_failed", {{"why", started.error().message}});
    status = 1;
    (*loop)->stop();
  };
  handlers.on_peer = [&](const std::string& role, const std::string& id, UniqueFd socket) {
    if (!engine) return;
    if (role == "hub") {
      engine->attach_hub(std::move(socket));
    } else if (role == "feed") {
      engine->attach_feed(id, std::move(socket));
    }
  };
  handlers.on_gone = [&](const std::string& role, const std::string& id) {
    if (engine && role == "feed") engine->detach_feed(id);
  };
  handlers.on_stop = [&] { (*loop)->stop(); };
  auto opened = Child::open(**loop, std::move(control), std::move(handlers));
  if (!opened) return 1;
  child = *std::move(opened);
  (*loop)->run();
  engine.reset();
  return status;
}

}  // namespace openday::app
