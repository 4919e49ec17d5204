#include "bench/origin_reference.h"

#include <libwebsockets.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>

namespace openday::bench {
namespace {

/// In each connection's memory, made and cleared by libwebsockets.
struct Request {
  int64_t part;
};

struct Reference {
  const PartTimes& times;
  std::string body;
  int64_t newest = -1;
  std::unordered_set<lws*> waiting;

  [[nodiscard]] int64_t newest_after(int64_t part) const {
    while (times.appeared_ns[static_cast<size_t>(part + 1) % PartTimes::kMost].load(
               std::memory_order_acquire) != 0)
      ++part;
    return part;
  }
};

int64_t argument(lws* wsi, const char* name) {
  char text[24];
  const char* value = lws_get_urlarg_by_name(wsi, name, text, sizeof text);
  return value == nullptr ? 0 : std::atoll(value);
}

int answer(lws* wsi, const Reference& reference) {
  unsigned char buffer[LWS_PRE + 4096];
  unsigned char* start = buffer + LWS_PRE;
  unsigned char* at = start;
  unsigned char* end = buffer + sizeof buffer;
  if (lws_add_http_common_headers(wsi, HTTP_STATUS_OK, "application/vnd.apple.mpegurl", reference.body.size(),
                                  &at, end) != 0 ||
      lws_finalize_http_header(wsi, &at, end) != 0 || reference.body.size() > static_cast<size_t>(end - at)) {
    return -1;
  }
  // Head and body in one send.
  std::memcpy(at, reference.body.data(), reference.body.size());
  at += reference.body.size();
  if (lws_write(wsi, start, static_cast<size_t>(at - start), LWS_WRITE_HTTP_HEADERS) < 0) return -1;
  return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

int on_event(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t length) {
  auto& reference = *static_cast<Reference*>(lws_context_user(lws_get_context(wsi)));
  auto* request = static_cast<Request*>(user);
  switch (reason) {
    case LWS_CALLBACK_HTTP:
      request->part = argument(wsi, "_HLS_msn=") * kPartsPerSegment + argument(wsi, "_HLS_part=");
      if (request->part <= reference.newest) {
        lws_callback_on_writable(wsi);
      } else {
        reference.waiting.insert(wsi);
      }
      return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE: return answer(wsi, reference);
    case LWS_CALLBACK_CLOSED_HTTP: reference.waiting.erase(wsi); return 0;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
      if (int64_t before = std::exchange(reference.newest, reference.newest_after(reference.newest));
          before == reference.newest) {
        return 0;  // the library wakes itself, too
      }
      for (lws* one : reference.waiting) lws_callback_on_writable(one);
      reference.waiting.clear();
      return 0;
    default: return lws_callback_http_dummy(wsi, reason, user, in, length);
  }
}

}  // namespace

void run_reference_origin(const PartTimes& times, size_t body_bytes, std::atomic<int>& port) {
  lws_set_log_level(LLL_ERR, nullptr);
  Reference reference{times, std::string(body_bytes, 'x'), -1, {}};
  const lws_protocols protocols[] = {{"http", on_event, sizeof(Request), 0, 0, nullptr, 0}, {}};
  lws_retry_bo_t patience{};
  lws_context_creation_info info{};
  info.port = 0;
  info.iface = "127.0.0.1";
  info.protocols = protocols;
  info.user = &reference;
  info.gid = info.uid = static_cast<decltype(info.uid)>(-1);
  info.keepalive_timeout = 60;
  info.retry_and_idle_policy = &patience;  // its validity timer sorts every connection into a list
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  lws_context* context = lws_create_context(&info);
  lws_vhost* vhost = context == nullptr ? nullptr : lws_create_vhost(context, &info);
  if (vhost == nullptr) std::abort();
  port = lws_get_vhost_listen_port(vhost);
  // The only call that another thread may make is the one that wakes it.
  std::jthread watch([&](const std::stop_token& stop) {
    int64_t seen = -1;
    while (!stop.stop_requested()) {
      ::usleep(200);
      if (int64_t newest = reference.newest_after(seen); newest != seen) {
        seen = newest;
        lws_cancel_service(context);
      }
    }
  });
  while (lws_service(context, 0) >= 0) {
  }
}

}  // namespace openday::bench
