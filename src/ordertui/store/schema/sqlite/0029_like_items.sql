-- Version 29: units and total of an order are unknown where items of one SKU are of several reports. Nothing changes
-- in the tables; `importing.mend` works both out again.
SELECT 1;
