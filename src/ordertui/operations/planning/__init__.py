"""Plans: which orders an action takes, which it leaves out and why, and the feed it would send."""
