"""Money and account safety: nothing twice, nothing lost, everything provable."""
