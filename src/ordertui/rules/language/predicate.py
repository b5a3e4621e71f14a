"""A condition as a Python function over one order; its answers equal those of the SQL in `store.filter_sql`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

from ordertui.orders.money import Money
from ordertui.orders.order import OrderRow

from .ast import (
    Amount,
    And,
    Choices,
    Compare,
    Condition,
    Flag,
    Integer,
    MatchAll,
    Not,
    Or,
    Pattern,
    Ratio,
    Span,
    Text,
    Unknown,
)
from .bounds import bounds, inside, money_bounds
from .fields import ALL_FIELDS, PLAN_FIELDS, WAITING, Field, Kind
from .wildcards import matches, variants


class LineText(Protocol):
    """What a filter reads of a line; `OrderLine` has it."""

    @property
    def sku(self) -> str: ...
    @property
    def asin(self) -> str | None: ...
    @property
    def title(self) -> str | None: ...


class Subject(Protocol):
    """An order row with its lines; `orders.order.Order` is one."""

    @property
    def row(self) -> OrderRow: ...
    @property
    def lines(self) -> Sequence[LineText]: ...


Test: TypeAlias = Callable[[Subject], bool]


class Batch(Protocol):
    """A batch, asked for the fields of PLAN_FIELDS."""

    def fact(self, subject: Subject, name: str) -> int | Money | Fraction | None:
        """The fact, for an order of the batch; None when nothing of it is known."""
        ...

    def unknown(self, subject: Subject, name: str) -> bool:
        """Whether some part of it is unknown."""
        ...


_OPS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ":": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Undecidable(ValueError):
    """The condition asks for the policy, the auto-cancel time or a batch, and `predicate` was not given them."""


def predicate(
    condition: Condition,
    *,
    decide: Callable[[OrderRow, str, str], bool] | None = None,
    auto_cancel_at: Callable[[OrderRow], int | None] | None = None,
    batch: Batch | None = None,
) -> Test:
    """The condition as a function; an unknown fact fails every comparison, and so passes its negation.

    `decide(row, kind, value)` answers `action:` and `counts:` (kind `action` or `counts`); `auto_cancel_at(row)` gives
    epoch seconds or None; `batch` answers the fields of a whole batch. Raises Undecidable, at once, when the condition
    needs one that was not given.
    """
    if isinstance(condition, MatchAll):
        return lambda _: True
    if isinstance(condition, Not):
        inner = predicate(condition.item, decide=decide, auto_cancel_at=auto_cancel_at, batch=batch)
        return lambda subject: not inner(subject)
    if isinstance(condition, And | Or):
        tests = [predicate(i, decide=decide, auto_cancel_at=auto_cancel_at, batch=batch) for i in condition.items]
        if isinstance(condition, And):
            return lambda subject: all(test(subject) for test in tests)
        return lambda subject: any(test(subject) for test in tests)
    if isinstance(condition, Text):
        return _anywhere(condition.words)
    spec = ALL_FIELDS[condition.field]
    if spec.name in PLAN_FIELDS:
        return _of_batch(condition, batch)
    if spec.kind is Kind.SITUATION:
        return _decided(condition, decide)
    if spec.name == "auto-cancel":
        if auto_cancel_at is None:
            raise Undecidable("auto-cancel needs the policy's deadline: pass auto_cancel_at")
        return _in_time(condition, auto_cancel_at, waiting_only=True)
    return _compared(condition, spec)


def _compared(condition: Compare, spec: Field) -> Test:
    value = condition.value
    if isinstance(value, Pattern):
        return _text(spec, value)
    if isinstance(value, Flag):
        at, wanted = value.at, value.yes
        return lambda s: _late(s.row, at) is wanted
    if isinstance(value, Choices):
        allowed, column = frozenset(value.values), spec.column
        if column == "state":
            return lambda s: _state(s.row) in allowed
        return lambda s: getattr(s.row, column) in allowed
    if isinstance(value, Amount):
        op, amount = condition.op, value
        return lambda s: (
            s.row.total is not None and inside(s.row.total.minor, money_bounds(op, amount, s.row.total.currency))
        )
    column = spec.column
    if isinstance(value, Integer):
        limits = bounds(condition.op, value.number)
        return lambda s: inside(getattr(s.row, column), limits)
    if isinstance(value, Unknown) and spec.kind in (Kind.MONEY, Kind.WHOLE):
        return lambda s: getattr(s.row, column) is None
    return _in_time(condition, lambda row: getattr(row, column), waiting_only=spec.waiting_only)


def _in_time(condition: Compare, moment: Callable[[OrderRow], int | None], *, waiting_only: bool) -> Test:
    value = condition.value

    def test(subject: Subject) -> bool:
        if waiting_only and subject.row.status not in WAITING:
            return False
        at = moment(subject.row)
        return inside(at, (value.low, value.high)) if isinstance(value, Span) else at is None

    return test


def _decided(condition: Compare, decide: Callable[[OrderRow, str, str], bool] | None) -> Test:
    if decide is None:
        raise Undecidable(f"{condition.field} needs the policy: pass decide")
    assert isinstance(condition.value, Choices)
    kind, values, ask = condition.field, condition.value.values, decide
    return lambda s: any(ask(s.row, kind, value) for value in values)


def _of_batch(condition: Compare, batch: Batch | None) -> Test:
    if batch is None:
        raise Undecidable(f"{condition.field} needs a batch: pass batch")
    name, op, value = condition.field, condition.op, condition.value
    if isinstance(value, Unknown):
        return lambda s: batch.unknown(s, name)

    def test(subject: Subject) -> bool:
        found = batch.fact(subject, name)
        if found is None:
            return False
        if isinstance(value, Amount):
            return isinstance(found, Money) and inside(found.minor, money_bounds(op, value, found.currency))
        assert isinstance(value, Integer | Ratio)
        assert not isinstance(found, Money)
        edge = value.number if isinstance(value, Integer) else value.share
        return _OPS[op](Fraction(found), Fraction(edge))

    return test


def _late(row: OrderRow, at: int) -> bool:
    return row.ship_by is not None and row.ship_by < at and row.status in WAITING


def _state(row: OrderRow) -> str | None:
    return None if row.open_action is None else row.open_action.state


def _text(spec: Field, pattern: Pattern) -> Test:
    tried, anywhere, column = variants(pattern), spec.kind is Kind.CONTAINS, spec.column
    if column == "order_id":
        return lambda s: any(matches(p, s.row.order_id, anywhere=False) for p in tried)
    return lambda s: any(matches(p, getattr(line, column), anywhere=anywhere) for line in s.lines for p in tried)


def _anywhere(pattern: Pattern) -> Test:
    tried = variants(pattern)

    def test(subject: Subject) -> bool:
        texts: list[str | None] = [subject.row.order_id]
        for line in subject.lines:
            texts += (line.sku, line.asin, line.title)
        return any(matches(p, text, anywhere=True) for text in texts for p in tried)

    return test
