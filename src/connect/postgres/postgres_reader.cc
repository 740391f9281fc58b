#include "connect/postgres/postgres_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "io/work.h"

namespace leat::connect {
namespace {

using data::ArrowColumn;

constexpr std::int64_t kBatchRows = 16'384;
constexpr std::size_t kBatchBytes = 4ULL << 20;
// https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4
constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderBytes = kSignature.size() + 8;

std::int32_t Word32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; i++)
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int32_t>(value);
}

std::int16_t Word16(std::string_view bytes, std::size_t at) {
  return static_cast<std::int16_t>((static_cast<unsigned char>(bytes[at]) << 8) |
                                   static_cast<unsigned char>(bytes[at + 1]));
}

// One connection, and the piece that it is reading.
struct Worker {
  std::unique_ptr<PostgresConnection> connection;
  bool is_reading = false;
  bool is_begun = false;  // the header of the COPY was seen
};

class PostgresReader final : public engine::RowReader {
 public:
  explicit PostgresReader(PostgresReading reading)
      : reading_(std::move(reading)), work_(io::CurrentWork()) {
    idle_.push_back({.connection = std::move(reading_.first)});
    connections_ = 1;
  }

  Result<std::optional<data::ArrowBatch>> Next() override {
    const io::WorkScope scope(work_);  // this may be any thread of the engine's
    while (true) {
      LEAT_ASSIGN(auto worker, Take());
      if (!worker) return std::optional<data::ArrowBatch>();
      LEAT_ASSIGN(auto batch, Read(*worker));
      {
        const std::lock_guard lock(mutex_);
        idle_.push_front(std::move(*worker));
      }
      if (batch.row_count() > 0) return std::optional(std::move(batch));
    }
  }

  double progress() const override {
    const std::lock_guard lock(mutex_);
    return static_cast<double>(done_) / static_cast<double>(reading_.pieces.size());
  }

 private:
  // A worker with something to read. Nothing: all is read, or others are reading the last pieces.
  Result<std::optional<Worker>> Take() {
    Worker worker;
    std::string piece;
    {
      const std::lock_guard lock(mutex_);
      const auto reading = std::find_if(idle_.begin(), idle_.end(),
                                        [](const Worker& idle) { return idle.is_reading; });
      if (reading != idle_.end()) {
        worker = std::move(*reading);
        idle_.erase(reading);
        return std::optional(std::move(worker));
      }
      const bool may_connect = connections_ < reading_.max_connections;
      if (next_ == reading_.pieces.size() || (idle_.empty() && !may_connect))
        return std::optional<Worker>();
      piece = reading_.pieces[next_++];
      if (!idle_.empty()) {
        worker = std::move(idle_.front());
        idle_.pop_front();
      } else {
        connections_++;
      }
    }
    if (!worker.connection) {
      LEAT_ASSIGN(worker.connection, PostgresConnection::Open(reading_.connection));
      LEAT_TRY(BeginReading(*worker.connection, reading_.snapshot));
    }
    LEAT_TRY(worker.connection->BeginCopy("COPY (" + piece + ") TO STDOUT (FORMAT binary)"));
    worker.is_reading = true;
    worker.is_begun = false;
    return std::optional(std::move(worker));
  }

