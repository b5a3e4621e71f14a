"""Merging report rows into the stored orders."""
