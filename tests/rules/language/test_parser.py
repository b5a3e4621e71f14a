"""What the language reads, what it refuses and where it points, and that it survives anything typed into it."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.rules.language import (
    ALWAYS,
    FIELDS,
    And,
    Compare,
    Condition,
    FilterError,
    Not,
    Or,
    Text,
    complete,
    field_names,
    format_condition,
    parse,
    word_start,
)
from ordertui.rules.language.ast import Amount, OneOf, Pattern, TimeRange

BERLIN = "Europe/Berlin"
NOW = int(datetime(2026, 11, 23, 14, 5, tzinfo=ZoneInfo(BERLIN)).timestamp())
EXAMPLE = (
    "status:unshipped total>50 -sku:ABC* (late or buyer-requested) placed:last-7d "
    '"yoga mat" action:cancel counts:no dispatched:unknown'
)
PIECES = [
    *EXAMPLE.split(), "(", ")", "-", '"', "or", "and", "not", ":", "<", ">=", "*", "**", ",", "\\", "total:", "50USD",
    "placed>", "ship-by<2d", "last-", "9999999999999999999d", "0d", "2026-02-30", "late:no,yes", "é", "\x00", "\ud800",
    "items:١", "total>1e5", "status:unshipped,pending", "２", "!=", "sku:", "auto-cancel<24h", " ", "total>50,00",
]  # fmt: skip


def read(text: str) -> Condition:
    return parse(text, now=NOW, zone=BERLIN, marks=True)


def local(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZoneInfo(BERLIN)).timestamp())  # type: ignore[misc,arg-type]


def parse_date_range(text: str) -> tuple[int | None, int | None]:
    found = read(text)
    assert isinstance(found, Compare)
    assert isinstance(found.value, TimeRange)
    return found.value.low, found.value.high


def test_the_example_of_the_issue() -> None:
    found = read(EXAMPLE)
    assert isinstance(found, And)
    assert len(found.items) == 9
    assert found.items[1] == Compare("total", ">", Amount(Fraction(50), None, "50"))
    assert found.items[2] == Not(Compare("sku", ":", Pattern(("ABC", ""))))
    assert isinstance(found.items[3], Or)
    assert found.items[5] == Text(Pattern(("yoga mat",)))
    assert format_condition(found) == EXAMPLE.replace("(late or buyer-requested)", "(late:yes or buyer-requested:yes)")


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_empty_text_is_always(text: str) -> None:
    assert read(text) is ALWAYS
    assert format_condition(ALWAYS) == ""


def test_binding_strength() -> None:
    assert read("a b or c") == Or((And((read("a"), read("b"))), read("c")))
    assert read("not a b") == read("-a b") == And((Not(read("a")), read("b")))
    assert read("a and b") == read("a b") == read("(a) ((b))")
    assert read("-(a or b)") == Not(Or((read("a"), read("b"))))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("placed:last-7d", (2026, 11, 17), (2026, 11, 23, 14, 5)),
        ("placed:today", (2026, 11, 23), (2026, 11, 23, 23, 59, 59)),
        ("placed:2026-10-25", (2026, 10, 25), (2026, 10, 25, 23, 59, 59)),
        ("placed>=2026-11-01", (2026, 11, 1), None),
        ("placed>2026-11-01", (2026, 11, 2), None),
        ("placed<=2026-11-01", None, (2026, 11, 1, 23, 59, 59)),
        ("placed<yesterday", None, (2026, 11, 21, 23, 59, 59)),
        ("placed>=2d", None, (2026, 11, 21, 14, 5)),
        ("placed<2d", (2026, 11, 21, 14, 5, 1), None),
        ("ship-by<2d", None, (2026, 11, 25, 14, 4, 59)),
        ("ship-by:next-2d", (2026, 11, 23, 14, 5), (2026, 11, 24, 23, 59, 59)),
        ("auto-cancel:24h", (2026, 11, 23, 14, 5), (2026, 11, 24, 14, 5)),
        ("placed:>=2026-11-01", (2026, 11, 1), None),
    ],
)
def test_dates(text: str, low: tuple[int, ...] | None, high: tuple[int, ...] | None) -> None:
    assert parse_date_range(text) == (low and local(*low), high and local(*high))


def test_a_day_with_a_clock_change_is_25_hours() -> None:
    low, high = parse_date_range("placed:2026-10-25")
    assert low is not None
    assert high is not None
    assert high - low + 1 == 25 * 3600


@pytest.mark.parametrize(
    ("text", "column", "part", "suggestion"),
    [
        ("status:unshiped", 8, "not a value of status", "unshipped"),
        ("late status:shipped,pendin", 21, "'pendin'", "pending"),
        ("totl>5", 1, "no field 'totl'", "total"),
        ("lines:2", 1, "no field 'lines'", None),
        ("a statos:shipped", 3, "no field 'statos'", "status"),
        ("total>50EUX", 9, "no currency", "50EUR"),
        ("total>1.5JPY", 7, "more decimals than JPY", None),
        ("total>1.505", 7, "more decimals", None),
        ("total>50,00", 7, "with a point", None),
        ("total>ten", 7, "no amount", None),
        ("total>unknown", 7, "cannot be compared", "total:unknown"),
        ("items>1.5", 7, "no whole number", None),
        ("items>1234567890123", 7, "too large", None),
        ("status>shipped", 7, "takes ':'", "status:"),
        ("total!=3", 6, "no '!='", "-total:"),
        ("total=>3", 6, "no comparison", None),
        ("placed:last-7x", 8, "no stretch of time", None),
        ("placed<last-7d", 8, "takes ':'", None),
        ("placed:todya", 8, "no date", "today"),
        ("placed:2026-02-30", 8, "no date", None),
        ("placed:1850-01-01", 8, "out of range", None),
        ("placed>9999999d", 8, "out of range", None),
        ("late:yes,no", 6, "not both", None),
        ("(late", 1, "never closed", None),
        ("late)", 5, "closes nothing", None),
        ("late ()", 7, "before ')'", None),
        ("a or", 5, "missing at the end", None),
        ("or a", 1, "quote it", None),
        ('"yoga', 1, "never closed", None),
        ('a ""', 3, "nothing between", None),
        ("sku:", 5, "value is missing", None),
        (":x", 1, "field name is missing", None),
        ("- a", 1, "must touch", None),
        ("sku:***", 5, "matches everything", None),
        ("sku:a*b*c*d*e*f*g", 5, "wildcards", None),
        ("a\x07", 2, "U+0007", None),
    ],
)
def test_errors_point_and_suggest(text: str, column: int, part: str, suggestion: str | None) -> None:
    with pytest.raises(FilterError) as caught:
        read(text)
    error = caught.value
    assert (error.column, error.suggestion) == (column, suggestion)
    assert part in error.message


def test_limits() -> None:
    assert read("a " * 200)
    with pytest.raises(FilterError, match="200 conditions"):
        read("a " * 201)
    assert read("a" * 2000)
    with pytest.raises(FilterError, match="2001 characters"):
        read("a" * 2001)
    assert read("(" * 40 + "a" + ")" * 40)
    with pytest.raises(FilterError, match="more than 40"):
        read("(" * 41 + "a" + ")" * 41)
    with pytest.raises(FilterError, match="more than 40"):
        read("-" * 1999 + "a")


def test_values_of_closed_lists_in_other_spellings() -> None:
    assert read("status:Partially-Shipped") == Compare("status", ":", OneOf(("partially_shipped",)))
    assert read("channel:FBA") == Compare("channel", ":", OneOf(("amazon",)))
    assert read("marketplace:de,gb") == Compare("marketplace", ":", OneOf(("UK", "DE")))
    assert read("ship_by:unknown") == read("ship-by:unknown")
    assert format_condition(read("buyer-requested:no,yes")) == "buyer-requested:yes,no"


def test_a_quoted_flag_or_keyword_is_text() -> None:
    for word in ("late", "or", "-a", "a*b", "a:b", "a(b", 'say "hi"', "back\\slash", " two  words "):
        condition = Text(Pattern((word,)))
        assert read(format_condition(condition)) == condition


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=12), st.sampled_from(["", " "]))
@settings(max_examples=500, deadline=None)
def test_anything_typed_parses_or_is_a_filter_error(pieces: list[str], glue: str) -> None:
    text = glue.join(pieces)
    for column in (0, len(text) // 2, len(text)):
        assert all(isinstance(word, str) for word in complete(text, column))
    try:
        found = read(text)
    except FilterError as error:
        column = error.column
    else:
        column = 1
        assert read(format_condition(found)) == found
    assert 1 <= column <= len(text) + 1


def test_completion() -> None:
    assert complete("sta", 3) == ["status:", "state:"]
    assert complete("late -sta", 9) == ["status:", "state:"]
    assert complete("(la", 3) == ["late"]
    assert complete("status:un", 9) == ["status:unshipped", "status:unfulfillable", "status:unknown"]
    assert complete("status:pending,sh", 17) == ["status:pending,shipped"]
    assert complete("marketplace:d", 13) == ["marketplace:DE"]
    assert complete('"sta', 4) == []
    assert complete("nofield:x", 9) == []
    assert word_start("late -sta", 9) == 6
    assert "total:" in complete("", 0)


def test_every_completed_value_parses() -> None:
    for name in field_names():
        for word in complete(f"{name}:", len(name) + 1):
            read(word)
    assert set(field_names()) == set(FIELDS)


def test_the_word_of_the_screen_is_a_name_of_its_field() -> None:
    """State says `can refund`, and `can:refund` was an unknown field."""
    assert read("can:refund") == read("action:refund")


def test_the_table_s_words_for_units_are_taken_too() -> None:
    assert read("qty>1") == read("units>1") == read("items>1")
    assert "action:refund" in complete("can:re", len("can:re"))
