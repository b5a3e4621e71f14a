"""The rate in full, by keys: with and without the marked, its lists, the next marketplace, all of them stacked."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.render.rate_report import Course, make_bars
from ordertui.tui.screens import base
from ordertui.tui.screens import rate as rate_screen
from ordertui.tui.screens.dialogs import TextScreen
from ordertui.tui.screens.rate import OrdersScreen, RateScreen, courses
from support.batches import commit
from support.pilot import burst, main, press, running, said, settled, to_ship, until
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row


def body(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#rate-full", Static).content)


async def open_rate(pilot: Pilot[None]) -> None:
    await press(pilot, "P")
    await until(pilot, lambda: isinstance(pilot.app.screen, RateScreen) and "target" in body(pilot))
    await settled(pilot)


async def test_with_and_without_the_marked(session: Session) -> None:
    async with running(session) as pilot:
        await open_rate(pilot)
        assert "0 of 100" in body(pilot)
        assert "with the marked" not in body(pilot)
        await press(pilot, "escape")
        await to_ship(pilot)
        await press(pilot, "a")
        await open_rate(pilot)
        assert "5 of 100" in body(pilot), "five of six count"
        assert "5.00 % ✗ over" in body(pilot)
        assert "with the 6 marked" in body(pilot)
        assert "▲ today" in body(pilot)
        assert "< 2.5 %" in body(pilot)


async def test_changes_meanwhile_are_counted_together_and_move_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOOK_SECONDS", 0.01)
    counted: list[str] = []
    may_count = threading.Event()
    may_count.set()
    real = rate_screen.courses

    def count(of: Session, marketplace: str, ids: Sequence[int]) -> list[Course]:
        found = real(of, marketplace, ids)
        counted.append(marketplace)
        may_count.wait(10)
        return found

    looks: list[int] = []
    version = session.data_version

    def look() -> int:
        looks.append(version())
        return looks[-1]

    monkeypatch.setattr(rate_screen, "courses", count)
    monkeypatch.setattr(session, "data_version", look)
    with open_session(tmp_path / "shop") as other:
        async with running(session, size=(80, 24)) as pilot:
            await open_rate(pilot)
            await press(pilot, "j")
            scrolled = pilot.app.screen.query_one(VerticalScroll).scroll_offset
            assert ("0 of 100" in body(pilot), scrolled.y, len(counted)) == (True, 1, 1)
            await asyncio.sleep(0.05)
            assert len(counted) == 1, "nothing changed yet"
            may_count.clear()
            commit(other, Action.CANCEL, 1)
            await until(pilot, lambda: len(counted) == 2)
            for number in range(2, 6):
                commit(other, Action.CANCEL, number)
                looked = len(looks)
                await until(pilot, lambda looked=looked: len(looks) > looked + 1)  # type: ignore[misc]
            may_count.set()
            await until(pilot, lambda: "4 of 100" in body(pilot))
            await asyncio.sleep(0.05)
            assert len(counted) == 3, "all that came while it counted, in one count"
            assert pilot.app.screen.query_one(VerticalScroll).scroll_offset == scrolled


async def test_a_count_that_fails_is_said_and_what_was_counted_stays(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOOK_SECONDS", 0.01)

    def count(_session: Session, _marketplace: str, _ids: Sequence[int]) -> list[Course]:
        raise OverflowError

    with open_session(tmp_path / "shop") as other:
        async with running(session, toasts=True) as pilot:
            await open_rate(pilot)
            monkeypatch.setattr(rate_screen, "courses", count)
            commit(other, Action.CANCEL, 1)
            await until(pilot, lambda: "a number is too large" in said(pilot))
            assert "0 of 100" in body(pilot)


async def test_its_orders_and_what_amazon_is_about_to_cancel(tmp_path: Path, clock: FixedClock) -> None:
    found = open_session(tmp_path / "shop", clock=clock)
    rows = [all_orders_row(1, "Cancelled"), all_orders_row(2, "Unshipped", age=20 * DAY)]
    rows += [all_orders_row(100 + n, "Shipped") for n in range(20)]
    bring(found, tmp_path, everything=rows, open_=[unshipped_row(2, age=20 * DAY)])
    async with running(found) as pilot:
        await open_rate(pilot)
        assert "1 of the cancelled: by whom is unknown" in body(pilot)
        assert "░" in body(pilot)
        await press(pilot, "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrdersScreen))
        options = pilot.app.screen.query_one(OptionList)
        assert options.option_count == 1
        assert "? may count" in str(options.get_option_at_index(0).prompt)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await press(pilot, "escape", "escape", "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrdersScreen))
        assert pilot.app.screen.query_one(OptionList).option_count == 21
        await press(pilot, "escape", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrdersScreen))
        options = pilot.app.screen.query_one(OptionList)
        assert options.get_option_at_index(0).id == order_id(2)
        assert "overdue" in str(options.get_option_at_index(0).prompt)
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is main(pilot)


def test_a_past_day_that_is_over_only_if_the_unknown_count_says_so(tmp_path: Path, clock: FixedClock) -> None:
    with open_session(tmp_path / "shop", clock=clock) as found:
        rows = [all_orders_row(n, "Cancelled" if n < 2 else "Shipped", age=10 * DAY) for n in range(10)]
        rows.append(all_orders_row(10, "Shipped", age=40 * DAY, updated=NOW))
        bring(found, tmp_path, everything=rows)
        (course, *_) = courses(found, "US", ())
    past = [number for number, point in enumerate(course.points) if point.ahead < 0 and point.cancelled]
    assert len(past) == 7
    assert {make_bars(course, 110)[number].glyph for number in past} == {"?"}
    surely = [msgspec.structs.replace(point, at_least=point.cancelled) for point in course.points]
    known = make_bars(msgspec.structs.replace(course, points=tuple(surely)), 110)
    assert {known[number].glyph for number in past} == {"✗"}


async def test_marketplaces_one_after_the_other_then_stacked(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, everything=[all_orders_row(5000 + n, "Shipped", market="DE") for n in range(3)])
    async with running(session, size=(80, 24)) as pilot:
        await open_rate(pilot)
        first = body(pilot)
        assert "(DE)" in first, "that of the cursor"
        await press(pilot, "p")
        await until(pilot, lambda: "(US)" in body(pilot) and "(DE)" in body(pilot))
        await press(pilot, "n")
        assert isinstance(pilot.app.screen, RateScreen), "no list of all at once"
        await press(pilot, "p")
        await until(pilot, lambda: "(US)" in body(pilot) and "(DE)" not in body(pilot))
        await press(pilot, "p")
        await until(pilot, lambda: body(pilot) == first)
        await pilot.resize_terminal(60, 15)
        await until(pilot, lambda: body(pilot) != first)
        assert max(map(len, body(pilot).split("\n"))) <= 60 or "Window" in body(pilot)


async def test_keys_typed_ahead_reach_it(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["P", "n", "escape", "escape", "2"])
        assert pilot.app.screen is main(pilot)
        assert main(pilot).view.request.queue == "to_ship"


async def test_without_orders_there_is_none(tmp_path: Path, clock: FixedClock) -> None:
    async with running(open_session(tmp_path / "empty", clock=clock)) as pilot:
        await press(pilot, "P")
        assert pilot.app.screen is main(pilot)
