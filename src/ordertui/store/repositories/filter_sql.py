"""Compile a condition of the filter language to a WHERE clause over `orders o`, with bound named parameters only.

Private to the store. Only standard SQL, so that other databases read it the same: no JSON, no GLOB, no regular
expressions. A comparison with NULL stays NULL, which WHERE drops; `NOT` first makes it FALSE with COALESCE, so that its
negation is TRUE, as in `rules.language.predicate`. Other comparisons have no COALESCE, which would hide their column
from an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from ordertui.orders.enums import Action
from ordertui.orders.money import NO_MINOR_UNITS
from ordertui.orders.order import LINES_NEEDED
from ordertui.rules.language import ast
from ordertui.rules.language.fields import (
    AWAITING_SHIPMENT,
    CONFIRMED,
    FIELDS,
    MARKED,
    MARKED_BY,
    REST_CANCELLED,
    Field,
    FieldKind,
)
from ordertui.rules.language.predicate import Bounds, bounds, money_bounds
from ordertui.rules.language.wildcards import ESCAPE, like, variants
from ordertui.store.engine.database import as_parameter

from .derived_facts import CURRENT, LINES_KNOWN, OPEN_ACTION, REASON, confirmed

EVERY, NEVER = "1 = 1", "1 = 0"
"""Clauses that every order fits, and none."""
_WITHOUT_MINOR = tuple(sorted(NO_MINOR_UNITS))
IdsSql: TypeAlias = Callable[[str], str]
_WITH_NOTE = "o.id IN (SELECT f.order_id FROM operator_facts f WHERE"
_CONFIRMED = confirmed("'some'", "'all'", "'no'", "'unknown'")
_LINE_COLUMNS = frozenset({"sku", "asin", "title"})


class FilterDecisions(Protocol):
    """The part of `orders.Decisions` that filters read."""

    @property
    def situations(self) -> Mapping[tuple[str, str], Sequence[tuple[Sequence[str] | None, Sequence[int]]]]:
        """By field and value: where the policies say so."""

    @property
    def denials(self) -> Mapping[Action, ast.Condition]:
        """The condition under which house rules deny an action."""

    @property
    def by_rules_alone(self) -> bool:
        """Whether `action:` asks the situations alone."""

    @property
    def marked(self) -> Iterable[int]:
        """Row numbers of the orders that the operator marked."""

    @property
    def rest_cancelled(self) -> Iterable[int]:
        """Row numbers of the orders of which refunds cancel all that is not shipped."""

    @property
    def marked_by(self) -> Mapping[ast.Pattern, Iterable[int]]:
        """Row numbers of the orders that others marked, by the login as it was typed."""


def compile_filter(
    condition: ast.Condition, decisions: FilterDecisions, ids_sql: IdsSql
) -> tuple[str, dict[str, object]]:
    """Return the WHERE clause, without the word, and its parameters, named `f0`, `f1`...

    `ids_sql` returns a subquery that yields the ids of a JSON parameter, as the column `id`. The statement must name
    the table `orders o`; SKU, ASIN and title are found through `lines` and `products`. Raises KeyError when `decisions`
    lacks a value of the condition.
    """
    writer = _Writer(decisions, "f", ids_sql)
    return writer.clause(condition), writer.params


def compile_ranks(
    ranks: Sequence[tuple[ast.Condition, int]], decisions: FilterDecisions, ids_sql: IdsSql
) -> tuple[str, dict[str, object]]:
    """Return the rank of the first condition that an order fits, else 0, and its parameters, named `s0`, `s1`..."""
    writer = _Writer(decisions, "s", ids_sql)
    cases = [f"WHEN {writer.clause(condition)} THEN {rank:d}" for condition, rank in ranks]
    return f"CASE {' '.join(cases)} ELSE 0 END", writer.params


class _Writer:
    def __init__(self, decisions: FilterDecisions, prefix: str, ids_sql: IdsSql) -> None:
        self.params: dict[str, object] = {}
        self._decisions = decisions
        self._prefix = prefix
        self._ids_sql = ids_sql
        self._names: dict[tuple[type, object], str] = {}
        self._by_rules_alone = decisions.by_rules_alone

    def clause(self, condition: ast.Condition) -> str:
        return self._nested(condition, True)[1]

    def _nested(self, condition: ast.Condition, positive: bool) -> tuple[int, str]:
        """Return the depth of brackets, and the clause or its negation.

        Negation is pushed down to the leaves, and the deepest part of a bracket is written first: SQLite's parser then
        needs one entry of its stack per bracket, and 40 levels fit its 100 entries.
        """
        if isinstance(condition, ast.Not):
            return self._nested(condition.item, not positive)
        if isinstance(condition, ast.And | ast.Or):
            parts = sorted((self._nested(item, positive) for item in condition.items), key=lambda part: -part[0])
            glue = " AND " if isinstance(condition, ast.And) is positive else " OR "
            return parts[0][0] + 1, "(" + glue.join(text for _, text in parts) + ")"
        if isinstance(condition, ast.MatchAll):
            return 0, EVERY if positive else NEVER
        if isinstance(condition, ast.Text):
            leaf = self._anywhere(condition.words)
        else:
            leaf = self._compare(condition, FIELDS[condition.field])
        return 0, leaf if positive else f"NOT COALESCE(({leaf}), FALSE)"

    def _bind(self, value: str | int) -> str:
        key = (type(value), value)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{self._prefix}{len(self._names)}"
            self.params[name] = value
        return f":{name}"

    def _one_of(self, column: str, values: Iterable[str | int]) -> str:
        bound = [self._bind(value) for value in values]
        if not bound:
            return NEVER
        return f"{column} = {bound[0]}" if len(bound) == 1 else f"{column} IN ({', '.join(bound)})"

    def _within(self, column: str, limits: Bounds | None) -> str:
        if limits is None:
            return NEVER
        low, high = limits
        if low is not None and low == high:
            return f"{column} = {self._bind(low)}"
        parts = []
        if low is not None:
            parts.append(f"{column} >= {self._bind(low)}")
        if high is not None:
            parts.append(f"{column} <= {self._bind(high)}")
        return "(" + " AND ".join(parts) + ")"

    def _compare(self, condition: ast.Compare, spec: Field) -> str:
        value, column = condition.value, f"o.{spec.column}"
        if isinstance(value, ast.Pattern):
            if spec.name == MARKED_BY:
                return self._among(self._decisions.marked_by[value])
            return self._text(spec, value)
        if isinstance(value, ast.Flag):
            late = f"({self._waiting()} AND o.ship_by < {self._bind(value.at)})"
            return late if value.yes else f"NOT COALESCE({late}, FALSE)"
        if isinstance(value, ast.OneOf):
            if spec.name in (MARKED, REST_CANCELLED):
                ids = self._decisions.marked if spec.name == MARKED else self._decisions.rest_cancelled
                return self._yes_among(value.values, ids)
            if spec.kind is FieldKind.SITUATION:
                return self._decided(spec.name, value.values)
            if spec.column == "noted":
                return self._one_of(
                    f"CASE WHEN {_WITH_NOTE} f.note IS NOT NULL) THEN 'yes' ELSE 'no' END", value.values
                )
            return self._one_of(_CONFIRMED if spec.column == CONFIRMED else column, value.values)
        if isinstance(value, ast.Amount):
            return self._money(condition.op, value)
        if isinstance(value, ast.Integer):
            return self._within(column, bounds(condition.op, value.number))
        clause = self._times(column, value) if isinstance(value, ast.TimeRange) else f"{column} IS NULL"
        return f"({self._waiting()} AND {clause})" if spec.only_awaiting_shipment else clause

    def _decided(self, kind: str, values: Sequence[str]) -> str:
        if kind == "action" and not self._by_rules_alone:
            return self._allowed([Action(value) for value in values])
        return self._in_situations(kind, values)

    def _in_situations(self, kind: str, values: Sequence[str]) -> str:
        """Compare with the situations that fit: in one list when all marketplaces decide alike, for one index."""
        numbers: dict[tuple[str, ...] | None, set[int]] = {}
        for value in values:
            for codes, found in self._decisions.situations[kind, value]:
                numbers.setdefault(None if codes is None else tuple(codes), set()).update(found)
        parts = []
        for codes, fitting in numbers.items():
            one = self._one_of("o.situation", sorted(fitting))
            parts.append(one if codes is None else f"({one} AND {self._one_of('o.marketplace', codes)})")
        return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")" if parts else NEVER

    def _allowed(self, actions: Sequence[Action]) -> str:
        """Match what the rules allow, no batch holds, whose lines can be named, and that no house rule denies.

        Must agree with `operations.eligibility.Eligibility.denial`.
        """
        parts = []
        for action in actions:
            terms = [self._in_situations("action", [action.value])]
            if action in LINES_NEEDED:
                looked_at, needed = LINES_NEEDED[action]
                terms += [f"NOT {OPEN_ACTION}", f"(({LINES_KNOWN}) & {looked_at:d}) = {needed:d}"]
            denied = self._decisions.denials.get(action)
            if denied is not None:
                self._by_rules_alone = True
                terms.append(f"NOT COALESCE({self.clause(denied)}, FALSE)")
                self._by_rules_alone = False
            parts.append("(" + " AND ".join(terms) + ")")
        if len(parts) == 1:
            return parts[0]
        return f"({self._in_situations('action', actions)} AND ({' OR '.join(parts)}))"

    def _yes_among(self, values: Sequence[str], ids: Iterable[int]) -> str:
        if len(values) != 1:
            return EVERY if values else NEVER
        among = self._among(ids)
        return among if values[0] == "yes" else f"NOT {among}"

    def _times(self, column: str, value: ast.TimeRange) -> str:
        """Compare with the order's own days. What all of them span comes first: an index finds it."""
        within = self._within(column, (value.low, value.high))
        if not value.elsewhere:
            return within
        others = [code for one in value.elsewhere for code in one.marketplaces]
        cases = [f"(NOT ({self._one_of('o.marketplace', others)}) AND {within})"]
        for one in value.elsewhere:
            own = self._within(column, (one.low, one.high))
            cases.append(f"({self._one_of('o.marketplace', one.marketplaces)} AND {own})")
        lows = [value.low, *(one.low for one in value.elsewhere)]
        highs = [value.high, *(one.high for one in value.elsewhere)]
        first, last = [low for low in lows if low is not None], [high for high in highs if high is not None]
        span = min(first) if len(first) == len(lows) else None, max(last) if len(last) == len(highs) else None
        return f"({self._within(column, span)} AND ({' OR '.join(cases)}))"

    def _among(self, ids: Iterable[int]) -> str:
        return f"o.id IN (SELECT v.id FROM {self._ids_sql(self._bind(as_parameter(ids)))} AS v)"

    def _waiting(self) -> str:
        return self._one_of("o.status", AWAITING_SHIPMENT)

    def _money(self, op: str, amount: ast.Amount) -> str:
        if amount.currency is not None:
            limits = self._within("o.total", money_bounds(op, amount, amount.currency))
            return f"({self._one_of('o.currency', (amount.currency,))} AND {limits})"
        whole = self._within("o.total", bounds(op, amount.major))
        cents = self._within("o.total", bounds(op, amount.major * 100))
        without = self._one_of("o.currency", _WITHOUT_MINOR)
        return f"(({without} AND {whole}) OR (NOT ({without}) AND {cents}))"

    def _like(self, column: str, pattern: ast.Pattern, *, anywhere: bool) -> str:
        tried = [
            f"lower({column}) LIKE {self._bind(like(p, anywhere=anywhere))} ESCAPE '{ESCAPE}'"
            for p in variants(pattern)
        ]
        return tried[0] if len(tried) == 1 else "(" + " OR ".join(tried) + ")"

    def _text(self, spec: Field, pattern: ast.Pattern) -> str:
        if spec.column == "note":
            return f"{_WITH_NOTE} {self._like('f.note', pattern, anywhere=True)})"
        if spec.column == "reason":
            return self._like(REASON, pattern, anywhere=True)
        if spec.column not in _LINE_COLUMNS:
            return self._like(f"o.{spec.column}", pattern, anywhere=False)
        return self._on_lines(self._like(f"p.{spec.column}", pattern, anywhere=spec.kind is FieldKind.CONTAINS))

    def _anywhere(self, pattern: ast.Pattern) -> str:
        products = " OR ".join(self._like(f"p.{name}", pattern, anywhere=True) for name in ("sku", "asin", "title"))
        return f"({self._like('o.order_id', pattern, anywhere=True)} OR {self._on_lines(products)})"

    @staticmethod
    def _on_lines(products: str) -> str:
        """Match orders with a current line of such a product. No reference to `o`, so that SQLite evaluates it once."""
        return (
            "o.id IN (SELECT l.order_id FROM lines l WHERE l.product_id IN "
            f"(SELECT p.id FROM products p WHERE {products}) AND {CURRENT})"
        )
