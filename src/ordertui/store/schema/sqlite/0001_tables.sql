-- Version 1. Money in minor units, times in UTC epoch seconds, unknown facts of an order as the word 'unknown'.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE imports (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, marketplace TEXT,
  as_of INTEGER, has_request_column INTEGER NOT NULL, at INTEGER NOT NULL,
  row_count INTEGER NOT NULL DEFAULT 0, new_orders INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE products (
  id INTEGER PRIMARY KEY, marketplace TEXT NOT NULL, sku TEXT NOT NULL,
  asin TEXT, asin_at INTEGER, title TEXT, title_at INTEGER,
  UNIQUE (marketplace, sku)
);

-- at: newest date of a fact of this order; ages: older dates of single fields, as JSON, or NULL when there are none.
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE,
  marketplace TEXT NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, purchased_at INTEGER, ship_by INTEGER,
  auto_cancel_at INTEGER, items INTEGER, units_shipped INTEGER, cancelled_lines INTEGER NOT NULL,
  total INTEGER, currency TEXT, dispatched TEXT NOT NULL DEFAULT 'unknown', buyer_request TEXT NOT NULL,
  cancelled_by TEXT NOT NULL, refunded TEXT NOT NULL DEFAULT 'none', replacement TEXT NOT NULL,
  business TEXT NOT NULL, prime TEXT NOT NULL, situation INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1,
  state TEXT, open_action TEXT, product_id INTEGER, sources INTEGER NOT NULL, at INTEGER NOT NULL, ages TEXT
);

-- item_price NULL: no report carried prices; the other seven count as 0 when NULL.
CREATE TABLE lines (
  order_id INTEGER NOT NULL, line INTEGER NOT NULL, product_id INTEGER NOT NULL, item_id TEXT,
  quantity INTEGER, quantity_shipped INTEGER, status TEXT, currency TEXT,
  item_price INTEGER, item_tax INTEGER, shipping_price INTEGER, shipping_tax INTEGER,
  gift_wrap_price INTEGER, gift_wrap_tax INTEGER, item_promotion INTEGER, ship_promotion INTEGER,
  buyer_request TEXT, request_reason TEXT, at INTEGER NOT NULL, ages TEXT,
  PRIMARY KEY (order_id, line)
) WITHOUT ROWID;

CREATE TABLE operator_facts (
  order_id INTEGER PRIMARY KEY, dispatched TEXT NOT NULL DEFAULT 'unknown', asked INTEGER, at INTEGER NOT NULL
);

CREATE TABLE rate_report (
  order_id TEXT PRIMARY KEY, marketplace TEXT NOT NULL, order_date INTEGER, impacts INTEGER NOT NULL,
  as_of INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE batches (
  id INTEGER PRIMARY KEY, action TEXT NOT NULL, marketplace TEXT NOT NULL,
  state TEXT NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, sent_at INTEGER,
  files TEXT NOT NULL DEFAULT '[]', sha256 TEXT NOT NULL, advice TEXT NOT NULL, plan BLOB NOT NULL
);

-- is_open: the action is under way; at most one such row per order.
CREATE TABLE batch_rows (
  batch INTEGER NOT NULL, pos INTEGER NOT NULL, order_id INTEGER NOT NULL, action TEXT NOT NULL,
  state TEXT NOT NULL, is_open INTEGER NOT NULL, reason TEXT NOT NULL, currency TEXT, total INTEGER,
  code TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (batch, pos)
);
CREATE UNIQUE INDEX batch_rows_open ON batch_rows (order_id) WHERE is_open = 1;
CREATE INDEX batch_rows_order ON batch_rows (order_id);

CREATE TABLE refunds (
  batch INTEGER NOT NULL, order_id INTEGER NOT NULL, line INTEGER NOT NULL, currency TEXT NOT NULL,
  quantity INTEGER, item_price INTEGER NOT NULL, item_tax INTEGER NOT NULL, shipping_price INTEGER NOT NULL,
  shipping_tax INTEGER NOT NULL, gift_wrap_price INTEGER NOT NULL, gift_wrap_tax INTEGER NOT NULL,
  item_promotion INTEGER NOT NULL, ship_promotion INTEGER NOT NULL,
  PRIMARY KEY (batch, order_id, line)
);
CREATE INDEX refunds_order ON refunds (order_id);

-- The processing reports of a batch, as they came.
CREATE TABLE results (
  batch INTEGER NOT NULL, sha256 TEXT NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (batch, sha256)
) WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
