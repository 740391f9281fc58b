/* @leat
description: Airports, one row each; the placeholder NA is a missing value
materialized: table
tags: [clean]
columns:
  airport:   {type: string, checks: [not_null, unique]}
  name:      {checks: [not_null]}
  city:      {checks: [{not_null: {on_fail: warn}}]}
  state:     {checks: [{not_null: {on_fail: warn}}]}
  latitude:  {type: double, checks: [not_null, {between: {min: -90, max: 90, on_fail: quarantine}}]}
  longitude: {type: double, checks: [not_null, {between: {min: -180, max: 180, on_fail: quarantine}}]}
checks:
  # Guam and the Northern Marianas lie east of Greenwich, American Samoa lies south of the equator.
  - name: hemisphere
    sql: >
      select * from this
      where (state in ('GU', 'CQ') and longitude < 0) or (state = 'AS' and latitude > 0)
    on_fail: quarantine
@leat */
select
  iata as airport,
  name,
  nullif(city, 'NA') as city,
  nullif(state, 'NA') as state,
  country,
  latitude,
  longitude
from bronze.airports
