// The keys that sources, models and seeds share:
//
//   description: text          owner: data@shop.example          tags: [finance]
//   schedule: "@daily"         @minutely, @hourly, @daily, @weekly, @monthly, @yearly
//   start: 2026-01-01          timeout: 15m
//   retry: {attempts: 3, delay: 1s}                               or the attempts alone: retry: 5
//   columns: {order_id: {type: bigint, description: text, checks: [not_null]}}
//   checks: [...]              see checks.h
//   partition_by: [day]        properties: {delta.enableChangeDataFeed: true}
#pragma once

#include "project/parsed_asset.h"
#include "project/source_text.h"
#include "project/yaml_map.h"

namespace leat::project {

// description, owner, tags, columns, checks.
void ReadDescriptiveKeys(YamlMap& map, const SourceText& source, ParsedAsset& parsed);

// partition_by, properties: how the table is stored.
void ReadTableKeys(YamlMap& map, Asset& asset);

// schedule, start, timeout, retry.
void ReadRunKeys(YamlMap& map, Asset& asset);

}  // namespace leat::project
