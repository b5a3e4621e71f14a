"""The queues' names in one line, at every width; and that what is said covers neither keys nor the row acted on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest
from textual.content import Content
from textual.pilot import Pilot

from ordertui.operations.query.queues import QUEUES, Queue
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store import StoreError
from ordertui.tui.widgets.queue_tabs import QueueTabs, brief
from support.pilot import main, press, preview, running, said, settled, table, to_ship, until
from support.shops import all_orders_row, bring, open_session
from support.walks import lines

COUNTS = (18_204, 412, 23, 9, 4, 12, 104, 3, 17, 0)


def queues(counts: Sequence[int]) -> list[Queue]:
    return [Queue(q.key, q.title, q.filter, count, q.why_empty) for q, count in zip(QUEUES, counts, strict=True)]


@pytest.mark.parametrize(("width", "line"), [
    (
        120,
        "1 All 18k  2 To ship 412  3 Asked 23   4 Late 9    5 <24h 4    6 Held 12   7 Unconfirmed 104  8 Fail 3"
        "    9 Marked 17",
    ),
    (80, "All 18k Ship 412 Ask 23  Late 9   24h 4   Held 12  Unconf 104 Fail 3   Mark 17"),
    (60, "All18k Ship412 Ask23 Late9 24h4 Held12 Unc104 Fail3 Mark17"),
])  # fmt: skip
async def test_each_queue_can_be_told_from_the_others(session: Session, width: int, line: str) -> None:
    async with running(session, (width, 24)) as pilot:
        tabs = main(pilot).query_one(QueueTabs)
        tabs.show(queues(COUNTS), "all")
        await pilot.pause()
        shown = str(tabs.render()).strip()
        assert shown.startswith(line)
        assert len(shown) <= width
        for key, title in (("held", "Held"), ("failed", "Fail")):
            await pilot.click("#queues", offset=(str(tabs.render()).index(title), 0))
            await settled(pilot)
            assert main(pilot).view.request.queue == key
            tabs.show(queues(COUNTS), "all")


@pytest.mark.parametrize("width", [200, 120, 80])
async def test_no_count_moves_a_tab_or_shortens_a_title(session: Session, width: int) -> None:
    async with running(session, (width, 24)) as pilot:
        tabs = main(pilot).query_one(QueueTabs)
        places = set()
        for counts in ([0] * 9, [7, 1, 23, 456, 999, 12, 104, 3, 17], [1_234_567] * 9, [999_999] * 9, [12_345] * 9):
            tabs.show(queues([*counts, 0]), "all")
            await pilot.pause()
            places.add(tuple(str(tabs.render()).index(title) for title in ("Late", "Held", "Fail", "Mark")))
        tabs.show((), "all")
        await pilot.pause()
        assert "…" in str(tabs.render()), "not counted yet is not shown as the old count"
        places.add(tuple(str(tabs.render()).index(title) for title in ("Late", "Held", "Fail", "Mark")))
        assert len(places) == 1


async def test_missing_orders_have_a_tab_when_there_are_any(session: Session) -> None:
    async with running(session, (80, 24)) as pilot:
        tabs = main(pilot).query_one(QueueTabs)
        tabs.show(queues((*COUNTS[:-1], 17)), "all")
        await pilot.pause()
        shown = str(tabs.render()).strip()
        assert "Miss" in shown
        assert "17" in shown
        assert len(shown) <= 80


@pytest.mark.parametrize(("cells", "words"), [
    (3, ["0", "999", "1k", "1k", "9k", "18k", ".9M", "1M", "12M"]),
    (4, ["0", "999", "1000", "1999", "9999", "18k", "999k", "1M", "12M"]),
    (7, ["0", "999", "1,000", "1,999", "9,999", "18,999", "999,999", "1M", "12M"]),
])  # fmt: skip
def test_brief_numbers_are_never_rounded_up(cells: int, words: list[str]) -> None:
    counts = (0, 999, 1_000, 1_999, 9_999, 18_999, 999_999, 1_000_000, 12_345_678)
    assert [brief(count, cells) for count in counts] == words


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_what_is_said_covers_neither_keys_nor_titles(session: Session, size: tuple[int, int]) -> None:
    async with running(session, size, toasts=True) as pilot:
        await to_ship(pilot)
        await press(pilot, "y")
        await until(pilot, lambda: "copied" in said(pilot) or "clipboard" in said(pilot))
        (toast,) = pilot.app.screen.query("Toast")
        assert toast.region.y > table(pilot).region.y + 1, "below the first lines and the heads of the columns"
        assert toast.region.bottom <= main(pilot).query_one("#status").region.y
        screen = await preview(pilot)
        assert not main(pilot).query("Toast"), "a second time below the dialog, which shows it too"
        keys = screen.query_one(".dialog-keys").region
        screen.notify("something is said here")
        await until(pilot, lambda: "something" in said(pilot))
        assert not any(toast.region.overlaps(keys) for toast in screen.query("Toast"))


async def test_what_needs_attention_takes_no_line_that_it_does_not_fill(session: Session) -> None:
    async with running(session, (80, 24)) as pilot:
        notes = main(pilot).query_one("#notes")
        notes.add_class("-some")
        for words, lines in (("word " * 25, 2), ("one word", 1)):
            main(pilot).update_text("notes", Content(words))
            await pilot.pause()
            assert notes.size.height == lines


async def test_what_is_said_takes_the_place_of_what_was_said_but_not_of_an_error(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        screen = main(pilot)
        for number in range(3):
            screen.notify(f"said {number}")
            await pilot.pause()
        await until(pilot, lambda: said(pilot) == "said 2")
        await until(pilot, lambda: [toast.region.bottom for toast in screen.query("Toast")] == [38])
        screen.notify("wrong: [in brackets]", severity="error")
        screen.notify("said 3")
        await until(pilot, lambda: said(pilot).splitlines() == ["wrong: [in brackets]", "said 3"])
        await until(pilot, lambda: len(screen.query("Toast")) == 2)
        screen.notify("said 3")  # what was done is said each time that it is done
        await until(pilot, lambda: said(pilot).splitlines() == ["wrong: [in brackets]", "said 3", "said 3"])
        screen.notify("wrong again", severity="error")
        await until(pilot, lambda: said(pilot).endswith("wrong again"))
        await until(pilot, lambda: len(screen.query("Toast")) == 4)
        screen.notify("wrong again", severity="error")
        screen.notify("the end")
        await until(pilot, lambda: said(pilot).endswith("the end"))
        assert said(pilot).count("wrong again") == 1, "it stands there still"


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_an_empty_queue_says_why_in_words_that_fit(session: Session, size: tuple[int, int]) -> None:
    def said_in_table() -> str:
        lines = [table(pilot).render_line(y).text.strip(" ▐") for y in range(1, table(pilot).size.height)]
        return " ".join(line for line in lines if line)

    async with running(session, size) as pilot:
        for number, queue in enumerate(QUEUES, start=1):
            await press(pilot, str(number % 10))
            await settled(pilot)
            if not table(pilot).ids:
                assert said_in_table() == queue.why_empty
        await press(pilot, "6")
        await settled(pilot)
        main(pilot).view.ask_for(msgspec.structs.replace(main(pilot).view.request, filter="late"))
        await settled(pilot)
        assert said_in_table() == "Nothing here fits the filter; Esc clears it."


async def test_a_queue_that_no_report_could_fill_says_so(tmp_path: Path, clock: FixedClock) -> None:
    blind = open_session(tmp_path / "blind", clock=clock)
    bring(blind, tmp_path, everything=[all_orders_row(1)])
    async with running(blind) as pilot:
        await press(pilot, "3")
        await until(pilot, lambda: "It cannot be said" in table(pilot).empty_text)
        assert "Buyer Requested Cancel" in table(pilot).empty_text


async def test_a_count_of_the_marked_that_fails_is_said_and_ends_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(session, toasts=True) as pilot:
        main(pilot).view.apply_filter("status:unshipped")
        await settled(pilot)
        await until(pilot, lambda: main(pilot).view.counter._queues)
        real = session.orders.count

        def count(text: str = "", queue: str = "all", also: str = "", *, without_fba: bool = False) -> int:
            if queue == "marked":
                raise StoreError("the disk is gone")
            return real(text, queue, also, without_fba=without_fba)

        monkeypatch.setattr(session.orders, "count", count)
        await press(pilot, "space")
        await until(pilot, lambda: "the disk is gone" in said(pilot))


def is_said(pilot: Pilot[None], message: str) -> bool:
    return said(pilot) == message


@pytest.mark.parametrize("dialog", [False, True])
async def test_no_wide_character_of_what_is_said_is_lost_on_an_edge(session: Session, dialog: bool) -> None:
    """Textual cuts a line where any widget begins or ends: at the side pane every second Chinese message lost one."""
    async with running(session, toasts=True) as pilot:
        await to_ship(pilot)
        screen = await preview(pilot) if dialog else main(pilot)
        for message in ("保" * count + "x" for count in (17, 19, 40)):
            screen.notify(message)
            await until(pilot, partial(is_said, pilot, message))
            await settled(pilot)
            assert "".join(lines(pilot)).count("保") == message.count("保")
