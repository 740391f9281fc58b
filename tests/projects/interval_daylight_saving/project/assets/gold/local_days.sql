select cast(timezone('Europe/Rome', "at") as date) as day, count(*) as hours
from bronze.events
group by all
