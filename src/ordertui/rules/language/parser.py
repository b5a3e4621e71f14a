"""Tokens to a condition: `or` binds weakest, then side by side or `and`, then `not` and `-`."""

from __future__ import annotations

from .ast import ALWAYS, And, Compare, Condition, Not, Or, Text
from .errors import FilterError, closest
from .fields import ALL_FIELDS, FIELDS, FLAGS, PLAN_FIELDS
from .lexer import Mark, Token, tokens
from .literals import pattern, value_of

MAX_CONDITIONS = 200
MAX_DEPTH = 40


def parse(text: str, *, now: int, zone: str, plan: bool = False) -> Condition:
    """The condition a filter asks for; empty text gives `ALWAYS`.

    `now` is UTC epoch seconds and `zone` an IANA name: `today` and `last-7d` are fixed at this moment. `plan` (house
    rules) also knows the facts of a whole batch. Raises FilterError with the column of the mistake.
    """
    found = tokens(text)
    if not found:
        return ALWAYS
    reader = _Reader(found, len(text) + 1, now, zone, plan)
    condition = reader.any_of(0)
    left = reader.peek()
    if left is not None:
        raise FilterError(left.column, "this ')' closes nothing")
    return condition


class _Reader:
    def __init__(self, found: list[Token], end: int, now: int, zone: str, plan: bool) -> None:
        self._tokens = found
        self._at = 0
        self._end = end
        self._now = now
        self._zone = zone
        self._fields = ALL_FIELDS if plan else FIELDS
        self._conditions = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self, depth: int) -> Condition:
        items = [self._all_of(depth)]
        while (token := self.peek()) is not None and token.mark is Mark.OR:
            self._at += 1
            items.append(self._all_of(depth))
        if len(items) == 1:
            return items[0]
        return Or(tuple(part for item in items for part in (item.items if isinstance(item, Or) else (item,))))

    def _all_of(self, depth: int) -> Condition:
        items = [self._one(depth)]
        while (token := self.peek()) is not None and token.mark not in (Mark.OR, Mark.CLOSE):
            if token.mark is Mark.AND:
                self._at += 1
            items.append(self._one(depth))
        if len(items) == 1:
            return items[0]
        return And(tuple(part for item in items for part in (item.items if isinstance(item, And) else (item,))))

    def _one(self, depth: int) -> Condition:
        token = self.peek()
        if token is None:
            raise FilterError(self._end, "a condition is missing at the end")
        if depth > MAX_DEPTH:
            raise FilterError(token.column, f"more than {MAX_DEPTH} brackets or negations inside each other")
        self._at += 1
        if token.mark is Mark.NOT:
            return Not(self._one(depth + 1))
        if token.mark is Mark.OPEN:
            inner = self.any_of(depth + 1)
            close = self.peek()
            if close is None:
                raise FilterError(token.column, "this '(' is never closed")
            self._at += 1
            return inner
        if token.mark is Mark.WORD or token.mark is Mark.TRIPLE:
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                raise FilterError(token.column, f"more than {MAX_CONDITIONS} conditions")
            return self._word(token) if token.mark is Mark.WORD else self._triple(token)
        if token.mark is Mark.CLOSE:
            raise FilterError(token.column, "a condition is missing before ')'")
        raise FilterError(token.column, f"a condition is missing before '{token.text}'; to search the word, quote it")

    def _word(self, token: Token) -> Condition:
        name = token.text.lower()
        if not token.quoted and name in FLAGS:
            yes = Token(Mark.TRIPLE, token.column, "yes", False, name, ":", token.column)
            return self._triple(yes)
        return Text(pattern(token.text, quoted=token.quoted, column=token.column))

    def _triple(self, token: Token) -> Condition:
        name = token.field.lower().replace("_", "-")
        spec = self._fields.get(name)
        if spec is None and name in PLAN_FIELDS:
            raise FilterError(token.column, f"'{name}' is a fact of a whole batch; only house rules can ask for it")
        if spec is None:
            raise FilterError(
                token.column,
                f"there is no field '{token.field}'; to search for text with '{token.op}' in it, quote it",
                closest(name, self._fields),
            )
        return Compare(name, token.op, value_of(spec, token, now=self._now, zone=self._zone))
