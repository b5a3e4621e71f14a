-- Version 4: all that the last report said of an order, as one number, so that a report that says it again need not be merged.
ALTER TABLE orders ADD COLUMN digest INTEGER;
