"""Queries and writes of one subject each, on one `Database`: orders, facts, rates, the audit, products, people."""
