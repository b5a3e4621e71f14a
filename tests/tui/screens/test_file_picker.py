"""Choosing report files by keys: marked and read at once, typed with completion, folder by folder, stopped."""

import os
from pathlib import Path
from threading import Event

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from ordertui.operations.reports.files import find_kind
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import ReportKind
from ordertui.tui.screens.base import DialogKeys, Title
from ordertui.tui.screens.dialogs import FormScreen, TextScreen
from ordertui.tui.screens.file_picker import PickerScreen
from support.pilot import main, press, running, settled, table, until
from support.reports import write
from support.shops import ALL_ORDERS, UNSHIPPED, all_orders_row, open_session, order_id, unshipped_row


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "downloads"
    (found / "older").mkdir(parents=True)
    write(found / "all.txt", ALL_ORDERS, [all_orders_row(n) for n in range(300, 305)])
    write(found / "open.txt", UNSHIPPED, [unshipped_row(n) for n in range(300, 303)])
    (found / "notes.txt").write_text("buy milk\n")
    (found / "manual.pdf").write_bytes(b"%PDF")
    write(found / "older" / "more.txt", ALL_ORDERS, [all_orders_row(n) for n in range(400, 402)])
    for age, name in enumerate(("all.txt", "open.txt", "notes.txt")):
        os.utime(found / name, (1_000_000 - age, 1_000_000 - age))
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def empty(tmp_path: Path, clock: FixedClock) -> Session:
    return open_session(tmp_path / "empty", clock=clock)


def lines(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]


def said(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(".dialog-body Static", Static).content)


async def pick(pilot: Pilot[None]) -> PickerScreen:
    await press(pilot, "i")
    await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen) and len(lines(pilot)) > 1)
    await settled(pilot)
    await until(pilot, lambda: "…" not in "".join(lines(pilot)))
    screen = pilot.app.screen
    assert isinstance(screen, PickerScreen)
    return screen


def test_it_begins_where_it_was_last_else_with_the_downloads(
    empty: Session, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert empty.workspace.folder() == folder, "the current folder: there is none of downloads"
    (downloads := tmp_path / "mine").mkdir()
    monkeypatch.setattr("ordertui.operations.workspace.downloads_folder", lambda: downloads)
    assert empty.workspace.folder() == downloads
    empty.workspace.keep_folder(folder / "older")
    assert empty.workspace.folder() == folder / "older"
    (folder / "older").rename(folder / "gone")
    assert empty.workspace.folder() == downloads


async def test_several_are_marked_and_read_at_once(empty: Session, folder: Path) -> None:
    async with running(empty) as pilot:
        await pick(pilot)
        names = [line.split()[0] for line in lines(pilot)]
        assert names == ["../", "older/", "all.txt", "open.txt", "notes.txt"], "folders, then files newest first"
        kinds = [line.split("  ")[1:] for line in lines(pilot)]
        assert "All Orders" in lines(pilot)[2]
        assert "Unshipped orders" in lines(pilot)[3]
        assert "not a report" in lines(pilot)[4], kinds
        await press(pilot, "space", "space")
        assert [line[0] for line in lines(pilot)] == [" ", " ", "●", "●", " "]
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "5 new orders" in said(pilot)
        assert said(pilot).index("all.txt") < said(pilot).index("open.txt")
        await press(pilot, "escape")
        await until(pilot, lambda: len(table(pilot).ids) == 5)
        assert not main(pilot).has_class("-empty")
        await pick(pilot)
        assert len(lines(pilot)) == 5, "the folder is remembered"


async def test_marks_of_two_folders_and_all_reports_of_one(empty: Session, folder: Path) -> None:
    async with running(empty, size=(60, 15)) as pilot:
        await pick(pilot)
        await press(pilot, "a", "up", "enter")
        await until(pilot, lambda: "more.txt" in "".join(lines(pilot)))
        await settled(pilot)
        await press(pilot, "space", "left")
        await until(pilot, lambda: "all.txt" in "".join(lines(pilot)))
        await settled(pilot)
        assert [line[0] for line in lines(pilot)] == [" ", " ", "●", "●", " "], "notes.txt is no report"
        await press(pilot, "a", "a", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: len(table(pilot).ids) == 7)


async def test_nothing_moves_when_one_is_marked_in_a_long_list(empty: Session, folder: Path) -> None:
    """The list was made anew: it scrolled, and its columns went one cell to the left for the bar."""
    for n in range(40):
        write(folder / f"report-{n:02}.txt", ALL_ORDERS, [all_orders_row(500 + n)])
    async with running(empty, (80, 24)) as pilot:
        await pick(pilot)
        files = pilot.app.screen.query_one(OptionList)
        await press(pilot, *["j"] * 20, *["k"] * 5)
        await settled(pilot)
        before, top = lines(pilot), files.scroll_y
        assert top > 0
        await press(pilot, "space")
        await settled(pilot)
        assert [line[2:] for line in lines(pilot)] == [line[2:] for line in before]
        assert files.scroll_y == top
        await press(pilot, "a")
        await settled(pilot)
        assert [line[2:] for line in lines(pilot)] == [line[2:] for line in before]
        assert "42 marked" in str(pilot.app.screen.query_one("#picker-folder", Static).content)


async def test_a_path_is_typed_completed_and_corrected(empty: Session, folder: Path) -> None:
    async with running(empty) as pilot:
        screen = await pick(pilot)
        typed = screen.query_one(Input)
        assert "a all reports" in screen.query_one(DialogKeys).render().plain
        await press(pilot, "slash", *"ol", "tab", "m", "tab")
        assert typed.value == "older/more.txt"
        keys = screen.query_one(DialogKeys).render().plain
        assert keys == "Enter read   Tab complete   Esc leave", "space and a are typed here"
        await press(pilot, "tab")
        await until(pilot, lambda: "Tab adds nothing" in str(screen.query_one("#picker-note", Static).content))
        await press(pilot, "x", "enter")
        assert "there is no" in str(screen.query_one("#picker-note", Static).content)
        await press(pilot, "backspace", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert empty.orders.id_of(order_id(400)) is not None


@pytest.mark.parametrize("text", ["x" * 5_000, "~nobody-has-this/x", "'open"], ids=["long", "nobody", "open"])
async def test_a_path_that_cannot_be(empty: Session, folder: Path, text: str) -> None:
    async with running(empty) as pilot:
        screen = await pick(pilot)
        pilot.app.post_message(events.Paste(text))
        await until(pilot, lambda: screen.query_one(Input).value == text)
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: text[:20] in str(screen.query_one("#picker-note", Static).content))
        assert pilot.app.screen is screen


async def test_a_file_dropped_on_the_terminal(empty: Session, folder: Path) -> None:
    async with running(empty) as pilot:
        screen = await pick(pilot)
        pilot.app.post_message(events.Paste(f"{folder}/open.txt\n"))
        await until(pilot, lambda: screen.query_one(Input).value == f"{folder}/open.txt")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))


