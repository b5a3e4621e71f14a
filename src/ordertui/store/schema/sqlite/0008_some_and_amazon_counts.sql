-- Version 8: a buyer may have asked for some items of an order only (`some`), and Amazon's Cancellation Rate report has a
-- fact of its own (amazon_counts), so that situation numbers are computed with two more digits. Cancelled lines for which
-- the buyer had asked with Amazon's own button are not in cancelled_lines any more: they do not count toward the rate.
ALTER TABLE orders ADD COLUMN amazon_counts TEXT NOT NULL DEFAULT 'unknown';
UPDATE orders SET cancelled_lines = (SELECT count(*) FROM lines l WHERE l.order_id = orders.id AND l.status = 'cancelled'
    AND coalesce(l.buyer_request, '') <> 'official')
  WHERE buyer_request = 'official' AND cancelled_lines > 0;
UPDATE orders SET version = version + 1, buyer_request = (
    SELECT CASE WHEN min(l.buyer_request = 'official') = 1 THEN 'official' WHEN max(l.buyer_request = 'official') = 1 THEN 'some'
      WHEN (SELECT asked FROM operator_facts f WHERE f.order_id = orders.id) = 1 THEN 'message'
      WHEN min(l.buyer_request = 'none') = 1 THEN 'none' ELSE 'unknown' END
    FROM (SELECT coalesce(a.buyer_request, '') AS buyer_request FROM lines a WHERE a.order_id = orders.id
      AND (coalesce(a.status, '') <> 'cancelled' OR NOT EXISTS
        (SELECT 1 FROM lines w WHERE w.order_id = orders.id AND coalesce(w.status, '') <> 'cancelled'))) l)
  WHERE buyer_request = 'official' AND id IN
    (SELECT order_id FROM lines GROUP BY order_id HAVING min(coalesce(buyer_request, '') = 'official') = 0);
UPDATE batch_rows SET counts = 1
  WHERE counts = 0 AND action = 'cancel' AND order_id IN (SELECT id FROM orders WHERE buyer_request <> 'official');
UPDATE orders SET amazon_counts =
    (SELECT CASE r.impacts WHEN 1 THEN 'yes' ELSE 'no' END FROM rate_report r WHERE r.order_id = orders.order_id)
  WHERE order_id IN (SELECT order_id FROM rate_report);
-- The digits of a situation after the buyer's request had the values 6, 3 and 3, of the request four; now there are five
-- requests (0 official, 1 message, 2 none, 3 unknown, 4 some), and three values of amazon_counts at the end (2 unknown).
UPDATE orders SET situation = (situation / 216 * 270
    + CASE buyer_request WHEN 'official' THEN 0 WHEN 'message' THEN 1 WHEN 'none' THEN 2 WHEN 'unknown' THEN 3 ELSE 4 END * 54
    + situation % 54) * 3 + CASE amazon_counts WHEN 'yes' THEN 0 WHEN 'no' THEN 1 ELSE 2 END;
