// NDJSON of bench/run.py's events into vectors in memory, by simdjson alone: the limit for the
// reader of JSON.
//     simdjson_columns FILE
// All cores, each with its share of the lines. Texts are copied; times stay texts. Prints the
// seconds.
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace json = simdjson::ondemand;

struct Columns {
  std::vector<std::int64_t> ids, users;
  std::vector<double> amounts;
  std::vector<bool> flags;
  std::vector<std::string> kinds, times, countries, paths;
};

void Add(json::object object, Columns& to) {
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    auto value = field.value();
    if (key == "id")
      to.ids.push_back(value.get_int64());
    else if (key == "user")
      to.users.push_back(value.get_int64());
    else if (key == "kind")
      to.kinds.emplace_back(std::string_view(value.get_string()));
    else if (key == "at")
      to.times.emplace_back(std::string_view(value.get_string()));
    else if (key == "amount")
      to.amounts.push_back(value.get_double());
    else if (key == "ok")
      to.flags.push_back(value.get_bool());
    else if (key == "country")
      to.countries.emplace_back(std::string_view(value.get_string()));
    else
      to.paths.emplace_back(std::string_view(value.get_string()));
  }
}

void Parse(std::string_view text, Columns& to) {
  json::parser parser;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto document = parser.iterate(text.data(), end, end + simdjson::SIMDJSON_PADDING);
    Add(document.get_object(), to);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto begin = std::chrono::steady_clock::now();
  const auto file = simdjson::padded_string::load(argv[1]);
  if (file.error() != simdjson::SUCCESS) return 1;
  const std::string_view text = file.value_unsafe();
  const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Columns> columns(count);
  std::vector<std::thread> threads;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t wanted = text.size() * (i + 1) / count;
    const std::size_t end =
        i + 1 == count ? text.size() : std::min(text.find('\n', wanted), text.size());
    threads.emplace_back(Parse, text.substr(at, end - at), std::ref(columns[i]));
    at = std::min(end + 1, text.size());
  }
  for (auto& thread : threads) thread.join();
  std::size_t rows = 0;
  for (const Columns& part : columns) rows += part.paths.size();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%zu rows in %.3f s\n", rows, seconds.count());
  return 0;
}
