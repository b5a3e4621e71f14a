"""A view that takes long: it says so, Escape stops it, a newer one interrupts it; a filter's first orders come while it
is typed.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from ordertui.operations.query.sort_order import SortKey
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store import Interrupted
from ordertui.tui.widgets.filter_bar import FilterBar
from support.pilot import burst, idle, main, press, running, said, settled, table, text, until
from support.shops import NOW, all_orders_row, bring, open_session, order_id

SLOW = (SortKey("may", True),)
SLOW_FILTER = "status:unshipped"


@pytest.fixture
def stopped(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The session, where reading the whole of a view that is sorted by `may`, or fits SLOW_FILTER, lasts until it is
    interrupted; what those were.
    """
    real, stop, found = session.orders.find, threading.Event(), []

    def view(
        filter_text: str = "",
        sort: str = "placed",
        reverse: bool = True,
        queue: str = "all",
        limit: int | None = None,
        **more: Any,
    ) -> array[int]:
        if limit is None and ("may" in sort or filter_text == SLOW_FILTER):
            stop.wait(30)
            found.append(filter_text or sort)
            raise Interrupted("the reading was stopped")
        return real(filter_text, sort, reverse, queue, limit, **more)

    def interrupt() -> None:
        stop.set()
        stop.clear()

    monkeypatch.setattr(session.orders, "find", view)
    monkeypatch.setattr(session.orders, "interrupt", interrupt)
    yield found
    stop.set()


async def begin(pilot: Pilot[None]) -> None:
    main(pilot).view.ask_for(msgspec.structs.replace(main(pilot).view.request, sort=SLOW))
    await until(pilot, lambda: main(pilot).view.reading_text)


async def test_escape_stops_a_view_and_keeps_the_one_that_was_there(session: Session, stopped: list[str]) -> None:
    async with running(session, toasts=True) as pilot:
        await press(pilot, "j", "j", "space")
        await settled(pilot)
        before, ids, cursor = main(pilot).view.request, list(table(pilot).ids), table(pilot).cursor_id
        await begin(pilot)
        assert "sorting… Esc stops" in text(pilot, "status")
        await pilot.press("j")
        await pilot.pause(0.3)
        assert table(pilot).cursor_id == cursor, "keys wait for the view"
        await pilot.press("escape")
        await until(pilot, lambda: idle(pilot))
        assert main(pilot).view.request == before
        assert (list(table(pilot).ids), table(pilot).cursor_id) == (ids, cursor), "the key that waited is thrown away"
        assert "Date▼" in table(pilot).render_line(0).text
        assert "Esc stops" not in text(pilot, "status")
        await until(pilot, lambda: said(pilot).startswith("stopped"))
        await until(pilot, lambda: stopped == ["-may"])
        await press(pilot, "j")
        await settled(pilot)
        assert table(pilot).cursor_id != cursor, "keys go on"


@pytest.mark.parametrize("key", ["plus", "minus", "F"])
async def test_escape_stops_what_a_filter_looks_up_to_mark_or_find(
    session: Session, stopped: list[str], key: str
) -> None:
    async with running(session, toasts=True) as pilot:
        await press(pilot, "j", "space", "space")
        marked = list(main(pilot).table.marks.ids())
        await pilot.press(key, *"status", "colon", *"unshipped", "enter")
        await until(pilot, lambda: "looking… Esc stops" in text(pilot, "status"))
        await pilot.pause(0.3)
        await pilot.press("j")
        await pilot.pause(0.3)
        cursor = table(pilot).cursor_id
        await pilot.press("escape")
        await until(pilot, lambda: idle(pilot))
        assert stopped == [SLOW_FILTER]
        assert said(pilot).startswith("stopped")
        assert "Esc stops" not in text(pilot, "status")
        assert list(main(pilot).table.marks.ids()) == marked
        assert not main(pilot).marks.found
        assert table(pilot).cursor_id == cursor, "the key that waited is thrown away"


