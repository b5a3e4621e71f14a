"""The outbox: what each batch waits for and what to do next, its rows, and every key."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import OptionList, Static
from textual.widgets._toast import Toast, ToastRack

from ordertui.cli.batches import next_command
from ordertui.messages import CHINESE, _
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Person, Role
from ordertui.store import Outcome
from ordertui.store.engine.errors import ServerUnreachable
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.render.batch import render_batch
from ordertui.tui.render.batch_list import BatchContext, next_steps, render_outbox_head
from ordertui.tui.screens.base import DialogKeys, Title
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen, TextScreen
from ordertui.tui.screens.file_picker import PickerScreen
from ordertui.tui.screens.outbox import IN_ROWS, OutboxScreen
from ordertui.tui.screens.plan_head import PlanHead
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.tour.controller import TourNote
from support.batches import answer, commit, send, session_of, unwritten, upload
from support.languages import speaking
from support.logins import session_as
from support.pilot import commit_preview, main, press, running, settled, table, text, until
from support.shops import order_id


async def opened(pilot: Pilot[None]) -> OutboxScreen:
    await press(pilot, "o")
    return await shown(pilot)


async def shown(pilot: Pilot[None]) -> OutboxScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, OutboxScreen)
    return screen


def lines(pilot: Pilot[None], name: str = "batches") -> list[str]:
    screen = next(one for one in pilot.app.screen_stack if isinstance(one, OutboxScreen))
    options = screen.query_one(f"#{name}", OptionList)
    return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]


def hints(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(DialogKeys).render().plain


def toasts(pilot: Pilot[None]) -> list[str]:
    return [one.message for one in pilot.app._notifications]


def state(session: Session, batch: int) -> BatchState:
    return next(one.state for one in session.batches.find() if one.id == batch)


async def test_a_batch_is_a_line_that_says_its_state_and_what_to_do_next(session: Session, tmp_path: Path) -> None:
    refused = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, refused, failed={1})], batch_id=refused)
    uploaded, written = send(session, Action.CANCEL, 3), send(session, Action.CANCEL, 4)
    session.batches.mark_uploaded(uploaded)
    commit(session, Action.CANCEL, 5)
    commit(session, Action.CANCEL, 6)
    async with running(session) as pilot:
        assert text(pilot, "status").endswith("   ◷ 2 held 15m   ↑ 1 to upload")
        screen = await opened(pilot)
        head = str(screen.query_one("#outbox-head", Static).content)
        assert head.startswith("2 held · 1 file to upload · 1 waiting for a report")

        found = dict(zip([5, 4, written, uploaded, refused], lines(pilot), strict=True))
        assert " ".join(found[5].split()) == "5 cancel US 1 USD 10.80 ◷ held 15m u undo r release R release all"
        assert "↑ file written" in found[written]
        assert found[written].endswith("y path   U mark uploaded   i report")
        assert "… uploaded 06:05" in found[uploaded], "in the zone that the head of the column names"
        assert "(PST)" in str(screen.query_one("#batch-columns", Static).content)
        assert found[uploaded].endswith("i report for this batch   U not uploaded")
        assert "USD 21.60" in found[refused]
        assert "✗ refused 1/2" in found[refused]
        assert found[refused].endswith("t retry 1")


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (60, 15)])
async def test_the_list_uses_the_height_and_no_hint_is_split(session: Session, size: tuple[int, int]) -> None:
    for number in range(1, 7):
        batch = commit(session, Action.CANCEL, number)
        session.batches.recall(batch)
        commit(session, Action.CANCEL, number)
        session.batches.recall(batch + 1)
    commit(session, Action.CANCEL, 1)
    async with running(session, size=size) as pilot:
        screen = await opened(pilot)
        options = screen.query_one("#batches", OptionList)
        dialog = screen.query_one(".dialog")
        assert options.size.height >= min(12, size[1] - 9), "batches are listed as far as there is room"
        assert options.virtual_size.height == len(session.batches.find()), "each in one line"
        assert dialog.size.height >= size[1] * 4 // 5
        for line in hints(pilot).splitlines():
            assert not line.startswith(" ")
        for known in ("Enter rows", "? keys", "Esc close"):
            assert sum(known in line for line in hints(pilot).splitlines()) == 1
        assert "J K" not in hints(pilot), "nothing is cut, or there is no room for a text"
        if size[0] >= 80:  # also where the list has a scrollbar
            assert lines(pilot)[0].endswith("u undo   r release")
            assert str(screen.query_one("#batch-columns", Static).content).endswith("Next")


async def test_enter_shows_the_rows_with_amazons_words_and_enter_there_the_order(
    session: Session, tmp_path: Path
) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, batch, failed={2})], batch_id=batch)
    async with running(session) as pilot:
        screen = await opened(pilot)
        await press(pilot, "enter")
        assert screen.has_class(IN_ROWS)
        first, second = lines(pilot, "batch-rows")
        assert first.startswith(f"{order_id(2)} SKU-2")
        assert "USD 10.80" in first
        assert "✗ refused" in first
        row = next(one for one in session.batches.find()[0].rows if one.order_id == order_id(2))
        assert " ".join(first.split("\n", 1)[1].split()) == f"{row.code} {row.text}"
        assert "✓ answered ok" in second
        await press(pilot, "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert order_id(1) in str(pilot.app.screen.query(Static).first().content)
        await press(pilot, "escape", "escape")
        await shown(pilot)
        assert not screen.has_class(IN_ROWS)
        await press(pilot, "escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, OutboxScreen))


async def test_after_a_retry_the_cursor_is_on_the_batch_whose_undo_the_message_offers(
    session: Session, tmp_path: Path
) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, batch, failed={2})], batch_id=batch)
    async with running(session) as pilot:
        screen = await opened(pilot)
        await press(pilot, "enter", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await settled(pilot)
        await commit_preview(pilot, asked=False)
        await until(pilot, lambda: pilot.app.screen is screen and len(lines(pilot)) == 2)
        assert toasts(pilot)[-1] == f"batch {batch + 1}: 1 order held; u undoes it"
        await settled(pilot)
        assert not screen.has_class(IN_ROWS)
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert str(pilot.app.screen.query_one(Title).content) == f"Undo batch {batch + 1}?"


async def test_r_releases_one_and_capital_r_all_that_are_held(session: Session) -> None:
    batches = [commit(session, Action.CANCEL, number) for number in (1, 2, 3)]
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "w")
        await until(pilot, lambda: state(session, batches[2]) is BatchState.WRITTEN)
        await shown(pilot)
        await press(pilot, "R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        asked = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert "Release all 2 held batches now?" in asked
        assert "Batches 2, 1: 2 orders are written to a file at once" in asked
        assert {state(session, one) for one in batches[:2]} == {BatchState.HELD}
        await press(pilot, "w")
        await until(pilot, lambda: {state(session, one) for one in batches} == {BatchState.WRITTEN})
        await until(pilot, lambda: text(pilot, "status").endswith("   ↑ 3 to upload"))
        await shown(pilot)
        await press(pilot, "R")
        assert toasts(pilot)[-1] == "no batch is held"


def test_all_held_batches_are_released_or_none(session: Session) -> None:
    first, second = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    session.batches.recall(second)
    with pytest.raises(Exception, match="is not held any more"):
        session.batches.release_all([first, second])
    batch = next(one for one in session.batches.find() if one.id == first)
    assert batch.due_at > session.clock.now(), "the first one still has its hold"


async def test_capital_u_marks_as_uploaded_and_takes_it_back_after_a_question(session: Session) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    assert session.batches.waiting().to_upload == 1
    assert any("1 file to upload" in one for one in session.batches.unfinished())
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "U")
        await until(pilot, lambda: state(session, batch) is BatchState.UPLOADED)
        await shown(pilot)
        assert {row.state for row in session.batches.find()[0].rows} == {RowState.UPLOADED}
        assert session.batches.waiting().to_upload == 0
        (waiting,) = session.batches.unfinished()
        assert waiting.startswith("1 batch that left waits for Amazon's answer (2 orders)")
        assert session.batches.find()[0].uploaded_at == session.clock.now()
        for key in ("escape", "n"):
            assert state(session, batch) is BatchState.UPLOADED, "not before the question is answered"
            await press(pilot, "U")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
            await press(pilot, key)
            await shown(pilot)
        await until(pilot, lambda: state(session, batch) is BatchState.WRITTEN)
        assert session.batches.find()[0].uploaded_at is None
        assert session.batches.waiting().to_upload == 1
    kinds = [one.kind for one in session.context.store.audit.entries()]
    assert kinds[:2] == ["batch.not_uploaded", "batch.uploaded"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_said_hides_neither_how_to_upload_nor_the_tour(session: Session, size: tuple[int, int]) -> None:
    send(session, Action.CANCEL, 1, 2)
    async with running(session, size=size, toasts=True) as pilot:
        await opened(pilot)
        await press(pilot, "y")
        await until(pilot, lambda: pilot.app.screen.query(Toast))
        head, about = pilot.app.screen.query_one("#batch-head"), pilot.app.screen.query_one("#batch-about")
        await until(pilot, lambda: pilot.app.screen.query_one(Toast).region.bottom <= head.region.y)
        is_whole, says_more = about.max_scroll_y == 0, "J K more of the text" in hints(pilot)
        assert is_whole != says_more, "all of its lines are shown, or it says how to see the others"
        pilot.app.screen.mount(note := TourNote("j and k move", markup=False))
        await until(pilot, lambda: note.region and about.region.bottom < note.region.y)
        assert pilot.app.screen.query_one(Toast).region.bottom <= head.region.y
        await press(pilot, "escape")
        screen = main(pilot)
        screen.mount(note := TourNote("j and k move", markup=False))
        screen.notify("something was done")
        await until(pilot, lambda: screen.query(Toast) and note.region)
        await until(pilot, lambda: screen.query_one(Toast).region.bottom <= screen.query_one("#status").region.y)
        note.remove()
        rack = screen.query_one(ToastRack)
        await until(pilot, lambda: rack.styles.margin.bottom == 2)


async def test_a_long_text_about_a_batch_scrolls_and_messages_leave_its_title_free(session: Session) -> None:
    send(session, Action.CANCEL, 1, 2)
    async with running(session, size=(60, 24), toasts=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "enter")
        about = screen.query_one("#batch-about")
        await until(pilot, lambda: about.max_scroll_y > 0)
        await until(pilot, lambda: "J K more of the text" in " ".join(hints(pilot).split()))
        await press(pilot, "J", "J", "J", "J")
        await until(pilot, lambda: about.scroll_y == about.max_scroll_y)
        await press(pilot, "K", "K", "K", "K", "y")
        await until(pilot, lambda: about.scroll_y == 0)
        await until(pilot, lambda: bool(screen.query(Toast)))
        title = screen.query_one(Title).region
        await until(pilot, lambda: screen.query_one(Toast).region.y > title.bottom)


async def test_i_gives_a_report_to_the_very_batch_of_two_that_are_alike(session: Session, tmp_path: Path) -> None:
    first, second = send(session, Action.CANCEL, 1), send(session, Action.CANCEL, 2)
    path = answer(session, tmp_path, first, name="report.txt")
    session.workspace.keep_folder(tmp_path)
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "j", "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
        assert f"Processing report of batch {first}" in str(pilot.app.screen.query(Static).first().content)
        await press(pilot, "slash", *str(path.name), "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert (state(session, first), state(session, second)) == (BatchState.ANSWERED, BatchState.WRITTEN)
        await press(pilot, "escape")
        await shown(pilot)
        assert "✓ answered" in lines(pilot)[1]


async def test_a_report_that_names_another_batchs_orders_is_refused(session: Session, tmp_path: Path) -> None:
    first, second = send(session, Action.CANCEL, 1), send(session, Action.CANCEL, 2)
    path = answer(session, tmp_path, first, failed={1}, name="report.txt")
    session.workspace.keep_folder(tmp_path)
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
        await press(pilot, "slash", *str(path.name), "enter")
        await until(pilot, lambda: any("not about batch" in one for one in toasts(pilot)))
        assert (state(session, first), state(session, second)) == (BatchState.WRITTEN, BatchState.WRITTEN)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("u", "only a held batch can be undone"),
        ("r", "only a held batch can be released"),
        ("t", "Amazon refused no row of this batch"),
        ("s", "no row of this batch is unclear"),
    ],
)
async def test_a_key_that_does_not_fit_says_why(session: Session, keys: str, words: str) -> None:
    send(session, Action.CANCEL, 1)
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, *keys)
        assert toasts(pilot)[-1] == words


async def test_s_goes_to_the_row_that_is_unclear(session: Session) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.context.store.results.record(
        batch, {order_id(1): Outcome(RowState.OK), order_id(2): Outcome(RowState.UNKNOWN)}, content=b"report"
    )
    async with running(session) as pilot:
        screen = await opened(pilot)
        assert lines(pilot)[0].endswith("s resolve 1")
        await press(pilot, "s")
        assert screen.has_class(IN_ROWS)
        assert lines(pilot, "batch-rows")[0].startswith(order_id(2))
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert order_id(2) in str(pilot.app.screen.query(Static).first().content)


async def test_s_says_where_an_unclear_row_is_resolved_that_is_not_listed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    monkeypatch.setattr("ordertui.tui.screens.outbox.ROWS", 1)
    session.context.store.results.record(
        batch, {order_id(1): Outcome(RowState.ERROR), order_id(2): Outcome(RowState.UNKNOWN)}, content=b"report"
    )
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "s")
        assert "ordertui settle" in toasts(pilot)[-1]


async def test_the_countdown_goes_on_while_a_dialog_is_open(session: Session, clock: FixedClock) -> None:
    commit(session, Action.CANCEL, 1)
    async with running(session) as pilot:
        await press(pilot, "question_mark")
        clock.advance(60)
        await until(pilot, lambda: "◷ 1 held 14m" in text(pilot, "status"))
        await press(pilot, "escape")
        await opened(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        clock.advance(60)
        await until(pilot, lambda: "◷ held 13m" in lines(pilot)[0])
        await until(pilot, lambda: "◷ 1 held 13m" in text(pilot, "status"))


async def test_what_is_confirmed_reads_otherwise_than_what_is_answered(session: Session) -> None:
    answered, confirmed = send(session, Action.CANCEL, 1), send(session, Action.CANCEL, 2)
    session.context.store.results.record(answered, {order_id(1): Outcome(RowState.OK)}, content=b"one")
    session.context.store.results.record(confirmed, {order_id(2): Outcome(RowState.CONFIRMED)}, content=b"two")
    async with running(session) as pilot:
        await opened(pilot)
        assert "✓ confirmed" in lines(pilot)[0]
        assert "✓ answered" in lines(pilot)[1]


def test_a_report_proves_the_upload(session: Session) -> None:
    batch = send(session, Action.CANCEL, 1)
    row = session.batches.find()[0].rows[0]
    session.context.store.results.record(batch, {row.order_id: Outcome(RowState.OK)}, content=b"report")
    assert (session.batches.waiting().to_upload, session.batches.unfinished()) == (0, [])


def test_what_is_held_is_said_when_the_program_is_left(session: Session) -> None:
    commit(session, Action.CANCEL, 1, 2)
    assert session.batches.unfinished() == [
        "batch 1 (cancel, 2 orders) is held until 14:20 UTC; written when ordertui is open, or by `ordertui dispatch`"
    ]
    assert "is held until 23:20 JST; " in session.batches.unfinished("Asia/Tokyo")[0]


async def test_a_report_that_fits_two_batches_is_asked_about(session: Session, tmp_path: Path) -> None:
    first, second = send(session, Action.CANCEL, 1), send(session, Action.CANCEL, 2)
    answer(session, tmp_path, first, name="report.txt")
    session.workspace.keep_folder(tmp_path)
    async with running(session) as pilot:
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
        await press(pilot, "slash", *"report.txt", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "G", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert {state(session, first), state(session, second)} == {BatchState.ANSWERED, BatchState.WRITTEN}
        answered = first if state(session, first) is BatchState.ANSWERED else second
        assert f"Batch {answered}:" in "\n".join(str(one.content) for one in pilot.app.screen.query(Static))


async def test_an_answer_that_another_batch_has_needs_its_name(session: Session, tmp_path: Path) -> None:
    first, second = send(session, Action.CANCEL, 1), send(session, Action.CANCEL, 2)
    path = answer(session, tmp_path, first, name="report.txt")
    session.results.take_in([path], first)
    session.workspace.keep_folder(tmp_path)
    async with running(session) as pilot:
        await opened(pilot)
        for typed, state_then in (("no", BatchState.WRITTEN), (f"batch-{first}", BatchState.ANSWERED)):
            await press(pilot, "i")
            await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
            await press(pilot, "slash", *"report.txt", "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
            assert state(session, second) is BatchState.WRITTEN
            await press(pilot, *typed, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen | TextScreen))
            assert state(session, second) is state_then


def test_the_head_says_where_files_go_where_there_is_room() -> None:
    def head(width: int) -> str:
        return render_outbox_head([], [], "~/Documents/ordertui-outbox", width).plain

    assert head(60) == f"nothing waits{' ' * 11}files in ~/Documents/ordertui-outbox"
    assert head(50) == "nothing waits"


async def test_a_narrow_line_names_the_key_of_the_report_all_the_same(session: Session) -> None:
    batch = send(session, Action.CANCEL, 1)
    session.batches.mark_uploaded(batch)
    async with running(session, size=(80, 24)) as pilot:
        await opened(pilot)
        assert lines(pilot)[0].endswith("  i report")


async def test_the_cursor_stays_on_its_batch_when_another_comes_before_it(session: Session) -> None:
    """`U` marks the batch that was looked at, not the one that moved to its place."""
    batch = send(session, Action.CANCEL, 1)
    async with running(session) as pilot:
        screen = await opened(pilot)
        other = send(session, Action.CANCEL, 2)
        await until(pilot, lambda: len(lines(pilot)) == 2)
        assert "batch 1" in str(screen.query_one("#batch-head", Static).content).lower()
        await press(pilot, "U")
        await until(pilot, lambda: state(session, batch) is BatchState.UPLOADED)
        assert state(session, other) is BatchState.WRITTEN


async def test_the_rows_and_the_title_are_of_one_batch_and_the_cursor_stays_on_its_order(
    session: Session, tmp_path: Path
) -> None:
    batch = send(session, Action.CANCEL, 1, 2, 3)
    async with running(session) as pilot:
        screen = await opened(pilot)
        await press(pilot, "enter")
        before = [line[:19] for line in lines(pilot, "batch-rows")]
        await press(pilot, "j")
        looked_at = before[1]
        send(session, Action.CANCEL, 4)
        refused = next(n for n in (1, 2, 3) if order_id(n) == before[2])
        session.results.take_in([answer(session, tmp_path, batch, failed={refused})], batch_id=batch)
        await until(pilot, lambda: len(lines(pilot)) == 2)
        await until(pilot, lambda: lines(pilot, "batch-rows")[0].startswith(before[2]))
        assert str(screen.query_one(".dialog-title", Static).content) == f"Outbox · batch {batch}"
        rows = screen.query_one("#batch-rows", OptionList)
        assert rows.highlighted is not None
        assert lines(pilot, "batch-rows")[rows.highlighted].startswith(looked_at)
        assert screen._row is not None
        assert screen._row.order_id == looked_at
        await press(pilot, "escape")
        assert str(screen.query_one(".dialog-title", Static).content) == "Outbox"


async def test_the_key_line_counts_down(session: Session, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(session, Action.CANCEL, 1)
    found = session.batches.find()
    at_amazon = [replace(found[0], state=BatchState.SENT, by_api=True, next_at=session.clock.now() + 40)]
    monkeypatch.setattr(type(session.batches), "find", lambda _self, **_: at_amazon)
    async with running(session) as pilot:
        await opened(pilot)
        assert "next look in 40s" in hints(pilot)
        clock.advance(10)
        await until(pilot, lambda: "next look in 30s" in hints(pilot))
        clock.advance(30)
        await until(pilot, lambda: "looking now" in hints(pilot))
        with speaking(CHINESE):
            assert next_steps(at_amazon[0], BatchContext(clock.now(), "UTC", 80))[-1] == _("looking now")


@pytest.mark.parametrize(
    ("action", "number", "words"),
    [
        (Action.CANCEL, 1, "if Amazon did cancel it, the same would be asked of it twice"),
        (Action.REFUND, 11, "if Amazon did refund it, it would then be refunded twice"),
    ],
)
async def test_the_question_about_an_unclear_row_names_its_own_risk(
    tmp_path: Path, action: Action, number: int, words: str
) -> None:
    session = session_of(tmp_path / "shop")
    batch = send(session, action, number)
    session.context.store.results.record(batch, {order_id(number): Outcome(RowState.UNKNOWN)}, content=b"report")
    async with running(session) as pilot:
        await opened(pilot)
        await press(pilot, "s", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        asked = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert words in asked
        assert ("refunded" in asked) == (action is Action.REFUND)


def test_what_a_later_batch_tries_is_not_offered_again(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, batch, failed={1, 2})], batch_id=batch)
    assert session.batches.get(batch).retryable == 2
    me = session.context.person
    assert next_command(session.batches.find()[0], session.clock.now(), me) == f"ordertui retry {batch}"
    (again,) = session.batches.retry(batch)
    later = session.batches.commit(again, typed=str(len(again.rows))).id
    found = {one.id: one for one in session.batches.find()}
    assert (found[batch].retryable, found[later].retryable) == (0, 0)
    assert next_command(found[batch], session.clock.now(), me) == ""
    assert "2 refused orders were tried again in a later batch" in render_batch(found[batch], "UTC").plain
    session.batches.recall(order_id(1))
    assert "1 refused order was tried again" in render_batch(session.batches.get(batch), "UTC").plain
    assert session.batches.get(batch).retryable == 1, "of one the later try was undone"
    assert {one.id: one for one in session.batches.find(open_only=True)}[later].retryable == 0


async def test_before_something_is_undone_it_says_what_others_committed(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_of(tmp_path, clock, waiting=4, shipped=0).close()
    place = tmp_path / "orders.db"
    with session_as("ann", place, clock, monkeypatch) as ann, session_as("bob", place, clock, monkeypatch) as bob:
        own = commit(bob, Action.CANCEL, 1)
        hers = commit(ann, Action.CANCEL, 2, 3)
        async with running(bob) as pilot:

            async def asked() -> str:
                await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
                said = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
                await press(pilot, "escape")
                return said

            await press(pilot, "End", "home", "a", "u")
            said = await asked()
            assert "! of the marked, 2 orders committed by ann, not by you" in said
            await opened(pilot)
            await press(pilot, "u")
            assert f"! batch {hers} was committed by ann, not by you" in await asked()
            await press(pilot, "j", "u")
            assert "committed by" not in await asked(), f"batch {own} is one's own"


def all_wait(folder: Path, clock: FixedClock) -> tuple[Config, Path]:
    """Make a store of three orders; return settings by which every batch waits for approval, and the store's place."""
    policy = folder / "house.toml"
    rule = '[[rule]]\nid = "all"\nwhen = "batch-orders>=1"\neffect = "approval"\nwhy = "a second look"\n'
    policy.write_text(rule, encoding="utf-8")
    session_of(folder, clock, waiting=3, shipped=0).close()
    return Config(policy_file=str(policy)), folder / "orders.db"


