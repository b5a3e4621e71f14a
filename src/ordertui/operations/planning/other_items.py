"""Orders of a cancellation that have more items than the one the operator looks for: all of them are cancelled."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.enums import Action

from .plan import PlanLine, PlannedOrder


def has_several_items(lines: Sequence[PlanLine]) -> bool:
    """Return whether these lines of an order are of more than one SKU."""
    return len({line.sku for line in lines}) > 1


def other_items(action: Action, rows: Sequence[PlannedOrder]) -> dict[int, tuple[PlanLine, ...]]:
    """Return, by row number, the lines that a cancellation takes along, of each order with several items.

    What all orders of the batch share is what is looked for; the others are taken along. Where they share nothing, or
    all, every line is returned.
    """
    if action is not Action.CANCEL or not rows:
        return {}
    shared = set.intersection(*({line.sku for line in row.lines} for row in rows))
    found = {}
    for row in rows:
        if has_several_items(row.lines):
            others = tuple(line for line in row.lines if line.sku not in shared)
            found[row.id] = others or row.lines
    return found


def main_sku(row: PlannedOrder, rows: Sequence[PlannedOrder]) -> str:
    """Return the SKU that an order of a cancellation is about: one that all its orders share, else its first."""
    shared = set.intersection(*({line.sku for line in one.lines} for one in rows)) if rows else set()
    return next((line.sku for line in row.lines if line.sku in shared), row.lines[0].sku)
