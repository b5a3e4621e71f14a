"""The practice store: made-up, seeded Amazon reports, imported and worked on as a seller would. Nothing in it is real.

`goods` is what is sold, `book` draws the orders, `reports` writes them as Amazon does, `morning` is what the operator did.
"""

from .builder import build_practice

__all__ = ["build_practice"]
