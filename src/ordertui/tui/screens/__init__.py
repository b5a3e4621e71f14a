"""One module a screen. A screen arranges widgets and hands work to the session; what it shows is computed in plain functions."""
