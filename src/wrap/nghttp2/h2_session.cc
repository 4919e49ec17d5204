#include "wrap/nghttp2/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <unordered_map>

namespace openday::wrap {
namespace {

struct Stream {
  std::vector<H2Header> headers;
  size_t header_bytes = 0;
  bool announced = false;  // on_headers() was called
  H2Session::Source body;
  size_t held = 0;  // bytes that have come and do not open the window again yet
};

Error h2_error(const char* what, int code) {
  return {Errc::kInvalid, std::string(what) + ": " + nghttp2_strerror(code)};
}

nghttp2_nv borrow(std::string_view name, std::string_view value) {
  // nghttp2 copies both (no NO_COPY flag) and does not write through the pointers.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct H2Session::Impl {
  Impl(H2Events& e, const H2Limits& l) : events(e), limits(l) {}
  ~Impl() { nghttp2_session_del(session); }

  H2Events& events;
  const H2Limits limits;
  nghttp2_session* session = nullptr;
  std::unordered_map<int32_t, Stream> streams;

  static Impl& of(void* user) { return *static_cast<Impl*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      of(user).streams.try_emplace(frame->hd.stream_id);
    }
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Impl& self = of(user);
    auto found = self.streams.find(frame->hd.stream_id);
    if (found == self.streams.end() || found->second.announced) return 0;  // trailers mean nothing to us
    Stream& stream = found->second;
    stream.header_bytes += name_size + value_size;
    if (stream.header_bytes > self.limits.max_header_bytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    stream.headers.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                                std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Impl& self = of(user);
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    int32_t id = frame->hd.stream_id;
    auto found = self.streams.find(id);
    if (found == self.streams.end()) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !found->second.announced) {
      found->second.announced = true;
      self.events.on_headers(id, std::move(found->second.headers), end);
    } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && end) {
      self.events.on_end(id);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                     void* user) {
    Impl& self = of(user);
    // The connection's window is every stream's: one that waits must not stop the others.
    nghttp2_session_consume_connection(session, size);
    bool open = self.streams.contains(id);
    bool goes_on = !open || self.events.on_data(id, {data, size});
    auto found = self.streams.find(id);
    if (goes_on) {
      nghttp2_session_consume_stream(session, id, size);
    } else if (found != self.streams.end()) {
      found->second.held += size;
    }
    return 0;
  }

  static int on_close(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    Impl& self = of(user);
    auto found = self.streams.find(id);
    if (found == self.streams.end()) return 0;
    bool announced = found->second.announced;
    self.streams.erase(found);
    if (announced) self.events.on_closed(id, code == NGHTTP2_NO_ERROR);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, int32_t id, uint8_t* into, size_t size, uint32_t* flags,
                           nghttp2_data_source*, void* user) {
    Impl& self = of(user);
    auto found = self.streams.find(id);
    if (found == self.streams.end() || !found->second.body) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto got = found->second.body({into, size});
    if (!got) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
    if (got->last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(got->size);
  }
};

H2Session::H2Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
H2Session::~H2Session() = default;

Result<std::unique_ptr<H2Session>> H2Session::create(H2Events& events, const H2Limits& limits) {
  auto impl = std::make_unique<Impl>(events, limits);
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return fail(Errc::kInternal, "out of memory");
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Impl::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Impl::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Impl::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Impl::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Impl::on_close);
  nghttp2_option* option = nullptr;
  int made = nghttp2_option_new(&option);
  if (made == 0) {
    nghttp2_option_set_no_auto_window_update(option, 1);  // on_data() says when
    made = nghttp2_session_server_new2(&impl->session, callbacks, impl.get(), option);
    nghttp2_option_del(option);
  }
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return std::unexpected(h2_error("HTTP/2 did not start", made));
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.max_header_bytes)},
  }};
  int sent = nghttp2_submit_settings(impl->session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  if (sent != 0) return std::unexpected(h2_error("HTTP/2 did not start", sent));
  return std::unique_ptr<H2Session>(new H2Session(std::move(impl)));
}

Result<> H2Session::receive(ByteView bytes) {
  ssize_t taken = nghttp2_session_mem_recv(impl_->session, bytes.data(), bytes.size());
  if (taken < 0) return std::unexpected(h2_error("HTTP/2", static_cast<int>(taken)));
  return {};
}

void H2Session::respond(int32_t id, int status, const std::vector<H2Header>& headers, Source body) {
  auto found = impl_->streams.find(id);
  if (found == impl_->streams.end()) return;
  found->second.body = std::move(body);
  std::string status_text = std::to_string(status);
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.size() + 1);
  fields.push_back(borrow(":status", status_text));
  for (const auto& [name, value] : headers) fields.push_back(borrow(name, value));
  nghttp2_data_provider provider{};
  provider.read_callback = Impl::read_body;
  int sent = nghttp2_submit_response(impl_->session, id, fields.data(), fields.size(),
                                     found->second.body ? &provider : nullptr);
  if (sent != 0) reset(id, NGHTTP2_INTERNAL_ERROR);
}

void H2Session::inform(int32_t id, int status) {
  std::string status_text = std::to_string(status);
  nghttp2_nv field = borrow(":status", status_text);
  nghttp2_submit_headers(impl_->session, NGHTTP2_FLAG_NONE, id, nullptr, &field, 1, nullptr);
}

void H2Session::go_on(int32_t id) {
  auto found = impl_->streams.find(id);
  if (found == impl_->streams.end()) return;
  nghttp2_session_consume_stream(impl_->session, id, std::exchange(found->second.held, 0));
}

void H2Session::reset(int32_t id, uint32_t code) {
  nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, id, code);
}

void H2Session::go_away() {
  nghttp2_submit_goaway(impl_->session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(impl_->session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

Result<ByteView> H2Session::output() {
  const uint8_t* data = nullptr;
  ssize_t size = nghttp2_session_mem_send(impl_->session, &data);
  if (size < 0) return std::unexpected(h2_error("HTTP/2", static_cast<int>(size)));
  return ByteView(data, static_cast<size_t>(size));
}

bool H2Session::alive() const {
  return nghttp2_session_want_read(impl_->session) != 0 || nghttp2_session_want_write(impl_->session) != 0;
}

size_t H2Session::open_streams() const {
  return impl_->streams.size();
}

}  // namespace openday::wrap
