-- Version 16: what is in a file of the outbox is `written`, not `sent`; what was left out at dispatch is not `recalled`.
-- A batch that no submission names left as a file.
UPDATE batch_rows SET state = 'written'
  WHERE state = 'sent' AND NOT EXISTS (SELECT 1 FROM feed_attempts f WHERE f.batch = batch_rows.batch);
UPDATE batches SET state = 'written'
  WHERE state = 'sent' AND NOT EXISTS (SELECT 1 FROM feed_attempts f WHERE f.batch = batches.id);
UPDATE batch_rows SET state = 'left_out', text = substr(text, 23)
  WHERE state = 'recalled' AND text LIKE 'left out at dispatch: %';
UPDATE batches SET state = 'left_out' WHERE state = 'recalled' AND EXISTS
  (SELECT 1 FROM batch_rows r WHERE r.batch = batches.id AND r.state = 'left_out');
UPDATE orders SET state = 'written' WHERE state = 'sent' AND id IN
  (SELECT order_id FROM batch_rows WHERE is_open = 1 AND state = 'written');
