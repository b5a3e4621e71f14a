"""Translate sentences that the layers below the screen write in English: errors, reasons, warnings.

Those layers serve the command line, plans and the journal, where texts stay English; what reaches the screen passes
`translate`. Templates are listed in sentences.txt, which `make messages` writes from the source; a sentence is matched
against them, the most words first, and what stands in its fields is translated the same way, codes (`unshipped`,
`cancel`) word by word. Of a text that no template fits each line is tried alone, then each part between semicolons or
colons. What none of it fits is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path

from . import _, current_language, pgettext

CODE = "code"
"""Context of the words of closed lists and their names: the catalogs have them, the journal and the rules say them."""
_FIELD = re.compile(r"\{(?:\d+|[a-z_]+)\}")
_BRACKETS = re.compile("[()]")
_WORD = re.compile("[A-Za-z]+")
_PHRASE = re.compile("[a-z]{2,} [a-z]{2,}")
_DAY = re.compile("([A-Z][a-z][a-z]) ([0-9]{1,2})")
_SPAN = re.compile("([0-9]+) (s|min|h|d)")
"""What `format_duration` returns."""
_COUNT = re.compile("[^ ]*[0-9][^ ]*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LEAP_YEAR = 2000
_TO_BE_TYPED = ("there are: ", "it takes ", "is not a value of ")
"""Ends of what stands before words of a filter or a setting, which are typed in English on every screen."""
_DEPTH = 4
"""Sentences within sentences."""


def translate_sentence(sentence: str) -> str:
    """Return a sentence of a lower layer in the language of the screen."""
    return _translated(sentence, current_language(), _DEPTH)


@lru_cache(4096)
def _translated(sentence: str, language: str, depth: int) -> str:
    found = _(sentence)
    if found != sentence or not depth:
        return found
    for template, literals in _templates():
        values = fields_of(sentence, literals)
        if values and _may_stand(values, literals) and (text := _(template)) != template:
            ends = zip(values, literals[1:], strict=False)
            goes_on = any("; " in value and end and end in value for value, end in ends)  # behind its own end
            if goes_on and (whole := _in_parts(sentence, language, depth)):
                return whole
            values = [
                value if _is_typed(before, after) else quoted(_translated(value, language, depth - 1))
                for value, before, after in zip(values, literals, literals[1:], strict=False)
            ]
            if _is_short(literals) and any(map(_PHRASE.search, values)):
                continue  # it would be one word in another language
            names = [name[1:-1] for name in _FIELD.findall(template)]
            return text.format(*values, **dict(zip(names, values, strict=True)))
    place, colon, rest = sentence.partition(": ")
    if place == "there are":  # what may be typed
        return f"{_(place)}：{rest}"
    if colon and "\n" not in sentence and "; " in rest and "; " not in place:  # it may stand before a whole sentence
        found = _translated(rest, language, depth)
        return f"{_line(place, language, depth)}：{found}" if found != rest else sentence
    for between, shown in (("\n", "\n"), ("; ", "；"), (": ", "：")):
        parts = sentence.split(between)
        if len(parts) > 1:
            found = shown.join(_line(part, language, depth) for part in parts)
            return sentence if found == shown.join(parts) else found
    return translate_codes(sentence) if depth < _DEPTH else sentence


def quoted(value: str) -> str:
    """Return a value that a lower layer put in quotes, as `'5'`, in those of the language; any other as it is."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return pgettext("quotes", "'{text}'", text=value[1:-1]) if is_quoted else value


def _is_typed(before: str, after: str) -> bool:
    """Return whether the field between these literals was typed, or is to be typed, and so stays as it is."""
    return (before.endswith("'") and after.startswith("'")) or before.endswith(_TO_BE_TYPED)


def _in_parts(sentence: str, language: str, depth: int) -> str:
    """Return the parts between semicolons translated; empty where one of them stays."""
    parts = sentence.split("; ")
    found = [_line(part, language, depth) for part in parts]
    return "" if any(new == part for new, part in zip(found, parts, strict=True)) else "；".join(found)


