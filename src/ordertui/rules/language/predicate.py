"""Compile a condition into a Python function over one order. It answers as the SQL of `store.repositories` does."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Container, Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

from ordertui.orders.money import Money, exponent
from ordertui.orders.order import HasActive, OrderRow, current_lines
from ordertui.rules.situation import confirmed_of

from . import ast
from .ast import Amount
from .fields import (
    ALL_FIELDS,
    AWAITING_SHIPMENT,
    CONFIRMED,
    MARKED,
    MARKED_BY,
    PLAN_FIELDS,
    REST_CANCELLED,
    Field,
    FieldKind,
)
from .wildcards import matches, variants

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


class LineText(HasActive, Protocol):
    """What a filter reads of a line; `OrderLine` has it."""

    @property
    def sku(self) -> str:
        """The seller's SKU."""

    @property
    def asin(self) -> str | None:
        """Amazon's ASIN, if known."""

    @property
    def title(self) -> str | None:
        """The product's title, if known."""


class HasOrderFields(Protocol):
    """An order row with its lines, such as `orders.order.Order`."""

    @property
    def row(self) -> OrderRow:
        """The order without its lines."""

    @property
    def lines(self) -> Sequence[LineText]:
        """The order's lines."""


OrderTest: TypeAlias = Callable[[HasOrderFields], bool]


class BatchFacts(Protocol):
    """The values of PLAN_FIELDS for a batch."""

    def fact(self, subject: HasOrderFields, name: str) -> int | Money | Fraction | None:
        """Return the value for an order of the batch; None when nothing of it is known."""

    def unknown(self, subject: HasOrderFields, name: str) -> bool:
        """Return whether some part of the value is unknown."""


_OPS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ":": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Undecidable(ValueError):
    """The condition needs the policy, the auto-cancel time or a batch, and `predicate` was not given it."""


def predicate(
    condition: ast.Condition,
    *,
    decide: Callable[[OrderRow, str, str], bool] | None = None,
    auto_cancel_at: Callable[[OrderRow], int | None] | None = None,
    batch: BatchFacts | None = None,
    among: Mapping[str, Container[int]] | None = None,
    marked_by: Mapping[ast.Pattern, Container[int]] | None = None,
) -> OrderTest:
    """Return the condition as a function. An unknown fact fails every comparison, so it passes a negated one.

    `decide(row, field, value)` answers the fields `action` and `counts`; `auto_cancel_at(row)` returns epoch seconds or
    None; `batch` answers PLAN_FIELDS; `among` has the row numbers of the orders of MARKED and
    REST_CANCELLED, `marked_by` those that somebody else marked, by the login as it was typed. Raises Undecidable, at
    once, when the condition needs one that was not given.
    """

    def one(part: ast.Condition) -> OrderTest:
        return predicate(
            part, decide=decide, auto_cancel_at=auto_cancel_at, batch=batch, among=among, marked_by=marked_by
        )

    if isinstance(condition, ast.MatchAll):
        return lambda _: True
    if isinstance(condition, ast.Not):
        inner = one(condition.item)
        return lambda subject: not inner(subject)
    if isinstance(condition, ast.And | ast.Or):
        tests = [one(item) for item in condition.items]
        if isinstance(condition, ast.And):
            return lambda subject: all(test(subject) for test in tests)
        return lambda subject: any(test(subject) for test in tests)
    if isinstance(condition, ast.Text):
        return _match_any_text(condition.words)
    spec = ALL_FIELDS[condition.field]
    if spec.name in PLAN_FIELDS:
        return _compare_batch_fact(condition, batch)
    if spec.kind is FieldKind.SITUATION:
        return _ask_policy(condition, decide)
    if spec.name in (MARKED, REST_CANCELLED):
        return _is_among(condition, (among or {}).get(spec.name))
    if spec.name == MARKED_BY:
        if marked_by is None or not isinstance(condition.value, ast.Pattern):
            raise Undecidable("marked-by needs the marks of others: pass marked_by")
        theirs = marked_by[condition.value]
        return lambda subject: subject.row.id in theirs
    if spec.name == "auto-cancel":
        if auto_cancel_at is None:
            raise Undecidable("auto-cancel needs the policy's deadline: pass auto_cancel_at")
        return _compare_time(condition, auto_cancel_at, only_awaiting_shipment=True)
    return _compare_field(condition, spec)


