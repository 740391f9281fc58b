// leat.yml:
//
//   name: shop                      # required; letters, digits, _ and -
//   storage: ./lake                 # required; relative to the folder of leat.yml, or
//                                   #   s3://bucket/path
//   engine: embedded
//   timezone: Europe/Berlin         # IANA name; UTC by default
//   start: 2026-01-01               # where the history of interval models begins
//   vars: {vip_threshold: 1000}     # $vip_threshold in models: text, numbers, booleans
//   environments:                   # --env prod: each may hold storage, engine, timezone, start,
//   vars (added to those
//     prod: {storage: /data/lake}   #   above) and notify (instead of the one above)
//   notify:
//     - {slack: "${SLACK_WEBHOOK_URL}", on: [failure, check_failed, deadline_missed, success]}
//
// storage and slack may contain ${ENVIRONMENT_VARIABLE}. Environment variables win over both the
// file and its environments: LEAT_NAME, LEAT_STORAGE, LEAT_ENGINE, LEAT_TIMEZONE, LEAT_START, and
// LEAT_VARS_<NAME> (upper case) for a variable that the project declares. LEAT_ENV names the
// environment when --env does not.
#pragma once

#include <string>

#include "io/environment.h"
#include "project/definition.h"
#include "project/diagnostics.h"
#include "project/source_text.h"
#include "project/substitution.h"

namespace leat::project {

// What the reading of leat.yml depends on besides its text.
struct ConfigContext {
  const io::Environment& world;
  std::string environment;  // of --env, or ""
  const VariableLookup& variables;
};

// Fills name, storage, environment, timezone, start, vars, notifications and secrets of `project`,
// whose root is set.
void ReadConfig(const ConfigContext& context, const SourceText& source, Project& project,
                Diagnostics& diagnostics);

}  // namespace leat::project
