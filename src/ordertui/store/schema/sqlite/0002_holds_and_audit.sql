-- Version 2: who committed, holds by a steady clock, the bytes that left, the operator's word, the audit by order.
-- hold_boot, hold_mark: the steady clock, and its second, at which the hold ends; no boot: only the wall clock is known.
-- writing: the batch is said to have left, but its files are not all known to be written.
ALTER TABLE batches ADD COLUMN who TEXT NOT NULL DEFAULT '';
ALTER TABLE batches ADD COLUMN hold_boot TEXT NOT NULL DEFAULT '';
ALTER TABLE batches ADD COLUMN hold_mark INTEGER;
ALTER TABLE batches ADD COLUMN writing INTEGER NOT NULL DEFAULT 0;
UPDATE batches SET writing = 1 WHERE state <> 'held' AND 'writing:' || id IN (SELECT key FROM meta);
DELETE FROM meta WHERE key LIKE 'writing:%';

-- word: what the operator said became of the row, and which reports he had seen by then, as JSON.
ALTER TABLE batch_rows ADD COLUMN word TEXT;

-- The very bytes of each file of a batch that left.
CREATE TABLE feeds (
  batch INTEGER NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (batch, name)
) WITHOUT ROWID;

-- Which records of the audit speak of an order.
CREATE TABLE audit_orders (order_id TEXT NOT NULL, audit INTEGER NOT NULL, PRIMARY KEY (order_id, audit)) WITHOUT ROWID;
INSERT OR IGNORE INTO audit_orders (order_id, audit)
  SELECT j.value, a.id FROM audit a, json_each(a.payload, '$.orders') j WHERE json_type(a.payload, '$.orders') = 'array';
INSERT OR IGNORE INTO audit_orders (order_id, audit)
  SELECT j.key, a.id FROM audit a, json_each(a.payload, '$.states') j WHERE json_type(a.payload, '$.states') = 'object';
