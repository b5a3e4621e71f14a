-- Version 6: where prices include the tax, or may include it, the tax columns are zero (amazon/included_tax.py says why).
-- Until now the tax was added to the price there: totals were too high, and a full refund would have paid it twice.
-- The list of marketplaces whose tax comes on top is that of orders/marketplace.py on the day of this version.
UPDATE orders SET
  total = total - (SELECT coalesce(sum(coalesce(item_tax, 0) + coalesce(shipping_tax, 0) + coalesce(gift_wrap_tax, 0)), 0)
    FROM lines WHERE lines.order_id = orders.id),
  digest = NULL, version = version + 1
  WHERE marketplace NOT IN ('US', 'CA') AND id IN
    (SELECT order_id FROM lines WHERE item_tax <> 0 OR shipping_tax <> 0 OR gift_wrap_tax <> 0);
UPDATE lines SET item_tax = 0, shipping_tax = 0, gift_wrap_tax = 0
  WHERE (item_tax <> 0 OR shipping_tax <> 0 OR gift_wrap_tax <> 0)
    AND order_id IN (SELECT id FROM orders WHERE marketplace NOT IN ('US', 'CA'));
-- What went back stays the same sum: it counts against the price that includes the tax.
UPDATE refunds SET
  item_price = item_price + item_tax, shipping_price = shipping_price + shipping_tax,
  gift_wrap_price = gift_wrap_price + gift_wrap_tax, item_tax = 0, shipping_tax = 0, gift_wrap_tax = 0
  WHERE (item_tax <> 0 OR shipping_tax <> 0 OR gift_wrap_tax <> 0)
    AND order_id IN (SELECT id FROM orders WHERE marketplace NOT IN ('US', 'CA'));
