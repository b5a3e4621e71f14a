-- Version 18: what the newest imports found of each order, line and product they name, so that an import can be undone.
-- imports.undo: empty when it can be, else why not. after_batch: newest batch when it began. is_whole: all of the file was
-- read and stored, and is so still; importing it again says nothing new.
ALTER TABLE imports ADD COLUMN undo TEXT NOT NULL DEFAULT 'an older version of ordertui made it';
ALTER TABLE imports ADD COLUMN after_batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN is_whole INTEGER NOT NULL DEFAULT 0;
CREATE TABLE import_orders (
  id INTEGER PRIMARY KEY, import INTEGER NOT NULL, order_id INTEGER NOT NULL, is_new INTEGER NOT NULL,
  marketplace TEXT, channel TEXT, status TEXT, purchased_at INTEGER, ship_by INTEGER, replacement TEXT, business TEXT,
  prime TEXT, at INTEGER, a_marketplace INTEGER, a_channel INTEGER, a_status INTEGER, a_purchased_at INTEGER,
  a_ship_by INTEGER, a_replacement INTEGER, a_business INTEGER, a_prime INTEGER, sources INTEGER, given TEXT,
  named_at INTEGER, verge TEXT, verge_at INTEGER
);
CREATE UNIQUE INDEX import_orders_order ON import_orders (order_id, import);
CREATE INDEX import_orders_import ON import_orders (import);
CREATE TABLE import_lines (
  entry INTEGER NOT NULL, line INTEGER NOT NULL, product_id INTEGER NOT NULL, item_id TEXT, quantity INTEGER,
  quantity_shipped INTEGER, status TEXT, currency TEXT, item_price INTEGER, item_tax INTEGER, shipping_price INTEGER,
  shipping_tax INTEGER, gift_wrap_price INTEGER, gift_wrap_tax INTEGER, item_promotion INTEGER, ship_promotion INTEGER,
  buyer_request TEXT, request_reason TEXT, item_promotion_id TEXT, ship_promotion_id TEXT, at INTEGER, a_item_id INTEGER,
  a_quantity INTEGER, a_quantity_shipped INTEGER, a_status INTEGER, a_currency INTEGER, a_price INTEGER,
  a_request INTEGER, a_item_promotion_id INTEGER, a_ship_promotion_id INTEGER, waits_at INTEGER, first_at INTEGER,
  PRIMARY KEY (entry, line)
) WITHOUT ROWID;
CREATE TABLE import_products (
  id INTEGER PRIMARY KEY, import INTEGER NOT NULL, product_id INTEGER NOT NULL, is_new INTEGER NOT NULL, asin TEXT,
  asin_at INTEGER, title TEXT, title_at INTEGER
);
CREATE UNIQUE INDEX import_products_product ON import_products (product_id, import);
