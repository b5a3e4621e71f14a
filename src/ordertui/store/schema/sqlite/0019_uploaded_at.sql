-- Version 19: when the operator said that the file of a batch was uploaded.
ALTER TABLE batches ADD COLUMN uploaded_at INTEGER;
