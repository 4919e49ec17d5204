#include "hub/api_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace openday::hub {
namespace {

constexpr int kMaxDepth = 8;
constexpr size_t kMaxKeyShown = 64;

// Depth is limited while parsing, so that a deep document is never built; a key given twice is refused, since
// which of the two counts would depend on who reads it.
class StrictReader final : public nlohmann::json_sax<Json> {
 public:
  explicit StrictReader(Json& into) : dom_(into, /*allow_exceptions=*/false) {}

  bool null() override { return dom_.null(); }
  bool boolean(bool value) override { return dom_.boolean(value); }
  bool number_integer(number_integer_t value) override { return dom_.number_integer(value); }
  bool number_unsigned(number_unsigned_t value) override { return dom_.number_unsigned(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    return dom_.number_float(value, text);
  }
  bool string(string_t& value) override { return dom_.string(value); }
  bool binary(binary_t& value) override { return dom_.binary(value); }
  bool start_object(std::size_t size) override {
    keys_.emplace_back();
    return enter() && dom_.start_object(size);
  }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) {
      error_ = {Errc::kInvalid, fmt::format("the key {} is given twice", json_name(name))};
      return false;
    }
    return dom_.key(name);
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return dom_.end_object();
  }
  bool start_array(std::size_t size) override { return enter() && dom_.start_array(size); }
  bool end_array() override {
    --depth_;
    return dom_.end_array();
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = {Errc::kInvalid, fmt::format("the body is not valid JSON (at byte {})", position)};
    return false;
  }

  [[nodiscard]] const Error& error() const { return error_; }
  static std::string json_name(const std::string& name) {
    return name.size() <= kMaxKeyShown ? fmt::format("\"{}\"", name) : "(a long one)";
  }

 private:
  bool enter() {
    if (++depth_ <= kMaxDepth) return true;
    error_ = {Errc::kLimit, fmt::format("the body is nested more than {} levels deep", kMaxDepth)};
    return false;
  }

  nlohmann::detail::json_sax_dom_parser<Json> dom_;
  std::vector<std::set<std::string>> keys_;
  int depth_ = 0;
  Error error_{Errc::kInvalid, "the body is not valid JSON"};
};

}  // namespace

Result<Json> parse_object(std::string_view text) {
  Json json;
  StrictReader reader(json);
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) return std::unexpected(reader.error());
  if (!json.is_object()) return fail(Errc::kInvalid, "the body must be a JSON object");
  return json;
}

Result<Json> parse_body(const Request& request, bool may_be_empty) {
  if (request.body.empty() && may_be_empty) return Json::object();
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type != "application/json") return fail(Errc::kUnsupported, "send Content-Type: application/json");
  return parse_object(as_text(request.body));
}

Response error_response(const Error& error, const std::string& id) {
  switch (error.code) {
    case Errc::kUnsupported: return Response::error(415, "unsupported", error.message, id);
    // The disk or a process is in trouble: it may pass, and trying again is right.
    case Errc::kIo:
    case Errc::kTimeout:
    case Errc::kClosed: return Response::error(503, name_of(error.code), error.message, id);
    case Errc::kBusy: {
      auto response = Response::error(429, "busy", error.message, id);
      response.with("Retry-After", "1");
      return response;
    }
    default: return Response::error(error, id);
  }
}

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object())
    error_ = Error{Errc::kInvalid, (where_.empty() ? "the body" : where_) + " must be an object"};
}

std::string Fields::path(const std::string& key) const {
  return where_.empty() ? key : where_ + "." + key;
}

void Fields::complain(Errc code, const std::string& key, const std::string& why) {
  if (!error_) error_ = Error{code, path(key) + " " + why};
}

const Json* Fields::find(const char* key) {
  known_.emplace_back(key);
  if (!object_.is_object()) return nullptr;
  auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  complain(Errc::kInvalid, key, "must be a string");
  return std::nullopt;
}

std::optional<bool> Fields::truth(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  complain(Errc::kInvalid, key, "must be true or false");
  return std::nullopt;
}

std::optional<int64_t> Fields::integer(const char* key, int64_t least, int64_t most) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) {
    complain(Errc::kInvalid, key, "must be a whole number");
    return std::nullopt;
  }
  bool huge = value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  int64_t number = value->get<int64_t>();
  if (huge || number < least || number > most) {
    complain(Errc::kInvalid, key, fmt::format("must be from {} to {}", least, most));
    return std::nullopt;
  }
  return number;
}

std::optional<double> Fields::number(const char* key, double least, double most) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    complain(Errc::kInvalid, key, "must be a number");
  } else if (double number = value->get<double>();
             !std::isfinite(number) || number < least || number > most) {
    complain(Errc::kInvalid, key, fmt::format("must be from {} to {}", least, most));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(const char* key, size_t most) {
  const Json* list = array(key, most);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> found;
  for (const auto& value : *list) {
    if (!value.is_string()) {
      complain(Errc::kInvalid, key, "must hold strings only");
      return std::nullopt;
    }
    found.push_back(value.get<std::string>());
  }
  return found;
}

std::optional<ProgramTime> Fields::time(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  static constexpr int64_t kLatest = 253'402'300'799'000;  // the year 9999
  if (value->is_number_integer()) {
    bool huge = value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(kLatest);
    int64_t ms = huge ? -1 : value->get<int64_t>();
    if (ms >= 0 && ms <= kLatest) return ProgramTime{ms};
  } else if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    int64_t ms = text.size() <= 40 ? parse_rfc3339(text) : -1;
    if (ms >= 0 && ms <= kLatest) return ProgramTime{ms};
  }
  complain(Errc::kInvalid, key, "must be a time: RFC 3339, or milliseconds since 1970");
  return std::nullopt;
}

std::optional<std::optional<ProgramTime>> Fields::time_or_null(const char* key) {
  if (object_.is_object()) {
    if (auto found = object_.find(key); found != object_.end() && found->is_null()) {
      known_.emplace_back(key);
      return std::optional<ProgramTime>();
    }
  }
  auto found = time(key);
  if (!found) return std::nullopt;
  return found;
}

const Json* Fields::object(const char* key) {
  const Json* value = find(key);
  if (value == nullptr || value->is_object()) return value;
  complain(Errc::kInvalid, key, "must be an object");
  return nullptr;
}

const Json* Fields::array(const char* key, size_t most) {
  const Json* value = find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    complain(Errc::kInvalid, key, "must be a list");
    return nullptr;
  }
  if (value->size() > most) {
    complain(Errc::kLimit, key, fmt::format("may have at most {} entries", most));
    return nullptr;
  }
  return value;
}

std::optional<size_t> Fields::choice(const char* key, const std::vector<std::string>& names) {
  auto value = text(key);
  if (!value) return std::nullopt;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == *value) return i;
  }
  std::string near = nearest(*value, names);
  complain(Errc::kInvalid, key,
           near.empty() ? fmt::format("must be one of {}", fmt::join(names, ", "))
                        : fmt::format("is not known; did you mean {}?", near));
  return std::nullopt;
}

Result<> Fields::finish() {
  if (!error_) {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      std::string near = nearest(key, known_);
      std::string name = key.size() <= kMaxKeyShown ? key : "(a long key)";
      complain(Errc::kInvalid, name,
               near.empty() ? "is not known" : "is not known; did you mean " + near + "?");
      break;
    }
  }
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace openday::hub
