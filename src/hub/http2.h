// HTTP/2 on a connection: many requests at a time, each on its stream.
#pragma once

#include <memory>
#include <unordered_map>

#include "hub/http_connection.h"
#include "hub/http_intake.h"
#include "wrap/nghttp2/h2_session.h"

namespace openday::hub {

/// Hub thread, owned by its connection. At most kMaxStreams requests at a time; a connection without any
/// closes after the idle timeout.
class Http2 final : public Protocol, public AnswerSink, private wrap::H2Events {
 public:
  explicit Http2(Connection& connection);
  ~Http2() override;

  void on_bytes(ByteView bytes) override;
  void on_end() override;
  void on_drained() override { pump(); }
  void on_tick(HouseTime now) override;
  void on_closed() override;
  void on_drain() override;
  [[nodiscard]] bool wants_bytes() const override;
  void resume() override;
  void answer(int32_t stream, Response response) override;

 private:
  struct Stream {
    Request request;
    Router::Match match;
    AnswerContext context;
    std::shared_ptr<PendingExchange> exchange;
    HouseTime body_deadline{INT64_MAX};
    bool answered = false;
    bool complete = false;           // the request has come whole
    size_t discarded = 0;            // bytes of a body nobody wants
    std::unique_ptr<Intake> intake;  // of an upload
    Bytes ahead;                     // came while it waits; the stream's window bounds it
  };

  void on_headers(int32_t id, std::vector<wrap::H2Header> headers, bool end) override;
  bool on_data(int32_t id, ByteView bytes) override;
  void on_end(int32_t id) override;
  void on_closed(int32_t id, bool clean) override;

  void begin_upload(int32_t id, Stream& stream);
  bool take_upload(int32_t id, Stream& stream, ByteView bytes);
  void go_on_with_upload(int32_t id);
  void finish_upload(int32_t id, Stream& stream);
  void end_upload(int32_t id, Stream& stream, Response response);
  std::shared_ptr<PendingExchange> open_exchange(int32_t id, Stream& stream);
  void dispatch(int32_t id, Stream& stream);
  void refuse(int32_t id, int status, std::string_view code, std::string_view why);
  void pump();

  Connection& connection_;
  std::unique_ptr<wrap::H2Session> session_;
  std::unordered_map<int32_t, Stream> streams_;
  std::vector<int32_t> resumed_;  // streams whose sink has ended its wait
  bool inside_ = false;           // within on_bytes(): output goes out when it returns
  HouseTime idle_since_;
  HouseTime progress_at_;  // of answers, while there are any
  uint64_t progress_sent_ = 0;
};

}  // namespace openday::hub
