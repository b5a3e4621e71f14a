"""Batches, their rows and what became of them: the tables that say which money moved."""
