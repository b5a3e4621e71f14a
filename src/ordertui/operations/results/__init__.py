"""Amazon's processing reports, matched to batches and taken in."""
