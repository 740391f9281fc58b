/* @leat
materialized: view
@leat */
select price from silver.prices
