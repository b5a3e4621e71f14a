"""One module a screen. A screen arranges widgets and hands work to the shop; what it shows is computed in plain functions."""
