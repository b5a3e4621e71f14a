"""The second process that reads a large report while the first one writes."""
