"""Verdicts and their explanations: which row decided, by which facts, and which facts a denied action would need."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.orders.enums import Action, YesNo

from .table import Row, Table


class Verdict(msgspec.Struct, frozen=True):
    """The answer of the rules for one order and one action."""

    action: Action
    allowed: bool
    counts: YesNo
    """For `cancel`: whether it counts toward the cancellation rate; an unknown buyer request counts. NO otherwise."""
    rule: str
    """Id of the deciding row, for example `A5`."""
    why: str
    """One sentence for the operator."""
    source: str
    """The source of the rule, with the day on which it was read."""
    instead: Action | None
    """An action that is allowed instead of a denied one, or None."""
    counts_rule: str = ""
    """Id of the row of the counting table, for `cancel`."""
    counts_why: str = ""
    """Why it counts or not, for `cancel`."""
    note: str = ""
    """A warning that goes with an allowed action, or the advice that goes with a denied one."""
    short: str = ""
    """`why` in two or three words, for the side pane."""


class NearestAllowedRow(msgspec.Struct, frozen=True):
    """The row that would allow a denied action with the fewest facts changed."""

    rule: str
    why: str
    needs: tuple[str, ...]
    """Each fact in the way: `status unshipped (it is shipped)`."""

    def __str__(self) -> str:
        return f"{self.rule} would need {'; '.join(self.needs)}"


class HouseRuleMatch(msgspec.Struct, frozen=True):
    """A house rule that fits an order."""

    rule: str
    effect: str
    why: str
    condition: str


class Explanation(msgspec.Struct, frozen=True):
    """A verdict with everything behind it."""

    action: Action
    allowed: bool
    """By Amazon's rules where a `Policy` explains; by everything that counts where `Eligibility` does."""
    rule: str
    why: str
    because: tuple[str, ...]
    """The facts that decided: `status is unshipped`."""
    source: str
    note: str
    instead: Action | None
    counts: YesNo | None
    """For `cancel`: whether it counted, or would; None for other actions, and for an order that cannot be cancelled.
    YES for a refund that cancels units, by no row of the policy.
    """
    counts_rule: str
    counts_why: str
    counts_because: tuple[str, ...]
    counts_source: str
    nearest: NearestAllowedRow | None
    """For a denied action, the facts that would have to differ."""
    house: tuple[HouseRuleMatch, ...] = ()


def deciding_facts(table: Table, row: Row, values: Sequence[object]) -> tuple[str, ...]:
    """Return the facts that the row looks at, with the order's values."""
    return tuple(
        f"{axis.fact.name} is {axis.values[axis.index_of(value)]}"
        for axis, mask, value in zip(table.axes, row.box, values, strict=True)
        if mask != axis.full
    )


def nearest_allowed_row(table: Table, values: Sequence[object]) -> NearestAllowedRow | None:
    """Return the allowing row with the fewest facts in the way, the first one at a draw; None when no row allows."""
    indexes = [axis.index_of(value) for axis, value in zip(table.axes, values, strict=True)]
    best: NearestAllowedRow | None = None
    for row in table.rows:
        if row.then.get("allowed") is not True:
            continue
        needs = tuple(
            f"{axis.describe(mask)} (it is {axis.values[index]})"
            for axis, mask, index in zip(table.axes, row.box, indexes, strict=True)
            if not mask >> index & 1
        )
        if best is None or len(needs) < len(best.needs):
            best = NearestAllowedRow(row.id, row.why, needs)
    return best
