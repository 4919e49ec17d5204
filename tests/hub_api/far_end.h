// The other end of a link, played by a test.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "link/channel.h"

namespace openday::hub::test {

using Json = nlohmann::json;

/// The far end of a link: keeps what it was told, and says what a test tells it to say.
class FarEnd {
 public:
  /// Home thread: the loop's.
  FarEnd(Loop& loop, UniqueFd socket) {
    channel_ = *link::Channel::open(
        loop, std::move(socket), 1 << 20,
        [this](link::Message message) {
          if (on_message) on_message(message.head);
          heard.push_back(std::move(message.head));
        },
        [this](const Error&) { closed = true; });
  }
  ~FarEnd() { channel_->close(); }
  /// A peer that does not read while `paused`.
  void pause(bool paused) { channel_->pause(paused); }
  void say(std::string_view type, Json fields, SharedBytes body = nullptr) {
    say(link::make_message(type, std::move(fields), std::move(body)));
  }
  void say(link::Message message) { REQUIRE(channel_->send(std::move(message))); }
  [[nodiscard]] std::vector<Json> heard_of(const std::string& type) const {
    std::vector<Json> found;
    for (const auto& head : heard) {
      if (head.value("t", "") == type) found.push_back(head);
    }
    return found;
  }

  std::deque<Json> heard;
  std::function<void(const Json&)> on_message;
  bool closed = false;

 private:
  std::shared_ptr<link::Channel> channel_;
};

}  // namespace openday::hub::test
