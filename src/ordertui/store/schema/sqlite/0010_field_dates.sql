-- Version 10: a date of its own for each field that is older than its order or line, where `ages` held them as JSON; when
-- an Unshipped report last named a line (waits_at), when a report first did (first_at); whether several lines have one SKU.
ALTER TABLE orders ADD COLUMN a_marketplace INTEGER;
ALTER TABLE orders ADD COLUMN a_channel INTEGER;
ALTER TABLE orders ADD COLUMN a_status INTEGER;
ALTER TABLE orders ADD COLUMN a_purchased_at INTEGER;
ALTER TABLE orders ADD COLUMN a_ship_by INTEGER;
ALTER TABLE orders ADD COLUMN a_replacement INTEGER;
ALTER TABLE orders ADD COLUMN a_business INTEGER;
ALTER TABLE orders ADD COLUMN a_prime INTEGER;
ALTER TABLE orders ADD COLUMN has_twins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lines ADD COLUMN a_item_id INTEGER;
ALTER TABLE lines ADD COLUMN a_quantity INTEGER;
ALTER TABLE lines ADD COLUMN a_quantity_shipped INTEGER;
ALTER TABLE lines ADD COLUMN a_status INTEGER;
ALTER TABLE lines ADD COLUMN a_currency INTEGER;
ALTER TABLE lines ADD COLUMN a_price INTEGER;
ALTER TABLE lines ADD COLUMN a_request INTEGER;
ALTER TABLE lines ADD COLUMN waits_at INTEGER;
ALTER TABLE lines ADD COLUMN first_at INTEGER;
UPDATE orders SET a_marketplace = json_extract(ages, '$."0"'),
  a_channel = json_extract(ages, '$."1"'),
  a_status = json_extract(ages, '$."2"'),
  a_purchased_at = json_extract(ages, '$."3"'),
  a_ship_by = json_extract(ages, '$."4"'),
  a_replacement = json_extract(ages, '$."5"'),
  a_business = json_extract(ages, '$."6"'),
  a_prime = json_extract(ages, '$."7"')
  WHERE ages IS NOT NULL;
UPDATE lines SET a_item_id = json_extract(ages, '$."0"'),
  a_quantity = json_extract(ages, '$."1"'),
  a_quantity_shipped = json_extract(ages, '$."2"'),
  a_status = json_extract(ages, '$."3"'),
  a_currency = json_extract(ages, '$."4"'),
  a_price = json_extract(ages, '$."5"'),
  a_request = json_extract(ages, '$."6"')
  WHERE ages IS NOT NULL;
UPDATE lines SET first_at = min(at, coalesce(a_item_id, at), coalesce(a_quantity, at), coalesce(a_quantity_shipped, at),
  coalesce(a_status, at), coalesce(a_currency, at), coalesce(a_price, at), coalesce(a_request, at));
-- Which kind of report gave the units shipped was not kept. A line of an order that an Unshipped report named, whose units
-- shipped no item status explains, has them from such a report.
UPDATE lines SET waits_at = coalesce(a_quantity_shipped, at) WHERE quantity_shipped IS NOT NULL
  AND coalesce(status, '') <> 'shipped' AND order_id IN (SELECT id FROM orders WHERE sources & 1 <> 0);
UPDATE orders SET has_twins = 1 WHERE id IN (SELECT order_id FROM lines GROUP BY order_id, product_id HAVING count(*) > 1);
ALTER TABLE orders DROP COLUMN ages;
ALTER TABLE orders DROP COLUMN digest;
ALTER TABLE lines DROP COLUMN ages;
