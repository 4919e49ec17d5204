// A feed: one source, one decoding thread, the links to gateway and engine.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "feed/decode_thread.h"
#include "feed/flv_reader.h"
#include "feed/messages.h"
#include "feed/ts_reader.h"
#include "link/channel.h"

namespace openday::feed {

/// Home thread: the loop's. Starts threads, so the sandbox is entered before it is made; it opens nothing by
/// itself.
class Feed {
 public:
  /// `file`: the opened file of a file source, or why it could not be opened.
  Feed(Loop& loop, Log log, FeedConfig config, Result<UniqueFd> file = UniqueFd());
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  Result<> connect_gateway(UniqueFd socket);
  Result<> connect_engine(UniqueFd socket);
  void forget_gateway();

 private:
  void start_source(Result<UniqueFd> file);
  SourceEvents events();
  void on_gateway(const link::Message& message);
  void on_begin(const link::Json& head);
  void on_bytes(const link::Message& message);
  void on_end(const std::string& why);
  void on_engine(link::Message message);
  void set_source(bool connected, const std::string& error);
  void tell(bool always);

  Loop& loop_;
  Log log_;
  const FeedConfig config_;
  std::shared_ptr<link::Channel> engine_;
  std::shared_ptr<link::Channel> gateway_;
  std::unique_ptr<DecodeThread> decoder_;

  // The gateway's publisher of the moment.
  std::optional<int64_t> publisher_;
  FlvReader flv_;
  std::unique_ptr<TsReader> ts_;
  std::unique_ptr<PullSource> pull_;
  std::unique_ptr<FileSource> file_;

  bool mid_stream_ = false;  // the gateway withholds its pictures up to a key frame
  SourceStatus source_;
  uint64_t beginnings_ = 0;     // of the source, since this process started
  uint64_t frames_before_ = 0;  // shown before this source
  std::optional<State> told_;
  std::string told_why_;
  bool told_caught_up_ = false;
  HouseTime told_at_;
  uint64_t told_bytes_ = 0;
  uint64_t told_pictures_ = 0;
  Rates rates_;
  Loop::TimerId timer_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // posted tasks look whether it is
};

}  // namespace openday::feed
