#include "base/date_text.h"

#include <fmt/format.h>

namespace leat {

// After Howard Hinnant's civil_from_days, https://howardhinnant.github.io/date_algorithms.html:
// std::chrono ends at the year 32767.
std::string FormatDate(std::int64_t days) {
  constexpr std::int64_t kDaysPerEra = 146'097;  // 400 years
  const std::int64_t shifted = days + 719'468;   // from 0000-03-01
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - (kDaysPerEra - 1)) / kDaysPerEra;
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / (kDaysPerEra - 1)) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{}{:04}-{:02}-{:02}", year < 0 ? "-" : "", year < 0 ? -year : year, month,
                     day);
}

}  // namespace leat