def _line(text: str, language: str, depth: int) -> str:
    """Return a part of a text translated, after the blanks before it."""
    words = text.lstrip(" ")
    return text[: len(text) - len(words)] + _translated(words, language, depth)


def _may_stand(values: Sequence[str], literals: Sequence[str]) -> bool:
    """Return whether these may be the fields of a template: each closes its brackets, none but the end of the sentence
    goes on in another line, and those of a count, such as `{0} orders` or `{0} of {1} rows`, are numbers, not a part of
    another sentence, as in `some words about an order`.
    """
    if any("\n" in value for value in (values[:-1] if not literals[-1] else values)):
        return False
    if not literals[0] and literals[-1].startswith(" ") and _is_short(literals):
        return all(map(_COUNT.fullmatch, values))
    return all(map(_is_balanced, values))


def _is_short(literals: Sequence[str]) -> bool:
    """Return whether a template has one word, perhaps after an `of`, without a colon or bracket."""
    words = _WORD.findall("".join(literals))
    return len(words) <= 1 + ("of" in words) and not {":", "("}.intersection("".join(literals))


def _is_balanced(text: str) -> bool:
    """Return whether every bracket of a field is closed in it: else the field took a part of the sentence with it."""
    depth = 0
    for sign in _BRACKETS.findall(text):
        depth += 1 if sign == "(" else -1
        if depth < 0:
            return False
    return not depth


def translate_codes(text: str) -> str:
    """Return `status is unshipped, confirmed is no or some`, `new orders, all orders`, `Nov 3` or `3 h` in the language
    of the screen; as it is when one of its words is no code.
    """
    parts = text.split(", ")
    shown = [_translated_code(part) for part in parts]
    return text if None in shown else pgettext("joint", ", ").join(filter(None, shown))


def _translated_code(text: str) -> str | None:
    """Return one of the codes between commas in the language of the screen; None when a word of it is no code."""
    span, day = _SPAN.fullmatch(text), _DAY.fullmatch(text)
    if span is not None:
        return f"{span[1]} {pgettext('unit', span[2])}"
    if day is not None and day[1] in _MONTHS:
        with suppress(ValueError):
            return _("{day:%b} {day.day}", day=date(_LEAP_YEAR, _MONTHS.index(day[1]) + 1, int(day[2])))
    words = [text.replace(" ", "_")] if _is_code(text.replace(" ", "_")) else text.split(" ")
    if not all(word.isdigit() or _is_code(word) for word in words):
        return None
    return " ".join(word if word.isdigit() else pgettext(CODE, word) for word in words)


def _is_code(word: str) -> bool:
    return pgettext(CODE, word) != word


def fields_of(sentence: str, literals: Sequence[str]) -> list[str]:
    """Return what stands in a sentence between the literals of a template, the shortest first; empty if it differs.

    A field has one character at least. Each literal is looked for once, so a long text costs no more than reading it: a
    regular expression tries every place of one field with every place of the others, for minutes at 20,000 characters.
    """
    first, *others, last = literals
    if not (sentence.startswith(first) and sentence.endswith(last)):
        return []
    values, start = [], len(first)
    for literal in others:
        place = sentence.find(literal, start + 1)
        if place < 0:
            return []
        values.append(sentence[start:place])
        start = place + len(literal)
    end = len(sentence) - len(last)
    return [*values, sentence[start:end]] if start < end else []


@lru_cache(1)
def _templates() -> Sequence[tuple[str, Sequence[str]]]:
    text = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8")
    templates = [line.replace("\\n", "\n") for line in text.splitlines() if _FIELD.search(line)]
    templates.sort(key=lambda template: len(_FIELD.sub("", template)), reverse=True)
    return [(template, _FIELD.split(template)) for template in templates]
