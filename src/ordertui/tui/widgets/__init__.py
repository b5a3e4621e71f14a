"""The screen's own widgets. Each knows values and messages; none knows the store."""
