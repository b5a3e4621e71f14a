"""The operator's columns: chosen, moved, made wider by keys and mouse, scrolled sideways, kept for the next start and
in a view.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.pilot import Pilot
from textual.strip import Strip

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.store import SORT_KEYS
from ordertui.tui.screens.columns import ColumnsScreen
from ordertui.tui.screens.view_request import ViewRequest
from ordertui.tui.widgets.order_table.columns import COLUMNS, Column
from ordertui.tui.widgets.order_table.layout import MAX_WIDTH, MIN_WIDTH, ColumnChoice, layout_for
from ordertui.tui.widgets.order_table.row_renderer import TONES
from ordertui.tui.widgets.order_table.strips import LineWindow, crop_line
from support.pilot import main, press, running, settled, table, until
from support.shops import NOW, open_session

from .test_parts import CONTEXT, ROW


async def columns(pilot: Pilot[None], *keys: str) -> None:
    await press(pilot, "C")
    await until(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))
    await press(pilot, *keys, "enter")
    await settled(pilot)


def shown(pilot: Pilot[None]) -> str:
    layout = table(pilot).renderer.layout
    return " ".join(f"{column.key}:{width}" for column, width in zip(layout.columns, layout.widths, strict=True))


async def test_columns_are_hidden_moved_and_made_wider_and_come_back_at_the_next_start(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    async with running(session, (80, 24)) as pilot:
        assert shown(pilot) == "order:19 ship-by:9 item:22 items:3 total:8 state:11"
        # hide the item, move the ship-by time after the total, and give the total two cells more
        await columns(pilot, "j", "j", "space", "k", "J", "J", "J", "k", "plus", "greater_than_sign")
        assert main(pilot).view.request.columns == "order items total:10 ship-by state"
        assert "Qty" in table(pilot).render_line(0).text
        await press(pilot, "space")
    async with running(open_session(tmp_path / "shop", clock=clock), (80, 24)) as pilot:
        assert main(pilot).view.request.columns == "order items total:10 ship-by state"
        assert shown(pilot).startswith("order:19 items:3 total:10 ship-by:9 state:")
        await columns(pilot, "space")
        assert "order" in main(pilot).view.request.keys, "the id cannot be hidden"
        await press(pilot, "C", "r")
        await settled(pilot)
        assert main(pilot).view.request.columns == ""
    assert session.workspace.looks()["all"].columns == ""


async def test_an_edge_of_a_header_is_drawn_with_the_mouse(session: Session) -> None:
    async with running(session) as pilot:
        view = table(pilot)
        edge = next(x for x in range(60) if (found := view.renderer.layout.edge_at(x)) and found[0] == "order")

        def at(kind: type[events.MouseEvent], x: int) -> None:
            place = view.region.offset + (x, 0)
            pilot.app.post_message(kind(None, *place, 0, 0, 1, False, False, False, *place))

        at(events.MouseDown, edge)
        for x in (edge + 1, edge + 6):
            at(events.MouseMove, x)
        at(events.MouseUp, edge + 6)
        await until(pilot, lambda: dict(main(pilot).view.request.widths).get("order") == 25)
        await settled(pilot)
        assert main(pilot).view.request.order == (("placed", True),), "no click on the header"
        assert main(pilot).view.request.keys == tuple(column.key for column in view.renderer.layout.columns)
        assert view.grabbed is None
        await pilot.click("#orders", offset=(8, 0))
        await settled(pilot)
        assert main(pilot).view.request.order == (("order", False),), "the next click is one"


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_sideways_the_id_stands_still_and_every_column_can_be_seen(
    session: Session, size: tuple[int, int]
) -> None:
    every = " ".join(column.key for column in COLUMNS if column.key != "marketplace")
    async with running(session, size) as pilot:
        main(pilot).view.set_columns(ViewRequest().with_columns(every))
        await settled(pilot)
        view = table(pilot)
        before = view.render_line(1).text
        assert view.render_line(0).text.endswith("›")
        seen = set()
        for _ in range(20):
            head = view.render_line(0).text
            seen |= {column.label for column in view.renderer.layout.columns if column.label in head}
            assert view.render_line(1).text[:22] == before[:22], "mark and id"
            assert len(head) == len(view.render_line(1).text) == view.size.width - view.bar
            await press(pilot, "l")
        assert seen == {column.label for column in view.renderer.layout.columns}
        assert "‹" in view.render_line(0).text
        assert "›" not in view.render_line(0).text
        for _ in range(20):
            await press(pilot, "left")
        assert view.render_line(1).text == before


@given(st.integers(1, 80), st.integers(0, 40), st.integers(0, 90))
@settings(max_examples=150, deadline=None)
def test_a_shifted_line_shows_its_beginning_and_a_window_of_the_rest(width: int, fixed: int, by: int) -> None:
    text = "".join(chr(0x100 + place) for place in range(100))
    found = crop_line(Strip([Segment(text, Style())]), LineWindow(width, by, fixed)).text
    wanted = text[:width] if not by else (text[:fixed] + text[fixed + by : max(width, fixed) + by])
    assert found == wanted[:width].ljust(width)


@given(st.lists(st.tuples(st.sampled_from([column.key for column in COLUMNS]), st.integers(-5, 200)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_columns_as_text_come_back_as_they_were(sizes: list[tuple[str, int]]) -> None:
    request = ViewRequest()
    for key, width in sizes:
        request = request.sized(key, width, ["order", "total"])
        assert MIN_WIDTH <= dict(request.widths)[key] <= MAX_WIDTH
    again = ViewRequest().with_columns(request.columns)
    assert (again.keys, again.columns) == (request.keys, request.columns)


def test_columns_that_there_are_not_are_left_out_and_the_id_is_always_there() -> None:
    assert ViewRequest().with_columns("total:9 price title:x may:999").columns == "order total:9 title state:80"
    layout = layout_for(40, ColumnChoice(True, ("order", "total"), (("order", 10),)))
    assert (layout.fixed, layout.edge_at(13), layout.edge_at(12)) == (14, ("order", 3), None)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_a_column_is_whole(column: Column) -> None:
    """Adding a column means adding it to COLUMNS; this test says what is missing."""
    assert column.sort_key in ("", *SORT_KEYS), "sort_key names a key of the store, or is empty"
    least, usual, greatest = column.widths
    assert 0 < least <= usual <= greatest <= MAX_WIDTH
    assert len(column.label) <= least
    for row in (ROW, replace(ROW, purchased_at=None, ship_by=None, items=None, total=None, title=None, sku=None)):
        assert isinstance(column.text(row, CONTEXT, usual), str)
        assert column.tone(row, CONTEXT) in ("", *TONES)
    later = replace(CONTEXT, now=NOW + 400 * DAY)
    changes = column.text(ROW, CONTEXT, usual) != column.text(ROW, later, usual)
    assert column.ages is changes, "ages says whether time changes the text"


def test_columns_do_not_collide() -> None:
    for name in ("key", "label", "priority", "sort_key"):
        values = [value for column in COLUMNS if (value := getattr(column, name)) not in ("", None)]
        assert len(set(values)) == len(values), name
