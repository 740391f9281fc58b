// What a table does not hold although it could: files that vanished, intervals that an older
// definition computed, rows that came late.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrate/ledger.h"
#include "orchestrate/workspace.h"

namespace leat::orchestrate {

// "no file matches landing/orders/*.csv; the last new file came 3 d ago". Nothing when a file
// matches, or the files cannot be listed, which is for the load to tell.
std::optional<std::string> MissingFiles(Workspace& workspace, const project::Asset& source);

// The rows of a version by its files' statistics; nothing when a file has none.
std::optional<std::int64_t> RowCount(const delta::Snapshot& table);

// What the newest commit of a task of the asset tells of its origin; nothing when there is none
// among the last versions.
struct Origin {
  RunId run;
  std::map<std::string, TableVersion> inputs;  // the version of each table that it read
};
Result<std::optional<Origin>> NewestOrigin(Workspace& workspace, const AssetName& asset);

// Inputs of which there is a newer version than the one that the table was made of: "bronze.orders
// is at version 5, read at 3".
Result<std::vector<std::string>> NewerInputs(Workspace& workspace, const project::Asset& model);

// Where an interval model stands.
struct IntervalReview {
  IntervalSet done;
  Outdated outdated;         // of what is done, late rows that were found now included
  bool found_late = false;   // the table does not tell yet of some of the late rows
  std::int64_t due = 0;      // complete grains from the start until now
  std::int64_t missing = 0;  // of them
  std::string unknown;       // why it could not be found out whether rows came late; empty: it was
};
// Runs the model on the rows that its inputs got since it read them, so it finds what a row changes
// by itself: not what only the absence of rows changes. `session` reads the tables at the versions
// of its resolver, which it has again afterwards.
Result<IntervalReview> ReviewIntervals(Workspace& workspace, engine::Session& session,
                                       const engine::TableResolver& tables,
                                       const project::Asset& model, const delta::Snapshot* table);

// For people: what is wrong (warnings), or how far it is. Never both empty.
struct ReviewTexts {
  std::vector<std::string> warnings;
  std::string state;  // "up to date (29 of 29 days)", "27 of 29 days"
};
ReviewTexts TextsOf(const IntervalReview& review, const project::Asset& model,
                    std::optional<TimestampUs> start, TimestampUs now);

// One line on an asset.
struct Remark {
  AssetName asset;
  std::string text;
  bool is_warning = false;
};
// What is to say of each asset before a run: sources without files, and where interval models
// stand. Reads no rows but those that inputs of interval models got since.
Result<std::vector<Remark>> RemarksOn(Workspace& workspace, const std::vector<AssetName>& assets);

}  // namespace leat::orchestrate
