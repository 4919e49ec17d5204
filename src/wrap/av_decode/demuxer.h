// Containers in, units of one coded picture or sound frame out (libavformat).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "media/media.h"
#include "wrap/av_decode/library.h"

namespace openday::wrap {

/// One access unit with its source's timestamps, unwrapped to 64 bits.
struct DemuxedUnit {
  int stream = 0;
  media::Kind kind = media::Kind::kVideo;
  std::shared_ptr<const CodecSetup> setup;  // the same object until it changes
  SharedBytes data;
  Duration pts{0};
  Duration dts{0};
  Duration duration{0};     // 0: not said
  bool key = false;         // a decoder can start here
  bool after_loss = false;  // packets before or within it are missing
};

/// One thread; stop() from any.
///
/// Low delay: a live MPEG-TS is not analysed before it plays, and a video PES packet is taken for one access
/// unit, as every encoder we know sends it (a parser would hold each picture back until the next one starts).
class Demuxer {
 public:
  /// Fills up to `size` bytes, waiting for at least one. 0: the end.
  using Read = std::function<size_t(uint8_t* into, size_t size)>;
  struct UrlOptions {
    std::string format;     // libavformat's name; empty: found out, among those of live sources
    std::string protocols;  // allow-list: "http,tcp,…"
    std::map<std::string, std::string> settings;  // of the demuxer and its protocols
    Duration patience = seconds(10);              // without a byte
  };

  /// MPEG-TS from a callback.
  static Result<Demuxer> open_ts(Read read);
  /// A file that is already open; it may name no other file. Waits for nothing.
  static Result<Demuxer> open_file(UniqueFd file);
  static Result<Demuxer> open_url(const std::string& url, const UrlOptions& options,
                                  std::shared_ptr<std::atomic<bool>> stop);
  Demuxer(Demuxer&&) noexcept;
  Demuxer& operator=(Demuxer&&) noexcept;
  ~Demuxer();

  /// The next audio or video unit. kClosed: the end. kInvalid: not this container. kTimeout: nothing came.
  Result<DemuxedUnit> read();
  /// A file only: to its start. Timestamps start over.
  Result<> rewind();
  [[nodiscard]] const std::string& format() const;

 private:
  struct State;
  explicit Demuxer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
