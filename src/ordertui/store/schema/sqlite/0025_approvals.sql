-- Version 25. Who committed a batch, by login; and batches that a house rule lets wait for somebody else's approval.
-- why: what asked for it, as JSON. decided_at NULL: nobody has decided.
ALTER TABLE batches ADD COLUMN author TEXT NOT NULL DEFAULT '';
CREATE TABLE approvals (
  batch INTEGER PRIMARY KEY, asked_at INTEGER NOT NULL, why TEXT NOT NULL, decided_at INTEGER,
  approved INTEGER NOT NULL DEFAULT 0, decided_login TEXT NOT NULL DEFAULT '', decided_who TEXT NOT NULL DEFAULT '',
  word TEXT NOT NULL DEFAULT ''
);
