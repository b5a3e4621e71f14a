-- Version 3, for the connector: the API's word on who cancelled, and the attempts to submit a feed.
CREATE TABLE said_cancelled (
  order_id TEXT PRIMARY KEY, by TEXT NOT NULL, as_of INTEGER NOT NULL
) WITHOUT ROWID;

-- One try to bring one batch to Amazon. The index lets at most one of a feed type be on its way (SP-API.md 4).
CREATE TABLE feed_attempts (
  id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, action TEXT NOT NULL, feed_type TEXT NOT NULL, marketplace TEXT NOT NULL,
  state TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, messages INTEGER NOT NULL,
  document_id TEXT NOT NULL, started_at INTEGER NOT NULL, known TEXT NOT NULL, feed_id TEXT,
  polls INTEGER NOT NULL DEFAULT 0, polled_at INTEGER, status TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
  content BLOB NOT NULL
);
CREATE UNIQUE INDEX feed_attempts_open ON feed_attempts (feed_type)
  WHERE state IN ('submitting', 'unknown', 'submitted', 'processing', 'needs_operator');
CREATE INDEX feed_attempts_batch ON feed_attempts (batch);

-- Batches that were split off another one, and wait for it to come through well.
CREATE TABLE feed_parts (
  batch INTEGER PRIMARY KEY, after_batch INTEGER NOT NULL
);
