"""Decides which actions an order allows, why, and what they cost: decision tables, policies, filter language, rates.

Knows no storage, no file format of Amazon's and no screen. Every number that is Amazon's policy is in
`policies/*.toml`, with its source and the day on which that was read.
"""
