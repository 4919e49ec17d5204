#include "engage/claims.h"

#include <algorithm>

namespace openday::engage {

Claim Claims::claim(int64_t id, const std::string& by, const std::string& name, ProgramTime now) {
  if (auto other = held_against(id, by, now)) return *other;
  if (!claims_.contains(id) && claims_.size() >= kMost) {
    claims_.erase(std::ranges::min_element(
        claims_, [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  return claims_[id] = {id, by, name, now + kLasts};
}

bool Claims::release(int64_t id, const std::string& by) {
  auto known = claims_.find(id);
  if (known == claims_.end() || known->second.by != by) return false;
  claims_.erase(known);
  return true;
}

std::optional<Claim> Claims::held_against(int64_t id, const std::string& by, ProgramTime now) const {
  auto known = claims_.find(id);
  if (known == claims_.end() || known->second.by == by || known->second.until <= now) return std::nullopt;
  return known->second;
}

std::vector<Claim> Claims::all(ProgramTime now) const {
  std::vector<Claim> found;
  for (const auto& [id, claim] : claims_) {
    if (claim.until > now) found.push_back(claim);
  }
  return found;
}

std::vector<Claim> Claims::expire(ProgramTime now) {
  std::vector<Claim> ended;
  std::erase_if(claims_, [&](const auto& entry) {
    if (entry.second.until > now) return false;
    ended.push_back({entry.first, "", "", {}});
    return true;
  });
  return ended;
}

}  // namespace openday::engage
