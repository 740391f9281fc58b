// Reads texts of JSON as files, for tests.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "connect/file/chunk_reader.h"
#include "connect/file/json_detect.h"
#include "connect/file/json_reader.h"
#include "connect/file/limits.h"
#include "data/arrow_reader.h"
#include "io/file_system.h"

namespace leat::connect {

// A cell as text: 'a', 1, null, [1, 2], {a: 1}, <k: v>.
inline std::string CellText(const data::ArrowView& column, std::int64_t row) {
  using data::ArrowKind;
  if (column.IsNull(row)) return "null";
  const auto list = [&](auto text_of) {
    std::vector<std::string> parts;
    const auto range = column.Elements(row);
    for (std::int64_t i = range.begin; i < range.end; i++) parts.push_back(text_of(i));
    return Join(parts, ", ");
  };
  switch (column.kind()) {
    case ArrowKind::kBool: return column.Bool(row) ? "true" : "false";
    case ArrowKind::kInt: return std::to_string(column.Int(row));
    case ArrowKind::kDouble: return fmt::format("{}", column.Double(row));
    case ArrowKind::kDecimal: {
      std::string digits;
      const Int128 value = column.Decimal(row);
      for (Int128 rest = value < 0 ? -value : value; rest > 0 || digits.empty(); rest /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
      return (value < 0 ? "-" : "") + digits + "e-" + std::to_string(column.decimal_scale());
    }
    case ArrowKind::kString: return "'" + std::string(column.String(row)) + "'";
    case ArrowKind::kList:
      return "[" + list([&](std::int64_t i) { return CellText(column.child(0), i); }) + "]";
    case ArrowKind::kMap:
      return "<" + list([&](std::int64_t i) {
               return CellText(column.child(0), i) + ": " + CellText(column.child(1), i);
             }) +
             ">";
    case ArrowKind::kStruct: {
      std::vector<std::string> parts;
      for (std::size_t i = 0; i < column.child_count(); i++)
        parts.push_back(std::string(column.child(i).name()) + ": " +
                        CellText(column.child(i), row));
      return "{" + Join(parts, ", ") + "}";
    }
    default: return "?";
  }
}

struct JsonLoad {
  std::vector<std::string>
      rows;  // cells of the plan's columns with " | " between, then "@" position
  std::vector<Reject> rejects;
  std::vector<std::string> errors;  // of the rejects
  FileCounts counts;
  DetectedType surplus;
  std::string failure;  // of the whole load
};

class JsonTest : public testing::Test {
 protected:
  void SetUp() override { folder_ = io::MakeTemporaryDirectory("leat-json").value(); }
  void TearDown() override { ASSERT_TRUE(io::RemoveAll(folder_).ok()); }

  SourceFile Write(const std::string& text) {
    const std::string path = io::JoinPath(folder_, std::to_string(files_++) + ".json");
    EXPECT_TRUE(io::LocalFileSystem().CreateFileUnsynced(path, text).ok());
    return {.path = path,
            .name = "landing/file.json",
            .size_bytes = static_cast<std::int64_t>(text.size()),
            .modified_us = 0,
            .fingerprint = 0};
  }

  FileFormat Detect(const std::string& text, Layout layout = Layout::kJsonLines) {
    FileFormat format;
    format.layout = layout;
    format.encoding = "utf-8";
    format.compression = "none";
    const Status status = DetectJson(io::LocalFileSystem(), Write(text), format);
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().ToString());
    return format;
  }

  // A schema as "a long, o struct<x:long>": names and types by blanks and "; ".
  static std::vector<TargetColumn> Columns(const std::string& schema) {
    std::vector<TargetColumn> columns;
    std::size_t at = 0;
    while (at < schema.size()) {
      const std::size_t end = std::min(schema.find("; ", at), schema.size());
      const std::string each = schema.substr(at, end - at);
      const std::size_t blank = each.find(' ');
      columns.push_back({.name = each.substr(0, blank),
                         .type = data::ParseType(each.substr(blank + 1)).value(),
                         .format = {}});
      at = end + 2;
    }
    return columns;
  }

  JsonLoad Load(const std::string& text, const std::string& schema,
                Layout layout = Layout::kJsonLines) {
    plan_.columns = Columns(schema);
    FilePlan file{.file = Write(text), .format = Detect(text, layout), .columns = {}};
    for (const TargetColumn& column : plan_.columns) {
      file.columns.push_back(FilePlan::kMissing);
      for (std::size_t i = 0; i < file.format.columns.size(); i++) {
        if (EqualsIgnoreCase(file.format.columns[i].first, column.name))
          file.columns.back() = static_cast<int>(i);
      }
    }
    return Read({file}, layout);
  }

  JsonLoad Read(const std::vector<FilePlan>& files, Layout layout) {
    JsonLoad load;
    ReadLog log;
    std::unique_ptr<engine::RowReader> reader;
    if (layout == Layout::kJsonLines) {
      reader = std::make_unique<ChunkReader>(io::LocalFileSystem(), files,
                                             MakeJsonLinesParser(plan_, files), log);
    } else {
      reader = MakeJsonDocumentReader(io::LocalFileSystem(), plan_, files, log);
    }
    while (true) {
      const auto batch = reader->Next();
      if (!batch.ok()) {
        load.failure = batch.error().message();
        return load;
      }
      if (!batch->has_value()) break;
      AddRows(**batch, load);
    }
    load.rejects = log.TakeRejects();
    for (const Reject& reject : load.rejects) load.errors.push_back(reject.error);
    load.surplus = log.surplus();
    load.counts = log.files().at(files[0].file.name);
    EXPECT_EQ(load.counts.bytes, load.counts.text_bytes);
    EXPECT_EQ(load.counts.text_bytes, files[0].file.size_bytes);
    EXPECT_EQ(load.counts.rows + load.counts.rejects, load.counts.records);
    EXPECT_EQ(load.counts.rows, static_cast<std::int64_t>(load.rows.size()));
    EXPECT_EQ(load.counts.rejects, static_cast<std::int64_t>(load.rejects.size()));
    return load;
  }

  void AddRows(const data::ArrowBatch& batch, JsonLoad& load) const {
    const auto view = data::ArrowView::Of(batch).value();
    const std::size_t count = plan_.columns.size();
    ASSERT_EQ(view.child_count(), count + 2);
    for (std::int64_t row = 0; row < view.row_count(); row++) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < count; i++) cells.push_back(CellText(view.child(i), row));
      load.rows.push_back(Join(cells, " | ") + " @" + CellText(view.child(count + 1), row));
    }
  }

  ReadPlan plan_;
  std::string folder_;
  int files_ = 0;
};

}  // namespace leat::connect
