"""The table's pure parts: where the cursor stands, which columns fit, and that a line is never wider than its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Offset

from ordertui.orders.batch_state import OpenAction, RowState
from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.money import Money
from ordertui.orders.order import OrderRow
from ordertui.tui.widgets.order_table import viewport
from ordertui.tui.widgets.order_table.columns import COLUMNS, CellContext
from ordertui.tui.widgets.order_table.hit_test import HEADER, Hit, TableGeometry, Zone, hit_test
from ordertui.tui.widgets.order_table.layout import GUTTER, ColumnChoice, layout_for
from ordertui.tui.widgets.order_table.strips import (
    LineWindow,
    content_strip,
    fit,
    gutter_strip,
    header_strip,
    line_strip,
)
from ordertui.tui.widgets.order_table.viewport import RangeSelection, Viewport
from support.shops import NOW

ROW = OrderRow(
    1, "111-0000000-0000001", "US", Channel.MERCHANT, OrderStatus.UNSHIPPED, NOW - 86_400, NOW + 3_600, 2, 0,
    Money(4210, "USD"),
    Dispatched.UNKNOWN, BuyerRequest.NONE, CancelledBy.NONE, Refunded.NONE, YesNo.NO, YesNo.NO, YesNo.NO, "Tea",
    "SKU-1", None, 1,
)  # fmt: skip
CONTEXT = CellContext(NOW, "UTC", "cancel", True)
MOVES = (viewport.move, viewport.page, viewport.half_page, viewport.scroll)


@given(
    st.integers(0, 500),
    st.integers(1, 60),
    st.lists(st.tuples(st.sampled_from(MOVES), st.integers(-80, 80)), max_size=30),
)
@settings(max_examples=150, deadline=None)
def test_the_cursor_is_always_a_shown_row(total: int, height: int, moves: list[tuple[object, int]]) -> None:
    view = viewport.clamp(Viewport(0, 0, height, total))
    for step, by in moves:
        view = step(view, by)  # type: ignore[operator]
        assert 0 <= view.cursor <= max(0, total - 1)
        assert view.top <= view.cursor < view.top + height
        assert view.top <= max(0, total - height)


@given(
    st.lists(st.integers(0, 10_000), unique=True, min_size=1, max_size=200),
    st.randoms(use_true_random=False),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_another_order_of_rows_keeps_the_order_under_the_cursor(
    ids: list[int], rng: object, data: st.DataObject
) -> None:
    height = data.draw(st.integers(1, 40))
    view = viewport.clamp(
        Viewport(data.draw(st.integers(0, len(ids) - 1)), data.draw(st.integers(0, 200)), height, len(ids))
    )
    other = list(ids)
    rng.shuffle(other)  # type: ignore[attr-defined]
    after = viewport.after_swap(view, ids[view.cursor], other)
    assert other[after.cursor] == ids[view.cursor]
    line_can_stay = 0 <= after.cursor - view.screen_line <= max(0, len(other) - height)
    assert after.screen_line == view.screen_line or not line_can_stay


@given(st.integers(1, 260), st.booleans())
@settings(max_examples=120, deadline=None)
def test_columns_fit_and_the_order_id_stays(width: int, several: bool) -> None:
    layout = layout_for(width, ColumnChoice(several))
    assert layout.columns[0].key == "order"
    assert layout.width <= width or len(layout.columns) == 1


@pytest.mark.parametrize(("width", "keys"), [
    (80, "order marketplace placed ship-by total status may"),
    (60, "order marketplace ship-by status may"),
    (160, "order marketplace placed ship-by items total status may asked title"),
])  # fmt: skip
def test_the_columns_of_the_usual_terminals(width: int, keys: str) -> None:
    assert " ".join(column.key for column in layout_for(width).columns) == keys


def test_the_operators_columns_are_shown_whole_in_his_order() -> None:
    layout = layout_for(30, ColumnChoice(True, ("title", "order", "total"), (("title", 40),)))
    assert [column.key for column in layout.columns] == ["title", "order", "total"]
    assert layout.widths[0] == 40
    assert layout.width > 30


@given(st.text(max_size=60), st.integers(0, 40), st.sampled_from(["left", "right"]))
@settings(max_examples=300, deadline=None)
def test_a_text_fills_exactly_its_cells(text: str, width: int, align: str) -> None:
    fitted = fit(text, width, align)  # type: ignore[arg-type]
    assert cell_len(fitted) == width
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in fitted)


@given(st.text(max_size=60), st.integers(20, 200), st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_a_line_is_as_wide_as_the_table(title: str, width: int, scroll: int) -> None:
    layout = layout_for(200, ColumnChoice(keys=tuple(column.key for column in COLUMNS)))
    content = content_strip(replace(ROW, title=title), layout, CONTEXT, {})
    assert content.cell_length == layout.width - 3
    gutter = gutter_strip(is_marked=True, is_drawn=False, is_cursor=True, styles={})
    assert line_strip(gutter, content, Style(), LineWindow(width, scroll)).cell_length == width
    assert header_strip(layout, (("placed", True), ("total", False)), Style(), width).cell_length == width


def test_the_header_tells_of_a_sort_whose_column_has_no_room() -> None:
    narrow = layout_for(60, ColumnChoice())
    assert "placed" not in [column.key for column in narrow.columns]
    assert header_strip(narrow, (("placed", True),), Style(), 60).text.startswith("   Order  by Date▼ ")
    assert "by" not in header_strip(narrow, (("status", True),), Style(), 60).text.replace("Ship by", "")
    tiny = layout_for(60, ColumnChoice(keys=("may", "asked")))
    assert "by" not in header_strip(tiny, (("placed", True),), Style(), 60).text


def _cell(key: str, row: OrderRow, may: str = "cancel", several: bool = True) -> str:
    column = next(column for column in COLUMNS if column.key == key)
    return column.text(row, replace(CONTEXT, may=may, several=several))


def test_what_cells_say() -> None:
    assert _cell("total", ROW) == "USD 42.10"
    assert _cell("total", ROW, several=False) == "42.10"
    assert _cell("total", replace(ROW, total=Money(123_456_78, "INR"))) == "INR 123456.78"
    assert _cell("total", replace(ROW, total=None)) == "?"
    assert _cell("ship-by", ROW) == "in 1 h"
    assert _cell("ship-by", replace(ROW, ship_by=NOW - 3 * 86_400)) == "late 3 d"
    assert _cell("ship-by", replace(ROW, ship_by=None)) == "?"
    assert _cell("ship-by", replace(ROW, ship_by=None, status=OrderStatus.SHIPPED)) == "–"
    assert _cell("may", ROW, "cancel ★") == "cancel ★"
    assert _cell("may", replace(ROW, buyer_request=BuyerRequest.MESSAGE)) == "cancel ☆"
    assert _cell("may", replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.HELD)), "-") == "-"
    assert _cell("may", replace(ROW, open_action=OpenAction(Action.REFUND, RowState.OK)), "refund") == "refund"
    assert _cell("status", replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.HELD))) == "◷ held cancel"
    assert _cell("status", replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.RECALLED))) == "Unshipped"
    assert _cell("asked", replace(ROW, buyer_request=BuyerRequest.UNKNOWN)) == "?"


@given(st.integers(0, 200), st.integers(0, 60), st.integers(0, 90), st.integers(20, 200), st.integers(0, 80))
@settings(max_examples=200, deadline=None)
def test_every_cell_belongs_to_one_part_of_the_table(x: int, y: int, shift: int, width: int, total: int) -> None:
    layout = layout_for(200, ColumnChoice(keys=tuple(column.key for column in COLUMNS)))
    hit = hit_test(TableGeometry(layout, width, shift, 5, total), Offset(x, y))
    row = 5 + y - HEADER
    if y < HEADER:
        whole = x if x < layout.fixed else x + shift
        column = layout.column_at(whole)
        assert hit.zone in (Zone.HEADER, Zone.EDGE)
        assert hit.column == (column.key if column else None)
        if hit.zone is Zone.EDGE:
            assert layout.column_at(hit.column_start) is column
            assert layout.column_at(hit.column_start - 1) is not column
    elif x >= width:
        assert hit == Hit(Zone.BAR)
    else:
        assert hit.row == (row if row < total else None)
        assert hit.zone is (Zone.EMPTY if row >= total else Zone.GUTTER if x < GUTTER else Zone.CELL)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_range_holds_both_its_ends(anchor: int, cursor: int) -> None:
    rows = RangeSelection(anchor).rows(cursor)
    assert {anchor, cursor} <= {rows[0], rows[-1]}
    assert len(rows) == abs(anchor - cursor) + 1
