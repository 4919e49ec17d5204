#include "broadcast/targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "broadcast/audit.h"
#include "broadcast/json.h"
#include "broadcast/text_rules.h"

namespace openday::broadcast {
namespace {

Result<> check(const Target& target, const Rules& rules) {
  OPENDAY_CHECK_OK(check_id("id", target.id));
  OPENDAY_CHECK_OK(check_line("name", target.name, 1, 80));
  OPENDAY_TRY(Url url, about("url", check_url(target.url, kPushSchemes, rules.egress)));
  if (url.scheme == "srt" && url.port == 0) return fail(Errc::kInvalid, "url: srt:// needs a port");
  if (!url.user_info.empty() || url.parameter("passphrase")) {
    return fail(Errc::kInvalid, "url must not carry secrets; put them into key");
  }
  if (!target.rendition.empty()) OPENDAY_CHECK_OK(check_id("rendition", target.rendition));
  return {};
}

Result<Bytes> sealed(const std::string& key, const std::string& url, const Rules& rules) {
  OPENDAY_CHECK_OK(check_line("key", key, 0, 512));
  if (key.empty()) return Bytes();
  auto parsed = parse_url(url);
  if (parsed && parsed->scheme == "srt" && (key.size() < 10 || key.size() > 79)) {
    return fail(Errc::kInvalid, "an SRT passphrase has 10 to 79 characters");  // libsrt SRTO_PASSPHRASE
  }
  return rules.vault.seal(key);
}

Result<> audit_target(Ledger& ledger, const Act& act, std::string action, const Target& target) {
  return audit(ledger, act, std::move(action), target.broadcast,
               {{"target", target.id}, {"url", shown(target.url)}, {"enabled", target.enabled}});
}

}  // namespace

Result<Target> add_target(Ledger& ledger, const std::string& broadcast, const NewTarget& wanted,
                          const Rules& rules, const Act& act) {
  OPENDAY_TRY(Broadcast owner, ledger.broadcast(broadcast));
  if (owner.state == State::kEnded) {
    return fail(Errc::kConflict, fmt::format("broadcast {} is ended; it cannot get targets", broadcast));
  }
  Target target{wanted.id, broadcast, wanted.name, wanted.url, {}, wanted.rendition, wanted.enabled};
  OPENDAY_CHECK_OK(check(target, rules));
  OPENDAY_TRY(target.sealed_key, sealed(wanted.key, wanted.url, rules));
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
  bool url_changes = changes.url && *changes.url != target.url;
  if (url_changes && !target.sealed_key.empty() && !changes.key) {
    // Else a stored key could be sent to, and read at, an address of anybody's choice.
    return fail(Errc::kInvalid, "a new url needs the key again");
  }
  if (changes.name) target.name = *changes.name;
  if (changes.url) target.url = *changes.url;
  if (changes.rendition) target.rendition = *changes.rendition;
  if (changes.enabled) target.enabled = *changes.enabled;
  OPENDAY_CHECK_OK(check(target, rules));
  if (changes.key) {
    OPENDAY_TRY(target.sealed_key, sealed(*changes.key, target.url, rules));
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

}  // namespace openday::broadcast
