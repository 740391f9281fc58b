// Text to times with a zone, where DuckDB 1.5.5 takes the zone of one row for those that follow:
// its cast and its (try_)strptime set the zone of a calendar that all rows of a batch share, and
// never set it back. ZoneCastsTest tells when this is not needed any more.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/catalog/catalog_entry/scalar_function_catalog_entry.hpp"
#include "duckdb/catalog/catalog_entry/schema_catalog_entry.hpp"
#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/function/cast/cast_function_set.hpp"
#include "engine/session_state.h"

namespace leat::engine {
namespace {

using duckdb::idx_t;

// DuckDB keeps the first cast that is registered for two types, which is its own. Casts asked later
// than all others come first, but nothing public adds them. Naming the member in an explicit
// instantiation is the one way C++ has to reach it.
using CastBinders = duckdb::vector<duckdb::BindCastFunction>;
template <CastBinders duckdb::CastFunctionSet::* kMember>
struct CastBindersAccess {
  friend CastBinders& CastBindersOf(duckdb::CastFunctionSet& casts) { return casts.*kMember; }
};
CastBinders& CastBindersOf(duckdb::CastFunctionSet& casts);
template struct CastBindersAccess<&duckdb::CastFunctionSet::bind_functions>;

// Whether the text may name a zone: it has letters other than those of 2026-11-01T00:00:00Z.
bool MayNameZone(duckdb::string_t text) {
  const std::string_view view(text.GetData(), text.GetSize());
  return std::any_of(view.begin(), view.end(), [](char c) {
    const bool is_letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    return is_letter && c != 'T' && c != 't' && c != 'Z' && c != 'z';
  });
}

// Calls `convert(begin, end)` for runs of rows that may be converted together: each that may name a
// zone alone, the others as they come.
template <typename Convert>
void VisitRuns(duckdb::Vector& texts, idx_t count, const Convert& convert) {
  duckdb::UnifiedVectorFormat format;
  texts.ToUnifiedFormat(count, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
  const auto is_alone = [&](idx_t row) {
    const idx_t index = format.sel->get_index(row);
    return format.validity.RowIsValid(index) && MayNameZone(values[index]);
  };
  for (idx_t begin = 0; begin < count;) {
    idx_t end = begin + 1;
    if (!is_alone(begin)) {
      while (end < count && !is_alone(end)) end++;
    }
    convert(begin, end);
    begin = end;
  }
}

struct OwnZoneCast final : duckdb::BoundCastData {
  explicit OwnZoneCast(duckdb::BoundCastInfo cast) : inner(std::move(cast)) {}
  duckdb::unique_ptr<duckdb::BoundCastData> Copy() const override {
    return duckdb::make_uniq<OwnZoneCast>(inner.Copy());
  }
  duckdb::BoundCastInfo inner;
};

bool CastEachInItsZone(duckdb::Vector& source, duckdb::Vector& result, idx_t count,
                       duckdb::CastParameters& parameters) {
  auto& inner = parameters.cast_data->Cast<OwnZoneCast>().inner;
  duckdb::CastParameters with(parameters, inner.cast_data.get(), parameters.local_state);
  if (source.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR)
    return inner.function(source, result, count, with);
  source.Flatten(count);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  bool all_fit = true;
  VisitRuns(source, count, [&](idx_t begin, idx_t end) {
    if (end - begin == count) {
      all_fit = inner.function(source, result, count, with);
      return;
    }
    duckdb::Vector part(source, begin, end);
    duckdb::Vector converted(result.GetType(), end - begin);
    all_fit &= inner.function(part, converted, end - begin, with);
    duckdb::VectorOperations::Copy(converted, result, end - begin, 0, begin);
  });
  return all_fit;
}

duckdb::unique_ptr<duckdb::FunctionLocalState> InitInner(
    duckdb::CastLocalStateParameters& parameters) {
  auto& inner = parameters.cast_data->Cast<OwnZoneCast>().inner;
  if (!inner.init_local_state) return nullptr;
  duckdb::CastLocalStateParameters with(parameters, inner.cast_data.get());
  return inner.init_local_state(with);
}

// None for other types: the binders before this one are asked.
duckdb::BoundCastInfo BindZoneCast(duckdb::BindCastInput& input, const duckdb::LogicalType& source,
                                   const duckdb::LogicalType& target) {
  if (source.id() != duckdb::LogicalTypeId::VARCHAR ||
      target.id() != duckdb::LogicalTypeId::TIMESTAMP_TZ) {
    return nullptr;
  }
  CastBinders& binders = CastBindersOf(input.function_set);
  for (idx_t i = binders.size() - 1; i > 0; i--) {
    duckdb::BindCastInput with(input.function_set, binders[i - 1].info.get(), input.context);
    with.query_location = input.query_location;
    auto inner = binders[i - 1].function(with, source, target);
    if (!inner.function) continue;
    return {CastEachInItsZone, duckdb::make_uniq<OwnZoneCast>(std::move(inner)), InitInner};
  }
  return nullptr;
}

// --- strptime, try_strptime

duckdb::bind_scalar_function_t bind_strptime = nullptr;  // DuckDB's, for all databases the same

void ParseEachInItsZone(const duckdb::scalar_function_t& parse, duckdb::DataChunk& arguments,
                        duckdb::ExpressionState& state, duckdb::Vector& result) {
  const idx_t count = arguments.size();
  if (arguments.AllConstant()) return parse(arguments, state, result);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  for (idx_t row = 0; row < count; row++) {  // any format may set zone or offset
    duckdb::DataChunk one;
    one.InitializeEmpty(arguments.GetTypes());
    for (idx_t i = 0; i < arguments.ColumnCount(); i++) {
      auto& column = arguments.data[i];
      if (column.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
        one.data[i].Reference(column);
      } else {
        one.data[i].Slice(column, row, row + 1);
      }
    }
    one.SetCardinality(1);
    duckdb::Vector parsed(result.GetType(), 1);
    parse(one, state, parsed);
    duckdb::VectorOperations::Copy(parsed, result, 1, 0, row);
  }
}

duckdb::unique_ptr<duckdb::FunctionData> BindStrptime(
    duckdb::ClientContext& context, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  auto data = bind_strptime(context, function, arguments);
  if (function.GetReturnType().id() != duckdb::LogicalTypeId::TIMESTAMP_TZ) return data;
  function.SetFunctionCallback(
      [parse = function.GetFunctionCallback()](
          duckdb::DataChunk& chunk, duckdb::ExpressionState& state, duckdb::Vector& result) {
        ParseEachInItsZone(parse, chunk, state, result);
      });
  return data;
}

}  // namespace

void RegisterZoneCasts(duckdb::DatabaseInstance& database) {
  CastBindersOf(duckdb::CastFunctionSet::Get(database)).emplace_back(BindZoneCast);
  const auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(database);
  auto& schema = duckdb::Catalog::GetSystemCatalog(database).GetSchema(transaction, DEFAULT_SCHEMA);
  for (const char* name : {"strptime", "try_strptime"}) {
    auto entry = schema.GetEntry(transaction, duckdb::CatalogType::SCALAR_FUNCTION_ENTRY, name);
    for (auto& function : entry->Cast<duckdb::ScalarFunctionCatalogEntry>().functions.functions) {
      if (!function.HasBindCallback() || function.GetBindCallback() == BindStrptime) continue;
      bind_strptime = function.GetBindCallback();
      function.SetBindCallback(BindStrptime);
    }
  }
}

}  // namespace leat::engine
