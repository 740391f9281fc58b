/* @leat
description: Orders as they are now, each once
materialized: merge
key: [order_id]
schedule: "@daily"
tags: [clean]
columns:
  order_id:    {type: bigint, checks: [not_null, unique]}
  customer_id:
    checks:
      - not_null: {on_fail: quarantine}
      - relationships: {table: silver.customers, column: customer_id, on_fail: quarantine}
  order_ts:    {checks: [{not_null: {on_fail: quarantine}}]}
  amount:      {type: "decimal(12,2)", checks: [{not_null: {on_fail: quarantine}}, {min: {value: 0, on_fail: quarantine}}]}
  quantity:    {checks: [{min: {value: 1, on_fail: quarantine}}]}
  status:      {checks: [{accepted_values: {values: [placed, returned, cancelled], on_fail: quarantine}}]}
checks:
  # Two rows of one order, changed at the same instant, that disagree: no rule can tell which is right.
  - name: one_amount_per_version
    sql: select * from this where disputed
    on_fail: quarantine
  - name: received_once
    sql: select * from this where copies > 1 and not disputed
    on_fail: warn
  - name: on_time
    sql: select * from this where nights_late > 0
    on_fail: warn
@leat */
with received as (
  select
    *,
    count(*) over version as copies,
    min(amount) over version < max(amount) over version as disputed,
    cast(regexp_extract(_leat_source, '(\d{4}-\d{2}-\d{2})[.]csv', 1) as date) - cast(updated_at as date) as nights_late
  from bronze.orders
  window version as (partition by order_id, updated_at)
)
select
  order_id,
  customer_id,
  order_ts,
  cast(order_ts as date) as order_date,
  product,
  quantity,
  amount,
  channel,
  status,
  updated_at,
  copies,
  disputed,
  nights_late
from received
qualify row_number() over (partition by order_id order by updated_at desc, _leat_source, _leat_position) = 1
