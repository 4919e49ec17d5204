#include "output/recorder_disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/fd.h"
#include "base/text.h"

namespace openday::output {
namespace {

std::unexpected<Error> failure(const char* what, int code) {
  Errc kind = Errc::kIo;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) kind = Errc::kLimit;
  if (code == ENOENT || code == ENOTDIR) kind = Errc::kNotFound;
  if (code == EWOULDBLOCK) kind = Errc::kBusy;
  return fail(kind, std::string(what) + ": " + std::system_category().message(code));
}

class PosixFile final : public DiskFile {
 public:
  explicit PosixFile(UniqueFd fd) : fd_(std::move(fd)) {}

  Result<> append(ByteView bytes) override {
    while (!bytes.empty()) {
      ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("write", errno);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }
  Result<> sync() override {
    if (::fdatasync(fd_.get()) != 0) return failure("sync", errno);
    return {};
  }
  Result<> cut_to(uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return failure("truncate", errno);
    return {};
  }

 private:
  UniqueFd fd_;
};

class PosixLock final : public DiskLock {
 public:
  explicit PosixLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

class PosixDisk final : public Disk {
 public:
  Result<> make_folder(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failure("make folder", error.value());
    return {};
  }

  Result<std::unique_ptr<DiskFile>> open(const std::string& path) override {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) return failure("open", errno);
    return std::make_unique<PosixFile>(std::move(fd));
  }

  Result<std::unique_ptr<DiskLock>> lock(const std::string& path) override {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return failure("open", errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return failure("lock", errno);
    return std::make_unique<PosixLock>(std::move(fd));
  }

  Result<> replace(const std::string& path, ByteView content) override {
    std::string beside = path + ".new";
    UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return failure("open", errno);
    PosixFile file(std::move(fd));
    Result<> done = file.append(content);
    if (done) done = file.sync();
    if (done && ::rename(beside.c_str(), path.c_str()) != 0) done = failure("rename", errno);
    if (!done) ::unlink(beside.c_str());
    return done;
  }

  Result<Bytes> read(const std::string& path, uint64_t limit) override {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return failure("open", errno);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return failure("stat", errno);
    if (static_cast<uint64_t>(info.st_size) > limit)
      return fail(Errc::kIo, "the file is larger than it can be");
    Bytes out(static_cast<size_t>(info.st_size));
    size_t have = 0;
    while (have < out.size()) {
      ssize_t got = ::read(fd.get(), out.data() + have, out.size() - have);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure("read", errno);
      if (got == 0) break;
      have += static_cast<size_t>(got);
    }
    out.resize(have);
    return out;
  }

  Result<uint64_t> size(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return failure("stat", errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return {};
    if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP)
      return failure("link", errno);
    // Another file system, or one without second names.
    std::string beside = to + ".new";
    std::error_code error;
    std::filesystem::copy_file(from, beside, std::filesystem::copy_options::overwrite_existing, error);
    UniqueFd copy(error ? -1 : ::open(beside.c_str(), O_RDONLY | O_CLOEXEC));
    if (!error && (!copy || ::fdatasync(copy.get()) != 0)) error.assign(errno, std::system_category());
    if (!error) std::filesystem::rename(beside, to, error);
    if (!error) return {};
    ::unlink(beside.c_str());
    return failure("copy", error.value());
  }

  Result<> remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return failure("remove", errno);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at(path, error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error) return failure("list", error.value());
    return names;
  }

  Result<uint64_t> free_space(const std::string& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) return failure("statvfs", errno);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

}  // namespace

std::unique_ptr<Disk> posix_disk() {
  return std::make_unique<PosixDisk>();
}

}  // namespace openday::output
