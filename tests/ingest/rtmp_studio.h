// A studio whose gateway listens for RTMP on a port of the kernel's choice.
#pragma once

#include "ingest/rtmp_listener.h"
#include "studio.h"

namespace openday::test {

struct RtmpStudio : Studio {
  explicit RtmpStudio(ingest::RtmpListenerConfig config = {}, ingest::GatewayLimits limits = {})
      : Studio(limits) {
    config.address = "127.0.0.1";
    config.port = 0;
    loop.call([&] {
      listener =
          ingest::RtmpListener::open(loop.loop(), *gateway, Log("test", LogLevel::kError), config).value();
    });
    start_hub();
  }
  ~RtmpStudio() {
    loop.call([&] { listener.reset(); });
  }
  uint16_t port() const { return listener->port(); }
  size_t held() {
    return loop.call([&] { return listener->held_bytes(); });
  }
  size_t connections() {
    return loop.call([&] { return listener->connections(); });
  }

  std::unique_ptr<ingest::RtmpListener> listener;
};

}  // namespace openday::test
