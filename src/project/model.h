// assets/**/*.sql: one SELECT, with optional YAML between "/* @leat" and "@leat */" before it:
//
//   materialized: interval     # table (default), view, append, merge, interval, scd2
//   key: [order_id]            # merge, scd2: required
//   time_column: order_date    # interval: required, as is schedule; scd2: when a row's values
//   began to hold
//   deletes: keep              # scd2: what happens to keys that no longer come: keep (default),
//   close
//
// and the keys of asset_keys.h.
#pragma once

#include "project/diagnostics.h"
#include "project/parsed_asset.h"
#include "project/source_text.h"

namespace leat::project {

// The two parts of a model's file.
struct FrontMatter {
  std::string yaml;   // empty without front matter
  int yaml_line = 1;  // of the file, where `yaml` begins
  std::string sql;    // without trailing space, semicolons and comments; begins at the start of a
                      // line of the file, so that its columns are the file's; what the front matter
                      // occupies of it is blank
  int sql_line = 1;
};
// kInvalidInput when the front matter does not begin or end as it must.
Result<FrontMatter> SplitFrontMatter(const SourceText& source);

// Reads as much as can be understood; problems go to `diagnostics`.
ParsedAsset ReadModel(const SourceText& source, const AssetName& name, Diagnostics& diagnostics);

}  // namespace leat::project
