#include "engine/pushed_filters.h"

#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/function/scalar/struct_utils.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "engine/duckdb_types.h"

namespace leat::engine {
namespace {

using delta::Predicate;

std::optional<delta::Op> ToOp(duckdb::ExpressionType type, bool flipped) {
  using duckdb::ExpressionType;
  switch (type) {
    case ExpressionType::COMPARE_EQUAL: return delta::Op::kEqual;
    case ExpressionType::COMPARE_LESSTHAN: return flipped ? delta::Op::kGreater : delta::Op::kLess;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return flipped ? delta::Op::kGreaterOrEqual : delta::Op::kLessOrEqual;
    case ExpressionType::COMPARE_GREATERTHAN:
      return flipped ? delta::Op::kLess : delta::Op::kGreater;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      return flipped ? delta::Op::kLessOrEqual : delta::Op::kGreaterOrEqual;
    default: return std::nullopt;
  }
}

const duckdb::BoundColumnRefExpression* AsColumn(const duckdb::Expression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return nullptr;
  return &expression.Cast<duckdb::BoundColumnRefExpression>();
}

const duckdb::BoundConstantExpression* AsConstant(const duckdb::Expression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return nullptr;
  return &expression.Cast<duckdb::BoundConstantExpression>();
}

// A column of the table, or a field in its structs.
struct Operand {
  std::string name;  // as Predicate has it
  const data::Field* field = nullptr;
};

class PredicateReader {
 public:
  PredicateReader(const duckdb::MultiFilePushdownInfo& info, const data::Schema& schema)
      : info_(info), schema_(schema) {}

  void Add(const duckdb::Expression& filter) {
    using duckdb::ExpressionClass;
    if (filter.GetExpressionClass() == ExpressionClass::BOUND_COMPARISON) {
      const auto& comparison = filter.Cast<duckdb::BoundComparisonExpression>();
      AddComparison(*comparison.left, *comparison.right, filter.type, false);
      AddComparison(*comparison.right, *comparison.left, filter.type, true);
    } else if (filter.GetExpressionClass() == ExpressionClass::BOUND_OPERATOR) {
      AddOperator(filter.Cast<duckdb::BoundOperatorExpression>());
    }
  }
  std::vector<Predicate> predicates;

 private:
  // The table's column behind a reference; null for virtual columns and types that the column does
  // not have.
  const data::Field* FieldOf(const duckdb::BoundColumnRefExpression& column) const {
    if (column.binding.table_index != info_.table_index) return nullptr;
    if (column.binding.column_index >= info_.column_ids.size()) return nullptr;
    const auto id = info_.column_ids[column.binding.column_index];
    return id < schema_.fields.size() ? &schema_.fields[id] : nullptr;
  }

  // Nothing for anything else, and for a name that may be another column's in a predicate.
  std::optional<Operand> OperandOf(const duckdb::Expression& expression) const {
    if (const auto* column = AsColumn(expression)) {
      const data::Field* field = FieldOf(*column);
      return field == nullptr ? std::nullopt : std::optional(Operand{field->name, field});
    }
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) {
      return std::nullopt;
    }
    const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
    const bool is_field = call.function.name == "struct_extract" && call.bind_info != nullptr;
    auto parent = is_field ? OperandOf(*call.children[0]) : std::nullopt;
    if (!parent || parent->field->type.kind != data::TypeKind::kStruct) return std::nullopt;
    const auto index = call.bind_info->Cast<duckdb::StructExtractBindData>().index;
    if (index >= parent->field->type.children.size()) return std::nullopt;
    const data::Field* field = &parent->field->type.children[index];
    Operand operand{parent->name + "." + field->name, field};
    const bool is_clear = (parent->field->name + field->name).find('.') == std::string::npos &&
                          schema_.Find(operand.name) == nullptr;
    return is_clear ? std::optional(std::move(operand)) : std::nullopt;
  }

  // The date whose midnight in UTC an instant is.
  static std::optional<data::Value> MidnightOf(const duckdb::Value& instant) {
    const TimestampUs us = instant.GetValueUnsafe<duckdb::timestamp_tz_t>().value;
    if (us % kMicrosPerDay != 0) return std::nullopt;
    return ToValue(
        duckdb::Value::DATE(duckdb::date_t(static_cast<std::int32_t>(us / kMicrosPerDay))));
  }

  static std::optional<data::Value> ValueOf(const duckdb::Expression& expression,
                                            const data::Field& field) {
    const auto* constant = AsConstant(expression);
    if (constant == nullptr || constant->value.IsNull()) return std::nullopt;
    if (field.type.kind == data::TypeKind::kDate &&
        constant->value.type().id() == duckdb::LogicalTypeId::TIMESTAMP_TZ) {
      return MidnightOf(constant->value);
    }
    duckdb::Value cast;
    std::string reason;
    // A cast that changes the value (1.5 to an integer) would make the comparison another one.
    if (!constant->value.DefaultTryCastAs(ToLogicalType(field.type), cast, &reason, true))
      return std::nullopt;
    duckdb::Value back;
    if (!cast.DefaultTryCastAs(constant->value.type(), back, &reason, true) ||
        back != constant->value) {
      return std::nullopt;
    }
    return ToValue(cast);
  }

  void AddComparison(const duckdb::Expression& left, const duckdb::Expression& right,
                     duckdb::ExpressionType type, bool flipped) {
    const duckdb::Expression* operand = &left;
    // date_column >= TIMESTAMPTZ: compared as instants; a date is the instant of its midnight in
    // UTC.
    if (operand->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST) {
      operand = operand->Cast<duckdb::BoundCastExpression>().child.get();
      if (operand->return_type.id() != duckdb::LogicalTypeId::DATE) return;
    }
    const auto column = OperandOf(*operand);
    const auto op = ToOp(type, flipped);
    if (!column || !op) return;
    const auto value = ValueOf(right, *column->field);
    if (value) predicates.push_back({.column = column->name, .op = *op, .values = {*value}});
  }

  void AddOperator(const duckdb::BoundOperatorExpression& expression) {
    const auto column = OperandOf(*expression.children[0]);
    if (!column) return;
    if (expression.type == duckdb::ExpressionType::OPERATOR_IS_NULL) {
      predicates.push_back({.column = column->name, .op = delta::Op::kIsNull, .values = {}});
    } else if (expression.type == duckdb::ExpressionType::OPERATOR_IS_NOT_NULL) {
      predicates.push_back({.column = column->name, .op = delta::Op::kIsNotNull, .values = {}});
    } else if (expression.type == duckdb::ExpressionType::COMPARE_IN) {
      Predicate in{.column = column->name, .op = delta::Op::kIn, .values = {}};
      for (std::size_t i = 1; i < expression.children.size(); i++) {
        const auto value = ValueOf(*expression.children[i], *column->field);
        if (!value) return;
        in.values.push_back(*value);
      }
      predicates.push_back(std::move(in));
    }
  }

  const duckdb::MultiFilePushdownInfo& info_;
  const data::Schema& schema_;
};

}  // namespace

std::vector<Predicate> PredicatesOf(
    const duckdb::MultiFilePushdownInfo& info, const data::Schema& schema,
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  PredicateReader reader(info, schema);
  for (const auto& filter : filters) reader.Add(*filter);
  return std::move(reader.predicates);
}

}  // namespace leat::engine
