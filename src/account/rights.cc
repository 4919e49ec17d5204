#include "account/rights.h"

#include <fmt/format.h>

namespace openday::account {

std::optional<Role> role_named(std::string_view name) {
  for (const auto& [role, its_name] : kRoles) {
    if (name == its_name) return role;
  }
  return std::nullopt;
}

std::string text_of(Roles roles) {
  std::string text;
  for (const auto& [role, name] : kRoles) {
    if (!roles.has(role)) continue;
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

Result<Roles> roles_in(std::string_view text) {
  Roles roles;
  while (!text.empty()) {
    std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    auto role = role_named(name);
    if (!role) {
      return fail(Errc::kInvalid,
                  fmt::format("'{}' is no role; there are admin, producer, moderator and officer", name));
    }
    roles.add(*role);
  }
  return roles;
}

}  // namespace openday::account
