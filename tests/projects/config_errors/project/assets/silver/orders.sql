/* @leat
materialized: tabel
@leat */
select * from bronze.order
