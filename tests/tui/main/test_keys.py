"""The keys, on a real session: what each does, and what must never happen by one key."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static

from ordertui.operations.batches.batch import Due, DueStep, Waiting
from ordertui.operations.rate.figures import Impact
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action, BuyerRequest, Dispatched
from ordertui.tui.actions import ALL_COMMANDS, hints
from ordertui.tui.commands.app import OTHER_HABITS
from ordertui.tui.render.status_line import StatusLine, render_status_line
from ordertui.tui.screens.base import DialogKeys
from ordertui.tui.screens.buyer_message import MessageScreen
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen, TextScreen
from ordertui.tui.screens.file_picker import PickerScreen
from ordertui.tui.screens.help import HelpScreen, help_text
from ordertui.tui.screens.order_view import OrderScreen
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.preview import PreviewScreen
from support.pilot import (
    burst,
    commit_preview,
    main,
    press,
    preview,
    running,
    said,
    settled,
    table,
    text,
    to_ship,
    until,
)
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row
from support.walks import lines


async def test_nothing_marked_acts_on_the_cursor_only(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        row = table(pilot).cursor_row
        assert row is not None
        screen = await preview(pilot)
        await commit_preview(pilot, asked=False)
        await until(pilot, lambda: session.batches.find() and pilot.app.screen is not screen)
        assert [r.order_id for r in session.batches.find()[0].rows] == [row.order_id]


@pytest.mark.parametrize(
    "keys", [("enter",), ("escape",), ("n",), ("x",), ("x", "x", "enter", "escape"), ("space", "q")]
)
async def test_no_other_key_commits(session: Session, keys: tuple[str, ...]) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await preview(pilot)
        await press(pilot, *keys)
        assert session.batches.find() == []


async def test_the_count_is_typed_and_a_wrong_one_holds_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "a")
        assert table(pilot).marks.count == 6
        await preview(pilot)
        await press(pilot, "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        form = pilot.app.screen
        await press(pilot, "5", "enter")
        await pilot.pause(0.1)
        assert session.batches.find() == []
        assert pilot.app.screen is form, "a wrong number keeps the question open"
        await press(pilot, "6", "enter")
        await until(pilot, lambda: session.batches.find() and pilot.app.screen is main(pilot))
        assert table(pilot).marks.count == 0, "what went in is unmarked"
        assert session.batches.find()[0].state is BatchState.HELD


async def test_typing_in_the_filter_acts_on_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "slash", *"xyraqD")
        assert pilot.app.screen is main(pilot)
        assert main(pilot).query_one(Input).value == "xyraqD"
        assert table(pilot).marks.count == 0
        await press(pilot, "escape", "escape")
        assert len(table(pilot).ids) == 6


async def test_a_filter_is_applied_by_enter_and_explained_before(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "slash", *"status:unshiped")
        note = str(main(pilot).query_one("#filter-note", Static).content)
        assert "unshipped" in note
        assert "^" in note
        await press(pilot, "enter")
        assert len(table(pilot).ids) == 100
        await press(pilot, *["backspace"] * 2, *"ped", "enter")
        await until(pilot, lambda: len(table(pilot).ids) == 6)
        assert table(pilot).has_focus
        await press(pilot, "escape")
        await until(pilot, lambda: len(table(pilot).ids) == 100)


async def test_the_panel_follows_every_mark(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        assert "0 / 100" in text(pilot, "rate")
        await press(pilot, "a")
        await until(pilot, lambda: "5 / 100" in text(pilot, "rate"))
        assert "5.00 %" in text(pilot, "rate")
        assert "over" in text(pilot, "rate")
        assert "6 cancel (5 count)" in text(pilot, "status")
        await press(pilot, "z")
        await until(pilot, lambda: "5 / 100" not in text(pilot, "rate"))


async def test_take_back_asks_and_enter_means_no(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        ids = list(table(pilot).ids)[:2]
        session.batches.commit(session.planner.plan(Action.CANCEL, ids)[0], typed="2")
        await press(pilot, "1", "R")
        await settled(pilot)
        assert table(pilot).go_to(ids[0])
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        asked = " ".join(pilot.app.screen.query_one(DialogKeys).render().plain.split())
        row = table(pilot).cursor_row
        assert row is not None
        assert asked == f"o only {row.order_id} of batch 1 b batch 1: 2 orders (cancel, US) Enter, Esc: no"
        await press(pilot, "enter")
        assert session.batches.find()[0].state is BatchState.HELD
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "b")
        await until(pilot, lambda: session.batches.find()[0].state is BatchState.RECALLED)


async def test_a_due_batch_leaves_while_the_screen_is_open(session: Session, clock: FixedClock) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        plan = session.planner.plan(Action.CANCEL, list(table(pilot).ids)[:1])[0]
        session.batches.commit(plan, typed="1")
        await press(pilot, "R")
        assert "held" in text(pilot, "status") or await _later(pilot, lambda: "held" in text(pilot, "status"))
        clock.advance(plan.hold_seconds)
        await until(pilot, lambda: session.batches.find()[0].state is BatchState.WRITTEN)
        await until(pilot, lambda: Path(session.batches.find()[0].files[0]).exists())


async def test_the_countdown_stands_however_much_else_there_is_to_say(session: Session) -> None:
    async with running(session, size=(120, 40)) as pilot:
        await to_ship(pilot)
        session.batches.commit(session.planner.plan(Action.CANCEL, list(table(pilot).ids)[:1])[0], typed="1")
        await press(pilot, "R", "1", "d", "a")
        await until(pilot, lambda: "cannot   ◷ 1 held 15m" in text(pilot, "status"))
        for width in (70, 60, 120):
            await pilot.resize_terminal(width, 24)

            def is_fitted(cells: int = width) -> bool:
                status = Content(text(pilot, "status"))
                return status.cell_length <= cells and ("…" in status.plain) == (cells < 120)

            await until(pilot, is_fitted)
            assert text(pilot, "status").endswith("   ◷ 1 held 15m")
            assert Content(text(pilot, "status")).cell_length <= width


def test_where_cells_are_few_the_status_line_counts_currencies_rather_than_cut_off_what_may_be_done() -> None:
    money = (("CAD", 121_248), ("EUR", 255_872), ("USD", 363_715))
    impact = Impact(421, money, 0, cancellable=410, counted=380, cannot=11)

    def line(width: int) -> str:
        status = StatusLine(
            marked=421, impact=impact, hidden=0, cursor=None, waiting=Waiting(held=3, to_upload=5),
            due=Due(14 * 60 + 40, DueStep.HOLD_ENDS), now=0, view="All", width=width,
        )  # fmt: skip
        return render_status_line(status).plain

    assert "CAD 1,212.48 + EUR 2,558.72 + USD 3,637.15 · 410 cancel" in line(140)
    assert line(120).endswith("   ◷ 3 held 14m   ↑ 5 to upload")
    assert line(96).startswith(" ● 421 marked · 3 currencies · 410 cancel (380 count), 11 cannot   ◷ 3 held 14m   ↑ 5")
    assert line(80) == " ● 421 marked · 410 cancel (380 count), 11 cannot   ◷ 3 held 14m   ↑ 5 to upload"
    assert line(60).endswith("…   ◷ 3 held 14m   ↑ 5")


@pytest.mark.parametrize(
    ("cancel", "counted", "cannot", "words"),
    [
        (5, 4, 1, "5 cancel (4 count), 1 cannot"),
        (5, 1, 0, "5 cancel (1 counts)"),
        (5, 0, 0, "5 cancel"),
        (1, 1, 0, "1 cancel (counts)"),
        (1, 0, 2, "1 cancel, 2 cannot"),
        (0, 0, 3, "none can be cancelled"),
    ],
)
def test_the_status_line_names_no_zero(cancel: int, counted: int, cannot: int, words: str) -> None:
    line = StatusLine(
        marked=cancel + cannot, impact=Impact(cancel + cannot, (), 0, cancel, counted, cannot), hidden=1, cursor=None,
        waiting=Waiting(), due=None, now=NOW, view="All", width=120,
    )  # fmt: skip
    assert render_status_line(line).plain == f" ● {cancel + cannot} marked (1 not shown) · {words}"


def test_the_status_line_says_that_a_refund_counts_where_none_can_be_cancelled() -> None:
    line = StatusLine(
        marked=2, impact=Impact(2, (), 0, 0, 0, 2, refundable=2, refund_counts=True), hidden=0, cursor=None,
        waiting=Waiting(), due=None, now=NOW, view="All", width=120,
    )  # fmt: skip
    assert render_status_line(line).plain == " ● 2 marked · none can be cancelled · 2 refund (counts)"


async def _later(pilot: Pilot[None], true: Callable[[], object]) -> bool:
    await until(pilot, true)
    return True


async def test_facts_are_set_on_the_marked(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "space", "space", "d")
        marked = table(pilot).marks.ids()
        assert {row.dispatched for row in session.orders.rows(marked).values()} == {Dispatched.YES}
        await press(pilot, "M", "b")
        row = table(pilot).cursor_row
        assert row is not None
        assert session.orders.rows([row.id])[row.id].buyer_request is BuyerRequest.MESSAGE


async def test_confirm_then_message(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "d", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, *"UPS", "enter", *"1Z9", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await press(pilot, "y")
        await until(pilot, lambda: bool(session.batches.find()))
        assert session.batches.find()[0].action.value == "confirm"


async def test_only_a_buyer_who_asked_is_told_how_to_ask_officially(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "2")
        await until(pilot, lambda: len(table(pilot).ids) == 6)
        await press(pilot, "m")
        assert pilot.app.screen is main(pilot), "the buyer did not ask"
        await press(pilot, "home", "b", "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))


async def test_the_reason_of_a_group_can_be_changed(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "a")
        screen = await preview(pilot)
        await press(pilot, "j", "k")
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        reasons = {row.reason for row in screen.plan.rows}
        assert "ShippingAddressUndeliverable" in reasons or reasons == {"BuyerCanceled", "NoInventory"}


async def import_path(pilot: Pilot[Any], path: Path) -> None:
    """Import a file by its path."""
    await press(pilot, "i")
    await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
    await press(pilot, "slash")
    pilot.app.screen.query_one(Input).value = str(path)
    await press(pilot, "enter")


async def test_import_asks_for_what_the_file_leaves_open(session: Session, tmp_path: Path) -> None:
    row = unshipped_row(50)
    del row["sales-channel"]
    names = list(row)
    path = tmp_path / "no-market.txt"
    path.write_text("\t".join(names) + "\n" + "\t".join(str(row[n]) for n in names) + "\n", encoding="utf-8")
    async with running(session) as pilot:
        await import_path(pilot, path)
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert session.orders.id_of(order_id(50)) is not None


async def test_a_processing_report_that_fits_no_batch_is_named(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    head = "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
    counts = "".join(f"\tNumber of records {word}\t\t3\n" for word in ("processed", "successful"))
    path.write_text(f"Feed Processing Summary:\n{counts}\n{head}", encoding="utf-8")
    async with running(session) as pilot:
        await import_path(pilot, path)
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        said = " ".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert "answer.txt: the report speaks of 3 records" in said
        assert "o opens the outbox; i on the batch" in said


async def test_another_process_is_seen(session: Session, tmp_path: Path, clock: FixedClock) -> None:
    async with running(session) as pilot:
        other = open_session(tmp_path / "shop", clock=clock)
        bring(other, tmp_path, everything=[all_orders_row(300)])
        await until(pilot, lambda: len(table(pilot).ids) == 101)


def _help_wraps_once(pilot: Pilot[Any]) -> bool:
    """Return whether the keys are shown, with no line wider than its place: it would wrap without an indent."""
    text = pilot.app.screen.query_one("#help-text", Static)
    lines = str(text.content).splitlines()
    return bool(lines) and max(map(cell_len, lines)) <= text.size.width


async def test_help_outbox_and_detail_open_and_close(session: Session) -> None:
    async with running(session) as pilot:
        for key, kind in (("question_mark", HelpScreen), ("o", OutboxScreen), ("enter", OrderScreen)):
            await press(pilot, key)
            await until(pilot, partial(_shows, pilot, kind))
            if kind is HelpScreen:
                await until(pilot, partial(_help_wraps_once, pilot))
            await press(pilot, "escape")
            assert pilot.app.screen is main(pilot)


async def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    async with running(open_session(tmp_path)) as pilot:
        await until(pilot, lambda: "import" in table(pilot).empty_text.lower())
        await press(pilot, "x", "r", "u", "a", "space", "d", "m", "enter", "o", "escape")
        assert pilot.app.screen is main(pilot)


async def test_the_first_orders_of_another_process_take_the_keys(tmp_path: Path) -> None:
    """The table was hidden until now, and what is hidden has no keys."""
    async with running(open_session(tmp_path)) as pilot:
        await settled(pilot)
        bring(open_session(tmp_path), tmp_path, open_=[unshipped_row(1), unshipped_row(2)])
        await until(pilot, lambda: table(pilot).cursor_row is not None)
        await settled(pilot)
        first = table(pilot).cursor_row
        await press(pilot, "j")
        await until(pilot, lambda: table(pilot).cursor_row not in (None, first))


async def test_an_idle_screen_paints_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await pilot.pause(0.3)
        before = table(pilot).renders
        await pilot.pause(2.2)
        assert table(pilot).renders == before


async def test_too_small_says_so(session: Session) -> None:
    async with running(session, (50, 12)) as pilot:
        assert main(pilot).query_one(".too-small").display


async def test_too_small_takes_no_key_that_acts(session: Session) -> None:
    """Nobody can see what would be committed."""
    async with running(session) as pilot:
        await to_ship(pilot)
        await pilot.resize_terminal(30, 8)
        await press(pilot, "space", "x", "y")
        assert pilot.app.screen is main(pilot)
        assert len(table(pilot).marks) == 0
        await pilot.resize_terminal(120, 40)
        await pilot.pause(0.1)
        await press(pilot, "space")
        await until(pilot, lambda: len(table(pilot).marks) == 1)


async def test_too_small_says_so_in_place_of_a_dialog_too(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        await to_ship(pilot)
        main(pilot).view.apply_filter("status:unshipped")
        await settled(pilot)
        await press(pilot, "N")
        await until(pilot, partial(_shows, pilot, FormScreen))
        form = pilot.app.screen
        await pilot.resize_terminal(50, 40)
        await until(pilot, lambda: form.query_one(".too-small").display and form.query_one(".too-small").region.area)
        assert [line.strip() for line in lines(pilot) if line.strip()] == ["ordertui needs at least 60 x 15"]
        assert "ordertui needs at least 60 x 15" in str(form.query_one(".too-small", Static).content)
        await press(pilot, "q", "y", "enter")
        assert pilot.app.screen is form
        assert form.query_one(Input).value == "", "nothing is typed unseen"
        await burst(pilot, ["escape", "escape", "escape"])
        assert pilot.app.screen is main(pilot)
        assert main(pilot).view.request.filter == "status:unshipped", "Esc closed the dialog and did no more"
        await pilot.resize_terminal(120, 40)
        await press(pilot, "escape")
        await until(pilot, lambda: main(pilot).view.request.filter == "")


def test_every_key_is_in_help_and_no_key_has_two_meanings() -> None:
    words = help_text("", width=500).plain
    for action in ALL_COMMANDS:
        assert action.description in words
    keys = [key for action in ALL_COMMANDS for key in action.keys.split(",") if key != "escape"]
    assert len(keys) == len(set(keys)), "Esc alone is shared: the table has it while a range is open"
    assert hints()[-1].key == "?"
    assert help_text("zzzz").plain == "no key fits these words"


def _shows(pilot: Pilot[None], kind: type[Screen[Any]]) -> bool:
    return isinstance(pilot.app.screen, kind)


async def test_a_batch_can_be_undone_whatever_the_cursor_is_on(session: Session) -> None:
    """Also one of a single order, with that order under the cursor or another."""
    async with running(session) as pilot:
        await to_ship(pilot)
        session.batches.commit(session.planner.plan(Action.CANCEL, list(table(pilot).ids)[:1])[0], typed="1")
        await press(pilot, "R")
        for key in ("home", "end"):
            await press(pilot, key, "u")
            await until(pilot, partial(_shows, pilot, ConfirmScreen))
            assert "b batch 1: 1 order (cancel, US)" in pilot.app.screen.query_one(DialogKeys).render().plain
            await press(pilot, "escape")
        await press(pilot, "u")
        await until(pilot, partial(_shows, pilot, ConfirmScreen))
        await press(pilot, "b")
        await until(pilot, lambda: session.batches.find()[0].state is BatchState.RECALLED)


@pytest.mark.parametrize(("key", "words"), [
    ("asterisk", ", marks what shares a value"), ("Z", "q leaves"), ("W", "nothing has to be saved"), ("U", "(o)"),
    ("ctrl+f", "^d ^u scroll"), ("f5", "R reads the store again"), ("delete", "x previews a cancellation"),
    ("tab", "1 to 9 open the queues"), ("E", "E has no action here; ? lists all keys"),
    ("percent_sign", "% has no action here"), ("ctrl+e", "^e has no action here"),
])  # fmt: skip
async def test_a_key_that_does_nothing_says_what_does(session: Session, key: str, words: str) -> None:
    async with running(session, toasts=True) as pilot:
        before = main(pilot).view.request, table(pilot).cursor
        await press(pilot, key)
        await until(pilot, lambda: words in said(pilot))
        assert table(pilot).has_focus
        assert (main(pilot).view.request, table(pilot).cursor) == before


def test_every_habit_is_of_a_key_without_an_action() -> None:
    bound = {key for command in ALL_COMMANDS for key in command.keys.split(",")}
    assert not bound & set(OTHER_HABITS)
