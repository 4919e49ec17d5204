#include "wrap/zlib/gzip.h"

#include <zlib.h>

namespace openday::wrap {
namespace {

constexpr int kGzip = 16;  // added to the window bits: gzip header and trailer instead of zlib's

}  // namespace

Result<Bytes> gzip(ByteView plain, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(Errc::kInternal, "gzip did not start");
  }
  Bytes out(deflateBound(&stream, plain.size()));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return fail(Errc::kInternal, "gzip did not finish");
  return out;
}

Result<Bytes> gunzip(ByteView packed, size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + kGzip) != Z_OK) return fail(Errc::kInternal, "gunzip did not start");
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes out;
  int state = Z_OK;
  while (state == Z_OK) {
    size_t had = out.size();
    if (had > limit) break;
    out.resize(had + 64 * 1024);
    stream.next_out = out.data() + had;
    stream.avail_out = 64 * 1024;
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > limit) return fail(Errc::kLimit, "more comes out than allowed");
  if (state != Z_STREAM_END) return fail(Errc::kInvalid, "this is not whole gzip data");
  return out;
}

}  // namespace openday::wrap
