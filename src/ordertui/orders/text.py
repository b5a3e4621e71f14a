"""Text for people, shared by the command line, the screen and the operations."""

from __future__ import annotations

import re
import unicodedata

from .clock import DAY, HOUR

_DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that emoji and some scripts need."""
_INVISIBLE = (
    set(range(0x20))
    | set(range(0x7F, 0xA0))
    | set(range(0x200B, 0x2010))
    | set(range(0x2028, 0x202F))
    | set(range(0x2060, 0x2070))
    | {0xFEFF, 0xAD, 0x061C}
)
_MASKS = dict.fromkeys(_INVISIBLE, "\ufffd") | {0x09: " ", 0x0A: " ", 0x0D: " ", 0x200D: "", 0xFE0E: "", 0xFE0F: ""}
"""Replacement by code point; joiners and selectors of emoji are dropped, as terminals disagree about their width."""


MOST_ID = 40
"""Characters of an id in a sentence: an order's has 19."""


def spelling(sku: str) -> str:
    """Return a SKU without what typing and spreadsheets change: capitals, spaces around it, how accents are made."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", sku).casefold()).strip()


def strip_control_characters(text: str) -> str:
    """Return the text without what a terminal would obey: control characters, line ends, direction overrides."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in _DIRECTION_OVERRIDES)


def mask_control_characters(text: str) -> str:
    """Return the text with `�` for each character that a terminal would obey or hide: for cells of a table.

    Unlike `strip_control_characters` it shows that there was something; blanks become spaces.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_MASKS)


def name_order(order_id: str) -> str:
    """Return an id that no order has, for a sentence: cut where it is long, and told where a character is hidden."""
    shown = order_id if len(order_id) <= MOST_ID else f"{order_id[:MOST_ID]}…"
    masked = mask_control_characters(shown)
    return shown if masked == shown else f"{masked} (it has a hidden character)"


def to_single_line(text: str) -> str:
    """Return the text as one line of printable characters: each blank or line end becomes a space, ends are trimmed.

    Stricter than `strip_control_characters`: for text from outside that is kept.
    """
    if text.isprintable():
        return text.strip()
    out = []
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\t\r\n":
            out.append(" ")
        elif kind[0] != "C" or char in _JOINERS:
            out.append(char)
    return "".join(out).strip()


def guard_formula(text: str) -> str:
    """Return a cell of a table with an apostrophe before what a spreadsheet would run; plain numbers stay."""
    return "'" + text if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def pluralize(count: int, noun: str = "order") -> str:
    """Return `1 order`, `1,204 orders`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def with_verb(count: int, singular: str, plural: str) -> str:
    """Return `1 counts`, `2 count`: the count with the words that go with it."""
    return f"{count:,} {singular if count == 1 else plural}"


NOT_UTF8 = "it is not text in UTF-8: save it as UTF-8"


def describe_json_error(content: bytes, error: Exception) -> str:
    """Return in plain words why bytes could not be read as JSON, or hold something else than they should."""
    text = str(error)
    if not content.strip():
        return "it is empty"
    if text == "Input data was truncated":
        return "it ends in the middle: it was not written, copied or downloaded whole"
    if isinstance(error, UnicodeDecodeError):
        return NOT_UTF8
    if isinstance(error, RecursionError):
        return "its values stand too deep inside one another"
    if at := _AT_BYTE.search(text):
        return f"line {content.count(10, 0, int(at[1])) + 1} is not as JSON is written (byte {at[1]})"
    place = found[1].strip(".") if (found := _AT_PLACE.search(text)) else ""
    if missing := _MISSING.search(text):
        return f"{missing[1]} is missing in {place}" if place else f"{missing[1]} is missing"
    return f"{place or 'it'} holds a value that is not of its kind"


_AT_BYTE = re.compile(r"\(byte (\d+)\)$")
_AT_PLACE = re.compile(r" - at `\$(.*)`$")
_MISSING = re.compile(r"required.field.`(\w+)`")
"""How msgspec ends its messages, and says that a field is not there."""


def format_duration(seconds: int) -> str:
    """Return a duration for people, without its sign: `45 s`, `12 min`, `5 h`, `3 d`; always rounded down."""
    seconds = abs(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // 60} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} d"


def install_extra(name: str) -> str:
    """Return how an extra of this program is installed: nobody has published it on an index yet."""
    return f"`make install EXTRAS={name}` in its source, or `pip install 'ordertui[{name}]'` where an index has it"
