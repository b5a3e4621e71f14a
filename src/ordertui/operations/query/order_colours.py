"""Which colour rule of the settings an order fits: asked for the orders on the screen, never for a whole view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ordertui.operations.config import ColourRule
from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.order_rules import LineCache, Subject, reads_lines
from ordertui.orders.order import OrderRow
from ordertui.rules.language import parse, predicate
from ordertui.rules.language.predicate import OrderTest


class OrderColours:
    """Answers by the rules as they read in this minute: `ship-by<24h` moves on with the clock."""

    def __init__(
        self, context: SessionContext, eligibility: Eligibility, zones: Callable[[], Mapping[str, str]]
    ) -> None:
        self._context = context
        self._eligibility = eligibility
        self._zones = zones
        self._tests: Sequence[tuple[ColourRule, OrderTest]] = ()
        self._minute = -1
        self._reads_lines = False
        self._lines = LineCache(context.reader)

    def prefetch(self, rows: Iterable[OrderRow]) -> None:
        """Read the lines of many orders at once, when a rule asks about lines."""
        self._compile()
        if self._reads_lines:
            self._lines.prefetch(rows)

    def rule_of(self, row: OrderRow) -> ColourRule | None:
        """Return the first rule that an order fits; None without one."""
        if not self._context.config.colours:
            return None
        self._compile()
        subject = Subject(row, self._lines.of(row) if self._reads_lines else ())
        return next((rule for rule, test in self._tests if test(subject)), None)

    def _compile(self) -> None:
        now = self._context.clock.now()
        if now // 60 == self._minute:
            return
        rules, zones = self._context.config.colours, self._zones()
        conditions = [parse(rule.filter, now=now, zone="UTC", zones=zones) for rule in rules]
        asked = self._eligibility
        self._tests = tuple(
            (rule, predicate(condition, decide=asked.decide, auto_cancel_at=asked.deadline))
            for rule, condition in zip(rules, conditions, strict=True)
        )
        self._reads_lines = any(reads_lines(condition) for condition in conditions)
        self._minute = now // 60
