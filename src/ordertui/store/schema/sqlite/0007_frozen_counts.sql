-- Version 7: whether a row of a batch makes its order count toward the cancellation rate, as it was when it was committed.
-- NULL: the row cancels nothing. Of older rows it is what Amazon's reports say today.
ALTER TABLE batch_rows ADD COLUMN counts INTEGER;
UPDATE batch_rows SET counts =
  (SELECT CASE WHEN o.buyer_request = 'official' THEN 0 ELSE 1 END FROM orders o WHERE o.id = batch_rows.order_id)
  WHERE action = 'cancel' OR EXISTS
    (SELECT 1 FROM refunds r WHERE r.batch = batch_rows.batch AND r.order_id = batch_rows.order_id AND r.quantity > 0);
CREATE INDEX batch_rows_counts ON batch_rows (order_id, action, state, counts) WHERE counts IS NOT NULL;
