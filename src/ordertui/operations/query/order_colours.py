"""Which colour rule of the settings an order fits: asked for the orders on the screen, never for a whole view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ordertui.operations.config import ColourRule
from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.order_rules import reads_lines
from ordertui.orders.order import OrderLine, OrderRow
from ordertui.rules.language import parse, predicate
from ordertui.rules.language.predicate import OrderTest

MOST_KEPT = 2_000
"""Orders whose lines are kept, for rules that ask about them."""


class _Subject(NamedTuple):
    """An order as a condition reads it."""

    row: OrderRow
    lines: Sequence[OrderLine]


class OrderColours:
    """Answers by the rules as they read in this minute: `ship-by<24h` moves on with the clock."""

    def __init__(self, context: SessionContext, eligibility: Eligibility, zone: Callable[[], str]) -> None:
        self._context = context
        self._eligibility = eligibility
        self._zone = zone
        self._tests: Sequence[tuple[ColourRule, OrderTest]] = ()
        self._minute = -1
        self._reads_lines = False
        self._lines: dict[int, tuple[int, Sequence[OrderLine]]] = {}
        """Row number to version and lines."""

    def prefetch(self, rows: Iterable[OrderRow]) -> None:
        """Read the lines of a page of orders at once, when a rule asks about lines."""
        self._compile()
        wanted = [row.id for row in rows if self._lines.get(row.id, (-1,))[0] != row.version]
        if not self._reads_lines or not wanted:
            return
        if len(self._lines) + len(wanted) > MOST_KEPT:
            self._lines.clear()
        for row_id, order in self._context.reader().orders.get(wanted).items():
            self._lines[row_id] = (order.row.version, order.lines)

    def rule_of(self, row: OrderRow) -> ColourRule | None:
        """Return the first rule that the order fits; None when it fits none."""
        if not self._context.config.colours:
            return None
        self.prefetch((row,))
        subject = _Subject(row, self._lines.get(row.id, (0, ()))[1])
        return next((rule for rule, test in self._tests if test(subject)), None)

    def _compile(self) -> None:
        now = self._context.clock.now()
        if now // 60 == self._minute:
            return
        rules, zone = self._context.config.colours, self._zone()
        conditions = [parse(rule.filter, now=now, zone=zone) for rule in rules]
        asked = self._eligibility
        self._tests = tuple(
            (rule, predicate(condition, decide=asked.decide, auto_cancel_at=asked.deadline))
            for rule, condition in zip(rules, conditions, strict=True)
        )
        self._reads_lines = any(reads_lines(condition) for condition in conditions)
        self._minute = now // 60
