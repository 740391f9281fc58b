/* @leat
description: Customers as they are now
materialized: merge
key: [customer_id]
schedule: "@daily"
tags: [clean]
columns:
  customer_id: {type: bigint, checks: [not_null, unique]}
  email:       {checks: [{pattern: {regex: "[^@ ]+@[^@ ]+[.][a-z]+", on_fail: warn}}]}
  region:      {checks: [{accepted_values: {values: [north, south, east, west], on_fail: quarantine}}]}
  segment:     {checks: [{accepted_values: {values: [consumer, small_business, enterprise], on_fail: quarantine}}]}
@leat */
select
  customer_id,
  trim(name) as name,
  lower(email) as email,
  region,
  segment,
  signup_date,
  updated_at
from bronze.customers
qualify row_number() over (partition by customer_id order by updated_at desc) = 1