async def test_a_look_up_that_somebody_else_interrupts_goes_on(session: Session, stopped: list[str]) -> None:
    async with running(session) as pilot:
        await press(pilot, "plus")
        await press(pilot, *"status", "colon", *"unshipped")
        await pilot.press("enter")
        await until(pilot, lambda: main(pilot).view.search.text)
        session.orders.interrupt()
        await until(pilot, lambda: stopped == [SLOW_FILTER])
        await pilot.pause(0.3)
        assert main(pilot).view.search.text, "it is read again"
        await pilot.press("escape")
        await until(pilot, lambda: idle(pilot))
        assert not main(pilot).table.marks


async def test_escape_amid_other_keys_is_one_of_them(session: Session, stopped: list[str]) -> None:
    async with running(session) as pilot:
        await begin(pilot)
        await pilot.pause(0.3)
        for key in ("v", "j", "escape"):
            await pilot.press(key)
        assert main(pilot).view.reading_text, "a run of keys waits as it is"
        await pilot.pause(0.3)
        await pilot.press("escape")
        await settled(pilot)
        assert not main(pilot).view.reading_text


async def test_a_view_that_somebody_else_interrupts_is_read_again(session: Session, stopped: list[str]) -> None:
    """Else keys would wait for it for ever."""
    async with running(session) as pilot:
        cursor = table(pilot).cursor_id
        await begin(pilot)
        session.orders.interrupt()
        await until(pilot, lambda: stopped == ["-may"])
        await pilot.pause(0.3)
        assert main(pilot).view.reading_text
        await pilot.press("escape")
        await until(pilot, lambda: idle(pilot))
        await until(pilot, lambda: stopped == ["-may", "-may"])
        await press(pilot, "j")
        assert table(pilot).cursor_id != cursor, "keys go on"


async def test_another_view_interrupts_the_one_before(session: Session, stopped: list[str]) -> None:
    async with running(session) as pilot:
        await begin(pilot)
        main(pilot).view.ask_for(msgspec.structs.replace(main(pilot).view.request, sort=(SortKey("total", False),)))
        await settled(pilot)
        assert stopped == ["-may"]
        assert list(table(pilot).ids) == list(session.orders.find("", "+total"))
        assert not main(pilot).view.reading_text


async def test_a_filter_shows_its_first_orders_while_it_is_typed(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "j", "j", "j")
        cursor = table(pilot).cursor_id
        await burst(pilot, ["slash", *"status", "colon", *"unshipped"])
        await until(pilot, lambda: len(table(pilot).ids) == 6)
        assert main(pilot).view.request.filter == "", "nothing is applied before Enter"
        assert main(pilot).query_one(FilterBar).typed == "status:unshipped"
        for keys in (["backspace"] * 3, ["space", *"stat"]):
            await press(pilot, *keys)
            await pilot.pause(0.3)
            assert len(table(pilot).ids) == 6, "half a word, or half a field's name, changes nothing"
        await press(pilot, "escape")
        await settled(pilot)
        assert (len(table(pilot).ids), table(pilot).cursor_id) == (100, cursor), "Escape brings back what was there"
        await burst(pilot, ["slash", *"id", "colon", *order_id(1003)])
        await until(pilot, lambda: len(table(pilot).ids) == 1)
        await press(pilot, "enter")
        await settled(pilot)
        assert main(pilot).view.request.filter == f"id:{order_id(1003)}"
        assert len(table(pilot).ids) == 1