def _compare_field(condition: ast.Compare, spec: Field) -> OrderTest:
    value = condition.value
    if isinstance(value, ast.Pattern):
        return _match_text(spec, value)
    if isinstance(value, ast.Flag):
        at, wanted = value.at, value.yes
        return lambda s: _is_late(s.row, at) is wanted
    if isinstance(value, ast.OneOf):
        allowed, column = frozenset(value.values), spec.column
        if column == "state":
            return lambda s: _state(s.row) in allowed
        if column == "open_action":
            return lambda s: s.row.open_action is not None and s.row.open_action.kind in allowed
        if column == CONFIRMED:
            return lambda s: confirmed_of(s.row.status, s.row.items, s.row.units_shipped) in allowed
        return lambda s: getattr(s.row, column) in allowed
    if isinstance(value, ast.Amount):
        op, amount = condition.op, value
        return lambda s: (
            s.row.total is not None and inside(s.row.total.minor, money_bounds(op, amount, s.row.total.currency))
        )
    column = spec.column
    if isinstance(value, ast.Integer):
        limits = bounds(condition.op, value.number)
        return lambda s: inside(getattr(s.row, column), limits)
    if isinstance(value, ast.Unknown) and spec.kind in (FieldKind.MONEY, FieldKind.INTEGER):
        return lambda s: getattr(s.row, column) is None
    return _compare_time(
        condition, lambda row: getattr(row, column), only_awaiting_shipment=spec.only_awaiting_shipment
    )


def _compare_time(
    condition: ast.Compare, moment: Callable[[OrderRow], int | None], *, only_awaiting_shipment: bool
) -> OrderTest:
    value = condition.value

    def test(subject: HasOrderFields) -> bool:
        if only_awaiting_shipment and subject.row.status not in AWAITING_SHIPMENT:
            return False
        at = moment(subject.row)
        return inside(at, value.limits(subject.row.marketplace)) if isinstance(value, ast.TimeRange) else at is None

    return test


def _ask_policy(condition: ast.Compare, decide: Callable[[OrderRow, str, str], bool] | None) -> OrderTest:
    if decide is None:
        raise Undecidable(f"{condition.field} needs the policy: pass decide")
    assert isinstance(condition.value, ast.OneOf)
    kind, values, ask = condition.field, condition.value.values, decide
    return lambda s: any(ask(s.row, kind, value) for value in values)


def _is_among(condition: ast.Compare, ids: Container[int] | None) -> OrderTest:
    if ids is None:
        raise Undecidable(f"{condition.field} needs the row numbers of these orders")
    assert isinstance(condition.value, ast.OneOf)
    values = condition.value.values
    return lambda s: ("yes" if s.row.id in ids else "no") in values


def _compare_batch_fact(condition: ast.Compare, batch: BatchFacts | None) -> OrderTest:
    if batch is None:
        raise Undecidable(f"{condition.field} needs a batch: pass batch")
    name, op, value = condition.field, condition.op, condition.value
    if isinstance(value, ast.Unknown):
        return lambda s: batch.unknown(s, name)

    def test(subject: HasOrderFields) -> bool:
        found = batch.fact(subject, name)
        if found is None:
            return False
        if isinstance(value, ast.Amount):
            return isinstance(found, Money) and inside(found.minor, money_bounds(op, value, found.currency))
        assert isinstance(value, ast.Integer | ast.Ratio)
        assert not isinstance(found, Money)
        edge = value.number if isinstance(value, ast.Integer) else value.ratio
        return _OPS[op](Fraction(found), Fraction(edge))

    return test


def _is_late(row: OrderRow, at: int) -> bool:
    return row.ship_by is not None and row.ship_by < at and row.status in AWAITING_SHIPMENT


def _state(row: OrderRow) -> str | None:
    return None if row.open_action is None else row.open_action.state


def _match_text(spec: Field, pattern: ast.Pattern) -> OrderTest:
    tried, anywhere, column = variants(pattern), spec.kind is FieldKind.CONTAINS, spec.column
    if column in ("order_id", "note", "reason"):
        return lambda s: any(matches(p, getattr(s.row, column), anywhere=anywhere) for p in tried)
    return lambda s: any(
        matches(p, getattr(line, column), anywhere=anywhere)
        for line in current_lines(s.row.status, s.lines)
        for p in tried
    )


def _match_any_text(pattern: ast.Pattern) -> OrderTest:
    tried = variants(pattern)

    def test(subject: HasOrderFields) -> bool:
        texts: list[str | None] = [subject.row.order_id]
        for line in current_lines(subject.row.status, subject.lines):
            texts += (line.sku, line.asin, line.title)
        return any(matches(p, text, anywhere=True) for text in texts for p in tried)

    return test
