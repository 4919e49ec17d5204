// HTTP/1.1 on a connection: one request at a time, the next one only after the answer is out.
#pragma once

#include <memory>
#include <string>

#include "hub/http1_parser.h"
#include "hub/http_connection.h"
#include "hub/http_intake.h"

namespace openday::hub {

/// Hub thread, owned by its connection. Pipelined requests wait in at most kMaxAhead bytes here, the rest in
/// the socket.
class Http1 final : public Protocol, public AnswerSink {
 public:
  explicit Http1(Connection& connection);
  ~Http1() override;

  void on_bytes(ByteView bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_tick(HouseTime now) override;
  void on_closed() override;
  void on_drain() override;
  [[nodiscard]] bool wants_bytes() const override {
    return ahead_.size() < kMaxAhead && !(intake_ && intake_->waits());
  }
  void resume() override;
  void answer(int32_t stream, Response response) override;

 private:
  static constexpr size_t kMaxAhead = 16 * 1024;

  enum class State {
    kHead,       // between requests or within a head
    kBody,       // collecting a body, or handing it on
    kAnswering,  // a handler has the request
    kSending,    // its answer is going out
    kLast        // nothing more is read: the connection is closing
  };

  /// Takes what it can from the front of `bytes`; returns how much.
  size_t advance(std::string_view bytes);
  size_t take_head(std::string_view bytes);
  size_t take_body(std::string_view bytes);
  size_t take_upload(std::string_view bytes);
  void begin_request();
  void begin_upload();
  void finish_upload();
  std::shared_ptr<PendingExchange> open_exchange();
  void upgrade(const Router::Match& match, std::string_view rest);
  void dispatch();
  void refuse(int status, std::string_view why);
  void refuse(Response response);
  void next_request();
  void send_head_and_body(const Response& response);
  void send_shared(const SharedResponse& shared);

  Connection& connection_;
  State state_ = State::kHead;
  bool inside_ = false;  // within on_bytes(): output goes out when it returns
  bool last_ = false;    // the connection closes after this answer
  bool peer_ended_ = false;
  std::string ahead_;  // bytes not yet understood
  size_t scanned_ = 0;
  HouseTime deadline_;

  Http1Head head_;
  Request request_;
  Router::Match match_;
  AnswerContext context_;
  ChunkedDecoder chunked_;
  std::unique_ptr<Intake> intake_;  // of an upload
  bool whole_ = false;              // its body has come
  std::shared_ptr<PendingExchange> exchange_;
};

}  // namespace openday::hub
