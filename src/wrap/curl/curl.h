// One HTTP request and its answer, for the commands. Built on libcurl.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace openday::wrap {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// Blocks, at most `patience`. The answer's body is limited to 16 MiB. No redirects are followed. kIo when
/// nobody answers. `pin`: over TLS the peer is who has the key of this pin (public_key_pin()), whatever its
/// certificate says; kRefused otherwise. Empty: the system's authorities and the URL's host decide.
Result<HttpAnswer> http_request(const std::string& method, const std::string& url,
                                const std::vector<std::string>& headers, const std::string& body,
                                std::chrono::milliseconds patience, const std::string& pin = {});

}  // namespace openday::wrap
