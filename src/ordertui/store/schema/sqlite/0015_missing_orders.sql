-- Version 15: Unshipped reports list all that waits of the time they were asked for, so an order that a newer one leaves out
-- does not wait any more. named_at: newest report that named a waiting order; missing_since: newest report without it.
CREATE TABLE unshipped_reports (
  import_id INTEGER NOT NULL, marketplace TEXT NOT NULL, as_of INTEGER NOT NULL,
  placed_from INTEGER, placed_to INTEGER,
  PRIMARY KEY (marketplace, as_of, import_id)
) WITHOUT ROWID;
ALTER TABLE orders ADD COLUMN named_at INTEGER;
ALTER TABLE orders ADD COLUMN missing TEXT NOT NULL DEFAULT 'no';
ALTER TABLE orders ADD COLUMN missing_since INTEGER;
UPDATE orders SET named_at = at WHERE status IN ('unshipped', 'partially_shipped');
