-- Indexes that only make reading fast. Made after a first big import; each is safe to make again.
CREATE INDEX IF NOT EXISTS orders_placed ON orders (purchased_at NULLS FIRST);
CREATE INDEX IF NOT EXISTS orders_status ON orders (status, purchased_at NULLS FIRST);
CREATE INDEX IF NOT EXISTS orders_ship_by ON orders (ship_by) WHERE ship_by IS NOT NULL;
CREATE INDEX IF NOT EXISTS orders_situation ON orders (situation, purchased_at NULLS FIRST);
CREATE INDEX IF NOT EXISTS orders_rate ON orders (marketplace, channel, purchased_at, situation, status, cancelled_lines);
CREATE INDEX IF NOT EXISTS orders_request ON orders (buyer_request, purchased_at NULLS FIRST);
CREATE INDEX IF NOT EXISTS orders_state ON orders (state) WHERE state IS NOT NULL;
CREATE INDEX IF NOT EXISTS lines_product ON lines (product_id, order_id);
CREATE INDEX IF NOT EXISTS orders_auto_cancel ON orders (auto_cancel_at) WHERE auto_cancel_at IS NOT NULL;
-- Lines that keep an order from an action: `LINES_KNOWN` in store/derived_facts.py asks for them with the very same condition.
CREATE INDEX IF NOT EXISTS lines_odd ON lines (order_id) WHERE (status = 'cancelled' OR quantity = 0
  OR item_id IS NULL OR length(item_id) < 14 OR length(item_id) > 16
  OR item_price IS NULL OR currency IS NULL OR item_price <= 0 OR item_promotion > 0 OR ship_promotion > 0);
CREATE INDEX IF NOT EXISTS orders_missing ON orders (id) WHERE missing = 'yes';
CREATE INDEX IF NOT EXISTS orders_verge ON orders (marketplace) WHERE verge = 'cancellation';
-- Waiting orders whose time may be over: asked at every rest of the cursor (`OrderTallies.has_outdated`).
CREATE INDEX IF NOT EXISTS orders_outdated ON orders (status, auto_cancel_at, named_at, marketplace)
  WHERE status IN ('unshipped', 'partially_shipped') AND auto_cancel_at IS NOT NULL;
