-- Version 12: each Cancellation Rate report is kept, with the days of order that it covers and what it decided, so that it can
-- be taken back. rate_report stays what the newest report that names an order says of it.
CREATE TABLE rate_reports (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL DEFAULT '', marketplace TEXT NOT NULL, start_at INTEGER, end_at INTEGER,
  as_of INTEGER NOT NULL, at INTEGER NOT NULL, undone INTEGER NOT NULL DEFAULT 0
);
-- named = 0: the report covers the order and does not name it, so that it does not count.
CREATE TABLE rate_report_rows (
  report INTEGER NOT NULL, order_id TEXT NOT NULL, order_date INTEGER, impacts INTEGER NOT NULL, named INTEGER NOT NULL,
  PRIMARY KEY (report, order_id)
) WITHOUT ROWID;
CREATE INDEX rate_report_rows_order ON rate_report_rows (order_id, report);
INSERT INTO rate_reports (path, marketplace, as_of, at) SELECT '', marketplace, as_of, as_of FROM rate_report
  GROUP BY marketplace, as_of ORDER BY as_of;
INSERT INTO rate_report_rows (report, order_id, order_date, impacts, named)
  SELECT r.id, o.order_id, o.order_date, o.impacts, 1 FROM rate_report o JOIN rate_reports r
    ON r.marketplace = o.marketplace AND r.as_of = o.as_of;
