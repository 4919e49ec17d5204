// The disk as the media store needs it: a seam that tests break on purpose.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace openday::output {

/// A file that grows. Everything may fail: kLimit when there is no room (ENOSPC, EDQUOT, EFBIG), else kIo.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  /// All of it, or a failure; how much of it is in the file is then unknown.
  virtual Result<> append(ByteView bytes) = 0;
  /// The content is on the medium when this returns.
  virtual Result<> sync() = 0;
  virtual Result<> cut_to(uint64_t size) = 0;
};

/// Held as long as it lives; the kernel lets go of it when the process dies.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

/// Thread-safe. kNotFound where a name does not exist.
class Disk {
 public:
  virtual ~Disk() = default;
  /// With its parents; fine if it exists.
  virtual Result<> make_folder(const std::string& path) = 0;
  /// At its end; created if missing.
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path) = 0;
  /// kBusy: somebody else has it.
  virtual Result<std::unique_ptr<DiskLock>> lock(const std::string& path) = 0;
  /// Readers see the old content or the new, never half.
  virtual Result<> replace(const std::string& path, ByteView content) = 0;
  virtual Result<Bytes> read(const std::string& path, uint64_t limit) = 0;
  virtual Result<uint64_t> size(const std::string& path) = 0;
  /// The same content under another name: a second name of the file, or a copy where it cannot have one. Fine
  /// if that name exists.
  virtual Result<> link(const std::string& from, const std::string& to) = 0;
  /// A file, or a folder that is empty.
  virtual Result<> remove(const std::string& path) = 0;
  /// Names in a folder, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Bytes that an unprivileged process may still write.
  virtual Result<uint64_t> free_space(const std::string& path) = 0;
};

std::unique_ptr<Disk> posix_disk();

}  // namespace openday::output
