-- Version 20: a wholly cancelled order comes to nothing, as a cancelled line adds nothing to any other.
UPDATE orders SET total = 0 WHERE total <> 0 AND (status = 'cancelled' OR NOT EXISTS (SELECT 1 FROM lines l
  WHERE l.order_id = orders.id AND coalesce(l.status, '') <> 'cancelled' AND coalesce(l.quantity, 1) <> 0));
