// assets/**/*.yml:
//
//   type: source                               # required
//   from:                                      # required; of the kinds of sources, this release
//   reads files
//     file: landing/orders/*.csv               # a file, folder or glob, relative to the project or
//     absolute format: csv                              # csv, tsv, json, ndjson, parquet; detected
//     like all that follows delimiter: ";"    quote: "\""    escape: "\\"    header: true
//     skip_lines: 2 encoding: latin-1                        # utf-8, utf-16, latin-1 compression:
//     gzip                        # none, gzip, zstd null_text: "NA"   date_format: "%d.%m.%Y"
//     timestamp_format: "%Y-%m-%d %H:%M:%S" on_change: replace                       # a known file
//     with new content: replace, append, ignore, fail
//   mode: batch
//   schema_policy: evolve                      # evolve, freeze, discard_row, discard_value
//   error_budget: {rows: 100, fraction: 0.05}  # unreadable rows accepted in one load
//
// and the keys of asset_keys.h.
#pragma once

#include "project/diagnostics.h"
#include "project/parsed_asset.h"
#include "project/source_text.h"

namespace leat::project {

// Reads as much as can be understood; problems go to `diagnostics`.
ParsedAsset ReadSource(const SourceText& source, const AssetName& name, Diagnostics& diagnostics);

}  // namespace leat::project
