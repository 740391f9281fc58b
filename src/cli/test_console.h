// For tests: runs command lines in this process, in a folder of their own, and keeps what they
// print.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/console.h"
#include "io/terminal.h"

namespace leat::cli {

// A pipe, or a terminal of 80 columns.
class TestConsole final : public Console {
 public:
  Result<bool> Write(int fd, std::string_view text) override {
    if (fd == io::kStandardOutput && is_full) return RetryLater("No space left on device");
    if (fd == io::kStandardOutput && has_no_reader) return false;
    (fd == io::kStandardOutput ? out : err) += text;
    return true;
  }
  bool IsTerminal(int) const override { return is_terminal; }
  bool HasColor(int, bool no_color_asked) const override { return is_terminal && !no_color_asked; }
  int Width(int) const override { return 80; }

  bool is_terminal = false;
  bool is_full = false, has_no_reader = false;  // standard output
  std::string out, err;
};

struct Outcome {
  int exit_code = 0;
  std::string out, err;
};

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = io::MakeTemporaryDirectory("leat-cli-test");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
  }
  void TearDown() override { EXPECT_TRUE(io::RemoveAll(folder_).ok()); }

  Outcome Run(std::vector<std::string> arguments, bool is_terminal = false) {
    TestConsole console;
    console.is_terminal = is_terminal;
    return RunOn(console, std::move(arguments));
  }

  Outcome RunOn(TestConsole& console, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-C", folder_});
    const int exit_code = Main(io::SystemEnvironment(), connect::Connectors(), console, arguments);
    return {exit_code, console.out, console.err};
  }

  void Write(const std::string& file, const std::string& content) {
    io::FileSystem& files = io::LocalFileSystem();
    const std::string path = io::JoinPath(folder_, file);
    ASSERT_TRUE(files.CreateDirectories(io::ParentPath(path)).ok());
    ASSERT_TRUE(files.ReplaceFile(path, content).ok());
  }
  std::string Read(const std::string& file) {
    return io::LocalFileSystem().ReadFile(io::JoinPath(folder_, file)).value();
  }

  // Two orders, of which one is wrong, and a model over them.
  void WriteShop() {
    Write("leat.yml", "name: shop\nstorage: ./lake\nvars: {vip_threshold: 1000}\n");
    Write("landing/orders.csv",
          "order_id,region,amount\n1,north,10.50\n2,south,-3.00\n3,south,4.00\n");
    Write("assets/bronze/orders.yml",
          "type: source\nfrom: {file: landing/orders.csv}\nschema_policy: freeze\n"
          "columns:\n  order_id: {type: bigint}\n  region: {type: string}\n"
          "  amount: {type: \"decimal(12,2)\"}\n");
    Write(
        "assets/silver/orders.sql",
        "/* @leat\ncolumns:\n  order_id: {checks: [unique]}\n"
        "  amount: {checks: [{min: {value: 0, on_fail: quarantine}}]}\n@leat */\n"
        "select order_id, region, amount, amount > $vip_threshold as is_vip from bronze.orders\n");
  }

  std::string folder_;
};

}  // namespace leat::cli
