-- Version 13: the ids of a line's promotions, and whether an order's marketplace was only given by hand (by_hand).
ALTER TABLE lines ADD COLUMN item_promotion_id TEXT;
ALTER TABLE lines ADD COLUMN a_item_promotion_id INTEGER;
ALTER TABLE lines ADD COLUMN ship_promotion_id TEXT;
ALTER TABLE lines ADD COLUMN a_ship_promotion_id INTEGER;
ALTER TABLE orders ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
