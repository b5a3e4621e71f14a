"""Committed batches: commit, hold, recall, retry, settle."""