async def test_what_others_changed_while_a_filter_was_typed_is_not_forgotten(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(session) as pilot:
        await press(pilot, "slash", "l", "a", "t", "e")
        await until(pilot, lambda: len(table(pilot).ids) < 100)
        real = session.orders.find
        interrupted: list[int] = []

        def view(*args: Any, **more: Any) -> array[int]:
            """The reading that another process's change begins is interrupted by the next letter, as it were."""
            if not interrupted:
                interrupted.append(1)
                raise Interrupted("the reading was stopped")
            return real(*args, **more)

        monkeypatch.setattr(session.orders, "find", view)
        with open_session(session.directory, clock=FixedClock(NOW)) as other:
            bring(other, tmp_path, everything=[all_orders_row(7000)])
        await until(pilot, lambda: interrupted)
        await press(pilot, "escape")
        await until(pilot, lambda: session.orders.id_of(order_id(7000)) in list(table(pilot).ids))


async def test_what_others_changed_is_not_forgotten_when_the_first_orders_of_a_filter_never_came(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, began, may_end = session.orders.find, threading.Event(), threading.Event()
    interrupted: list[int] = []

    def view(filter_text: str = "", *args: Any, **more: Any) -> array[int]:
        if filter_text == "late":
            began.set()
            may_end.wait(10)
        if filter_text == "late" or not interrupted:
            interrupted.append(1)
            raise Interrupted("the reading was stopped")
        return real(filter_text, *args, **more)

    async with running(session) as pilot:
        await press(pilot, "slash")
        monkeypatch.setattr(session.orders, "find", view)
        with open_session(session.directory, clock=FixedClock(NOW)) as other:
            bring(other, tmp_path, everything=[all_orders_row(7000)])
        await until(pilot, lambda: interrupted)
        await press(pilot, *"late")
        await until(pilot, began.is_set)
        await press(pilot, "escape")
        may_end.set()
        await until(pilot, lambda: session.orders.id_of(order_id(7000)) in list(table(pilot).ids))


async def test_what_others_changed_is_not_forgotten_when_a_view_is_stopped(
    session: Session, stopped: list[str], tmp_path: Path
) -> None:
    async with running(session) as pilot:
        await begin(pilot)
        with open_session(session.directory, clock=FixedClock(NOW)) as other:
            bring(other, tmp_path, everything=[all_orders_row(7000)])
        await until(pilot, lambda: main(pilot).view._changes._current)
        await pilot.press("escape")
        await until(pilot, lambda: session.orders.id_of(order_id(7000)) in list(table(pilot).ids))
        assert stopped, "it was stopped"


async def test_the_cursor_comes_back_to_its_order_when_the_first_page_had_it_not(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.tui.main.view_controller.FIRST_PAGE", 20)
    async with running(session) as pilot:
        await press(pilot, "G", "k", "k")
        view, shown = table(pilot), list[int]()
        cursor, line, real = view.cursor_id, view.view.screen_line, view.show

        def show(ids: array[int], *more: object, **options: object) -> None:
            shown.append(len(ids))
            real(ids, *more, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(view, "show", show)
        main(pilot).view.sort_by("placed")
        await settled(pilot)
        assert shown == [20, 100], "the first page, then all"
        assert table(pilot).cursor_id == cursor
        assert table(pilot).view.screen_line == line or table(pilot).view.top == 0


async def test_orders_that_came_and_went_again_wait_no_more(session: Session, tmp_path: Path) -> None:
    """While something is marked, others' orders wait behind R."""
    with open_session(tmp_path / "shop") as other:
        first, second = (other.orders.id_of(order_id(n)) or 0 for n in (1, 2))
        other.facts.set_note([first], "box")
        async with running(session) as pilot:
            main(pilot).view.apply_filter("note:box")
            await until(pilot, lambda: list(table(pilot).ids) == [first])
            await press(pilot, "a")
            other.facts.set_note([second], "box")
            await until(pilot, lambda: "+1 · R" in text(pilot, "status"))
            other.facts.set_note([second], "")
            await until(pilot, lambda: "· R" not in text(pilot, "status"))


async def test_what_was_found_while_the_view_was_read_anew_does_not_wait_for_a_key(session: Session) -> None:
    """After an import the table had all of it, and said all the same that something changed."""
    async with running(session) as pilot:
        await settled(pilot)
        view = main(pilot).view
        view.show()
        view._pending = view.shown  # read beside it, when the change was seen
        await until(pilot, lambda: view._pending is None)
        assert view.pending_text == ""
