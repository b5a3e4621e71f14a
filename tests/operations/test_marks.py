"""Marks against a set: every operation, in any order, with undo, on ids and on whole views."""

from __future__ import annotations

import tracemalloc
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.operations.marks import UNDO_DEPTH, IdSet, Marks

IDS = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 5_000)), max_size=25)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["toggle", "add", "remove", "invert", "clear", "undo", "keep", "restore"]), IDS, st.booleans()
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=250, deadline=None)
def test_marks_are_a_set_with_undo(steps: list[tuple[str, list[int], bool]]) -> None:
    marks, model = Marks(), set[int]()
    past: list[set[int]] = []
    kept, kept_model = marks.snapshot(), set[int]()
    for name, ids, whole in steps:
        given_ids = Marks(ids) if whole else array("q", ids)
        before, version = set(model), marks.version
        changed: int | None = None
        if name == "toggle" and ids:
            model ^= {ids[0]}
            assert marks.toggle(ids[0]) is (ids[0] in model)
        elif name == "add":
            model |= set(ids)
            changed = marks.add(given_ids)
        elif name == "remove":
            model -= set(ids)
            changed = marks.remove(given_ids)
        elif name == "invert":
            model ^= set(ids)
            changed = marks.invert(given_ids)
        elif name == "clear":
            model = set()
            changed = marks.clear()
        elif name == "keep":
            kept, kept_model = marks.snapshot(), set(model)
        elif name == "restore":
            model = set(kept_model)
            changed = marks.restore(kept)
        elif name == "undo":
            assert marks.undo() is bool(past)
            model = past.pop() if past else model
        if name != "undo" and model != before:
            past = [*past, before][-UNDO_DEPTH:]
        if changed is not None:
            assert changed == len(model ^ before)
        assert list(marks.ids()) == sorted(model) == list(marks)
        assert (marks.count, len(marks)) == (len(model), len(model))
        assert model == before or marks.version != version
        assert all((i in marks) is (i in model) for i in [*ids, 0, 7, 8, 5_001])
        other = Marks(ids)
        assert marks.common(other) == len(model & set(ids))
        assert marks.covers(other) is (set(ids) <= model)
        again = Marks()
        again.restore(marks.snapshot())
        assert again.snapshot() == marks.snapshot()


def test_ids_below_zero_and_strangers() -> None:
    with pytest.raises(ValueError, match="below zero"):
        Marks([-1])
    assert "1" not in Marks([1])
    assert -1 not in Marks([1])


@given(IDS, IDS)
@settings(max_examples=100, deadline=None)
def test_a_set_of_ids_does_not_change(ids: list[int], others: list[int]) -> None:
    marks = Marks(ids)
    found = marks.frozen()
    for other in (others, IdSet(others)):
        assert list(found.without(other)) == sorted(set(ids) - set(others))
        assert list(found.union(other)) == sorted(set(ids) | set(others))
        assert len(found.without(other)) == len(set(ids) - set(others))
    assert all((one in found) is (one in ids) for one in [*ids, *others, -1, 5_001])
    marks.invert(others)
    assert (list(found), len(found), bool(found)) == (sorted(set(ids)), len(set(ids)), bool(ids))
    assert list(marks.frozen()) == sorted(set(ids) ^ set(others))


def test_a_set_is_made_without_a_list_of_its_ids() -> None:
    ids = array("q", range(200_000))
    for make in (Marks, IdSet):
        tracemalloc.start()
        found = make(ids)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(found) == 200_000
        assert most < len(ids), "a bitmap, made longer now and then, has an eighth of a byte for each"


def test_who_goes_through_a_million_ids_is_asked_on_the_way() -> None:
    asked: list[None] = []
    many = IdSet(range(1, 1_000_001), lambda: asked.append(None))
    assert sum(1 for _ in many.without([5])) == 999_999
    assert len(asked) > 100


@given(st.lists(IDS, max_size=5), IDS, IDS)
@settings(max_examples=100, deadline=None)
def test_no_undo_marks_what_was_forgotten(steps: list[list[int]], gone: list[int], ids: list[int]) -> None:
    marks, other = Marks(ids), Marks(set(ids) - set(gone))
    for step in steps:
        marks.invert(step)
        other.invert(set(step) - set(gone))
    reachable = set(marks.reachable())
    assert reachable == set(ids) | {row_id for step in steps for row_id in step}
    marks.forget(gone)
    assert set(marks.reachable()) == reachable - set(gone)
    while True:
        assert list(marks) == list(other)
        assert marks.count == len(list(marks))
        assert not set(marks) & set(gone)
        went = other.undo()
        assert marks.undo() is went
        if not went:
            break
    assert marks.changes_made == other.changes_made == 0
