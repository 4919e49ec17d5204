// SQLite, typed: a connection, prepared statements from constants only, rows read while they are current.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace openday::sqlite {

/// SQL text fixed at compile time: values can only come in as bound parameters.
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor): reads as SQL
  [[nodiscard]] const char* text() const { return text_; }

 private:
  const char* text_;
};

/// What a '?' stands for. Text and bytes are copied when bound.
class Value {
 public:
  Value(std::nullptr_t) {}
  Value(int value) : value_(static_cast<int64_t>(value)) {}
  Value(int64_t value) : value_(value) {}
  Value(bool value) : value_(static_cast<int64_t>(value)) {}
  Value(std::string_view value) : value_(value) {}
  Value(const std::string& value) : value_(std::string_view(value)) {}
  Value(const char* value) : value_(std::string_view(value)) {}
  Value(const Bytes& value) : value_(ByteView(value)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) value_ = Value(*value).value_;
  }

 private:
  friend class Database;
  std::variant<std::monostate, int64_t, std::string_view, ByteView> value_;
};

enum class Mode { kReadWrite, kReadOnly };

/// The rows of one query. Values are read from the present row; one Rows per SQL text may be open at a time.
class Rows {
 public:
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// Moves to the next row; false after the last.
  Result<bool> next();
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] Bytes bytes(int column) const;
  [[nodiscard]] std::optional<int64_t> maybe_integer(int column) const;

 private:
  friend class Database;
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;  // owned by the database's cache; reset when this ends
};

/// One connection. One thread at a time.
class Database {
 public:
  static Result<Database> open(const std::string& path, Mode mode);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// A script of several statements without parameters (schema, pragmas).
  Result<> script(Sql sql);
  /// One statement that returns no rows.
  Result<> run(Sql sql, std::initializer_list<Value> values = {});
  Result<Rows> query(Sql sql, std::initializer_list<Value> values = {});

  /// Rows changed by the last run().
  [[nodiscard]] int64_t changes() const;
  [[nodiscard]] int64_t last_id() const;
  /// False also after SQLite rolled back by itself (disk full, I/O error).
  [[nodiscard]] bool in_transaction() const;

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  Result<sqlite3_stmt*> prepared(Sql sql, std::initializer_list<Value> values);

  std::unique_ptr<State> state_;
};

}  // namespace openday::sqlite
