"""The worker: what goes on while nobody looks, on one machine or several."""
