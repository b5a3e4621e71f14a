-- Version 17: Amazon's own flags of the Unshipped orders report, verge-of-cancellation and verge-of-lateShipment, and when.
ALTER TABLE orders ADD COLUMN verge TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE orders ADD COLUMN verge_at INTEGER;
