"""Parse a filter into a condition. `or` binds weakest, then `and` (or nothing between), then `not` and `-`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .ast import ALWAYS, And, Compare, Condition, Not, Or, Text
from .errors import FilterError, closest
from .fields import ALL_FIELDS, FIELDS, FLAGS, NOT_IN_RULES, PLAN_FIELDS, Field, canonical_name
from .lexer import Token, TokenKind, tokenize
from .literals import parse_literal, parse_pattern

MAX_CONDITIONS = 200
MAX_DEPTH = 40
NEAR_FIELD = 0.7
"""How like a field a word must be to be taken for it: of two that share some letters, `lines` is not `business`."""


def parse(
    text: str,
    *,
    now: int,
    zone: str,
    zones: Mapping[str, str] = MappingProxyType({}),
    plan: bool = False,
    marks: bool = False,
) -> Condition:
    """Return the condition of a filter; `ALWAYS` for empty text.

    `now` is UTC epoch seconds and `zone` an IANA name: `today` and `last-7d` are resolved at this moment. `zones` names
    the zones of marketplaces whose orders have their own days. With `plan` (house rules) the facts of a whole batch are
    fields too; with `marks` the operator's marks are. Raises FilterError with the column of the mistake.
    """
    found = tokenize(text)
    if not found:
        return ALWAYS
    fields = ALL_FIELDS if plan else FIELDS
    if not marks:
        fields = {name: field for name, field in fields.items() if name not in NOT_IN_RULES}
    parser = _Parser(found, len(text) + 1, now, zone, zones, fields)
    condition = parser.parse_or(0)
    left = parser.peek()
    if left is not None:
        raise FilterError(left.column, "this ')' closes nothing")
    return condition


class _Parser:
    def __init__(
        self,
        found: list[Token],
        end: int,
        now: int,
        zone: str,
        zones: Mapping[str, str],
        fields: Mapping[str, Field],
    ) -> None:
        self._tokens = found
        self._at = 0
        self._end = end
        self._now = now
        self._zone = zone
        self._zones = zones
        self._fields = fields
        self._conditions = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def parse_or(self, depth: int) -> Condition:
        items = [self._parse_and(depth)]
        while (token := self.peek()) is not None and token.kind is TokenKind.OR:
            self._at += 1
            items.append(self._parse_and(depth))
        if len(items) == 1:
            return items[0]
        return Or(tuple(part for item in items for part in (item.items if isinstance(item, Or) else (item,))))

    def _parse_and(self, depth: int) -> Condition:
        items = [self._parse_not(depth)]
        while (token := self.peek()) is not None and token.kind not in (TokenKind.OR, TokenKind.CLOSE):
            if token.kind is TokenKind.AND:
                self._at += 1
            items.append(self._parse_not(depth))
        if len(items) == 1:
            return items[0]
        return And(tuple(part for item in items for part in (item.items if isinstance(item, And) else (item,))))

    def _parse_not(self, depth: int) -> Condition:
        token = self.peek()
        if token is None:
            raise FilterError(self._end, "a condition is missing at the end")
        if depth > MAX_DEPTH:
            raise FilterError(token.column, f"more than {MAX_DEPTH} brackets or negations inside each other")
        self._at += 1
        if token.kind is TokenKind.NOT:
            return Not(self._parse_not(depth + 1))
        if token.kind is TokenKind.OPEN:
            inner = self.parse_or(depth + 1)
            close = self.peek()
            if close is None:
                raise FilterError(token.column, "this '(' is never closed")
            self._at += 1
            return inner
        if token.kind is TokenKind.WORD or token.kind is TokenKind.TRIPLE:
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                raise FilterError(token.column, f"more than {MAX_CONDITIONS} conditions")
            return self._make_word(token) if token.kind is TokenKind.WORD else self._make_compare(token)
        if token.kind is TokenKind.CLOSE:
            raise FilterError(token.column, "a condition is missing before ')'")
        raise FilterError(token.column, f"a condition is missing before '{token.text}'; to search the word, quote it")

    def _make_word(self, token: Token) -> Condition:
        name = token.text.lower()
        if not token.quoted and name in FLAGS:
            yes = Token(TokenKind.TRIPLE, token.column, "yes", False, name, ":", token.column)
            return self._make_compare(yes)
        return Text(parse_pattern(token.text, quoted=token.quoted, column=token.column))

    def _make_compare(self, token: Token) -> Condition:
        name = canonical_name(token.field)
        spec = self._fields.get(name)
        if spec is None and name in PLAN_FIELDS:
            raise FilterError(token.column, f"'{name}' is a fact of a whole batch; only house rules can ask for it")
        if spec is None and name in NOT_IN_RULES:
            raise FilterError(token.column, f"'{name}' is only for filters, not for rules")
        if spec is None:
            raise FilterError(
                token.column,
                f"there is no field '{token.field}'; to search for text with '{token.op}' in it, quote it",
                closest(name, self._fields, NEAR_FIELD),
            )
        value = parse_literal(spec, token, now=self._now, zone=self._zone, zones=self._zones)
        return Compare(name, token.op, value)
