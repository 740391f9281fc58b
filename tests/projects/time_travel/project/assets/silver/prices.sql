select $price as price
