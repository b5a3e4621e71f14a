-- Version 27: nobody pays less than nothing. Where the promotions of a line are above all there is to pay, what the
-- order came to is unknown.
UPDATE orders SET total = NULL, currency = NULL WHERE total IS NOT NULL AND status <> 'cancelled' AND EXISTS (
  SELECT 1 FROM lines l WHERE l.order_id = orders.id AND coalesce(l.status, '') <> 'cancelled'
  AND coalesce(l.quantity, 1) <> 0 AND l.item_price + coalesce(l.item_tax, 0) + coalesce(l.shipping_price, 0)
  + coalesce(l.shipping_tax, 0) + coalesce(l.gift_wrap_price, 0) + coalesce(l.gift_wrap_tax, 0)
  < coalesce(l.item_promotion, 0) + coalesce(l.ship_promotion, 0));
