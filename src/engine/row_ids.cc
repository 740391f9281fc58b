#include "engine/row_ids.h"

#include <fmt/format.h>

#include "base/text.h"

namespace leat::engine {
namespace {

// Per file: the id of its first row, and the version that added it.
std::string FirstOf(const std::string& column) { return column + " of the file"; }

}  // namespace

Result<RowIds> RowIds::Of(const delta::Metadata& metadata) {
  RowIds ids;
  LEAT_ASSIGN(ids.columns_, delta::RowIdColumnsOf(metadata));
  return ids;
}

// A row's id stands in the file or follows from its place. What holds for a whole file is given to
// the scan as the value of a partition is.
Result<std::string> RowIds::Scan(Session& session, TableFiles files) const {
  if (!columns_) return session.ScanOf(files);
  for (const std::string* name : {&columns_->id, &columns_->version}) {
    for (const std::string& column : {*name, FirstOf(*name)}) {
      files.metadata.schema.fields.push_back(
          {.name = column, .type = {.kind = data::TypeKind::kLong}});
    }
  }
  std::vector<delta::AddFile> with_ids(files.files.begin(), files.files.end());
  for (delta::AddFile& file : with_ids) {
    if (!file.base_row_id || !file.default_row_commit_version) {
      return Corrupt(fmt::format("file {} of table {} has no row ids, which the table promises",
                                 file.path, files.table_path));
    }
    file.partition_values[FirstOf(columns_->id)] = std::to_string(*file.base_row_id);
    file.partition_values[FirstOf(columns_->version)] =
        std::to_string(*file.default_row_commit_version);
  }
  files.files = std::move(with_ids);
  return session.ScanOf(files);
}

std::string RowIds::Selected() const {
  if (!columns_) return "*";
  const std::string id = QuoteIdentifier(columns_->id);
  const std::string version = QuoteIdentifier(columns_->version);
  const std::string first_id = QuoteIdentifier(FirstOf(columns_->id));
  const std::string first_version = QuoteIdentifier(FirstOf(columns_->version));
  return fmt::format(
      "* EXCLUDE ({0}, {1}, {2}, {3}), coalesce({0}, {1} + {4}) AS {0}, coalesce({2}, {3}) AS {2}",
      id, first_id, version, first_version, kFileRowColumn);
}

}  // namespace leat::engine
