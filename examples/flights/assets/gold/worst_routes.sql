/* @leat
description: The 50 routes with the longest average delay
materialized: table
tags: [delays]
columns:
  rank: {checks: [not_null, unique]}
checks:
  - unique_key: [origin, destination]
  - row_count: {min: 1, max: 50}
@leat */
select
  row_number() over (order by avg(delay_minutes) desc, origin, destination) as rank,
  origin,
  destination,
  count(*) as flights,
  round(avg(delay_minutes), 2) as avg_delay_minutes,
  round(100 * avg(cast(delay_minutes >= $late_after_minutes as integer)), 1) as late_percent
from silver.flights
group by origin, destination
having count(*) >= $min_flights
order by rank
limit 50
