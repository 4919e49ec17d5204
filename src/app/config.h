// The configuration file: TOML in, checked JSON out, as docs/LINK.md hands it to the processes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "link/message.h"

namespace openday::app {

struct Config {
  link::Json hub;      // start.config of the hub
  link::Json gateway;  // start.config of the gateway; certificate and key still as paths
  std::string data_dir;
  std::string log_level;  // "debug", "info", "warn" or "error"
};

/// Every key is checked for its name, type and range, and by the rules of those who will use it. All problems
/// are reported at once, a line each: "FILE:LINE: KEY: what was expected", with the nearest known key where
/// one is unknown.
Result<Config> parse_config(std::string_view text, const std::string& file);
Result<Config> load_config(const std::string& file);

/// Whether HTTPS and RTMPS, where the file asks for them, can start with the certificate and the key it
/// names; else "FILE: KEY: what is wrong; what to do".
Result<> check_certificate(const Config& config, const std::string& file);
/// The same for the layouts and ladders that the server needs.
Result<> check_pipelines(const Config& config, const std::string& file);

/// Every key with its type, default and meaning, as Markdown (docs/OPERATOR.md holds it; a test compares).
std::string config_reference();

}  // namespace openday::app
