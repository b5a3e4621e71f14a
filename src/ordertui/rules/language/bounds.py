"""Turn comparisons of whole numbers into inclusive bounds, so that SQL and Python cannot differ on an edge."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

from ordertui.orders.money import exponent

from .ast import Amount

Bounds: TypeAlias = tuple[int | None, int | None]


def bounds(op: str, edge: Fraction | int) -> Bounds | None:
    """Return the lowest and highest integer that `op edge` admits; None when no integer can equal the edge."""
    value = Fraction(edge)
    if op == ":":
        return (int(value), int(value)) if value.denominator == 1 else None
    if op == ">":
        return math.floor(value) + 1, None
    if op == ">=":
        return math.ceil(value), None
    if op == "<":
        return None, math.ceil(value) - 1
    return None, math.floor(value)


def money_bounds(op: str, amount: Amount, currency: str) -> Bounds | None:
    """Return bounds in minor units of `currency`; None when no amount in it can match."""
    if amount.currency is not None and amount.currency != currency:
        return None
    return bounds(op, amount.major * 10 ** exponent(currency))


def inside(value: int | None, limits: Bounds | None) -> bool:
    """Return whether a value is known and within the bounds."""
    if value is None or limits is None:
        return False
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)
