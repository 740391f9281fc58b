/* @leat
description: Departures and delays per weekday and local hour, busiest first
materialized: table
tags: [traffic]
columns:
  weekday: {checks: [{accepted_values: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]}]}
  hour:    {checks: [{between: {min: 0, max: 23}}]}
checks:
  - unique_key: [weekday, hour]
@leat */
select
  dayname(flight_date) as weekday,
  departure_hour as hour,
  sum(flights) as flights,
  round(sum(flights) / count(*), 1) as flights_per_day,
  round(sum(delay_minutes) / sum(flights), 2) as avg_delay_minutes
from (
  select flight_date, departure_hour, count(*) as flights, sum(delay_minutes) as delay_minutes
  from silver.flights
  group by all
)
group by all
order by flights_per_day desc, weekday, hour
