// HTTP/2 after its preface, frame by frame, against a server that answers everything.
#include <algorithm>
#include <set>
#include <string_view>

#include "wrap/nghttp2/h2_session.h"

using namespace openday;
using namespace openday::wrap;

namespace {

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

class Answering final : public H2Events {
 public:
  Answering() : session_(H2Session::create(*this, limits_).value()) {}

  bool receive(ByteView bytes) {
    bool good = session_->receive(bytes).has_value();
    for (int32_t stream : std::exchange(held_, {})) session_->go_on(stream);
    for (int i = 0; i < 1000; ++i) {
      auto out = session_->output();
      if (!out) return false;
      if (out->empty()) break;
    }
    return good && session_->alive();
  }

 private:
  void on_headers(int32_t stream, std::vector<H2Header> headers, bool end) override {
    expect(open_.insert(stream).second && open_.size() <= limits_.max_streams);
    size_t bytes = 0;
    for (const auto& [name, value] : headers) bytes += name.size() + value.size();
    expect(bytes <= limits_.max_header_bytes);
    if (end) answer(stream);
  }
  // Some wait, until the peer says something else.
  bool on_data(int32_t stream, ByteView bytes) override {
    expect(open_.contains(stream));
    if (bytes.empty() || bytes.front() % 2 == 0) return true;
    held_.push_back(stream);
    return false;
  }
  void on_end(int32_t stream) override { answer(stream); }
  void on_closed(int32_t stream, bool) override { expect(open_.erase(stream) == 1); }

  void answer(int32_t stream) {
    expect(open_.contains(stream));
    size_t left = 1000;
    session_->respond(stream, 200, {{"content-type", "text/plain"}},
                      [left](std::span<uint8_t> into) mutable -> Result<H2Session::Chunk> {
                        size_t now = std::min(left, into.size());
                        std::fill_n(into.begin(), now, uint8_t{'x'});
                        left -= now;
                        return H2Session::Chunk{now, left == 0};
                      });
  }

  const H2Limits limits_{};
  std::set<int32_t> open_;
  std::vector<int32_t> held_;
  std::unique_ptr<H2Session> session_;  // last: it calls the others until its end
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  Answering server;
  bool open = server.receive({reinterpret_cast<const uint8_t*>(kPreface.data()), kPreface.size()});
  size_t step = data[0] + size_t{1};
  ByteView bytes(data + 1, size - 1);
  for (size_t at = 0; open && at < bytes.size(); at += step) {
    open = server.receive(bytes.subspan(at, std::min(step, bytes.size() - at)));
  }
  return 0;
}