async def test_a_batch_that_waits_for_approval_is_approved_or_rejected_by_somebody_else(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, place = all_wait(tmp_path, clock)
    with (
        session_as("ann", place, clock, monkeypatch, config) as ann,
        session_as("bob", place, clock, monkeypatch, config) as bob,
    ):
        async with running(ann, toasts=True) as pilot:
            await press(pilot, "x")
            await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
            head = pilot.app.screen.query_one(PlanHead)
            assert "waits for approval by somebody else: house rule all" in head.render().plain
            assert "The hold begins with the approval." in head.render().plain
            await press(pilot, "escape")
        first, second = commit(ann, Action.CANCEL, 1), commit(ann, Action.CANCEL, 2)
        async with running(bob, toasts=True) as pilot:
            assert "◇ 2 to approve" in text(pilot, "status")
            rows = "".join(table(pilot).render_line(y).text for y in range(1, 4))
            assert rows.count("◇approval") == 2, rows
            screen = await opened(pilot)
            assert "2 waiting for approval" in str(screen.query_one("#outbox-head", Static).content)
            assert "◇ for approval" in lines(pilot)[0]
            assert lines(pilot)[0].endswith("a approve   x reject   u undo")
            about = str(screen.query_one("#batch-head", Static).content)
            assert "waits for approval by somebody other than ann\n" in about
            assert "house rule all: a second look (1 order)" in about
            await press(pilot, "a")
            await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
            said = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
            assert "Rate 7 days: 33.33 % → 66.67 % (2 of 3)" in said, said
            await press(pilot, *"looked", "enter")
            await until(pilot, lambda: state(bob, second) is BatchState.HELD)
            await until(pilot, lambda: any("approved: 1 order held until 06:20" in one for one in toasts(pilot)))
            await shown(pilot)
            assert "approved Nov 23 06:05 by bob: looked" in str(screen.query_one("#batch-head", Static).content)
            await press(pilot, "a")
            await until(pilot, lambda: any("does not wait for approval" in one for one in toasts(pilot)))
            await press(pilot, "j", "x")
            await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
            await press(pilot, "enter")  # no word: what is typed next must not reach the outbox, where r releases
            await until(pilot, lambda: form_error(pilot).startswith("say why"))
            await press(pilot, *"rework", "enter")
            await until(pilot, lambda: state(bob, first) is BatchState.RECALLED)
            decided = bob.batches.get(first).approval
            assert decided is not None
            assert decided.word == "rework"
            await shown(pilot)
        third = commit(ann, Action.CANCEL, 1)
        async with running(ann, toasts=True) as pilot:
            await opened(pilot)
            assert lines(pilot)[0].endswith("  u undo"), "what is one's own somebody else decides"
            assert "approve" not in lines(pilot)[0].replace("for approval", "")
            await press(pilot, "a")  # refused before a word is asked for
            await until(pilot, lambda: any("committed by ann" in one for one in toasts(pilot)))
            assert state(ann, third) is BatchState.AWAITING


def form_error(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#form-error", Static).content)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_who_committed_and_who_rejected_a_batch_is_read_in_its_line(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    config, place = all_wait(tmp_path, clock)
    is_wide = size[0] == 120
    with (
        session_as("marianne", place, clock, monkeypatch, config) as marianne,
        session_as("bob", place, clock, monkeypatch, config) as bob,
    ):
        first, second = commit(marianne, Action.CANCEL, 1), commit(marianne, Action.CANCEL, 2)
        async with running(bob, size) as pilot:
            await opened(pilot)
            assert ("◇ for approval @marianne " if is_wide else "◇ @marianne ") in lines(pilot)[0]
            bob.approvals.approve(second, "fine")
            held = "◷ held 15m @marianne " if is_wide else "◷ 15m @marianne "
            await until(pilot, lambda: held in lines(pilot)[0])
            for line in lines(pilot):
                assert cell_len(line) <= size[0] - 4
        async with running(marianne, size, toasts=True) as pilot:
            await until(pilot, lambda: "◇ 1 to approve" in text(pilot, "status"))
            bob.approvals.reject(first, "the supplier has more")
            said = f"batch {first} was rejected by bob: the supplier has more; nothing was sent to Amazon"
            await until(pilot, lambda: said in toasts(pilot))
            await opened(pilot)
            assert "✗ rejected" in lines(pilot)[1]
            assert lines(pilot)[1].endswith("bob: the supplier has more" if is_wide else "bob: the supplier…")
            await press(pilot, "j")
            about = " ".join(str(pilot.app.screen.query_one("#batch-head", Static).content).split())
            assert "by bob: the supplier has more" in about
            assert "u undo" not in lines(pilot)[1]


async def test_what_was_decided_while_the_screen_was_closed_is_said_when_it_opens(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rejection was only in the outbox, and the orders looked as if nobody had done anything with them."""
    config, place = all_wait(tmp_path, clock)
    with session_as("bob", place, clock, monkeypatch, config) as bob:
        with session_as("ann", place, clock, monkeypatch, config) as ann:
            first, second = commit(ann, Action.CANCEL, 1), commit(bob, Action.CANCEL, 2)
            async with running(ann) as pilot:
                await until(pilot, lambda: "◇ 2 to approve" in text(pilot, "status"))
            clock.advance(60)
            bob.approvals.reject(first, "the supplier has more")
            ann.approvals.reject(second, "not this one")
        clock.advance(60)
        said = f"batch {first} was rejected by bob: the supplier has more; nothing was sent to Amazon"
        for heard in ([said], []):
            with session_as("ann", place, clock, monkeypatch, config) as ann:
                async with running(ann, toasts=True) as pilot:
                    app = pilot.app
                    assert isinstance(app, OrderTuiApp)
                    await until(pilot, lambda: not reads_decisions(pilot))
                    assert [one.text for one in app._messages.newest_first() if "rejected" in one.text] == heard
            clock.advance(60)


async def test_what_was_decided_and_could_not_be_read_is_said_the_next_time(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time from which on it is looked for had moved on meanwhile."""
    config, place = all_wait(tmp_path, clock)

    def fail(*_: object) -> NoReturn:
        raise ServerUnreachable("the line is lost")

    with session_as("bob", place, clock, monkeypatch, config) as bob:
        with session_as("ann", place, clock, monkeypatch, config) as ann:
            batch = commit(ann, Action.CANCEL, 1)
            async with running(ann):
                pass
        clock.advance(60)
        bob.approvals.reject(batch, "the supplier has more")
        for is_lost in (True, False):
            clock.advance(60)
            with session_as("ann", place, clock, monkeypatch, config) as ann, monkeypatch.context() as patch:
                if is_lost:
                    patch.setattr(type(ann.batches), "decided_since", fail)
                async with running(ann, toasts=True) as pilot:
                    await until(pilot, lambda: not reads_decisions(pilot))
                    app = pilot.app
                    assert isinstance(app, OrderTuiApp)
                    told = [one.text for one in app._messages.newest_first() if "was rejected by bob" in one.text]
                    assert bool(told) is not is_lost


def reads_decisions(pilot: Pilot[None]) -> bool:
    return any(one.group == "decisions" for one in pilot.app.workers)


async def test_s_gives_up_a_batch_whose_files_are_not_all_written(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    batch = unwritten(session, Action.CANCEL, 1, 2)
    there = upload(session, batch).with_suffix(".xml")
    there.write_text("x", encoding="utf-8")
    session.clock.advance(HOUR)  # type: ignore[attr-defined]
    async with running(session, toasts=True) as pilot:
        await opened(pilot)
        assert "s give up" in lines(pilot)[0]
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "escape")
        await shown(pilot)
        assert session.batches.get(batch).is_writing
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "g")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        form = pilot.app.screen
        await press(pilot, *"looked", "enter", "9", "enter")
        await until(pilot, lambda: form_error(pilot) == "type 2, the number of orders this is about")
        await press(pilot, "up", *["backspace"] * 6, "enter", "2", "enter")
        await until(pilot, lambda: form_error(pilot).startswith("say why"))
        assert pilot.app.screen is form, "nothing that is typed next reaches the outbox"
        await press(pilot, *"looked", "enter", "enter")
        await until(pilot, lambda: bool(pilot.app.screen.query("#field-names")))
        await press(pilot, "enter")
        await until(pilot, lambda: form_error(pilot) != "")
        assert there.name in "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert session.batches.get(batch).is_writing, "a file that is there is evidence, which must be named"
        await press(pilot, *"files", "enter")
        await until(pilot, lambda: f"batch {batch} is given up; t tries its orders again" in toasts(pilot))
        assert not session.batches.get(batch).is_writing
        assert {row.state for row in session.batches.get(batch).rows} == {RowState.ERROR}
        assert session.dispatcher.run() == []
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))


async def test_a_viewers_outbox_offers_what_a_viewer_may(session: Session) -> None:
    send(session, Action.CANCEL, 1)
    commit(session, Action.CANCEL, 2)
    session.context.person = Person("vic", Role.VIEWER)
    async with running(session) as pilot:
        await opened(pilot)
        assert "r release" not in lines(pilot)[0]
        assert "u undo" not in lines(pilot)[0] + hints(pilot)
        await press(pilot, "down")
        assert "y path" in lines(pilot)[1]
        assert "y path" in hints(pilot)
        assert "U mark uploaded" not in lines(pilot)[1] + hints(pilot)
        assert "i report" not in hints(pilot)
