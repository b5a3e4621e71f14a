"""Amazon's files and API: reports, feeds, processing reports, Selling Partner API. No rules, no database, no screen."""
