-- Version 28: of a refund that failed in part, the lines that Amazon accepted: they were paid back.
ALTER TABLE refunds ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
