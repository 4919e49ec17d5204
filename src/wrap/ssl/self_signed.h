// A certificate of one's own making, for the demo and for tests.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace openday::wrap {

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

/// EC P-256, signed by itself, for `host`, localhost, 127.0.0.1 and ::1; valid from an hour ago for `days`.
Result<CertificateAndKey> make_self_signed(std::string_view host, int days = 30);

}  // namespace openday::wrap
