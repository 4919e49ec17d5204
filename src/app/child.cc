#include "app/child.h"

#include <utility>

namespace openday::app {
namespace {

constexpr size_t kControlBound = 4 * 1024 * 1024;

std::string text_field(const link::Json& head, const char* key) {
  auto found = head.find(key);
  return found != head.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// kInfo when nothing is said.
Result<LogLevel> level_in(const link::Json& head) {
  auto found = head.find("log_level");
  if (found == head.end()) return LogLevel::kInfo;
  if (!found->is_string()) return fail(Errc::kInvalid, "log_level is not a text");
  return parse_log_level(found->get_ref<const std::string&>());
}

}  // namespace

Child::Child(Handlers handlers) : handlers_(std::move(handlers)) {}

Child::~Child() {
  if (control_) control_->close();
}

Result<std::unique_ptr<Child>> Child::open(Loop& loop, UniqueFd control, Handlers handlers) {
  std::unique_ptr<Child> child(new Child(std::move(handlers)));
  OPENDAY_TRY(child->control_,
              link::Channel::open(
                  loop, std::move(control), kControlBound,
                  [self = child.get()](link::Message message) { self->on_message(std::move(message)); },
                  [self = child.get()](const Error&) { self->stop(); }));
  return child;
}

Result<> Child::ready() {
  return send(link::make_message("ready"));
}
Result<> Child::send(link::Message message) {
  return control_->send(std::move(message));
}

Result<> Child::checkpoint(link::Json state) {
  link::Json fields;
  fields["state"] = std::move(state);
  return send(link::make_message("checkpoint", std::move(fields)));
}

void Child::on_message(link::Message message) {
  if (stopped_) return;
  std::string type = message.type();
  if (type == "start") {
    if (std::exchange(started_, true)) return;
    static const link::Json kNothing = nullptr;
    auto checkpoint = message.head.find("checkpoint");
    handlers_.on_start({message.head["config"], checkpoint != message.head.end() ? *checkpoint : kNothing,
                        level_in(message.head)});
  } else if (type == "peer" && message.fds.size() == 1) {
    if (handlers_.on_peer) {
      handlers_.on_peer(text_field(message.head, "role"), text_field(message.head, "id"),
                        std::move(message.fds[0]));
    }
  } else if (type == "gone") {
    if (handlers_.on_gone)
      handlers_.on_gone(text_field(message.head, "role"), text_field(message.head, "id"));
  } else if (type == "ping") {
    (void)send(link::make_message("pong"));
  } else if (type == "stop") {
    stop();
  } else if (handlers_.on_message) {
    handlers_.on_message(std::move(message));
  }
}

void Child::stop() {
  if (std::exchange(stopped_, true)) return;
  handlers_.on_stop();
}

}  // namespace openday::app
