// Golden texts: tests/package/golden/<name>, which an independent parser reads too (tests/playlist-npm).
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"

namespace openday::test {

/// The text of a golden file. With OPENDAY_UPDATE_GOLDEN=1 in the environment, `actual` is written there
/// first.
inline std::string golden(const std::string& name, const std::string& actual) {
  const std::string path = std::filesystem::path(OPENDAY_GOLDEN_FOLDER) / name;
  if (const char* update = std::getenv("OPENDAY_UPDATE_GOLDEN"); update != nullptr && *update == '1') {
    std::ofstream(path, std::ios::binary) << actual;
  }
  return read_file(path, 1 << 20).value_or("(no such golden file: " + path + ")");
}

}  // namespace openday::test
