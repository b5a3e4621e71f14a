"""Damaged policy files: read, or refused with a place; never a crash, and never a table that answers twice or not at
all.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.rules.policy.bundled import parse_toml, read_bundled_text
from ordertui.rules.policy.edition import DECIDING, TABLE_SPECS, load_edition, read_edition
from ordertui.rules.policy.house_rules import Effect, read_house_policy
from ordertui.rules.policy.policy import PolicyError
from ordertui.rules.situation import SITUATIONS, situation_from_number
from ordertui.rules.tables.table import HitPolicy
from ordertui.rules.toml_positions import find_positions
from support.shops import NOW

TEXT = read_bundled_text("amazon")[0]
RULES = """
[settings]
typed_count_from = 10

[[rule]]
id = "big"
when = "(total>500 or total:unknown) -prime sku:A*"
effect = "deny"
why = "the owner cancels these"
action = ["cancel"]
until = 2027-01-31

[[rule]]
id = "batch"
when = "batch-orders>100 or rate-after>=2%"
effect = "typed_confirmation"
why = "a large batch"
"""
WORDS = (
    '"', "[", "]", "{", "}", "=", ",", "\n", "not ", "-", "..", ">=", "unknown", "true", "1e9", "0x", "\\", "'''",
    '"""', "#", "[[", "]]", "é", "\x00",
    "id", "when", "then", "[table.cancel]", "[[rule]]", "2026-02-30", "nan", "-1", "total", "deny", "allow",
    "status:", "(",
)  # fmt: skip
SAMPLE = [situation_from_number(n) for n in random.Random(5).sample(range(SITUATIONS), 60)]


def damage(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text))
        kind = rng.randrange(5)
        if kind == 0:
            text = text[:at] + rng.choice(WORDS) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + rng.randint(1, 12) :]
        elif kind == 2:
            line = text.find("\n", at) + 1
            end = text.find("\n", line) + 1
            text = text[:line] + text[end:]
        elif kind == 3:
            line = text.find("\n", at) + 1
            end = text.find("\n", line) + 1
            text = text[:end] + text[line:end] + text[end:]
        else:
            text = text[:at] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x80, 0x2000)))) + text[at + 1 :]
    return text


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_a_damaged_edition(start: int) -> None:
    for seed in range(start, start + 50):
        text = damage(TEXT, random.Random(seed))
        try:
            data = read_edition(text, "x.toml")
        except PolicyError as error:
            for problem in error.problems:
                assert str(problem).startswith("x.toml:")
                if problem.line:
                    assert 1 <= problem.column <= len(problem.text) + 1
            continue
        for name, table in data.tables.items():
            if TABLE_SPECS[name].facts == DECIDING and table.hit is HitPolicy.UNIQUE:
                for order in SAMPLE:
                    assert table.hits(table.indexes((*order, "JP"))).bit_count() == 1


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_a_damaged_house_file(start: int) -> None:
    for seed in range(start, start + 250):
        text = damage(RULES, random.Random(seed))
        try:
            house = read_house_policy(text, "x.toml", load_edition("amazon"), now=NOW)
        except PolicyError:
            continue
        for rule in house.rules:
            assert rule.effect in tuple(Effect)
            assert rule.actions
            assert rule.condition(now=NOW, zone="UTC")


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.floats(allow_nan=False) | st.text("ab>:-.() ", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("id", "when", "effect", "why",
        "action", "row", "hit", "value")), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(("rule", "settings", "marketplace")), json, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_shape_of_data_is_read_or_refused(data: dict[str, object]) -> None:
    from ordertui.rules.policy.house_rules import HousePolicyReader
    from ordertui.rules.problems import PolicySource

    reader = HousePolicyReader(load_edition("amazon"), PolicySource("x", ""), NOW)
    house = reader.read(data)
    assert reader.problems or all(rule.id for rule in house.rules)


@given(
    st.dictionaries(
        st.sampled_from(("edition", "sources", "settings", "marketplace", "table", "never", "messages", "languages")),
        json,
        max_size=4,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_shape_of_an_edition_is_refused(data: dict[str, object]) -> None:
    from ordertui.rules.policy.edition import EditionReader
    from ordertui.rules.problems import PolicySource

    assert EditionReader(dict(data), PolicySource("x", "")).problems


def test_places_of_every_value_of_the_bundled_file() -> None:
    found = find_positions(TEXT)

    def walk(value: object, path: tuple[str | int, ...]) -> int:
        if isinstance(value, dict):
            return sum(walk(inner, (*path, key)) for key, inner in value.items())
        if isinstance(value, list):
            return sum(walk(inner, (*path, number)) for number, inner in enumerate(value))
        place = found[path]
        start = TEXT[place.value :]
        if isinstance(value, str):
            assert start[0] in "\"'"
            if place.exact:
                assert start[1 : 1 + len(value)] == value
        elif isinstance(value, bool):
            assert start.startswith(str(value).lower())
        else:
            assert start.startswith(str(value))
        if isinstance(path[-1], str):
            assert TEXT[place.key :].lstrip('"').startswith(path[-1])
        return 1

    assert walk(parse_toml(TEXT, "x"), ()) > 400


def test_the_files_of_the_gallery_stay_refused_when_damaged_further() -> None:
    """A second mistake may hide the first one's words, never the fact that there is one."""
    passed = 0
    for path in sorted((Path(__file__).parent / "gallery").glob("rule-*.toml")):
        text = path.read_text(encoding="utf-8") + '\n[[rule]]\nid = "more"\n'
        try:
            read_house_policy(text, "x", load_edition("amazon"), now=NOW)
            passed += 1
        except PolicyError:
            pass
    assert passed == 0
