/* @leat
description: What each customer spent per month; who spent more than $vip_threshold was a VIP of that month
materialized: table
schedule: "@daily"
tags: [finance]
columns:
  customer_id: {checks: [not_null]}
  month:       {type: date, checks: [not_null]}
  orders:      {checks: [positive]}
  total_spend: {checks: [{min: 0}]}
checks:
  - unique_key: [customer_id, month]
@leat */
select
  customer_id,
  cast(date_trunc('month', order_date) as date) as month,
  count(*) as orders,
  sum(amount) as total_spend,
  sum(amount) > $vip_threshold as is_vip
from silver.orders
where status = 'placed'
group by all
