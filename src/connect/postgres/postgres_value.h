// Values of PostgreSQL: which type of ours holds each, and how COPY's binary form becomes one.
// Sources: PostgreSQL's src/include/catalog/pg_type.dat for the OIDs, and the _send functions of
// src/backend/utils/adt for the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connect/postgres/postgres_connection.h"
#include "data/arrow_builder.h"
#include "data/schema.h"

namespace leat::connect {

// How the bytes of a column are read.
enum class PostgresForm {
  kBool,
  kInt16,
  kInt32,
  kInt64,
  kOid,  // 32 bits without a sign
  kFloat,
  kDouble,
  kNumeric,  // with a precision and scale that a decimal can have
  kText,     // as the server prints it
  kBytes,
  kUuid,
  kDate,       // days since 2000-01-01
  kTimestamp,  // microseconds since 2000-01-01
};

struct PostgresMapping {
  data::Type type;
  PostgresForm form = PostgresForm::kText;
  // What is selected: the column itself, or, of the types that have no equal here, its text.
  bool is_cast = false;
};

PostgresMapping MappingOf(const PostgresColumn& column);

// Appends the value, or says why it is none of the column's type; then nothing is appended.
std::optional<std::string> AppendPostgresValue(std::string_view bytes,
                                               const PostgresMapping& mapping,
                                               data::ArrowColumn& to);
// The value as PostgreSQL prints it: for rows that are set aside.
std::string PostgresText(std::string_view bytes, const PostgresMapping& mapping);

}  // namespace leat::connect
