// Rows as text in the three output formats.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "data/value.h"

namespace leat::cli {

// Keys stay in the order in which they are set.
using Json = nlohmann::ordered_json;

// Whole numbers beyond 2^53 as well as decimals are strings, instants RFC 3339 in UTC, nested
// values JSON.
Json ToJson(const data::Value& value, const data::Type& type);
Json ToJson(const data::Schema& schema, const std::vector<data::Value>& row);
// A number, or a string beyond 2^53.
Json ToJson(std::int64_t number);
Json ToJsonTime(TimestampUs time);
// Text of one JSON value on one line, or with `indent` blanks per level. Broken UTF-8 is replaced.
std::string Dump(const Json& json, int indent = -1);

// Quoted as in RFC 4180; lines end with LF, as other tools of a shell expect. Null is empty, the
// empty text is "".
std::string CsvHeader(const data::Schema& schema);
std::string CsvLine(const std::vector<data::Value>& row);

// One cell for people: "" for null.
std::string PlainText(const data::Value& value);

// A small table to print: column names, and cells added row by row.
data::Schema TextColumns(std::initializer_list<const char*> names);

}  // namespace leat::cli
