"""What is found again, copied out, saved and restored: views, filters, marks, exports, copies."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from ordertui.files import FileConflict
from ordertui.operations.bug_report import store_lines
from ordertui.operations.errors import BadInput, Refused
from ordertui.operations.marks import Marks
from ordertui.operations.query.sort_order import SortKey
from ordertui.operations.session import Session
from ordertui.operations.workspace import SavedView, Workspace
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.commands.navigation import order_ids
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen, TextScreen
from ordertui.tui.screens.filter_prompt import FilterScreen
from ordertui.tui.screens.go_to_order import GoScreen
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.screens.view_request import ViewRequest
from support.fake_amazon import write_report
from support.pilot import at_order, burst, commit_preview, main, press, running, said, settled, table, to_ship, until
from support.shops import open_session, order_id


async def choose(pilot: Pilot[None], place: int) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
    pilot.app.screen.query_one(OptionList).highlighted = place
    await press(pilot, "enter")
    await settled(pilot)


async def answer(pilot: Pilot[None], text: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen | FilterScreen | GoScreen))
    pilot.app.screen.query_one(Input).value = text
    await press(pilot, "enter")
    await settled(pilot)


async def test_marks_survive_a_restart_and_the_last_set_comes_back(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    async with running(session) as pilot:
        await press(pilot, "space", "space", "j", "space")
        marked = list(main(pilot).table.marks.ids())
    async with running(open_session(tmp_path / "shop", clock=clock)) as pilot:
        assert list(main(pilot).table.marks.ids()) == marked
        await press(pilot, "M")
        assert main(pilot).table.marks.count == 0
        await press(pilot, "L")
        assert list(main(pilot).table.marks.ids()) == marked
    async with running(open_session(tmp_path / "shop", clock=clock)) as pilot:
        await press(pilot, "M", "L")
        assert list(main(pilot).table.marks.ids()) == marked


async def test_comma_marks_what_shares_a_value(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "comma")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        options = pilot.app.screen.query_one(OptionList)
        words = [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]
        status = next(i for i, word in enumerate(words) if word.startswith("status"))
        assert "6 shown" in words[status], "only what is shown counts"
        await choose(pilot, status)
        assert table(pilot).marks.count == 6


async def test_find_goes_through_what_fits_and_hides_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "F")
        await answer(pilot, "status:unshipped")
        assert len(table(pilot).ids) == 100
        seen = []
        for _ in range(6):
            row = table(pilot).cursor_row
            assert row is not None
            seen.append(row.order_id)
            await press(pilot, "n")
        assert sorted(seen) == [order_id(n) for n in range(1, 7)]


async def test_go_to_an_order_outside_the_view_shows_all(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "g")
        await answer(pilot, order_id(1050))
        await until(pilot, lambda: at_order(pilot, order_id(1050)))
        assert main(pilot).view.request.queue == "all"
        await press(pilot, "g", "g")
        await until(pilot, lambda: table(pilot).cursor == 0 and pilot.app.screen is main(pilot))


async def test_a_view_is_saved_opened_and_deleted(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["slash", *"status", "colon", *"shipped", "enter", "s", "enter", "f"])
        await press(pilot, "s")
        await answer(pilot, "Gone")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: main(pilot).view.request.filter == "")
        await press(pilot, "f", "1")
        await until(pilot, lambda: len(table(pilot).ids) == 94)
        assert main(pilot).view.request == ViewRequest(filter="status:shipped", sort=(SortKey("placed", False),))
        assert 'name = "Gone"' in session.workspace.views_file.read_text()
        await press(pilot, "f", "s", "enter")
        await until(pilot, lambda: form_error(pilot) == "type a name for the view")
        await answer(pilot, "Late")
        await press(pilot, "r")
        await answer(pilot, "Gone")
        await until(pilot, lambda: form_error(pilot) == "there is a view named Gone already")
        await press(pilot, "escape", "d", "d", "escape")
        assert session.workspace.views() == ([], "")


def form_error(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#form-error", Static).content)


async def test_columns_are_chosen_and_kept_with_the_request(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "C", "j", "space", "K", "enter")
        await settled(pilot)
        keys = [column.key for column in table(pilot).renderer.layout.columns]
        assert keys[0] == "order"
        assert main(pilot).view.request.keys == tuple(keys)
        await press(pilot, "C", "r")
        await settled(pilot)
        assert main(pilot).view.request.keys == ()


async def test_filters_come_back_with_up(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["slash", *"late", "enter", "slash", *["backspace"] * 4, *"prime", "enter"])
        await burst(pilot, ["slash", "up", "up"])
        assert main(pilot).query_one(Input).value == "late"
        assert session.workspace.history() == ["late", "prime"]


async def test_export_writes_what_is_shown_and_never_over_a_file(session: Session, tmp_path: Path) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        for _ in range(2):
            await press(pilot, "e")
            await answer(pilot, str(tmp_path / "out.json"))
        found = json.loads((tmp_path / "out.json").read_text())
        assert [one["order_id"] for one in found] == [
            row.order_id for row in session.orders.rows(table(pilot).ids).values()
        ] or len(found) == 6


async def test_copy_and_link_say_what_was_done(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(session) as pilot:
        await press(pilot, "y")
        row = table(pilot).cursor_row
        assert row is not None
        assert pilot.app.clipboard == row.order_id
        await press(pilot, "space", "space", "Y")
        await choose(pilot, 0)
        assert sorted(pilot.app.clipboard.split()) == sorted(
            r.order_id for r in session.orders.rows(main(pilot).table.marks.ids()).values()
        )
        monkeypatch.setattr("ordertui.tui.commands.output.can_browse", lambda: False)
        await press(pilot, "O")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await press(pilot, "y")
        assert pilot.app.clipboard.startswith("https://sellercentral.amazon.com/orders-v3/order/")


async def test_the_preview_saves_a_sheet(session: Session, tmp_path: Path) -> None:
    plan = session.planner.plan(
        Action.CANCEL,
        list(session.orders.find("status:unshipped"))[:2] + list(session.orders.find("status:shipped"))[:1],
    )[0]
    assert session.batches.export_sheet(plan, tmp_path / "sheet.csv") == 3
    lines = (tmp_path / "sheet.csv").read_text().splitlines()
    assert lines[0].startswith("order_id,outcome,reason")
    assert sum(",in," in line for line in lines) == 2
    assert sum(",out," in line for line in lines) == 1
    with pytest.raises(FileConflict, match="exists"):
        session.batches.export_sheet(plan, tmp_path / "sheet.csv")
    with pytest.raises(BadInput, match="ends in"):
        session.orders.export(session.orders.find(limit=1), tmp_path / "x.txt")


def test_a_practice_store_exports_only_into_its_folder(tmp_path: Path) -> None:
    with open_session(tmp_path / "practice", practice=True) as found:
        with pytest.raises(Refused, match="practice"):
            found.orders.export(found.orders.find(), tmp_path / "out.csv")
        assert found.orders.export(found.orders.find(), found.directory / "out.csv") == 0


def test_order_ids_are_found_in_anything() -> None:
    text = "a,111-0000000-0000001;\n(111-0000000-0000002) 111-0000000-0000001 1111-0000000-0000003 111-0000000-00000045"
    assert order_ids(text) == ["111-0000000-0000001", "111-0000000-0000002"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[view]]\nname = "a"\n\n[[view]]\nname = 7\n', "name under [[view]] 2 is 7; it takes: text"),
        ('[[view]]\nfilter = "late"\n', "name under [[view]] 1 is missing"),
        ('[[view]]\nname = "a"\nfba = "no"\n', 'fba under [[view]] 1 is "no"; it takes: true or false'),
        ('[view]\nname = "a"\n', "view is to be written as tables [[view]]"),
    ],
)
def test_a_mistake_in_the_saved_views_is_told_in_plain_words(tmp_path: Path, text: str, said: str) -> None:
    desk = Workspace(tmp_path / "orders.db", read_only=False)
    desk.views_file.write_text(text)
    assert desk.views() == ([], f"{desk.views_file}: {said}; correct it, or remove it")


async def test_marks_that_cannot_be_read_are_told_and_kept(session: Session) -> None:
    path = session.context.store.path.with_suffix(".marks.json")
    path.write_text('{"marked": 7}')
    said_why = f"which orders are marked cannot be read: {path}: "
    with pytest.raises(BadInput, match="marked cannot be read"):
        session.orders.find("marked:yes")
    assert {queue.key for queue in session.orders.queues() if queue.count is None} == {"marked"}
    assert "queue marked: unknown" in store_lines(session)
    assert list(session.recount().run()) == []
    async with running(session, toasts=True) as pilot:
        assert f"{said_why}marked holds a value that is not of its kind; nothing is marked now" in said(pilot)
        assert list(session.orders.find("marked:yes")) == []
        await press(pilot, "space")
    assert path.with_name(f"{path.name}.unread").read_text() == '{"marked": 7}'
    assert Workspace(session.context.store.path, read_only=True).marks()[0].count == 1


async def test_marks_that_cannot_be_written_are_told_once_and_kept_when_they_can(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bool] = []

    def full(*_: object) -> None:
        tries.append(True)
        raise OSError(28, "No space left on device")

    async with running(session, toasts=True) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr("ordertui.operations.workspace.replace_file", full)
            await press(pilot, "space")
            await until(pilot, lambda: len(tries) > 2)
            assert said(pilot).count("cannot be kept for the next start") == 1
        await until(pilot, lambda: Workspace(session.context.store.path, read_only=True).marks()[0].count == 1)


def test_a_damaged_desk_costs_only_convenience(tmp_path: Path) -> None:
    desk = Workspace(tmp_path / "orders.db", read_only=False)
    (tmp_path / "orders.marks.json").write_text("{")
    desk.views_file.write_text("[[view]]\nname = 7\n")
    assert desk.marks()[0].count == 0
    assert desk.views()[0] == []
    assert "orders.views.toml" in desk.views()[1]
    view = SavedView('a "b" \\ \u2028 c', filter='title:"x\ty"')
    desk.keep_views([view])
    assert desk.views() == ([view], "")
    sealed = Workspace(tmp_path / "other.db", read_only=True)
    sealed.keep_marks(Marks([1]), b"")
    sealed.remember("late")
    assert not list(tmp_path.glob("other*"))


async def test_failed_rows_are_tried_again_from_the_outbox_and_one_row_is_taken_back(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    plan = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped"))[:3])[0]
    first = session.batches.commit(plan, typed="3")
    clock.advance(plan.hold_seconds)
    session.dispatcher.run()
    bad = plan.rows[0]
    report = write_report(tmp_path / "answer.txt", 3, [(1, bad.order_id, bad.lines[0].order_item_id)])
    session.results.take_in([report], batch_id=first.id)
    async with running(session) as pilot:
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        screen = pilot.app.screen
        assert isinstance(screen, PreviewScreen)
        assert [row.order_id for row in screen.plan.rows] == [bad.order_id]
        await commit_preview(pilot, asked=True)
        await until(pilot, lambda: len(session.batches.find()) == 2 and isinstance(pilot.app.screen, OutboxScreen))
        await press(pilot, "g", "tab", "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "o")
        await until(pilot, lambda: session.batches.find()[0].rows[0].state is RowState.RECALLED)
