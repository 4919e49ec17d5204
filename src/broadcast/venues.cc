#include "broadcast/venues.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "broadcast/audit.h"
#include "broadcast/json.h"
#include "broadcast/text_rules.h"

namespace openday::broadcast {
namespace {

Result<Source> checked_source(const NewSource& wanted, const Rules& rules) {
  Source source;
  source.kind = wanted.kind;
  if (wanted.kind == SourceKind::kPull) {
    OPENDAY_TRY(Url url, about("source.url", check_pull_url(wanted.url, rules.egress)));
    if (url.user_info.ends_with(":***") || url.query == "***") {
      return fail(Errc::kInvalid, "source.url: *** stands for a secret; write the secret itself");
    }
    source.url = shown(wanted.url);
    source.sealed_url = rules.vault.seal(wanted.url);
  } else if (wanted.kind == SourceKind::kFile) {
    OPENDAY_CHECK_OK(check_line("source.path", wanted.path, 1, 500));
    std::string_view rest = wanted.path;
    if (rest.starts_with('/')) return fail(Errc::kInvalid, "source.path is relative to the media root");
    while (!rest.empty()) {
      size_t slash = std::min(rest.find('/'), rest.size());
      if (rest.substr(0, slash) == "..")
        return fail(Errc::kInvalid, "source.path must stay below the media root");
      rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
    source.path = wanted.path;
  }
  return source;
}

Result<> check(const Venue& venue) {
  OPENDAY_CHECK_OK(check_id("id", venue.id));
  OPENDAY_CHECK_OK(check_line("name", venue.name, 1, 80));
  if (std::abs(venue.av_offset_ms) > kMaxAvOffsetMs) {
    return fail(Errc::kInvalid, fmt::format("av_offset_ms must be from -{0} to {0}", kMaxAvOffsetMs));
  }
  if (venue.jitter_ms < kMinJitterMs || venue.jitter_ms > kMaxJitterMs) {
    return fail(Errc::kInvalid, fmt::format("jitter_ms must be from {} to {}", kMinJitterMs, kMaxJitterMs));
  }
  return {};
}

}  // namespace

Result<Venue> create_venue(Ledger& ledger, const NewVenue& wanted, const Rules& rules, const Act& act) {
  Venue venue{wanted.id, wanted.name, {}, wanted.av_offset_ms, wanted.jitter_ms, act.at};
  OPENDAY_CHECK_OK(check(venue));
  OPENDAY_TRY(venue.source, checked_source(wanted.source, rules));
  OPENDAY_TRY(auto present, ledger.venues());
  if (std::any_of(present.begin(), present.end(), [&](const Venue& one) { return one.id == venue.id; })) {
    return fail(Errc::kConflict, fmt::format("there is a venue {} already", venue.id));
  }
  if (present.size() >= kMaxVenues)
    return fail(Errc::kLimit, fmt::format("there are at most {} venues", kMaxVenues));
  OPENDAY_CHECK_OK(ledger.put(venue));
  OPENDAY_CHECK_OK(audit(ledger, act, "venue.create", venue.id,
                         {{"name", venue.name}, {"source", name_of(venue.source.kind)}}));
  return venue;
}

Result<Venue> edit_venue(Ledger& ledger, const std::string& id, const VenueChanges& changes,
                         const Rules& rules, const Act& act) {
  OPENDAY_TRY(Venue venue, ledger.venue(id));
  Json detail = Json::object();
  if (changes.name) detail["name"] = venue.name = *changes.name;
  // A form that shows a URL without its secrets sends it back like that: then it has not changed.
  bool same_pull = changes.source && changes.source->kind == SourceKind::kPull &&
                   venue.source.kind == SourceKind::kPull && changes.source->url == venue.source.url;
  if (changes.source && !same_pull) {
    OPENDAY_TRY(venue.source, checked_source(*changes.source, rules));
    detail["source"] = name_of(venue.source.kind);
  }
  if (changes.av_offset_ms) detail["av_offset_ms"] = venue.av_offset_ms = *changes.av_offset_ms;
  if (changes.jitter_ms) detail["jitter_ms"] = venue.jitter_ms = *changes.jitter_ms;
  OPENDAY_CHECK_OK(check(venue));
  OPENDAY_CHECK_OK(ledger.put(venue));
  if (changes.name) {
    // Ended broadcasts keep the name the venue had then.
    OPENDAY_TRY(auto broadcasts, ledger.broadcasts());
    for (auto& broadcast : broadcasts) {
      if (broadcast.state == State::kEnded) continue;
      bool renamed = false;
      for (auto& seat : broadcast.seats) {
        if (seat.venue == id && seat.name != venue.name) {
          seat.name = venue.name;
          renamed = true;
        }
      }
      if (renamed) OPENDAY_CHECK_OK(ledger.put(broadcast));
    }
  }
  OPENDAY_CHECK_OK(audit(ledger, act, "venue.edit", id, detail));
  return venue;
}

Result<> remove_venue(Ledger& ledger, const std::string& id, const Act& act) {
  OPENDAY_TRY(Venue venue, ledger.venue(id));
  OPENDAY_TRY(auto broadcasts, ledger.broadcasts());
  for (const auto& broadcast : broadcasts) {
    if (broadcast.state == State::kEnded) continue;
    for (const auto& seat : broadcast.seats) {
      if (seat.venue == id) {
        return fail(Errc::kConflict, fmt::format("broadcast {} counts on venue {}", broadcast.id, id));
      }
    }
  }
  OPENDAY_CHECK_OK(ledger.remove_venue(id));
  return audit(ledger, act, "venue.delete", id, {{"name", venue.name}});
}

Result<> rotate_key(Ledger& ledger, const std::string& venue, const IngestSecrets& fresh, const Rules& rules,
                    const Act& act) {
  OPENDAY_TRY(Venue owner, ledger.venue(venue));
  OPENDAY_CHECK_OK(ledger.put(IngestKey{venue, rules.vault.ingest_digest(fresh.stream_key),
                                        rules.vault.seal(fresh.passphrase), act.at}));
  return audit(ledger, act, "venue.rotate_key", venue, nullptr);
}

Result<std::string> venue_of_stream_key(LedgerView& ledger, std::string_view stream_key, const Rules& rules) {
  Bytes digest = rules.vault.ingest_digest(stream_key);
  auto key = ledger.ingest_key_by_digest(digest);
  if (!key && key.error().code == Errc::kNotFound) return fail(Errc::kRefused, "unknown stream key");
  if (!key) return std::unexpected(key.error());
  if (!equal_constant_time(as_text(key->rtmp_digest), as_text(digest))) {
    return fail(Errc::kRefused, "unknown stream key");
  }
  return key->venue;
}

}  // namespace openday::broadcast
