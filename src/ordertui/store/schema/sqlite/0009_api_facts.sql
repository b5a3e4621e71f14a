-- Version 9: what only the API says of an order (orders/api_facts.py), its program, and what stands against its feeds.
ALTER TABLE orders ADD COLUMN program TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE orders ADD COLUMN bars INTEGER NOT NULL DEFAULT 0;
CREATE TABLE api_facts (
  order_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, facts TEXT NOT NULL
);
