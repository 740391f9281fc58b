// What the tests of quality/ share: a real engine, staged files, and tables in a temporary folder.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "engine/engine.h"
#include "io/environment.h"
#include "quality/audit.h"

namespace leat::quality {

class QualityTest : public testing::Test {
 protected:
  QualityTest() {
    folder_ = io::MakeTemporaryDirectory("leat-quality").value();
    staging_ = Folder("staging");
  }
  void SetUp() override {
    auto engine = engine::Engine::Open(io::SystemEnvironment(),
                                       {.threads = 2, .temporary_directory = folder_});
    ASSERT_TRUE(engine.ok()) << engine.error().ToString();
    engine_ = std::move(engine).value();
    session_ = engine_->NewSession();
  }
  ~QualityTest() override {
    session_.reset();
    engine_.reset();
    EXPECT_TRUE(io::RemoveAll(folder_).ok());
  }

  std::string Folder(const std::string& name) {
    const std::string path = io::JoinPath(folder_, name);
    EXPECT_TRUE(io::LocalFileSystem().CreateDirectories(path).ok());
    return path;
  }

  struct Staged {
    data::Schema schema;
    std::vector<engine::WrittenFile> files;
  };
  Staged Stage(const std::string& sql) {
    auto written = session_->WriteParquet(sql, {}, {.directory = staging_, .keep_order = true});
    EXPECT_TRUE(written.ok()) << written.error().ToString();
    return {.schema = written->schema, .files = written->files};
  }
  // Two files, in this order.
  Staged Stage(const std::string& first, const std::string& second) {
    Staged staged = Stage(first);
    for (auto& file : Stage(second).files) staged.files.push_back(std::move(file));
    return staged;
  }

  // A query that other tables of the project stand for, by "schema.table".
  engine::TableResolver Tables() {
    return [this](const std::string& schema,
                  const std::string& table) -> Result<std::optional<engine::TableSource>> {
      const auto found = tables_.find(schema + "." + table);
      if (found == tables_.end()) return std::optional<engine::TableSource>();
      return std::optional(found->second);
    };
  }

  std::vector<std::string> FilesIn(const std::string& folder) {
    std::vector<std::string> names;
    for (const io::FileInfo& file : io::LocalFileSystem().List(folder).value()) {
      if (!file.is_directory) names.push_back(io::FileName(file.path));
    }
    return names;
  }

  // The rows of staged files as text, one per row: "1|a".
  std::vector<std::string> RowsOf(const std::vector<engine::WrittenFile>& files) {
    std::vector<std::string> rows;
    for (const auto& file : files) {
      for (auto& row : Texts("SELECT * FROM read_parquet('" + file.path + "')"))
        rows.push_back(std::move(row));
    }
    return rows;
  }
  std::vector<std::string> Texts(const std::string& sql) {
    const auto rows = session_->Query(sql);
    if (rows.ok()) return TextsOf(*rows);
    ADD_FAILURE() << sql << ": " << rows.error().ToString();
    return {};
  }
  static std::vector<std::string> TextsOf(const data::Rows& rows) {
    std::vector<std::string> texts;
    for (const auto& row : rows.rows) {
      std::vector<std::string> cells;
      for (const data::Value& cell : row) cells.push_back(TextOf(cell));
      texts.push_back(Join(cells, "|"));
    }
    return texts;
  }
  static std::string TextOf(const data::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* instant = std::get_if<data::Instant>(&value))
      return FormatTimestamp(instant->us);
    return "null";
  }

  std::string folder_, staging_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
  std::map<std::string, engine::TableSource> tables_;
};

}  // namespace leat::quality
