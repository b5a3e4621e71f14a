"""Why a row decided, and what stands in the way of the nearest row that would allow it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.orders.enums import Action, YesNo

from .table import Row, Table


class NearestAllowedRow(msgspec.Struct, frozen=True):
    """The row that would allow the action with the fewest facts changed."""

    rule: str
    why: str
    needs: tuple[str, ...]
    """Each fact in the way: `status unshipped (it is shipped)`."""

    def __str__(self) -> str:
        return f"{self.rule} would need {', '.join(self.needs)}"


class HouseRuleMatch(msgspec.Struct, frozen=True):
    """A house rule that fits an order."""

    rule: str
    effect: str
    why: str
    condition: str


class Explanation(msgspec.Struct, frozen=True):
    """The whole answer for one order and one action."""

    action: Action
    allowed: bool
    """By Amazon's rules; a house rule with effect deny stands in `house`."""
    rule: str
    why: str
    because: tuple[str, ...]
    """The facts that decided: `status is unshipped`."""
    source: str
    note: str
    instead: Action | None
    counts: YesNo | None
    """For `cancel`: whether it counted, or would; None for other actions, and where it may not be cancelled."""
    counts_rule: str
    counts_why: str
    counts_because: tuple[str, ...]
    counts_source: str
    nearest: NearestAllowedRow | None
    """For a denied action: what would have to be otherwise."""
    house: tuple[HouseRuleMatch, ...] = ()


def because(table: Table, row: Row, values: Sequence[object]) -> tuple[str, ...]:
    """The facts that the row looks at, with the order's values."""
    return tuple(
        f"{axis.fact.name} is {axis.atoms[axis.place(value)]}"
        for axis, mask, value in zip(table.axes, row.box, values, strict=True)
        if mask != axis.full
    )


def nearest(table: Table, values: Sequence[object]) -> NearestAllowedRow | None:
    """Of the rows that allow, the one with the fewest facts in the way; the first at a draw. None when no row allows."""
    places = [axis.place(value) for axis, value in zip(table.axes, values, strict=True)]
    best: NearestAllowedRow | None = None
    for row in table.rows:
        if row.then.get("allowed") is not True:
            continue
        needs = tuple(
            f"{axis.words(mask)} (it is {axis.atoms[place]})"
            for axis, mask, place in zip(table.axes, row.box, places, strict=True)
            if not mask >> place & 1
        )
        if best is None or len(needs) < len(best.needs):
            best = NearestAllowedRow(row.id, row.why, needs)
    return best
