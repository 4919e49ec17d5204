// What the origin's playlists say and how they become responses.
#include <algorithm>
#include <tuple>
#include <utility>

#include "hub/http_exchange.h"
#include "hub/origin_broadcast.h"
#include "wrap/zlib/gzip.h"

namespace openday::hub {
namespace {

constexpr int kGzipLevel = 6;            // 5 kB in about 0.1 ms, once a state
constexpr int64_t kDirectiveMaxAge = 6;  // three target durations; its state never changes

SharedBytes bytes_of(std::string_view text) {
  return std::make_shared<const Bytes>(text.begin(), text.end());
}

}  // namespace

void SharedPlaylist::set(std::shared_ptr<const std::string> text) {
  text_ = std::move(text);
  plain_.reset();
  packed_.reset();
  built_ = {};
}

std::shared_ptr<const SharedResponse> SharedPlaylist::response(bool gzip, bool directive, int64_t now_s) {
  if (!text_) return nullptr;
  auto& built = built_[(gzip ? 1u : 0u) + (directive ? 2u : 0u)];
  if (built) return built;
  if (!plain_) plain_ = bytes_of(*text_);
  if (gzip && !packed_) {
    if (auto packed = wrap::gzip(*plain_, kGzipLevel))
      packed_ = std::make_shared<const Bytes>(std::move(*packed));
  }
  bool packs = gzip && packed_;
  std::vector<Header> headers{
      {"Content-Type", "application/vnd.apple.mpegurl"},
      // Without a directive the same URL says something else a third of a second later.
      {"Cache-Control",
       directive ? "public, max-age=" + std::to_string(kDirectiveMaxAge) : "public, max-age=1"},
      {"Vary", "Accept-Encoding"}};
  if (packs) headers.push_back({"Content-Encoding", "gzip"});
  built = share(200, std::move(headers), packs ? packed_ : plain_, now_s);
  return built;
}

void ViewerEstimate::tick() {
  past_[at_] = now_;
  at_ = (at_ + 1) % kSeconds;
  now_ = {};
}

ViewerEstimate::Counts ViewerEstimate::counts() const {
  Counts sum;
  for (const Counts& one : past_) {
    sum.parts += one.parts;
    sum.blocked += one.blocked;
    sum.polled += one.polled;
    sum.by_proxy += one.by_proxy;
  }
  return sum;
}

double ViewerEstimate::viewers() const {
  Counts sum = counts();
  // Players that do not block reload about once in a target duration of 2 s (RFC 8216bis 6.3.4).
  double polling = sum.polled / (static_cast<double>(kSeconds) / 2);
  return (sum.parts > 0 ? sum.blocked / sum.parts : 0) + polling;
}

std::vector<package::RenditionReport> OriginBroadcast::reports_for(const Rendition& rendition) {
  std::vector<package::RenditionReport> reports;
  if (!rendition.video) return reports;  // stands alone: nobody switches from it
  for (auto& [name, other] : renditions_) {
    if (other.get() == &rendition || !other->video) continue;
    if (auto report = other->timeline->report("../" + name + "/live.m3u8"))
      reports.push_back(std::move(*report));
  }
  return reports;
}

std::shared_ptr<const SharedResponse> OriginBroadcast::live(Rendition& rendition, bool gzip, bool directive) {
  if (rendition.timeline->empty()) return nullptr;
  const Clock& clock = origin_.loop_.clock();
  HouseTime began = clock.now();
  auto text = rendition.timeline->live(reports_for(rendition));
  if (!rendition.live.is(text)) {
    rendition.live.set(text);
    ++origin_.counters_.renders;
  }
  auto response = rendition.live.response(gzip, directive, clock.wall().ms / 1000);
  origin_.counters_.render_ns += static_cast<uint64_t>((clock.now() - began).count());
  return response;
}

std::shared_ptr<const SharedResponse> OriginBroadcast::dvr(Rendition& rendition, bool gzip) {
  auto text = rendition.archive->dvr(setup_.dvr_window_s, setup_.state == OriginState::kEnded);
  if (!text) return nullptr;
  if (!rendition.dvr.is(text)) rendition.dvr.set(text);
  return rendition.dvr.response(gzip, false, origin_.loop_.clock().wall().ms / 1000);
}

std::shared_ptr<const SharedResponse> OriginBroadcast::replay(Rendition& rendition, bool gzip) {
  std::vector<const package::Archive*> variants;
  for (const auto& [name, other] : renditions_) {
    if (other->video && other.get() != &rendition) variants.push_back(other->archive.get());
  }
  auto text = rendition.archive->replay(variants);
  if (!text) return nullptr;
  if (!rendition.replay.is(text)) rendition.replay.set(text);
  return rendition.replay.response(gzip, false, origin_.loop_.clock().wall().ms / 1000);
}

std::string OriginBroadcast::multivariant(std::string_view kind) {
  std::vector<package::Variant> variants;
  for (auto& [name, rendition] : renditions_) {
    bool live = kind == "live";
    if (live ? rendition->timeline->empty() : rendition->archive->size() == 0) continue;
    const media::InitSegment* init = live ? rendition->timeline->init() : rendition->archive->init();
    if (!init || init->width == 0) continue;
    variants.push_back({.uri = name + "/" + std::string(kind) + ".m3u8",
                        .codecs = init->codecs,
                        .bandwidth = init->bandwidth,
                        .average_bandwidth = 0,
                        .width = init->width,
                        .height = init->height,
                        .fps = init->fps});
  }
  if (variants.empty()) return {};
  std::ranges::sort(variants, [](const package::Variant& a, const package::Variant& b) {
    return std::tie(b.bandwidth, a.uri) < std::tie(a.bandwidth, b.uri);
  });
  // Players begin with the first: the best that a modest line carries.
  constexpr int kModest = 2'000'000;
  auto first = std::ranges::find_if(variants, [](const auto& one) { return one.bandwidth <= kModest; });
  if (first == variants.end()) first = variants.end() - 1;
  std::rotate(variants.begin(), first, first + 1);
  return package::render_multivariant(variants);
}

}  // namespace openday::hub
