"""Amazon's Selling Partner API in use: the connection, orders, reports, refunds and messages of one store."""
