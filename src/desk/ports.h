// What the desk needs of others.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace openday::desk {

/// Takes out of a picture everything but the picture (where and when it was taken, by which device).
class PhotoCleaner {
 public:
  virtual ~PhotoCleaner() = default;
  /// `done` gets a newly coded JPEG, perhaps at once. kBusy, kIo: not now; other failures are the picture's.
  virtual void clean(SharedBytes image, std::function<void(Result<Bytes>)> done) = 0;
};

/// Keeps aired, unwithdrawn media beyond the DVR window.
class ClipKeeper {
 public:
  virtual ~ClipKeeper() = default;
  /// `done` gets the clip's id, perhaps at once.
  virtual void keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
                    std::function<void(Result<std::string>)> done) = 0;
  /// Nobody needs it any more.
  virtual void release(const std::string& clip) = 0;
};

}  // namespace openday::desk
