#include "ingest/error_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "ingest/limits.h"

namespace leat::ingest {

Status CheckErrorBudget(const project::SourceSpec& source,
                        const std::vector<connect::Reject>& rejects, std::int64_t rows_read,
                        const std::string& hint) {
  if (rejects.empty()) return Ok();
  const project::ErrorBudget& budget = source.error_budget;
  const bool by_default = !budget.rows && !budget.fraction;
  const double fraction = budget.fraction.value_or(by_default ? kDefaultErrorFraction : 1.0);
  const std::int64_t allowed =
      std::min(budget.rows.value_or(INT64_MAX),
               static_cast<std::int64_t>(fraction * static_cast<double>(rows_read)));
  if (std::ssize(rejects) <= allowed) return Ok();
  const auto first =
      std::min_element(rejects.begin(), rejects.end(), [](const auto& a, const auto& b) {
        return std::tie(a.source, a.position) < std::tie(b.source, b.position);
      });
  const std::string where = first->line ? fmt::format("{}:{}", first->source, *first->line)
                                        : fmt::format("{} at {}", first->source, first->position);
  return InvalidInput(fmt::format("{} of {} rows cannot be read, more than the error budget of "
                                  "{} allows; the first: {}: {}",
                                  rejects.size(), rows_read, allowed, where, first->error))
      .At(source.location())
      .WithHint(hint);
}

}  // namespace leat::ingest
