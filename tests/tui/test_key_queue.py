"""Keys typed faster than the screen works: none is lost, none acts on another row, none answers what nobody saw."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.geometry import Region
from textual.keys import key_to_character
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from ordertui.operations.session import Session
from ordertui.operations.workspace import Workspace
from ordertui.orders.clock import FixedClock
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import CURSOR_PAUSE
from ordertui.tui.screens.dialogs import ConfirmScreen
from ordertui.tui.screens.preview import PreviewScreen
from support.pilot import burst, idle, main, press, running, said, settled, table, text, to_ship, until
from support.shops import all_orders_row, bring, open_session, order_id

SAFE = [
    *["j", "k", "space", "v", "V", "a", "A", "z", "home", "G", "pagedown", "S", "n", "N", "M", "L", "escape"],
    *["1", "2", "3", "4", "R", "p", "J", "shift+down", "ctrl+d"],
    *["slash", "l", "a", "e", "enter"],
]
"""Keys that only look and mark, and ask nothing: a question throws away what was typed before it was drawn. The letters
also go into the filter.
"""


BURST = 500


def state(pilot: Pilot[None]) -> dict[str, object]:
    """Everything that keys can change, and what a person sees of it."""
    screen, view = main(pilot), table(pilot)
    words = {name: text(pilot, name) for name in ("status", "rate", "detail", "header")}
    lines = [strip.text for strip in view.render_lines(Region(0, 0, *view.size))]
    return words | {
        "marks": list(screen.table.marks.ids()), "cursor": view.cursor_id, "ids": list(view.ids),
        "request": screen.view.request,
        "range": view.range_size, "filter": screen.query_one(Input).value, "on top": type(pilot.app.screen),
        "lines": lines,
        "top": view.view.top,
    }  # fmt: skip


async def caught_up(pilot: Pilot[None]) -> None:
    """Wait until every key had its effect, without waiting longer."""
    while not idle(pilot) or pilot.app.message_queue_size:
        assert pilot.app.is_running
        await asyncio.sleep(0.0005)


def put(pilot: Pilot[None], key: str) -> None:
    """Put a key into the queue, as the driver does."""
    pilot.app.post_message(events.Key(key, key_to_character(key)))


@contextmanager
def reading_waits(session: Session) -> Iterator[None]:
    """No view is read as long as the context lasts."""
    go, read = threading.Event(), session.orders.find

    def held(*args: Any, **more: Any) -> Any:
        assert go.wait(30)
        return read(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session.orders, "find", held)
        yield
        go.set()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_500_keys_in_a_second_during_a_refresh_end_where_slow_typing_ends(
    tmp_path: Path, clock: FixedClock, seed: int
) -> None:
    keys = ["R", *random.Random(seed).choices(SAFE, k=BURST)]
    ends = []
    for fast in (True, False):
        session = open_session(tmp_path / str(fast), clock=clock)
        bring(session, tmp_path, everything=[all_orders_row(n, age=n * 997) for n in range(1, 90)])
        async with running(session) as pilot:
            bring(
                open_session(tmp_path / str(fast), clock=clock),
                tmp_path,
                everything=[all_orders_row(n) for n in (300, 301)],
            )
            if fast:
                with reading_waits(session):
                    for number, key in enumerate(keys):
                        put(pilot, key)
                        await asyncio.sleep(0 if number % 10 else 1 / 50)
                    waiting = len(main(pilot).tasks.keys)
                await caught_up(pilot)
                assert waiting >= BURST - 1, "the refresh was still going on when the last key came"
            else:
                for key in keys:
                    put(pilot, key)
                    await asyncio.sleep(0)
                    await caught_up(pilot)
            await settled(pilot)
            for worker in [worker for worker in pilot.app.workers if worker.group != "act"]:  # those wait for an answer
                await worker.wait()
            await pilot.pause(2 * CURSOR_PAUSE)
            ends.append(state(pilot))
    assert ends[0] == ends[1]


async def test_what_is_typed_after_slash_goes_into_the_filter(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["slash", *"xyrud", "escape"])
        assert pilot.app.screen is main(pilot)
        await burst(pilot, ["slash", *"late", "enter", "space"])
        assert main(pilot).view.request.filter == "late"


async def test_a_key_after_a_queue_acts_on_that_queue(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["G", "2", "g", "g", "space"])
        marked = session.orders.rows(table(pilot).marks.ids())
        assert len(marked) == 1
        assert set(marked) <= set(session.orders.find(queue="to_ship"))


async def test_what_was_typed_before_the_preview_was_drawn_does_not_commit(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await burst(pilot, ["x", "y", "y", "enter", "1", "enter"])
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await pilot.pause(0.1)
        assert session.batches.find() == []
        app = pilot.app
        assert isinstance(app, OrderTuiApp)
        assert len(app.keys) == 0, "all five were thrown away"


async def test_a_key_on_its_way_when_keys_are_thrown_away_is_thrown_away_too(session: Session) -> None:
    async with running(session) as pilot:
        late = events.Key("v", "v")
        main(pilot).tasks.keys.discard(Message().time)
        pilot.app.post_message(late)
        await settled(pilot)
        assert not table(pilot).range_size
        await press(pilot, "v")
        assert table(pilot).range_size


async def test_a_key_of_a_dialog_that_closes_under_it_does_nothing_below(session: Session) -> None:
    class ClosesFirst(ConfirmScreen):
        """Is left, as by the end of its work, while a key is on its way through it."""

        def on_key(self, event: events.Key) -> None:
            del event
            self.dismiss(None)

    async with running(session) as pilot:
        pilot.app.push_screen(ClosesFirst("Really?", {"y": "yes"}))
        await settled(pilot)
        await press(pilot, "v")
        assert pilot.app.screen is main(pilot)
        assert not table(pilot).range_size


async def test_a_pasted_list_of_ids_is_marked(session: Session) -> None:
    async with running(session) as pilot:
        ids = [row.order_id for row in session.orders.rows(table(pilot).ids[:3]).values()]
        await press(pilot, "g")
        await until(pilot, lambda: pilot.app.screen is not main(pilot))
        pilot.app.screen.query_one(Input).value = f"\t{ids[0]};{ids[1]} see {ids[2]} and 999-0000000-0000000"
        await press(pilot, "enter")
        await until(pilot, lambda: table(pilot).marks.count == 3)


async def test_changes_of_another_process_wait_while_something_is_marked(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    async with running(session) as pilot:
        await press(pilot, "j", "j", "space")
        before, cursor = list(table(pilot).ids), table(pilot).cursor_id
        bring(
            open_session(tmp_path / "shop", clock=clock), tmp_path, everything=[all_orders_row(n) for n in (300, 301)]
        )
        await until(pilot, lambda: "+2 · R" in text(pilot, "status"))
        assert list(table(pilot).ids) == before
        line = table(pilot).view.screen_line
        await press(pilot, "R")
        await until(pilot, lambda: len(table(pilot).ids) == len(before) + 2)
        assert table(pilot).cursor_id == cursor
        assert table(pilot).view.screen_line == line or table(pilot).view.top == 0
        assert "· R" not in text(pilot, "status")


@pytest.mark.parametrize("is_open", [True, False])
async def test_marks_of_orders_that_another_process_removed_go_and_are_told(
    session: Session, tmp_path: Path, clock: FixedClock, is_open: bool
) -> None:
    """Also of those that were removed while the screen was closed."""
    with open_session(tmp_path / "shop", clock=clock) as other:
        bring(other, tmp_path, everything=[all_orders_row(n) for n in (300, 301, 302)], is_all=False)
        added = list(other.orders.ids_of([order_id(n) for n in (300, 301, 302)]).values())
        kept = min(session.orders.find())
        session.workspace.marks()[0].add([kept, *added])
        if not is_open:
            other.undo_import(other.context.store.database.required(int, "SELECT max(id) FROM imports"))
        async with running(session, toasts=True) as pilot:
            if is_open:
                assert table(pilot).marks.count == 4
                other.undo_import(other.context.store.database.required(int, "SELECT max(id) FROM imports"))
            await until(pilot, lambda: "3 marked orders were removed from the store" in said(pilot))
            assert list(table(pilot).marks) == [kept]
    assert Workspace(session.context.store.path, read_only=True).marks()[0].count == 1


async def test_what_was_unmarked_before_another_process_removed_it_stays_so(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    """Nothing is told, since nothing was marked; `z` and `L` bring back only what is there."""
    with open_session(tmp_path / "shop", clock=clock) as other:
        bring(other, tmp_path, everything=[all_orders_row(n) for n in (300, 301, 302)], is_all=False)
        added = list(other.orders.ids_of([order_id(n) for n in (300, 301, 302)]).values())
        kept = min(session.orders.find())
        async with running(session, toasts=True) as pilot:
            table(pilot).marks.add([kept, *added])
            await press(pilot, "M")
            other.undo_import(other.context.store.database.required(int, "SELECT max(id) FROM imports"))
            await until(pilot, lambda: not set(added) & set(table(pilot).marks.reachable()))
            assert "removed from the store" not in said(pilot)
            for key in ("z", "M", "L"):
                await press(pilot, key)
                assert list(table(pilot).marks) == ([] if key == "M" else [kept])


async def test_keys_wait_for_a_dialog_that_opens_late(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["plus", *"status", "colon", *"shipped", "enter"])
        await settled(pilot)
        await until(pilot, lambda: table(pilot).marks.count == 94)
