"""What a marked set comes to: how many are marked is said at once, the rest is worked out beside the screen, once for
the newest set.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot

from ordertui.operations.marks import Marks
from ordertui.operations.rate.counting import WindowGain
from ordertui.operations.rate.figures import Impact
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from support.pilot import main, press, running, table, text, to_ship, until


async def test_a_big_set_is_counted_at_once_and_weighed_beside_the_screen(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.tui.main.selection_summary.AT_ONCE", 3)
    real, go, threads, weighed = session.rate.calculator.impact, threading.Event(), set(), []

    def impact(ids: Iterable[int]) -> Impact:
        threads.add(threading.current_thread())
        go.wait(30)
        wanted = list(ids)  # raises Stopped when another set is marked by then
        weighed.append(len(wanted))
        return real(wanted)

    async with running(session) as pilot:
        await to_ship(pilot)
        monkeypatch.setattr(session.rate.calculator, "impact", impact)
        await press(pilot, "a")
        assert "6 marked · working out what they come to…" in text(pilot, "status")
        assert "counting the marked…" in text(pilot, "rate")
        assert "mark orders to see it" not in text(pilot, "rate")
        await until(pilot, lambda: threads)
        await press(pilot, "1", "a")
        assert "100 marked · working out" in text(pilot, "status")
        go.set()
        await until(pilot, lambda: "6 cancel (5 count)" in text(pilot, "status"))
        assert "94 cannot" in text(pilot, "status")
        assert "5 / 100" in text(pilot, "rate")
        assert weighed[-1] == 100
        assert 6 not in weighed, "a set that is not marked any more is given up"
        assert threading.main_thread() not in threads
        await press(pilot, "z", "z")
        await until(pilot, lambda: not main(pilot).table.marks and "no marks" in text(pilot, "status"))


async def test_changes_that_never_end_do_not_keep_a_big_set_from_being_weighed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.tui.main.selection_summary.AT_ONCE", 3)
    calculator, changes = session.rate.calculator, Counter[str]()
    real, is_over = calculator.impact, threading.Event()
    async with running(session) as pilot:
        summary = main(pilot).summary

        def change() -> None:
            changes["seen"] += 1
            summary.summarizer.forget()
            summary.show()

        def impact(ids: Iterable[int]) -> Impact:
            if not is_over.is_set():  # another process commits each time while it is being worked out
                pilot.app.call_from_thread(change)
            return real(list(ids))

        await to_ship(pilot)
        monkeypatch.setattr(calculator, "impact", impact)
        await press(pilot, "a")
        await until(pilot, lambda: "6 cancel (5 count)" in text(pilot, "status"))
        assert changes["seen"] >= 1
        is_over.set()
        await _weighed(pilot, "6 cancel (5 count)")


async def test_a_big_set_is_weighed_once_until_marks_store_or_a_deadline_change_it(
    session: Session, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.tui.main.selection_summary.AT_ONCE", 3)
    calculator, calls = session.rate.calculator, Counter[str]()
    impact, gains = calculator.impact, calculator.gains

    def noted_impact(ids: Iterable[int]) -> Impact:
        calls["impact"] += bool(ids)
        return impact(ids)

    def noted_gains(marketplace: str, ids: Iterable[int], *more: Any) -> tuple[WindowGain, ...]:
        calls["gains"] += bool(ids)
        return gains(marketplace, ids, *more)

    monkeypatch.setattr(calculator, "impact", noted_impact)
    monkeypatch.setattr(calculator, "gains", noted_gains)
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "a")
        await _weighed(pilot, "6 cancel (5 count)")
        assert calls == {"impact": 1, "gains": 1}
        for _ in range(3):
            clock.advance(60)
            await _minute_shown(pilot, clock)
            await _weighed(pilot, "6 cancel (5 count)")
        main(pilot).summary.show()  # as the cursor does in another marketplace, and a key that pins one
        await _weighed(pilot, "6 cancel (5 count)")
        assert calls == {"impact": 1, "gains": 1}, "nothing changed but the time, and no deadline is past"

        session.facts.set_asked([table(pilot).ids[0]], True)
        await until(pilot, lambda: calls["impact"] == 2)
        await _weighed(pilot, "6 marked")
        await press(pilot, "space")
        await _weighed(pilot, "5 marked")
        assert calls == {"impact": 3, "gains": 3}

        clock.moment = session.rate.marked.next_change(clock.now()) - 1
        await _minute_shown(pilot, clock)
        await _weighed(pilot, "5 marked")
        assert calls == {"impact": 3, "gains": 3}
        clock.advance(1)
        await _minute_shown(pilot, clock)
        await _weighed(pilot, "5 marked")
        assert calls == {"impact": 4, "gains": 4}
        clock.advance(-2 * HOUR)
        await _minute_shown(pilot, clock)
        await _weighed(pilot, "5 marked")
        assert calls == {"impact": 5, "gains": 5}, "a clock that was set back is believed"


async def _minute_shown(pilot: Pilot[None], clock: FixedClock) -> None:
    await until(pilot, lambda: main(pilot)._minute == clock.now() // 60)


async def _weighed(pilot: Pilot[None], status: str) -> None:
    """Wait until the screen shows what the marks come to, and nothing is being worked out."""
    await until(
        pilot,
        lambda: (
            all(worker.is_finished for worker in main(pilot).workers if worker.group == "panel")
            and status in text(pilot, "status")
            and "working out" not in text(pilot, "status")
        ),
    )


async def test_all_of_a_view_is_marked_and_unmarked_without_going_through_its_ids(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "space")
        flips: list[Sequence[int]] = []
        real = Marks._flip

        def noted(self: Marks, ids: Sequence[int], marked: bool) -> None:
            flips.append(ids)
            real(self, ids, marked=marked)

        monkeypatch.setattr(Marks, "_flip", noted)
        for keys, count in ((("a",), 6), (("a",), 0), (("z",), 6), (("A",), 0), (("1", "A"), 100), (("z",), 0)):
            await press(pilot, *keys)
            await until(pilot, partial(_has_marks, pilot, count))
        assert all(len(ids) >= 100 for ids in flips), "only a view that was read is a new set"


def _has_marks(pilot: Pilot[None], count: int) -> bool:
    return table(pilot).marks.count == count
