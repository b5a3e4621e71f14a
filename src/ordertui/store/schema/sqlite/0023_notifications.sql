-- Version 23: notifications, and which alerts each of them told. until: of one that is being sent the end of the lease, of
-- one that failed when it is tried again.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY, receiver TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, content TEXT NOT NULL,
  attempts INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER, note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX notifications_receiver ON notifications (receiver, at);
CREATE INDEX notifications_open ON notifications (until) WHERE until IS NOT NULL;
-- One row is one alert that one receiver is told: it is written in the transaction that begins the notification.
CREATE TABLE told_alerts (
  receiver TEXT NOT NULL, alert TEXT NOT NULL, notification INTEGER NOT NULL, PRIMARY KEY (receiver, alert)
) WITHOUT ROWID;
