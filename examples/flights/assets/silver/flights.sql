/* @leat
description: Flights, typed, each distinct row once, with the places they connect
materialized: table
tags: [clean]
columns:
  flight_date:     {type: date, checks: [not_null, {between: {min: 2001-01-01, max: 2001-06-30, on_fail: warn}}]}
  departure_local: {description: "Local time of the origin, stored as if it were UTC", checks: [not_null]}
  departure_hour:  {type: integer, checks: [{between: {min: 0, max: 23}}]}
  delay_minutes:   {type: integer, checks: [not_null, {min: {value: -120, on_fail: quarantine}}]}
  distance_miles:  {type: integer, checks: [not_null, {between: {min: 20, max: 5100, on_fail: quarantine}}]}
  origin:          {checks: [not_null, {relationships: {table: silver.airports, column: airport, on_fail: quarantine}}]}
  destination:     {checks: [not_null, {relationships: {table: silver.airports, column: airport, on_fail: quarantine}}]}
  copies:          {type: bigint, description: "How often this row was received"}
checks:
  # Left some minutes before midnight instead of after it, and was counted a whole day late.
  - name: day_rollover
    sql: >
      select * from this
      where delay_minutes > 1380 and departure_hour in (23, 0)
    on_fail: quarantine
  # On 1 April 2001 clocks went from 02:00 to 03:00 where daylight saving time was kept.
  - name: local_time_exists
    sql: >
      select * from this
      where departure_local >= timestamptz '2001-04-01 02:00:00+00'
        and departure_local < timestamptz '2001-04-01 03:00:00+00'
        and origin_state not in ('AZ', 'HI', 'IN', 'PR', 'VI', 'GU', 'CQ', 'AS')
    on_fail: quarantine
  # More than half an hour ahead of a flight at 600 miles an hour that left on time.
  - name: early_beyond_flying
    sql: >
      select * from this
      where delay_minutes >= -120 and delay_minutes < -30 - distance_miles / 10
    on_fail: warn
  - name: received_once
    sql: select * from this where copies > 1
    on_fail: warn
  - name: leaves_the_airport
    sql: select * from this where origin = destination
    on_fail: quarantine
@leat */
select
  cast(flight.departure as date) as flight_date,
  flight.departure as departure_local,
  cast(hour(flight.departure) as integer) as departure_hour,
  cast(flight.delay as integer) as delay_minutes,
  cast(flight.distance as integer) as distance_miles,
  flight.origin,
  origin.city as origin_city,
  origin.state as origin_state,
  flight.destination,
  destination.city as destination_city,
  destination.state as destination_state,
  flight.copies
from (
  -- A wall-clock time belongs to no zone: as a plain timestamp, its date and hour need no calendar.
  select make_timestamp(epoch_us(date)) as departure, delay, distance, origin, destination, count(*) as copies
  from bronze.flights
  group by all
) as flight
left join silver.airports as origin on origin.airport = flight.origin
left join silver.airports as destination on destination.airport = flight.destination
