// Every key of the configuration file: its type, default, bounds and meaning.
#pragma once

#include <cstdint>
#include <vector>

#include "link/message.h"

namespace openday::app {

enum class KeyType { kText, kWhole, kTruth, kRungs, kAddresses, kNetworks };

struct Key {
  const char* name;  // "table.key"
  KeyType type;
  link::Json fallback;
  int64_t least = 0;
  int64_t most = 0;
  const char* choices = nullptr;  // space-separated; null: any text
  const char* meaning = "";
};

/// Keys of a table stand together.
const std::vector<Key>& keys();
/// In words, for messages and the reference: "a whole number".
const char* expected(const Key& key);
/// What an entry of a list looks like, to follow expected(); empty for what is no list.
const char* example(const Key& key);

}  // namespace openday::app
