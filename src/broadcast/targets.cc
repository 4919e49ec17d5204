#include "broadcast/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "broadcast/audit.h"
#include "broadcast/json.h"
#include "broadcast/text_rules.h"

namespace openday::broadcast {
namespace {

constexpr size_t kMaxKey = 2048;  // what a URL may have, from which a key may come

// In plain.
struct Address {
  std::string url;
  std::string key;
};

bool is_rtmp(std::string_view url) {
  auto parsed = parse_url(url);
  return parsed && parsed->scheme != "srt";
}

// What platforms hand out whole, rtmp://host/app/key?query, is split before the key. A URL without both app
// and key stays as it is.
Address split(std::string url) {
  auto parsed = parse_url(url);
  if (!parsed || parsed->scheme == "srt") return {std::move(url), {}};
  auto without_slashes = [](std::string_view path) { return path.substr(0, path.find_last_not_of('/') + 1); };
  std::string_view path = without_slashes(parsed->path);
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {std::move(url), {}};
  std::string_view app = without_slashes(path.substr(0, slash));
  if (app.empty()) return {std::move(url), {}};
  std::string key(path.substr(slash + 1));
  if (!parsed->query.empty()) key += "?" + parsed->query;
  url.resize(std::min(url.find('?'), url.size()) - parsed->path.size() + app.size());
  return {std::move(url), std::move(key)};
}

// Stream ids and tokens travel in queries: what has one is sealed, and shown without it.
void set_url(Target& target, const std::string& url, const Rules& rules) {
  bool has_query = url.find('?') != std::string::npos;
  target.url = has_query ? shown(url) : url;
  target.sealed_url = has_query ? rules.vault.seal(url) : Bytes();
}

Result<> set_key(Target& target, const std::string& key, const Rules& rules) {
  OPENDAY_CHECK_OK(check_line("key", key, 0, kMaxKey));
  if (is_rtmp(target.url)) {
    if (key.empty()) {
      return fail(Errc::kInvalid,
                  "RTMP needs a stream key; put it into key, or after the application in url");
    }
  } else if (!key.empty() && (key.size() < 10 || key.size() > 79)) {
    return fail(Errc::kInvalid, "an SRT passphrase has 10 to 79 characters");  // libsrt SRTO_PASSPHRASE
  }
  target.sealed_key = key.empty() ? Bytes() : rules.vault.seal(key);
  return {};
}

Result<> set_address(Target& target, const Address& address, const Rules& rules) {
  OPENDAY_TRY(Url url, about("url", check_url(address.url, kPushSchemes, rules.egress)));
  if (!url.user_info.empty() || url.parameter("passphrase")) {
    return fail(Errc::kInvalid, "url must not carry secrets; put them into key");
  }
  if (url.query == "***" || address.key.ends_with("?***")) {
    return fail(Errc::kInvalid, "url: *** stands for a secret; write the secret itself");
  }
  if (url.scheme != "srt" && !url.query.empty()) {
    return fail(Errc::kInvalid, "url: what follows the ? belongs to the stream key; put it into key");
  }
  set_url(target, address.url, rules);
  return set_key(target, address.key, rules);
}

Result<> check(const Target& target) {
  OPENDAY_CHECK_OK(check_id("id", target.id));
  OPENDAY_CHECK_OK(check_line("name", target.name, 1, 80));
  if (!target.rendition.empty()) OPENDAY_CHECK_OK(check_id("rendition", target.rendition));
  return {};
}

Result<> audit_target(Ledger& ledger, const Act& act, std::string action, const Target& target) {
  return audit(ledger, act, std::move(action), target.broadcast,
               {{"target", target.id}, {"url", target.url}, {"enabled", target.enabled}});
}

}  // namespace

Result<Target> add_target(Ledger& ledger, const std::string& broadcast, const NewTarget& wanted,
                          const Rules& rules, const Act& act) {
  OPENDAY_TRY(Broadcast owner, ledger.broadcast(broadcast));
  if (owner.state == State::kEnded) {
    return fail(Errc::kConflict, fmt::format("broadcast {} is ended; it cannot get targets", broadcast));
  }
  Target target{wanted.id, broadcast, wanted.name, {}, {}, {}, wanted.rendition, wanted.enabled};
  OPENDAY_CHECK_OK(check(target));
  Address address = wanted.key.empty() ? split(wanted.url) : Address{wanted.url, wanted.key};
  OPENDAY_CHECK_OK(set_address(target, address, rules));
  OPENDAY_TRY(auto present, ledger.targets(broadcast));
  if (std::any_of(present.begin(), present.end(), [&](const Target& one) { return one.id == target.id; })) {
    return fail(Errc::kConflict, fmt::format("there is a target {} already", target.id));
  }
  if (present.size() >= kMaxTargets) {
    return fail(Errc::kLimit, fmt::format("a broadcast has at most {} targets", kMaxTargets));
  }
  OPENDAY_CHECK_OK(ledger.put(target));
  OPENDAY_CHECK_OK(audit_target(ledger, act, "target.create", target));
  return target;
}

Result<Target> edit_target(Ledger& ledger, const std::string& broadcast, const std::string& id,
                           const TargetChanges& changes, const Rules& rules, const Act& act) {
  OPENDAY_TRY(Target target, ledger.target(broadcast, id));
  if (changes.name) target.name = *changes.name;
  if (changes.rendition) target.rendition = *changes.rendition;
  if (changes.enabled) target.enabled = *changes.enabled;
  OPENDAY_CHECK_OK(check(target));
  std::string key = changes.key.value_or("");
  // A form that shows a URL without its secrets sends it back like that: then it has not changed.
  if (changes.url && *changes.url != target.url) {
    Address address = key.empty() ? split(*changes.url) : Address{*changes.url, key};
    if (address.key.empty() && !changes.key && !target.sealed_key.empty()) {
      // Else a stored key could be sent to, and read at, an address of anybody's choice.
      return fail(Errc::kInvalid, "a new url needs the key again");
    }
    OPENDAY_CHECK_OK(set_address(target, address, rules));
  } else if (changes.key) {
    OPENDAY_CHECK_OK(set_key(target, key, rules));
  }
  OPENDAY_CHECK_OK(ledger.put(target));
  OPENDAY_CHECK_OK(audit_target(ledger, act, "target.edit", target));
  return target;
}

Result<> remove_target(Ledger& ledger, const std::string& broadcast, const std::string& id, const Act& act) {
  OPENDAY_TRY(Target target, ledger.target(broadcast, id));
  OPENDAY_CHECK_OK(ledger.remove_target(broadcast, id));
  return audit_target(ledger, act, "target.delete", target);
}

Result<> seal_targets(Ledger& ledger, const Rules& rules) {
  OPENDAY_TRY(auto broadcasts, ledger.broadcasts());
  for (const auto& broadcast : broadcasts) {
    OPENDAY_TRY(auto targets, ledger.targets(broadcast.id));
    for (auto& target : targets) {
      if (!target.sealed_url.empty()) continue;
      Address address = target.sealed_key.empty() ? split(target.url) : Address{target.url, {}};
      if (address.key.empty() && address.url.find('?') == std::string::npos) continue;
      if (!address.key.empty()) target.sealed_key = rules.vault.seal(address.key);
      set_url(target, address.url, rules);
      OPENDAY_CHECK_OK(ledger.put(target));
    }
  }
  return {};
}

}  // namespace openday::broadcast
