// Slowly changing dimensions of type 2: what a key's states in a table become when its state of now
// comes in.
#pragma once

#include <string>

#include "data/schema.h"
#include "engine/table_edit.h"
#include "project/definition.h"
#include "transform/publish.h"

namespace leat::transform {

// Whether it has the columns of data::HistoryColumns.
bool KeepsHistory(const data::Schema& table);
// Whether a model may go on with the table that is there: it does not become a history, and its
// history is not replaced by the model's rows, without being asked (kInvalidInput).
Status CheckHistory(const project::Asset& model, const data::Schema& table,
                    const data::Schema& rows);

// `name`, or what begins so and is no column of the table: for what a statement adds to its rows.
std::string UnusedName(const data::Schema& table, std::string name);

struct HistoryInput {
  const TrackHistory& mode;
  const data::Schema& staged;    // of leat_staged, which has each key once
  const data::Schema* base;      // of leat_target; null: the history begins
  std::string key_range;         // " WHERE ..." of leat_target: around the staged keys
  engine::PlaceColumns place{};  // of leat_target
};

// Puts the staged states into the history, by the rules of
// docs/guide/how-to/slowly-changing-dimensions.md: intervals of one key never overlap and are never
// empty, whatever comes in which order. kInvalidInput: a state without a time.
Result<HistoryRemarks> AddToHistory(engine::Session& session, engine::TableEdit& edit,
                                    const HistoryInput& input);

}  // namespace leat::transform
