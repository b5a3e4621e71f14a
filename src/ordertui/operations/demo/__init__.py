"""The practice store: made-up, seeded Amazon reports, imported and worked on as a seller would. Nothing in it is real.

`catalogue` has the products, `orders` draws the orders, `reports` writes them as Amazon does, `scenario` works on them.
"""

from .scenario import build_practice, has_practice_store, practice_store

__all__ = ["build_practice", "has_practice_store", "practice_store"]
