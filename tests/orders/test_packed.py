"""Packed lists read like tuples, and a plan is the same however few of its orders are together in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordertui.files import read_file
from ordertui.operations.errors import BadInput
from ordertui.operations.planning import feed_builder, plan_file, reading
from ordertui.operations.planning.plan import ExcludedOrder, Plan
from ordertui.orders import packed
from ordertui.orders.enums import Action
from ordertui.orders.packed import PackedList, pack
from support.batches import feed_bytes, plan, session_of


def out(number: int) -> ExcludedOrder:
    return ExcludedOrder(number, f"113-0000000-{number:07d}", "A1", "why")


@given(st.integers(0, 30), st.integers(1, 7), st.integers(1, 12), st.data())
def test_a_packed_list_reads_like_a_tuple(count: int, size: int, least: int, data: st.DataObject) -> None:
    values = tuple(map(out, range(count)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "ITEMS_AT_ONCE", size)
        patch.setattr(packed, "PACKED_FROM", least)
        found: Sequence[ExcludedOrder] = pack(ExcludedOrder, values)
        assert isinstance(found, PackedList) is (count >= max(least, size))
        assert (len(found), list(found), bool(found)) == (count, list(values), bool(values))
        assert found == values
        place = data.draw(st.slices(count))
        assert list(found[place]) == list(values[place])
        for at in range(-count, count):
            assert found[at] == values[at]
        with pytest.raises(IndexError):
            found[count]


def _small_parts(patch: pytest.MonkeyPatch) -> None:
    for module in (packed, plan_file):
        patch.setattr(module, "ITEMS_AT_ONCE", 3)
    patch.setattr(packed, "PACKED_FROM", 3)
    patch.setattr(feed_builder, "ROWS_AT_ONCE", 3)
    patch.setattr(reading, "READ_AT_ONCE", 3)


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_a_packed_plan_is_the_same_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    with session_of(tmp_path, waiting=7, shipped=8) as session:
        numbers = [*range(1, 8), *range(11, 19)]
        whole, whole_files = plan(session, action, *numbers), feed_bytes(plan(session, action, *numbers))
        before = plan_file.encode(whole)
        _small_parts(monkeypatch)
        found = plan(session, action, *numbers)
        assert isinstance(found.rows, PackedList)
        assert found == whole
        assert feed_bytes(found) == whole_files
        assert plan_file.decode(before) == plan_file.decode(plan_file.encode(found)) == whole
        assert plan_file.decode(msgspec.json.encode(whole)) == whole, "a plan that version 0.1 kept"
        path = tmp_path / "plan.json"
        session.batches.save_plan([found], path)
        assert session.batches.load_plan(path) == (whole,)
        batch = session.batches.commit_all(session.batches.load_plan(path), typed=str(len(whole.rows)))[0]
        session.batches.release(batch.id)
        (sent,) = session.dispatcher.run()
        assert {Path(name).name: Path(name).read_bytes() for name in sent.files} == whole_files


def test_a_plan_file_is_read_line_by_line_and_in_any_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    with session_of(tmp_path) as session:
        made = plan(session, Action.CANCEL, 1, 2, 3, 11)
        session.batches.save_plan([made, made], path)
        text = path.read_bytes()
        read: list[Path] = []

        def whole_file(path: Path, most: int) -> bytes:
            read.append(path)
            return read_file(path, most)

        monkeypatch.setattr(plan_file, "read_file", whole_file)
        assert session.batches.load_plan(path) == (made, made)
        assert not read
        for other in (msgspec.json.format(text, indent=4), msgspec.json.format(text, indent=0), text + b" "):
            path.write_bytes(other)
            assert session.batches.load_plan(path) == (made, made)
        assert len(read) == 3
        for bad in (text[:-5], text.replace(b'"rows"', b'"rows": [], "rows"', 1), text.replace(b'"counts"', b'"x"', 1)):
            path.write_bytes(bad)
            whole = _whole(bad)
            if whole is None:
                with pytest.raises(BadInput, match="no plan file"):
                    session.batches.load_plan(path)
            else:
                assert session.batches.load_plan(path) == whole


def test_a_plan_file_that_is_too_large_is_refused_before_it_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    with session_of(tmp_path) as session:
        session.batches.save_plan([plan(session, Action.CANCEL, 1, 2, 3, 11)], path)
        monkeypatch.setattr(plan_file, "MOST_BYTES", path.stat().st_size)
        assert len(session.batches.load_plan(path)[0].rows) == 3
        monkeypatch.setattr(plan_file, "MOST_BYTES", path.read_bytes().index(b'"out"'))
        monkeypatch.setattr(packed.Packer, "finish", lambda _: pytest.fail("it was read to its end"))
        with pytest.raises(BadInput, match="it is larger than"):
            session.batches.load_plan(path)


def _whole(content: bytes) -> tuple[Plan, ...] | None:
    try:
        return tuple(msgspec.structs.replace(one, rows=tuple(one.rows), out=tuple(one.out))
                     for one in msgspec.json.decode(content, type=plan_file._File).plans)  # fmt: skip
    except msgspec.MsgspecError:
        return None


@pytest.mark.parametrize("damage", [b"", b"x", b"\x78\x01"])
def test_a_damaged_plan_of_the_journal_is_told(damage: bytes) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        plan_file.decode(damage)


class ReadByTwo(PackedList[ExcludedOrder]):
    """A packed list of which another thread asks for the first pack whenever this one has asked for another."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_last" and value != (-1, []):
            super().__setattr__("_last", (0, [out(0)]))


def test_threads_that_read_one_list_get_what_they_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen shows a plan while another thread checks it: neither gets the orders of the other one."""
    monkeypatch.setattr(packed, "ITEMS_AT_ONCE", 1)
    monkeypatch.setattr(packed, "PACKED_FROM", 1)
    made = pack(ExcludedOrder, map(out, range(3)))
    assert isinstance(made, PackedList)
    found = ReadByTwo(ExcludedOrder, made._packs, len(made))
    assert [found[place].id for place in (1, 2, 0)] == [1, 2, 0]
    assert [found[place : place + 1][0].id for place in (1, 2, 0)] == [1, 2, 0]
