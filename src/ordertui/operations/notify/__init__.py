"""Notifications: what is worth telling, to whom, when, and how it gets there."""
