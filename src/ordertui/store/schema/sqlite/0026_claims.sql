-- Version 26. Who has a preview of which orders open, until when unless that is renewed; and what each login marked.
-- orders: a bitmap by the row number of the order, compressed.
CREATE TABLE claims (
  id TEXT PRIMARY KEY, login TEXT NOT NULL, host TEXT NOT NULL, action TEXT NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, orders BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE shared_marks (login TEXT PRIMARY KEY, at INTEGER NOT NULL, orders BLOB NOT NULL) WITHOUT ROWID;
