"""Prove that some order and batch can fit a condition, or that one condition implies another.

Exact over closed facts, amounts, numbers and times. Each text pattern counts as true or false on its own, so a rule
about text is never called impossible because of its words. The solver splits the domain of one fact at a time until
every part is decided; a condition that takes too many steps is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeAlias

import msgspec

from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Program
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.language import ast
from ordertui.rules.language.fields import ALL_FIELDS, AWAITING_SHIPMENT, PLAN_FIELDS, FieldKind
from ordertui.rules.situation import FACTS
from ordertui.rules.tables.table import Table

MAX_STEPS = 20_000
"""Steps of one check, or of all checks that share a Budget: about a second."""
_NONE = "none of these"
"""Stands for every value of a text axis that no constraint names."""
_NUMBERS = {
    spec.column or spec.name: spec
    for spec in ALL_FIELDS.values()
    if spec.kind in (FieldKind.MONEY, FieldKind.INTEGER, FieldKind.RATIO)
}
"""Fields of numbers, by axis."""


class TooComplex(ValueError):
    """The condition cannot be checked within the allowed steps."""


class Budget(msgspec.Struct):
    """Counts down the steps that are left."""

    left: int = MAX_STEPS


class Constraint(msgspec.Struct, frozen=True):
    """One axis has one of these values: words of an enumeration, or numbers between two edges."""

    axis: str
    values: frozenset[str] | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    open_low: bool = False
    open_high: bool = False


class AllOf(msgspec.Struct, frozen=True):
    """All of the parts; of none: true."""

    parts: tuple[Formula, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """Any of the parts; of none: false."""

    parts: tuple[Formula, ...]


class Negation(msgspec.Struct, frozen=True):
    """Not the part."""

    part: Formula


Formula: TypeAlias = Constraint | AllOf | AnyOf | Negation
Tables: TypeAlias = Callable[[str], Table]
TRUE = AllOf(())


def build_formula(condition: ast.Condition, tables: Tables) -> Formula:
    """Return a condition as a formula over facts. `tables` returns the policy's tables for `action:` and `counts:`."""
    if isinstance(condition, ast.MatchAll):
        return TRUE
    if isinstance(condition, ast.Not):
        return Negation(build_formula(condition.item, tables))
    if isinstance(condition, ast.And | ast.Or):
        parts = tuple(build_formula(item, tables) for item in condition.items)
        return AllOf(parts) if isinstance(condition, ast.And) else AnyOf(parts)
    if isinstance(condition, ast.Text):
        return Constraint(f"text {condition.words.parts}", frozenset({"yes"}))
    return _compare(condition, tables)


def _compare(condition: ast.Compare, tables: Tables) -> Formula:
    spec, value, name = ALL_FIELDS[condition.field], condition.value, condition.field
    if isinstance(value, ast.Pattern):
        return Constraint(f"text {name} {value.parts}", frozenset({"yes"}))
    if isinstance(value, ast.OneOf):
        if spec.kind is not FieldKind.SITUATION:
            return Constraint(spec.column, frozenset(value.values))
        answer = allowed_formula if name == "action" else counted_formula
        return AnyOf(tuple(answer(word, tables) for word in value.values))
    if isinstance(value, ast.Flag):
        late = AllOf((_awaiting_shipment(), Constraint("ship_by", high=Fraction(value.at), open_high=True)))
        return late if value.yes else Negation(late)
    if isinstance(value, ast.TimeRange):
        inside: Formula = Constraint(spec.column, low=_as_fraction(value.low), high=_as_fraction(value.high))
        return AllOf((_awaiting_shipment(), inside)) if spec.only_awaiting_shipment else inside
    axis = spec.column or name
    if isinstance(value, ast.Unknown):
        # of a batch, what is known is compared also where a part of it is not known
        is_partly = name in PLAN_FIELDS and not spec.is_always_known
        missing = Constraint(f"{axis} unknown" if is_partly else axis, frozenset({"unknown"}))
        return AllOf((_awaiting_shipment(), missing)) if spec.only_awaiting_shipment else missing
    if isinstance(value, ast.Amount):
        amount = _number_constraint(axis, condition.op, value.major)
        currency = value.currency
        return amount if currency is None else AllOf((Constraint("currency", frozenset({currency})), amount))
    return _number_constraint(
        axis, condition.op, Fraction(value.number if isinstance(value, ast.Integer) else value.ratio)
    )


