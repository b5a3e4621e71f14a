"""Importing report files."""
