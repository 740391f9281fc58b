/* @leat
materialized: interval
time_column: at
schedule: "@daily"
columns: {id: {checks: [unique]}}
@leat */
select id, "at", $start as window_start, $end as window_end
from bronze.events
where "at" >= $start and "at" < $end
