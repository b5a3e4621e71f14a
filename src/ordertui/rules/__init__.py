"""What may be done with an order, why, and what it costs: facts, decision tables as data, filter language, rates.

Knows no storage, no Amazon file format and no screen. Every number that is Amazon's policy lives in `policies/*.toml`
with its source and the day it was checked.
"""