async def test_other_files_are_shown_when_asked_for(empty: Session, folder: Path) -> None:
    async with running(empty) as pilot:
        await pick(pilot)
        await press(pilot, "full_stop")
        await until(pilot, lambda: "manual.pdf" in "".join(lines(pilot)))
        await press(pilot, "escape")
        assert pilot.app.screen is main(pilot)
        assert empty.orders.count() == 0


async def test_stopping_leaves_the_rest(empty: Session, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Esc while the first of two files is read: it ends after a chunk, the second is not begun."""
    from ordertui.tui.screens.progress import ProgressScreen

    plain = empty.imports.import_files

    def stopped(paths: list[Path], **options: object) -> object:
        screens = [one for one in app.screen_stack if isinstance(one, ProgressScreen)]
        screens[-1].stopping = True
        return plain(paths, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(empty.imports, "import_files", stopped)
    async with running(empty) as pilot:
        app = pilot.app
        await pick(pilot)
        await press(pilot, "a", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "open.txt: left out, you stopped" in said(pilot)


async def test_one_bar_stands_from_the_first_file_to_the_last(
    empty: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Esc between two files, where nothing is merged, says at once that it stops, and begins no other file."""
    from ordertui.tui.screens.progress import ProgressScreen

    looked, go_on = Event(), Event()
    seen: list[ProgressScreen] = []

    def slow(path: Path) -> ReportKind | None:
        seen.extend(one for one in app.screen_stack if isinstance(one, ProgressScreen))
        if path.name == "open.txt":
            looked.set()
            assert go_on.wait(20)
        return find_kind(path)

    monkeypatch.setattr("ordertui.tui.commands.imports.find_kind", slow)
    write(folder / "third.txt", ALL_ORDERS, [all_orders_row(500)])
    os.utime(folder / "third.txt", (1, 1))
    async with running(empty) as pilot:
        app = pilot.app
        await pick(pilot)
        await press(pilot, "a", "enter")
        await until(pilot, looked.is_set)
        bar = pilot.app.screen
        assert isinstance(bar, ProgressScreen)
        await until(pilot, lambda: str(bar.query_one(Title).content) == "Importing 2 of 3")
        await press(pilot, "escape")
        assert "stopping" in str(bar.query_one("#progress-text", Static).content)
        go_on.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "third.txt: left out, you stopped" in said(pilot)
    assert seen == [bar, bar], "the same one for both files"


async def test_a_question_about_one_file_gives_the_keys_back_to_the_bar(
    empty: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, go_on = Event(), Event()

    def slow(path: Path) -> ReportKind | None:
        if path.name == "open.txt":
            looked.set()
            assert go_on.wait(20)
        return find_kind(path)

    monkeypatch.setattr("ordertui.tui.commands.imports.find_kind", slow)
    write(folder / "none.txt", UNSHIPPED, [])
    async with running(empty) as pilot:
        await pick(pilot)
        await press(pilot, "slash", *"none.txt open.txt", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, "escape")
        await until(pilot, looked.is_set)
        await press(pilot, "escape")
        assert "stopping" in str(pilot.app.screen.query_one("#progress-text", Static).content)
        go_on.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))


async def test_a_report_without_rows_asks_for_its_days(empty: Session, folder: Path) -> None:
    empty.imports.import_files([folder / "open.txt"])
    write(folder / "none.txt", UNSHIPPED, [])
    async with running(empty) as pilot:
        await pick(pilot)
        await press(pilot, "slash", *"none.txt", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, *"2026-11-01", "enter", *"yesterday", "enter")
        await until(pilot, lambda: any("are no days" in str(one.content) for one in pilot.app.screen.query(Static)))
        await press(pilot, "enter", *["backspace"] * 9, *"2026-11-23", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "missing in the newest Unshipped report of their days: 3 orders" in said(pilot)
        await press(pilot, "escape")
    assert len(empty.orders.find("missing")) == 3
