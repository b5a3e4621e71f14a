-- Version 21: the program of an order by order reports too. program_at: when what names it was true; NULL: nothing did.
ALTER TABLE orders ADD COLUMN program_at INTEGER;
UPDATE orders SET program_at = (SELECT f.at FROM api_facts f WHERE f.order_id = orders.id)
  WHERE program <> 'unknown' OR bars <> 0;
ALTER TABLE import_orders ADD COLUMN program TEXT;
ALTER TABLE import_orders ADD COLUMN program_at INTEGER;
ALTER TABLE import_orders ADD COLUMN bars INTEGER;
