"""What reaches stdout is safe for terminals and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.cli.output import cells_of, emit, lay_out, wrapped
from ordertui.operations.query.export import Record

Render = Callable[[Sequence[Record], Sequence[str], str], str]


@pytest.fixture
def render(capsys: pytest.CaptureFixture[str]) -> Render:
    """Print a list, and return what came out."""

    def printed(records: Sequence[Record], columns: Sequence[str], form: str) -> str:
        emit(records, columns, form)
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "  =1"])
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_formula_is_quoted(render: Render, text: str, form: str) -> None:
    assert render([{"title": text}], ["title"], form) == f"title\n'{text}\n"


def test_a_negative_amount_stays_a_number(render: Render) -> None:
    assert render([{"total": "-3.00"}], ["total"], "csv") == "total\n-3.00\n"


@pytest.mark.parametrize("form", ["table", "csv", "tsv"])
def test_control_characters_never_leave(render: Render, form: str) -> None:
    assert "\x1b" not in render([{"title": "a\x1b[2Jb\u202e"}], ["title"], form)


def test_json_is_one_array(render: Render) -> None:
    assert json.loads(render([{"a": None}], ["a"], "json")) == [{"a": None}]


TEXT = st.text(alphabet="ab ü架あ-", max_size=30).map(lambda text: " ".join(text.split()))


@settings(max_examples=60, deadline=None)
@given(TEXT, st.integers(2, 40))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cells_of(line) <= width for line in lines)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5), st.integers(20, 90))
def test_a_fitted_table_is_as_wide_as_the_terminal_and_whole(rows: list[tuple[str, ...]], width: int) -> None:
    text, left_out = lay_out(("ONE", "TWO", "THREE"), rows, width)
    assert left_out == []
    assert all(cells_of(line) <= width for line in text.splitlines())
    for row in rows:
        for char in "".join(row).replace(" ", ""):
            assert char in text


def test_without_a_width_nothing_is_fitted() -> None:
    assert lay_out(("A", "B"), [("1", "x" * 300)], None, ("B",)) == ("A  B\n1  " + "x" * 300 + "\n", [])


def test_spare_columns_go_first_and_are_named() -> None:
    text, left_out = lay_out(("ID", "TITLE", "MAY"), [("1", "x" * 30, "cancel")], 20, ("TITLE",))
    assert (text, left_out) == ("ID  MAY\n1   cancel\n", ["TITLE"])


def test_the_last_column_wraps_under_itself() -> None:
    text, _ = lay_out(("ID", "WHY"), [("1", "the parcel has left: confirm the shipment")], 30)
    assert text == "ID  WHY\n1   the parcel has left:\n    confirm the shipment\n"


def test_what_fits_in_no_way_becomes_blocks() -> None:
    text, _ = lay_out(("FIRST", "SECOND"), [("a" * 20, "b c"), ("d", "")], 24)
    assert text == "FIRST   aaaaaaaaaaaaaaaa\n        aaaa\nSECOND  b c\n\nFIRST   d\n"
