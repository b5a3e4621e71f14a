"""Split a filter into tokens: brackets, minus, words, phrases and `field op value` triples, each with its column."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from .errors import FilterError

MAX_LENGTH = 2_000
KEYWORDS = frozenset({"and", "or", "not"})
OPERATOR_CHARS = ":<>="
_END = frozenset('()"')


class TokenKind(Enum):
    """Kinds of tokens. A TRIPLE is `field op value`."""

    OPEN = auto()
    CLOSE = auto()
    NOT = auto()
    AND = auto()
    OR = auto()
    WORD = auto()
    TRIPLE = auto()


class Token(msgspec.Struct, frozen=True):
    """One token; columns are 1-based."""

    kind: TokenKind
    column: int
    text: str
    """The word, or a triple's value."""
    quoted: bool = False
    field: str = ""
    op: str = ""
    value_column: int = 0


def tokenize(text: str) -> list[Token]:
    """Return the tokens. Raises FilterError for a long text, control characters, an open quote, half a condition."""
    if len(text) > MAX_LENGTH:
        raise FilterError(MAX_LENGTH + 1, f"the filter has {len(text)} characters; at most {MAX_LENGTH} are read")
    for index, char in enumerate(text):
        if (not char.isprintable() and not char.isspace()) or 0xD800 <= ord(char) <= 0xDFFF:
            raise FilterError(index + 1, f"character U+{ord(char):04X} cannot stand in a filter; delete it")
    found: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char == "(":
            found.append(Token(TokenKind.OPEN, at + 1, char))
            at += 1
        elif char == ")":
            found.append(Token(TokenKind.CLOSE, at + 1, char))
            at += 1
        elif char == "-":
            if at + 1 == len(text) or text[at + 1].isspace() or text[at + 1] == ")":
                raise FilterError(at + 1, "'-' must touch what it excludes, for example -status:shipped")
            found.append(Token(TokenKind.NOT, at + 1, char))
            at += 1
        elif char == '"':
            phrase, end = _read_quoted(text, at)
            found.append(Token(TokenKind.WORD, at + 1, phrase, quoted=True))
            at = end
        else:
            token, at = _read_run(text, at)
            found.append(token)
    return found


def _read_run(text: str, start: int) -> tuple[Token, int]:
    end = start
    while end < len(text) and not text[end].isspace() and text[end] not in _END:
        end += 1
    run = text[start:end]
    split = next((i for i, char in enumerate(run) if char in OPERATOR_CHARS), None)
    if split is None:
        kind = {"and": TokenKind.AND, "or": TokenKind.OR, "not": TokenKind.NOT}.get(run.lower(), TokenKind.WORD)
        return Token(kind, start + 1, run), end
    name = run[:split]
    if not name:
        raise FilterError(start + 1, f"a field name is missing before '{run[split]}', for example status:unshipped")
    if name.endswith("!"):
        field = name[:-1] or "status"
        raise FilterError(start + split, "there is no '!='; put '-' in front of the condition", f"-{field}:")
    after = split
    while after < len(run) and run[after] in OPERATOR_CHARS:
        after += 1
    op = _read_operator(run[split:after], start + split + 1)
    value_at = start + after
    if value_at == end and end < len(text) and text[end] == '"':
        value, end = _read_quoted(text, end)
        return Token(TokenKind.TRIPLE, start + 1, value, True, name, op, value_at + 1), end
    value = run[after:]
    if not value:
        raise FilterError(value_at + 1, f"a value is missing after '{name}{run[split:after]}'")
    return Token(TokenKind.TRIPLE, start + 1, value, False, name, op, value_at + 1), end


def _read_operator(text: str, column: int) -> str:
    plain = text.removeprefix(":") or ":"
    if plain == "=":
        return ":"
    if plain in (":", "<", "<=", ">", ">="):
        return plain
    raise FilterError(column, f"'{text}' is no comparison; use one of : < <= > >=")


def _read_quoted(text: str, start: int) -> tuple[str, int]:
    out: list[str] = []
    at = start + 1
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text) and text[at + 1] in '"\\':
            out.append(text[at + 1])
            at += 2
            continue
        if char == '"':
            phrase = "".join(out)
            if not phrase.strip():
                raise FilterError(start + 1, "there is nothing between the quotes")
            return phrase, at + 1
        out.append(char)
        at += 1
    raise FilterError(start + 1, "this quote is never closed")
