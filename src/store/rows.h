// Reading what a query answers: all of it, or the one row it must have.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "wrap/sqlite/sqlite.h"

namespace openday::store {

template <class T>
using ReadRow = Result<T> (*)(const sqlite::Rows&);

template <class T>
Result<std::vector<T>> all(Result<sqlite::Rows> rows, ReadRow<T> read) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<T> found;
  while (true) {
    OPENDAY_TRY(bool more, rows->next());
    if (!more) return found;
    OPENDAY_TRY(T one, read(*rows));
    found.push_back(std::move(one));
  }
}

template <class T>
Result<T> one(Result<sqlite::Rows> rows, ReadRow<T> read, std::string_view what, std::string_view name) {
  if (!rows) return std::unexpected(rows.error());
  OPENDAY_TRY(bool found, rows->next());
  if (!found) return fail(Errc::kNotFound, fmt::format("there is no {} {}", what, name));
  return read(*rows);
}

}  // namespace openday::store
