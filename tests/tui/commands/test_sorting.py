"""Sorting on the screen: keys, header clicks, what the header shows, and what a saved view keeps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import OptionList

from ordertui.operations.errors import UnknownChoice
from ordertui.operations.query.sort_order import SortKey
from ordertui.operations.session import Session
from ordertui.operations.workspace import SavedView
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.screens.view_request import ViewRequest
from ordertui.tui.widgets.order_table import OrderTable
from ordertui.tui.widgets.order_table.columns import BY_KEY, COLUMNS, Column
from support.pilot import burst, main, press, running, settled, table, until

SORTABLE = [column.key for column in COLUMNS if column.sort_key]


async def choose(pilot: Pilot[None], key: str, column: str) -> None:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
    options = pilot.app.screen.query_one(OptionList)
    options.highlighted = options.get_option_index(column)
    await press(pilot, "enter")
    await settled(pilot)


def head(pilot: Pilot[None]) -> str:
    return table(pilot).render_line(0).text


async def test_s_sorts_and_capital_s_sorts_by_one_more(session: Session) -> None:
    async with running(session) as pilot:
        assert "Date▼" in head(pilot)
        await choose(pilot, "s", "item")
        assert main(pilot).view.request.order == (("item", False),)
        assert "Item▲" in head(pilot)
        await choose(pilot, "S", "total")
        await choose(pilot, "S", "state")
        assert main(pilot).view.request.order == (("item", False), ("total", True), ("state", True))
        assert [word in head(pilot) for word in ("Item▲¹", "▼²Total", "State▼³")] == [True] * 3
        assert list(table(pilot).ids) == list(session.orders.find("", "+item,-total,-may"))
        await burst(pilot, ["s", "enter"])
        assert main(pilot).view.request.order == (("item", True), ("total", True), ("state", True)), (
            "the first turns, the rest stay"
        )
        await choose(pilot, "s", "title")
        assert main(pilot).view.request.order == (("title", False),)


async def test_a_click_on_a_header_sorts_and_with_shift_adds_turns_and_removes(session: Session) -> None:
    async with running(session) as pilot:
        at: dict[str, int] = {}
        for x in range(80):
            column = table(pilot).renderer.layout.column_at(x)
            if column is not None:
                at.setdefault(column.key, x)
        seen = []
        for key, shift in (
            ("items", False),
            ("items", False),
            ("order", True),
            ("order", True),
            ("items", True),
            ("order", True),
        ):
            await pilot.click(OrderTable, offset=(at[key], 0), shift=shift)
            await settled(pilot)
            seen.append(main(pilot).view.request.order)
        assert seen == [
            (("items", True),),
            (("items", False),),
            (("items", False), ("order", False)),
            (("items", False), ("order", True)),
            (("order", True),),
            (("order", False),),
        ]


async def test_every_column_with_a_sort_key_sorts(session: Session) -> None:
    async with running(session) as pilot:
        for key in [column.key for column in table(pilot).renderer.columns if column.key in SORTABLE]:
            main(pilot).view.sort_by(key)
            await settled(pilot)
            assert main(pilot).view.request.order[0][0] == key
            assert len(table(pilot).ids) == 100


async def test_a_saved_view_keeps_the_order_and_an_older_file_is_read(session: Session) -> None:
    async with running(session) as pilot:
        await choose(pilot, "s", "total")
        await choose(pilot, "S", "order")
        saved = main(pilot).view.request.saved("By size")
        assert saved == SavedView("By size", sort="-total,+order_id")
        session.workspace.keep_views([saved])
        assert 'sort = "-total,+order_id"' in session.workspace.views_file.read_text()
        await press(pilot, "1")
        await choose(pilot, "s", "placed")
        await burst(pilot, ["f", "1"])
        await settled(pilot)
        assert main(pilot).view.request.order == (("total", True), ("order", False))
    session.workspace.views_file.write_text('[[view]]\nname = "Old"\nsort = "ship_by"\nreverse = false\n')
    views, problem = session.workspace.views()
    assert not problem
    assert ViewRequest.of(views[0]).sort == (SortKey("ship_by", False),)


async def test_the_list_of_views_says_every_key_that_a_view_is_sorted_by(session: Session) -> None:
    """A key without a column was left out: `by` and nothing behind it."""
    sorts = {"updated": "updated▼", "+ship_by,-updated": "Ship by▲ updated▼", "price": "price"}
    session.workspace.keep_views([SavedView(sort, sort=sort) for sort in sorts])
    async with running(session) as pilot:
        await press(pilot, "f")
        views = pilot.app.screen.query_one(OptionList)
        shown = [str(views.get_option_at_index(place).prompt).rpartition(" · by ")[2] for place in range(len(sorts))]
        assert shown == list(sorts.values())


@pytest.mark.parametrize("view", [SavedView("a", queue="nowhere"), SavedView("a", sort="price")])
async def test_a_view_that_names_what_there_is_not_is_said_and_changes_nothing(
    session: Session, view: SavedView
) -> None:
    with pytest.raises(UnknownChoice):
        ViewRequest.of(view)
    session.workspace.keep_views([view])
    async with running(session) as pilot:
        before = main(pilot).view.request
        await burst(pilot, ["f", "1"])
        await settled(pilot)
        assert main(pilot).view.request == before


def test_a_column_without_a_sort_key_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_KEY, "weekday", Column("weekday", "Day", (3, 3, 3), lambda *_: "Fri"))
    request = ViewRequest()
    assert request.sorted_by("weekday") == request.then_by("weekday") == request


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(SORTABLE)), max_size=12))
@settings(max_examples=100, deadline=None)
def test_there_is_always_an_order_and_no_column_comes_twice(steps: list[tuple[bool, str]]) -> None:
    request = ViewRequest()
    for more, column in steps:
        before = request
        request = request.then_by(column) if more else request.sorted_by(column)
        assert request != before
        columns = [name for name, _ in request.order]
        assert columns
        assert len(columns) == len(set(columns))
        assert ViewRequest.of(request.saved("x")) == request
