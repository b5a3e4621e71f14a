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
from ordertui.orders.text import describe_json_error, with_verb


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


def test_any_other_mistake_keeps_its_place() -> None:
    with pytest.raises(msgspec.DecodeError) as found:
        msgspec.json.decode(b'{"a": x}')
    assert "byte 6" in describe_json_error(b'{"a": x}', found.value)
