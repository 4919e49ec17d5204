#include "hub/static_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/text.h"
#include "hub/http_parse.h"
#include "wrap/ssl/digest.h"
#include "wrap/zlib/gzip.h"

namespace openday::hub {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 6;

struct Type {
  std::string_view suffix;
  std::string_view content_type;
  bool text;  // worth compressing
};
constexpr std::array kTypes{
    Type{".html", "text/html; charset=utf-8", true},
    Type{".js", "text/javascript; charset=utf-8", true},
    Type{".mjs", "text/javascript; charset=utf-8", true},
    Type{".css", "text/css; charset=utf-8", true},
    Type{".json", "application/json", true},
    Type{".webmanifest", "application/manifest+json", true},
    Type{".svg", "image/svg+xml", true},
    Type{".txt", "text/plain; charset=utf-8", true},
    Type{".wasm", "application/wasm", true},
    Type{".png", "image/png", false},
    Type{".jpg", "image/jpeg", false},
    Type{".webp", "image/webp", false},
    Type{".ico", "image/x-icon", false},
    Type{".woff2", "font/woff2", false},
};

// docs/API.md: the pages need no inline script or style. blob: is what players make their media of, and their
// workers.
std::string page_policy(std::string_view frame_ancestors) {
  return "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; "
         "object-src 'none'; "
         "base-uri 'none'; form-action 'self'; frame-ancestors " +
         std::string(frame_ancestors);
}

}  // namespace

Result<StaticFiles> StaticFiles::load(const std::string& folder, const Limits& limits) {
  StaticFiles files;
  Limits left = limits;
  OPENDAY_CHECK_OK(files.add(folder, "", left, 0));
  return files;
}

Result<> StaticFiles::add(const std::string& folder, const std::string& name, Limits& left, int depth) {
  std::string path = name.empty() ? folder : folder + "/" + name;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::string leaf = entry->path().filename();
    if (leaf.starts_with('.')) continue;
    std::string inner = name.empty() ? leaf : fmt::format("{}/{}", name, leaf);
    std::error_code ignored;
    fs::file_type kind = entry->symlink_status(ignored).type();
    if (kind == fs::file_type::directory && depth < kMaxDepth) {
      OPENDAY_CHECK_OK(add(folder, inner, left, depth + 1));
      continue;
    }
    if (kind != fs::file_type::regular) continue;
    auto type = std::ranges::find_if(kTypes, [&](const Type& one) { return leaf.ends_with(one.suffix); });
    if (type == kTypes.end()) continue;  // the build's own notes
    auto content = read_file(fmt::format("{}/{}", folder, inner), static_cast<size_t>(left.bytes));
    if (!content) return std::unexpected(std::move(content).error());
    if (left.files == 0) return fail(Errc::kLimit, folder + " holds too many files");
    --left.files;
    left.bytes -= content->size();
    File file;
    file.content_type = type->content_type;
    file.plain = std::make_shared<const Bytes>(content->begin(), content->end());
    file.etag = "\"" + to_hex(ByteView(wrap::sha256(*file.plain)).first(12)) + "\"";
    file.immutable = inner.starts_with("assets/");
    file.page = leaf.ends_with(".html");
    if (type->text) {
      auto packed = wrap::gzip(*file.plain, 9);
      if (packed && packed->size() < file.plain->size()) {
        file.packed = std::make_shared<const Bytes>(std::move(*packed));
      }
    }
    files_.emplace(std::move(inner), std::move(file));
  }
  if (error) return fail(Errc::kIo, fmt::format("{}: {}", path, error.message()));
  return {};
}

Response StaticFiles::serve(std::string_view name, const Request& request) const {
  return serve(name, request, false);
}

Response StaticFiles::serve_framed(std::string_view name, const Request& request) const {
  return serve(name, request, true);
}

Response StaticFiles::serve(std::string_view name, const Request& request, bool framed) const {
  auto found = files_.find(name);
  if (found == files_.end())
    return Response::error(404, "not_found", "there is nothing at this address", request.id);
  const File& file = found->second;
  bool gzip = file.packed && request.accepts_gzip();
  // The coded form is another representation and has a tag of its own (RFC 9110 8.8.3.3).
  std::string etag = gzip ? file.etag.substr(0, file.etag.size() - 1) + "-gz\"" : file.etag;
  Response response;
  response.with("ETag", etag);
  response.with("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (file.packed) response.with("Vary", "Accept-Encoding");
  if (file.page) {
    response.with("Content-Security-Policy", page_policy(framed ? "*" : "'none'"));
    response.with("Cross-Origin-Opener-Policy", "same-origin");
    response.with("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()");
  }
  if (etag_matches(request.header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  response.with("Content-Type", file.content_type);
  if (gzip) response.with("Content-Encoding", "gzip");
  response.body = gzip ? file.packed : file.plain;
  return response;
}

void add_page_routes(Router& router, const StaticFiles& files) {
  auto page = [&](std::string_view pattern, std::string name, bool framed) {
    router.get(pattern,
               [&files, name = std::move(name), framed](const Request& request, Responder responder) {
                 responder.send(framed ? files.serve_framed(name, request) : files.serve(name, request));
               });
  };
  page("/", "index.html", false);
  page("/watch/{b}", "watch.html", false);
  page("/embed/{b}", "watch.html", true);
  for (const std::string name : {"studio", "moderate", "desk"}) {
    page("/" + name + "/", name + ".html", false);
    router.get("/" + name, [name](const Request&, Responder responder) {
      responder.send(std::move(Response::empty(308).with("Location", "/" + name + "/")));
    });
  }
  router.get("/assets/{file...}", [&files](const Request& request, Responder responder) {
    responder.send(files.serve("assets/" + std::string(request.param("file")), request));
  });
  for (const char* beside : {"favicon.ico", "favicon.svg", "robots.txt", "manifest.webmanifest"}) {
    page(std::string("/") + beside, beside, false);
  }
}

}  // namespace openday::hub
