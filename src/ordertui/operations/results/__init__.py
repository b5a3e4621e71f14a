"""Processing reports: which batch a report answers, and what it says of each order."""
