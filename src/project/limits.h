// Every limit of project/. Beyond one, loading reports an error that names it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat::project {

constexpr std::int64_t kMaxTextFileBytes = 1 << 20;   // one YAML or SQL file
constexpr std::int64_t kMaxSeedFileBytes = 64 << 20;  // one CSV file below seeds/
constexpr int kMaxYamlDepth = 32;                     // lists and maps inside each other
constexpr std::size_t kMaxYamlNodes = 100'000;        // per file, counting every use of an alias
constexpr int kMaxFolderDepth = 16;                   // folders below assets/
constexpr std::size_t kMaxNameBytes = 200;            // one part of an asset's name
constexpr int kMaxRetryAttempts = 100;
constexpr int kMaxAnomalyHistory = 1'000;         // runs that volume_anomaly looks back on
constexpr std::int64_t kMaxDurationDays = 3'650;  // a timeout, delay or age

}  // namespace leat::project
