// One body on its way from its connection into its UploadSink: bounded, counted and timed, for both
// protocols.
#pragma once

#include <memory>
#include <optional>

#include "hub/http_connection.h"
#include "hub/http_upload.h"

namespace openday::hub {

/// Hub thread, owned by the protocol. A refusal, of open(), take() or overdue(), is the request's answer.
class Intake {
 public:
  /// `length`: what Content-Length says. `on_go_on`: a wait is over; what was held back may be given to
  /// take().
  static std::expected<std::unique_ptr<Intake>, Response> open(ServerCore& server, const Router::Match& match,
                                                               Request request,
                                                               std::optional<uint64_t> length,
                                                               std::shared_ptr<Caller> caller,
                                                               std::function<void()> on_go_on);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  /// Not while it waits.
  std::optional<Response> take(ByteView bytes);
  [[nodiscard]] bool waits() const { return waits_; }
  [[nodiscard]] uint64_t taken() const { return taken_; }
  /// How much more may come.
  [[nodiscard]] uint64_t room() const { return route_.max_body - taken_; }
  /// A refusal that is not from here, in the sink's words.
  Response worded(Response refusal) { return sink_->worded(std::move(refusal)); }
  /// The client is too slow, or the sink is.
  std::optional<Response> overdue(HouseTime now);
  /// The end of the body, and of this.
  void finish(Responder responder);

 private:
  Intake(ServerCore& server, const UploadRoute& route, std::shared_ptr<Caller> caller,
         std::string request_id);

  ServerCore& server_;
  const UploadRoute& route_;
  const std::shared_ptr<Caller> caller_;  // null: not bounded
  const std::string request_id_;
  std::shared_ptr<const std::function<void()>> wake_;
  bool waits_ = false;
  uint64_t taken_ = 0;
  HouseTime since_;  // of the stretch that is measured, or of the wait
  uint64_t taken_then_ = 0;
  std::unique_ptr<UploadSink> sink_;
};

}  // namespace openday::hub
