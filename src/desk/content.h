// What of a tip is sealed, and for whom it opens. Pure computing; any thread.
#pragma once

#include <string>
#include <vector>

#include "desk/receipt.h"
#include "desk/roster.h"
#include "desk/tip.h"

namespace openday::desk {

Key make_content_key();

/// The content key under the receipt's, and back.
Bytes wrap_key(const Key& content, const Key& wrapping);
Result<Key> unwrap_key(const Bytes& wrapped, const Key& wrapping);
/// The content key for whoever has the other half.
Result<Bytes> seal_key(const Key& content, const Bytes& public_half);
Result<Key> open_key(const Bytes& sealed, const Pair& pair);

/// Bound to the tip and the place in its timeline: nothing of it can be shown elsewhere.
Bytes seal_words(const Key& key, const std::string& tip, int number, std::string_view words);
Result<std::string> open_words(const Key& key, const Entry& entry);
Bytes seal_photo(const Key& key, const std::string& tip, int number, ByteView image);
Result<Bytes> open_photo(const Key& key, const Photo& photo);

/// The first entry's words. kInvalid names what is wrong in words for people.
Result<> check(const Content& content);
std::string to_words(const Content& content);
Result<Content> content_in(const std::string& words);

}  // namespace openday::desk
