select new.price as now, old.price as before
from silver.prices as new, silver.prices@'2026-02-15' as old
