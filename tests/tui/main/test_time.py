"""Ages and countdowns: as time passes only the lines whose words changed are painted, and none when none did."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.worker import Worker

from ordertui.operations.batches.batch import Batch
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from support.batches import commit
from support.pilot import main, press, running, said, settled, table, text, to_ship, until
from support.shops import NOW, order_id


async def test_only_lines_whose_words_changed_are_painted(session: Session, clock: FixedClock) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        view, screen = table(pilot), main(pilot)
        due = {row.ship_by for row in session.orders.rows(view.ids).values()}
        assert due == {NOW + 24 * HOUR}, "all say: in 24 h"
        assert "in 24 h" in view.render_line(1).text
        renders, contents = view.renders, view.renderer.made
        for _ in range(
            3
        ):  # a minute that changes no word; one that takes an hour off all six; one more that changes none
            clock.advance(60)
            await until(pilot, lambda: screen._minute == clock.now() // 60)
            await settled(pilot)
            if view.renders != renders:
                break
        assert (view.renders - renders, view.renderer.made - contents) == (6, 6)
        assert "in 23 h" in view.render_line(1).text
        renders, contents = view.renders, view.renderer.made
        clock.advance(60)
        await until(pilot, lambda: screen._minute == clock.now() // 60)
        await settled(pilot)
        assert (view.renders - renders, view.renderer.made - contents) == (0, 0), "no word changed"


async def test_one_line_of_many(session: Session, clock: FixedClock) -> None:
    async with running(session) as pilot:
        await press(pilot, "1")
        view, screen = table(pilot), main(pilot)
        session.facts.set_asked([view.ids[3]], True)
        await press(pilot, "R")
        await settled(pilot)
        waiting = session.orders.id_of(order_id(3))
        assert waiting in list(view.ids)[: view.view.height]
        for row_id in list(view.row_cache._rows):
            row = view.row_cache._rows[row_id]
            if row is not None and row.ship_by is not None and row_id != waiting:
                view.row_cache._rows[row_id] = replace(row, ship_by=None)
        view.renderer.forget()
        view.refresh()
        await settled(pilot)
        renders = view.renders
        clock.advance(120)
        await until(pilot, lambda: screen._minute == clock.now() // 60)
        await settled(pilot)
        assert view.renders - renders == 1


async def test_the_words_above_and_beside_the_table_go_with_the_time(session: Session, clock: FixedClock) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        age, detail = text(pilot, "age"), text(pilot, "detail")
        clock.advance(2 * HOUR)
        await until(pilot, lambda: text(pilot, "age") != age and text(pilot, "detail") != detail)


async def test_a_change_while_a_batch_leaves_begins_no_second_dispatch(
    session: Session, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take the place of the first one, and what that one sent would never be said."""
    commit(session, Action.CANCEL, 1)
    real, may_leave = session.dispatcher.run, threading.Event()
    began: list[int] = []

    def run() -> list[Batch]:
        began.append(1)
        may_leave.wait(10)
        return real()

    monkeypatch.setattr(session.dispatcher, "run", lambda _stop: run())
    async with running(session, toasts=True) as pilot:
        clock.advance(HOUR)
        await until(pilot, lambda: began)
        first = dispatches(pilot)
        assert len(first) == 1
        main(pilot)._read_changes()
        main(pilot)._tick()
        assert dispatches(pilot) == first, "a second one would be there by now, begun or waiting for a thread"
        may_leave.set()
        await until(pilot, lambda: "is in the outbox folder" in said(pilot))
        assert began == [1]


def dispatches(pilot: Pilot[None]) -> list[Worker[object]]:
    """Return the screen's workers that let due batches leave; one is there as soon as it is asked for."""
    return [worker for worker in pilot.app.workers if worker.group == "send"]