  Result<data::ArrowBatch> Read(Worker& worker) {
    std::vector<ArrowColumn> columns;
    for (std::size_t i = 0; i < reading_.columns.size(); i++)
      columns.push_back(ArrowColumn::Of(reading_.columns[i], reading_.mappings[i].type));
    Cells cells(columns.size());
    std::int64_t rows = 0;
    std::size_t bytes = 0;
    while (rows < kBatchRows && bytes < kBatchBytes) {
      LEAT_ASSIGN(const auto chunk, worker.connection->Next());
      if (!chunk) {
        worker.is_reading = false;
        const std::lock_guard lock(mutex_);
        done_++;
        break;
      }
      std::string_view text = *chunk;
      bytes += text.size();
      if (!worker.is_begun) {
        if (!text.starts_with(kSignature) || text.size() < kHeaderBytes)
          return Corrupt(reading_.source + ": COPY did not begin as it should");
        text.remove_prefix(kHeaderBytes + static_cast<std::size_t>(Word32(text, kHeaderBytes - 4)));
        worker.is_begun = true;
        if (text.empty()) continue;
      }
      if (text.size() >= 2 && Word16(text, 0) < 0) continue;  // the trailer
      LEAT_TRY(CellsOf(text, cells));
      LEAT_ASSIGN(const bool is_stored, Append(cells, columns));
      rows += is_stored ? 1 : 0;
    }
    ArrowColumn positions = ArrowColumn::Int64(kRowNumberColumn);
    const std::int64_t first = next_position_.fetch_add(rows);
    for (std::int64_t i = 0; i < rows; i++) positions.AppendInt(first + i);
    columns.push_back(std::move(positions));
    return data::ToArrowBatch(std::move(columns));
  }

  using Cells = std::vector<std::optional<std::string_view>>;  // null for SQL's null

  // One row; false: it was set aside.
  Result<bool> Append(const Cells& cells, std::vector<ArrowColumn>& columns) {
    const std::int64_t before = columns.empty() ? 0 : columns[0].row_count();
    for (std::size_t i = 0; i < columns.size(); i++) {
      if (!cells[i]) {
        columns[i].AppendNull();
        continue;
      }
      const auto fault = AppendPostgresValue(*cells[i], reading_.mappings[i], columns[i]);
      if (!fault) continue;
      for (ArrowColumn& column : columns) column.Truncate(before);
      LEAT_TRY(Reject(cells, reading_.columns[i], *fault));
      return false;
    }
    return true;
  }

  Status CellsOf(std::string_view row, Cells& cells) const {
    const auto too_short = [this] {
      return Corrupt(reading_.source + ": a row of COPY does not have the columns asked for");
    };
    std::size_t at = 2;
    if (row.size() < at || Word16(row, 0) != std::ssize(reading_.columns)) return too_short();
    for (std::size_t i = 0; i < reading_.columns.size(); i++) {
      if (row.size() < at + 4) return too_short();
      const std::int32_t size = Word32(row, at);
      at += 4;
      if (size < 0) {
        cells[i].reset();
        continue;
      }
      if (row.size() < at + static_cast<std::size_t>(size)) return too_short();
      cells[i] = row.substr(at, static_cast<std::size_t>(size));
      at += static_cast<std::size_t>(size);
    }
    return Ok();
  }

  Status Reject(const Cells& cells, const std::string& column, const std::string& fault) {
    auto raw = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < cells.size(); i++) {
      raw[reading_.columns[i]] =
          cells[i] ? nlohmann::ordered_json(PostgresText(*cells[i], reading_.mappings[i]))
                   : nlohmann::ordered_json();
    }
    return reading_.rejects->Add({.source = reading_.source,
                                  .position = next_position_.fetch_add(1),
                                  .line = std::nullopt,
                                  .raw = JsonTextOfAny(raw),
                                  .column = column,
                                  .error = "column " + column + ": " + fault});
  }

  PostgresReading reading_;
  const std::shared_ptr<io::Work> work_;
  mutable std::mutex mutex_;  // guards what follows
  std::deque<Worker> idle_;
  int connections_ = 0;
  std::size_t next_ = 0;  // piece
  std::size_t done_ = 0;
  std::atomic<std::int64_t> next_position_{0};
};

}  // namespace

std::unique_ptr<engine::RowReader> MakePostgresReader(PostgresReading reading) {
  return std::make_unique<PostgresReader>(std::move(reading));
}

Status BeginReading(PostgresConnection& connection, const std::string& snapshot) {
  const auto begun = connection.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun.ok()) return begun.error();
  if (snapshot.empty()) return Ok();
  const auto taken =
      connection.Query("SET TRANSACTION SNAPSHOT " + PostgresConnection::QuoteText(snapshot));
  return taken.ok() ? Ok() : Status(taken.error());
}

}  // namespace leat::connect
