// Who did what, and when: handed to every rule that changes something, and kept.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace openday::account {

/// Who acts, how they proved it, and when.
struct Act {
  std::string by = "admin";  // a person's id; of the admin token "admin"
  std::string via;           // "token", "session", "link"
  ProgramTime at;
};

struct AuditEntry {
  int64_t number = 0;  // from 1, without gaps
  ProgramTime at;
  std::string by;
  std::string via;
  std::string action;   // "broadcast.go_live"
  std::string subject;  // id of what it was done to
  std::string detail;   // a JSON object without secrets, or empty
  bool operator==(const AuditEntry&) const = default;
};

}  // namespace openday::account
