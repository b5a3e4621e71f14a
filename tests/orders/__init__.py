"""Tests of the values that every package shares."""
