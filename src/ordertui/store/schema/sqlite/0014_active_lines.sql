-- Version 14: an order comes to its active lines: neither cancelled nor of zero units. (One of which no line is active
-- keeps what it came to.)
UPDATE orders SET (total, currency) = (
  SELECT CASE WHEN priced THEN coalesce(active_total, all_total) END, CASE WHEN priced THEN currency END FROM (
    SELECT min(currency) AS currency, sum(CASE WHEN active THEN paid END) AS active_total, sum(paid) AS all_total,
      max(CASE WHEN active AND paid IS NULL THEN 1 ELSE 0 END) = 0 AND min(currency) = max(currency) AS priced
    FROM (SELECT currency, coalesce(status, '') <> 'cancelled' AND coalesce(quantity, 1) <> 0 AS active,
      item_price + item_tax + shipping_price + shipping_tax + gift_wrap_price + gift_wrap_tax - item_promotion
      - ship_promotion AS paid FROM lines WHERE order_id = orders.id)))
  WHERE id IN (SELECT order_id FROM lines WHERE status = 'cancelled' OR quantity = 0);
DROP INDEX IF EXISTS lines_odd;
