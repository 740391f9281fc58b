/* @leat
description: Customers with their history, one row per version (valid_from, valid_to, is_current)
materialized: scd2
key: [customer_id]
schedule: "@daily"
tags: [clean]
@leat */
select customer_id, name, email, region, segment, updated_at
from silver.customers
