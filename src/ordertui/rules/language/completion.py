"""Complete the word at the cursor of a filter."""

from __future__ import annotations

from .fields import FIELDS, FLAGS, FieldKind, canonical_name, spellings

_WORDS = ("or", "not")


def word_start(text: str, column: int) -> int:
    """Return the index (0-based) at which the word that ends at the cursor begins, after any `(` and `-`."""
    start = min(max(column, 0), len(text))
    end = start
    while start > 0 and not text[start - 1].isspace() and text[start - 1] not in '()"':
        start -= 1
    while start < end and text[start] == "-":
        start += 1
    return start


def complete(text: str, column: int) -> list[str]:
    """Return the words that may replace `text[word_start:column]` (0-based); none inside quotes. Never raises."""
    column = min(max(column, 0), len(text))
    if _is_in_quotes(text[:column]):
        return []
    word = text[word_start(text, column) : column].lower()
    split = next((i for i, char in enumerate(word) if char in ":<>="), None)
    if split is None:
        names = [*FLAGS, *(f"{name}:" for name in FIELDS if FIELDS[name].kind is not FieldKind.FLAG), *_WORDS]
        return [name for name in dict.fromkeys(names) if name.startswith(word) and name != word]
    spec = FIELDS.get(canonical_name(word[:split]))
    if spec is None:
        return []
    start = split
    while start < len(word) and word[start] in ":<>=":
        start += 1
    done, comma, last = word[start:].rpartition(",")
    head = f"{spec.name}{word[split:start]}{done}{comma}"
    return [head + v for v in spellings(spec) if v.lower().startswith(last) and v.lower() != last]


def _is_in_quotes(text: str) -> bool:
    inside = escaped = False
    for char in text:
        if inside and not escaped and char == "\\":
            escaped = True
            continue
        if char == '"' and not escaped:
            inside = not inside
        escaped = False
    return inside
