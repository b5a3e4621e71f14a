-- Version 11: the tries of one wish, the item that a refund names, and processing reports compared by what they say.
-- results.content_key: hash of what the report says, whatever its line ends and encoding; '' until it is next asked for.
ALTER TABLE results ADD COLUMN content_key TEXT NOT NULL DEFAULT '';
ALTER TABLE results ADD COLUMN transaction_id TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN item_id TEXT;
UPDATE refunds SET item_id =
  (SELECT l.item_id FROM lines l WHERE l.order_id = refunds.order_id AND l.line = refunds.line);
CREATE INDEX batch_rows_unknown ON batch_rows (batch) WHERE state = 'unknown';
-- A row of `batch` asks again for what its order's row in `earlier` asked for, which had failed when it was committed.
CREATE TABLE tries (
  batch INTEGER NOT NULL, order_id INTEGER NOT NULL, earlier INTEGER NOT NULL, PRIMARY KEY (batch, order_id, earlier)
) WITHOUT ROWID;
INSERT INTO tries (batch, order_id, earlier)
  SELECT DISTINCT r.batch, r.order_id, e.batch FROM batch_rows r
    JOIN batch_rows e ON e.order_id = r.order_id AND e.action = r.action AND e.batch < r.batch AND e.state = 'error'
    WHERE r.state <> 'recalled' AND (r.action <> 'refund' OR EXISTS (
      SELECT 1 FROM refunds f JOIN refunds g ON g.order_id = f.order_id AND (g.line = f.line OR g.item_id = f.item_id)
        WHERE f.batch = r.batch AND f.order_id = r.order_id AND g.batch = e.batch));
