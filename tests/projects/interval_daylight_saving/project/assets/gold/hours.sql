/* @leat
materialized: interval
time_column: hour
schedule: "@hourly"
@leat */
select date_trunc('hour', "at") as hour, count(*) as n from bronze.events where "at" >= $start and "at" < $end group by all
