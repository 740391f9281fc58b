/* @leat
description: Sales per day, region and segment, without returned and cancelled orders
materialized: interval
time_column: order_date
schedule: "@daily"
tags: [finance]
columns:
  order_date: {type: date, checks: [not_null]}
  region:     {checks: [not_null]}
  segment:    {checks: [not_null]}
  orders:     {checks: [positive]}
checks:
  - unique_key: [order_date, region, segment]
  - name: revenue_not_negative
    sql: select * from this where revenue < 0
    on_fail: quarantine
@leat */
select
  orders.order_date,
  customers.region,
  customers.segment,
  count(*) as orders,
  sum(orders.amount) as revenue
from silver.orders as orders
join silver.customers as customers on customers.customer_id = orders.customer_id
where orders.status = 'placed' and orders.order_date >= $start and orders.order_date < $end
group by all
