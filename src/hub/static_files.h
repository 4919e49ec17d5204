// The built web pages: read once, compressed once, served from memory.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "hub/http.h"

namespace openday::hub {

/// Immutable after load(). A page is answered with an entity tag and must be asked for again each time
/// (no-cache, 304 as a rule); what lies under assets/ has a hash in its name and may be kept for a year.
class StaticFiles {
 public:
  struct Limits {
    size_t files = 2000;
    uint64_t bytes = 64 * 1024 * 1024;
  };

  /// All regular files below `folder`, links and dot files left out. kLimit beyond the limits.
  static Result<StaticFiles> load(const std::string& folder, const Limits& limits);
  static Result<StaticFiles> load(const std::string& folder) { return load(folder, Limits()); }

  [[nodiscard]] bool has(std::string_view name) const { return files_.contains(name); }
  [[nodiscard]] size_t size() const { return files_.size(); }
  /// `name` is relative to the folder ("assets/a-1f2e3d4c.js"). 404 when there is none.
  [[nodiscard]] Response serve(std::string_view name, const Request& request) const;
  /// A page that other sites may show in a frame.
  [[nodiscard]] Response serve_framed(std::string_view name, const Request& request) const;

 private:
  struct File {
    std::string content_type;
    std::string etag;
    SharedBytes plain;
    SharedBytes packed;  // null: does not get smaller
    bool immutable = false;
    bool page = false;
  };
  Result<> add(const std::string& folder, const std::string& name, Limits& left, int depth);
  [[nodiscard]] Response serve(std::string_view name, const Request& request, bool framed) const;

  std::map<std::string, File, std::less<>> files_;
};

/// GET routes of the site's pages (docs/API.md): /, /watch/{b}, /embed/{b}, /studio/, /moderate/, /desk/,
/// /assets/* and the files beside index.html. `files` outlives the router.
void add_page_routes(Router& router, const StaticFiles& files);

}  // namespace openday::hub
