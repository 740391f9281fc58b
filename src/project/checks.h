// Checks as people write them below `columns: {name: {checks: [...]}}` and `checks:` of an asset.
// An entry is
//
//   not_null                                          a kind alone
//   accepted_values: [north, south]                   a kind with its main value
//   between: {min: 0, max: 100, on_fail: warn}        a kind with options
//   {name: ..., sql: "select * from this where ...", on_fail: quarantine}     one's own, on the
//   table only
//
// On columns: not_null, unique, positive, accepted_values (values), relationships (table, column),
// pattern (regex), min (value), max (value), between (min, max), type (type). On tables: row_count
// (min, max), freshness (column, max_age), unique_key (columns), volume_anomaly (history,
// sensitivity). All take name and on_fail (fail, quarantine, drop, warn), as options or beside the
// kind. Checks that judge the table as a whole find no rows to quarantine or drop.
#pragma once

#include "project/parsed_asset.h"
#include "project/source_text.h"
#include "project/yaml.h"

namespace leat::project {

// Adds the checks of `list` and the tables and parameters they use to `parsed`. `column` is empty
// for checks on the table. `source` is the file that `list` comes from.
void ReadChecks(const YamlNode& list, const std::string& column, const SourceText& source,
                Reporter& reporter, ParsedAsset& parsed);

}  // namespace leat::project
