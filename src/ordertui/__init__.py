"""ordertui: find orders to cancel or refund, see what it does to the cancellation rate, commit a checked batch.

Nothing is imported here, so that a command pays only for what it uses.
"""

__version__ = "0.2.0"
