// What the hub needs of whoever makes strangers' photos harmless.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::hub {

/// Home thread: the loop's.
class PhotoCleaner {
 public:
  static constexpr size_t kMostBytes = 12 * 1024 * 1024;

  virtual ~PhotoCleaner() = default;
  /// `then` gets the photo made anew, once, on the loop's thread and after this has returned; never, when the
  /// cleaner ends before. A baseline JPEG without any metadata, upright, no side longer than 2560.
  /// The messages are for the sender. kUnsupported: not JPEG, PNG or WebP. kInvalid: damaged, cut off, or
  /// what decodes it broke. kLimit: more than kMostBytes, or 50 megapixels. kTimeout: it took too long.
  /// kBusy: too many wait, try later. kIo: photos cannot be taken now.
  virtual void clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) = 0;
};

}  // namespace openday::hub
