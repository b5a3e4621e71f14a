"""The cancellation rate: now, after a plan, in the days to come, and beside Amazon's own report."""
