"""What reaches stdout is safe for terminals and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from ordertui.cli.output import Record, emit

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
