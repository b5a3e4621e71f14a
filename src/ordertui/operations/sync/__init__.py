"""Working with Amazon's Selling Partner API: orders, reports, messages, confirmations."""