def _as_fraction(number: int | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def _awaiting_shipment() -> Constraint:
    return Constraint("status", frozenset(AWAITING_SHIPMENT))


def _number_constraint(axis: str, op: str, edge: Fraction) -> Constraint:
    if op == ":":
        return Constraint(axis, low=edge, high=edge)
    if op.startswith(">"):
        return Constraint(axis, low=edge, open_low=op == ">")
    return Constraint(axis, high=edge, open_high=op == "<")


def rows_formula(table: Table, accepts: Callable[[dict[str, object]], bool]) -> Formula:
    """Return the formula that some row fits whose outputs `accepts` accepts."""
    found = []
    for row in table.rows:
        if accepts(dict(row.then)):
            parts = [
                Constraint(axis.fact.name, frozenset(axis.names(mask)))
                for axis, mask in zip(table.axes, row.box, strict=True)
                if mask != axis.full
            ]
            found.append(AllOf(tuple(parts)))
    return AnyOf(tuple(found))


def allowed_formula(action: str, tables: Tables) -> Formula:
    """Return the formula that the policy allows the action."""
    return rows_formula(tables(action), lambda then: then["allowed"] is True)


def counted_formula(word: str, tables: Tables) -> Formula:
    """Return the formula of `counts:yes` or `counts:no`, as `operations.eligibility` decides it.

    A cancelled order is judged by the table of history, another by what its cancellation would do.
    """
    wanted = ("no",) if word == "no" else ("yes", "unknown")
    gone = Constraint("status", frozenset({"cancelled"}))
    did = AllOf((gone, rows_formula(tables("history"), lambda then: then["counts"] in wanted)))
    would = rows_formula(tables("counts"), lambda then: then["counts"] in wanted)
    return AnyOf((did, AllOf((Negation(gone), allowed_formula("cancel", tables), would))))


def is_satisfiable(wanted: Formula, budget: Budget | None = None) -> bool:
    """Return whether any order and batch fits. Raises TooComplex."""
    solver = _Solver(wanted, budget or Budget())
    return solver.solve(solver.domains, wanted)


def implies(first: Formula, second: Formula, budget: Budget | None = None) -> bool:
    """Return whether `second` holds wherever `first` does. Raises TooComplex."""
    return not is_satisfiable(AllOf((first, Negation(second))), budget)


class _Solver:
    """Domains as bits: the words of an enumeration; for numbers the bands between all edges, then `unknown`."""

    def __init__(self, wanted: Formula, budget: Budget) -> None:
        self.domains: dict[str, int] = {}
        self._masks: dict[Constraint, int] = {}
        self._budget = budget
        leaves: dict[str, list[Constraint]] = {}
        for leaf in _leaves(wanted):
            leaves.setdefault(leaf.axis, []).append(leaf)
        for axis, found in leaves.items():
            if any(leaf.values is None for leaf in found) or axis in _NUMBERS:
                self._add_numbers(axis, found)
            else:
                self._add_words(axis, found)

    def _add_words(self, axis: str, found: list[Constraint]) -> None:
        if axis in FACTS:
            words = [str(value) for value in FACTS[axis]]
        elif axis == "marketplace":
            words = list(MARKETPLACES)
        elif axis == "state":
            words = [_NONE, *(str(state) for state in RowState)]
        elif axis == "program":
            words = [str(program) for program in Program]
        elif axis in ("business", "prime"):
            words = ["yes", "no", "unknown"]
        else:
            words = [_NONE, *sorted({word for leaf in found for word in leaf.values or ()})]
        self.domains[axis] = (1 << len(words)) - 1
        for leaf in found:
            self._masks[leaf] = sum(1 << n for n, word in enumerate(words) if word in (leaf.values or ()))

    def _add_numbers(self, axis: str, found: list[Constraint]) -> None:
        """Cut the numbers into bands: each edge by itself, and all between two edges; then `unknown`."""
        spec = _NUMBERS.get(axis)  # None: a time
        least, most = (spec.least, spec.most) if spec else (None, None)
        edges = {edge for leaf in found for edge in (leaf.low, leaf.high) if edge is not None}
        edges |= {Fraction(limit) for limit in (least, most) if limit is not None}
        points: list[Fraction] = []
        for edge in sorted(edges):
            points += [(points[-1] + edge) / 2 if points else edge - 1, edge]
        points.append(points[-1] + 1 if points else Fraction(0))
        is_integer = spec is not None and spec.kind is FieldKind.INTEGER
        domain = 0 if spec is not None and spec.is_always_known else 1 << len(points)
        for n, point in enumerate(points):
            inside = (least is None or point >= least) and (most is None or point <= most)
            is_between = is_integer and n % 2 == 0 and 0 < n < len(points) - 1  # two edges, perhaps without an integer
            if inside and not (is_between and points[n - 1] // 1 + 1 >= points[n + 1]):
                domain |= 1 << n
        self.domains[axis] = domain
        for leaf in found:
            mask = 1 << len(points) if leaf.values is not None else 0
            for n, point in enumerate(points):
                if leaf.values is None and _is_within(point, leaf):
                    mask |= 1 << n
            self._masks[leaf] = mask

    def value(self, node: Formula, domains: dict[str, int]) -> bool | Constraint:
        """Return True or False, or the constraint that leaves it undecided."""
        if isinstance(node, Constraint):
            domain, mask = domains[node.axis], self._masks[node]
            return node if domain & mask and domain & ~mask else bool(domain & mask)
        if isinstance(node, Negation):
            inner = self.value(node.part, domains)
            return inner if isinstance(inner, Constraint) else not inner
        decisive = isinstance(node, AnyOf)
        undecided: Constraint | None = None
        for part in node.parts:
            found = self.value(part, domains)
            if found is decisive:
                return decisive
            if isinstance(found, Constraint) and undecided is None:
                undecided = found
        return undecided if undecided is not None else not decisive

    def solve(self, domains: dict[str, int], wanted: Formula) -> bool:
        """Return whether some part of the domains fits."""
        self._budget.left -= 1
        if self._budget.left < 0:
            raise TooComplex("it is too complex to check; split it into several rules")
        found = self.value(wanted, domains)
        if not isinstance(found, Constraint):
            return found
        domain, mask = domains[found.axis], self._masks[found]
        return any(self.solve({**domains, found.axis: part}, wanted) for part in (domain & mask, domain & ~mask))


def _is_within(point: Fraction, leaf: Constraint) -> bool:
    low = leaf.low is None or point > leaf.low or (point == leaf.low and not leaf.open_low)
    high = leaf.high is None or point < leaf.high or (point == leaf.high and not leaf.open_high)
    return low and high


def _leaves(node: Formula) -> Iterable[Constraint]:
    if isinstance(node, Constraint):
        yield node
    else:
        for part in (node.part,) if isinstance(node, Negation) else node.parts:
            yield from _leaves(part)
