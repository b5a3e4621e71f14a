"""Amazon's files: reports in, feeds out, processing reports in, the outbox folder. No rules, no database, no screen."""
