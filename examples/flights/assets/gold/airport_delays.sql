/* @leat
description: Delays per day and airport of departure
materialized: table
tags: [delays]
columns:
  flight_date: {type: date, checks: [not_null]}
  airport:     {checks: [not_null]}
  flights:     {checks: [positive]}
checks:
  - unique_key: [flight_date, airport]
@leat */
select
  flight_date,
  origin as airport,
  origin_city as city,
  origin_state as state,
  count(*) as flights,
  count(*) filter (where delay_minutes >= $late_after_minutes) as late_flights,
  round(avg(delay_minutes), 2) as avg_delay_minutes,
  max(delay_minutes) as max_delay_minutes
from silver.flights
group by all
