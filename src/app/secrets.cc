#include "app/secrets.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/fd.h"
#include "base/random.h"
#include "base/text.h"

namespace openday::app {

Result<std::string> load_or_create_secret(const std::string& path, size_t bytes) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return std::unexpected(errno_error(path.c_str()));
    std::string secret = random_name(bytes);
    OPENDAY_CHECK_OK(write_file_atomic(path, secret + "\n", 0600));
    return secret;
  }
  if ((info.st_mode & 077) != 0) {
    return fail(Errc::kRefused, path + " can be read by others than its owner; make it private (chmod 600)");
  }
  OPENDAY_TRY(std::string text, read_file(path, 4096));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.size() < 32)
    return fail(Errc::kInvalid, path + " is too short for a secret; remove it to get a new one");
  return text;
}

}  // namespace openday::app
