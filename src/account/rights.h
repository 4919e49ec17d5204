// Who may do what: the one table that the server goes by, and docs/API.md shows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace openday::account {

enum class Role : uint8_t { kAdmin, kProducer, kModerator, kOfficer };
inline constexpr std::array kRoles = {std::pair(Role::kAdmin, std::string_view("admin")),
                                      std::pair(Role::kProducer, std::string_view("producer")),
                                      std::pair(Role::kModerator, std::string_view("moderator")),
                                      std::pair(Role::kOfficer, std::string_view("officer"))};

/// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (Role one : roles) bits_ |= bit(one);
  }
  [[nodiscard]] constexpr bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  [[nodiscard]] constexpr bool meet(Roles others) const { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(Role role) { bits_ |= bit(role); }
  bool operator==(const Roles&) const = default;

 private:
  static constexpr uint8_t bit(Role role) { return static_cast<uint8_t>(1u << static_cast<unsigned>(role)); }
  uint8_t bits_ = 0;
};

constexpr std::string_view name_of(Role role) {
  return kRoles[static_cast<size_t>(role)].second;
}
std::optional<Role> role_named(std::string_view name);
/// "admin,producer" and back. kInvalid names what is no role, and what is one.
std::string text_of(Roles roles);
Result<Roles> roles_in(std::string_view text);

enum class Right : uint8_t {
  kOwnAccount,     // one's own session and password
  kSeeBroadcasts,  // lists, states, thumbnails, status
  kRunBroadcasts,  // make, change, take, go live, end, withdraw, targets
  kManageVenues,   // venues and their ingest keys
  kModerate,       // comments: the queue, decisions, bans
  kSpeakAsStaff,   // in a room, with a badge
  kReadTips,       // tips and the dialog with tipsters; nobody but officers
  kManagePeople,   // accounts
  kReadAudit
};

struct Grant {
  Right right;
  std::string_view name;
  Roles roles;
};
inline constexpr std::array kGrants = {
    Grant{
        Right::kOwnAccount, "own-account", {Role::kAdmin, Role::kProducer, Role::kModerator, Role::kOfficer}},
    Grant{Right::kSeeBroadcasts,
          "see-broadcasts",
          {Role::kAdmin, Role::kProducer, Role::kModerator, Role::kOfficer}},
    Grant{Right::kRunBroadcasts, "run-broadcasts", {Role::kAdmin, Role::kProducer}},
    Grant{Right::kManageVenues, "manage-venues", {Role::kAdmin, Role::kProducer}},
    Grant{Right::kModerate, "moderate", {Role::kAdmin, Role::kModerator}},
    Grant{Right::kSpeakAsStaff, "speak-as-staff", {Role::kAdmin, Role::kProducer, Role::kModerator}},
    Grant{Right::kReadTips, "read-tips", {Role::kOfficer}},
    Grant{Right::kManagePeople, "manage-people", {Role::kAdmin}},
    Grant{Right::kReadAudit, "read-audit", {Role::kAdmin}},
};

constexpr const Grant& grant_of(Right right) {
  return kGrants[static_cast<size_t>(right)];
}
constexpr bool may(Roles roles, Right right) {
  return grant_of(right).roles.meet(roles);
}

}  // namespace openday::account
