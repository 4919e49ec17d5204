// Strict reading of the JSON that clients send: types, ranges, and no key that nobody knows.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/http.h"

namespace openday::hub {

using Json = nlohmann::json;

/// The body as one JSON object. kUnsupported: another content type (415); kInvalid: not JSON, or a key given
/// twice, or not an object; kLimit: nested too deeply. An absent body is {} when `may_be_empty`.
Result<Json> parse_body(const Request& request, bool may_be_empty = false);
Result<Json> parse_object(std::string_view text);

/// Status, code and message of a failure as the API words it (docs/API.md, errors).
Response error_response(const Error& error, const std::string& id);

/// Reads the members of one object. The first thing that is wrong is kept and told by finish(), which also
/// refuses every key that no read asked for, naming the nearest that one did. `object` must outlive this.
class Fields {
 public:
  /// `where` stands before keys in messages: "source" makes "source.url".
  explicit Fields(const Json& object, std::string where = {});

  /// Nothing when absent (or wrong: finish() tells).
  std::optional<std::string> text(const char* key);
  std::optional<bool> truth(const char* key);
  std::optional<int64_t> integer(const char* key, int64_t least, int64_t most);
  std::optional<double> number(const char* key, double least, double most);
  std::optional<std::vector<std::string>> texts(const char* key, size_t most);
  /// RFC 3339 or UTC ms.
  std::optional<ProgramTime> time(const char* key);
  /// The same, and null: the outer optional says whether the key is there.
  std::optional<std::optional<ProgramTime>> time_or_null(const char* key);
  /// Any object or array below, to be read by another Fields; null when absent.
  const Json* object(const char* key);
  const Json* array(const char* key, size_t most);
  /// One of `names`; its index.
  std::optional<size_t> choice(const char* key, const std::vector<std::string>& names);

  /// Absent is wrong from here on.
  template <class T>
  T need(const char* key, const std::optional<T>& value) {
    if (!value && !error_) complain(Errc::kInvalid, key, "is missing");
    return value.value_or(T());
  }
  /// A key that a caller reads itself.
  void known(const char* key) { known_.emplace_back(key); }
  /// For values that a caller checks itself.
  void complain(Errc code, const std::string& key, const std::string& why);
  /// What another Fields found in a part of this object.
  void fail_with(Error error) {
    if (!error_) error_ = std::move(error);
  }
  Result<> finish();

 private:
  const Json* find(const char* key);
  std::string path(const std::string& key) const;

  const Json& object_;
  const std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace openday::hub
