#include "app/engine_outlet.h"

#include <utility>

#include "package/wire.h"

namespace openday::app {

void EngineOutlet::send_locked(link::Message message) {
  if (hub_ && !hub_->send(std::move(message))) ++dropped_;
}

void EngineOutlet::init(media::InitSegment init) {
  std::lock_guard lock(mutex_);
  send_locked(package::to_message(init));
  kept_[init.rendition].init = std::move(init);
}

void EngineOutlet::part(media::Part part) {
  std::lock_guard lock(mutex_);
  send_locked(package::to_message(run_, part));
  kept_[part.rendition].parts.push_back(std::move(part));
}

void EngineOutlet::segment(const media::Segment& segment, const std::string& path) {
  std::lock_guard lock(mutex_);
  send_locked(package::to_message(run_, segment, path));
  Kept& kept = kept_[segment.rendition];
  kept.segments.emplace_back(segment, path);
  while (kept.segments.size() > kKeptSegments) {
    int64_t gone = kept.segments.front().first.msn;
    kept.segments.pop_front();
    while (!kept.parts.empty() && kept.parts.front().msn <= gone) kept.parts.pop_front();
  }
}

void EngineOutlet::send(link::Message message) {
  std::lock_guard lock(mutex_);
  send_locked(std::move(message));
}

void EngineOutlet::attach(std::shared_ptr<link::Channel> hub, const link::Json& scene) {
  std::lock_guard lock(mutex_);
  hub_ = std::move(hub);
  send_locked(link::make_message("snapshot", {{"run", run_}, {"scene", scene}}));
  for (const auto& [rendition, kept] : kept_) {
    send_locked(package::to_message(kept.init));
    auto finished = kept.segments.begin();
    for (const auto& part : kept.parts) {
      for (; finished != kept.segments.end() && finished->first.msn < part.msn; ++finished) {
        send_locked(package::to_message(run_, finished->first, finished->second));
      }
      send_locked(package::to_message(run_, part));
    }
    for (; finished != kept.segments.end(); ++finished) {
      send_locked(package::to_message(run_, finished->first, finished->second));
    }
  }
  send_locked(link::make_message("snapshot_end"));
}

void EngineOutlet::detach() {
  std::lock_guard lock(mutex_);
  hub_.reset();
}

uint64_t EngineOutlet::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace openday::app
