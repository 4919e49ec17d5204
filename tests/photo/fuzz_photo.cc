// A stranger's photo: what is read of its file, and the decoders behind that.
#include <cstdlib>

#include "photo/clean.h"
#include "photo/photo_file.h"

using namespace openday;
using namespace openday::photo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = read_photo_file({data, size});
  if (!file) return 0;
  if (file->width == 0 || uint64_t{file->width} * file->height > kMostPixels) std::abort();
  if (file->orientation < 1 || file->orientation > 8 || file->essence.size() > size + 64) std::abort();
  // What is left is such a file itself, and has nothing more to lose.
  auto again = read_photo_file(file->essence);
  if (!again || again->essence != file->essence || again->orientation != 1) std::abort();
  if (again->width != file->width || again->height != file->height) std::abort();
  if (uint64_t{file->width} * file->height > 1'000'000) return 0;  // only slow
  auto cleaned = clean_photo({data, size});
  if (cleaned && !read_photo_file(*cleaned)) std::abort();
  return 0;
}
