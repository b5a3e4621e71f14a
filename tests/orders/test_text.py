"""Counts with the words that go with them, and why bytes are no JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ordertui.amazon.reports import ReportError
from ordertui.amazon.reports.account_health import read_health
from ordertui.amazon.spapi.decoding import UnreadableJson, decode_body
from ordertui.operations.errors import BadInput
from ordertui.operations.planning.plan_file import load_plans
from ordertui.orders.text import NOT_UTF8, describe_json_error, with_verb


@pytest.mark.parametrize(("count", "words"), [(0, "0 count"), (1, "1 counts"), (2, "2 count"), (1204, "1,204 count")])
def test_a_count_agrees_with_its_verb(count: int, words: str) -> None:
    assert with_verb(count, "counts", "count") == words


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "it is empty"), (b'{"ordertui_plan": 1, "plans": [', "it ends in the middle")]
)
def test_a_file_that_was_cut_says_so(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        load_plans(path)
    with pytest.raises(ReportError, match=words):
        read_health(path)
    with pytest.raises(UnreadableJson, match=words):
        decode_body(content, dict)


class Inner(msgspec.Struct):
    """A value inside of another."""

    name: str


class Outer(msgspec.Struct):
    """A file."""

    parts: list[Inner]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a":\n x}', "line 2 is not as JSON is written (byte 7)"),
        (b'{"parts": [{"name": "a"}, {}]}', "name is missing in parts[1]"),
        (b"{}", "parts is missing"),
        (b'{"parts": [{"name": 7}]}', "parts[0].name holds a value that is not of its kind"),
        (b"7", "it holds a value that is not of its kind"),
        (b'{"parts": [{"name": "\xff"}]}', NOT_UTF8),
        pytest.param(b'{"other": ' + b"[" * 9_000, "its values stand too deep inside one another", id="deep"),
    ],
)
def test_any_other_mistake_keeps_its_place_in_plain_words(content: bytes, words: str) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)) as found:
        msgspec.json.decode(content, type=Outer)
    assert describe_json_error(content, found.value) == words
