"""The table's pure parts: where the cursor stands, which columns fit, and that a line is never wider than its place."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Offset

from ordertui.operations.config import ColourRule
from ordertui.orders.batch_state import OpenAction, RowState
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.money import Money
from ordertui.orders.order import ListedFacts, OrderRow
from ordertui.tui.render.state import Verdicts
from ordertui.tui.widgets import viewport
from ordertui.tui.widgets.order_table.columns import BY_KEY, COLUMNS, CellContext
from ordertui.tui.widgets.order_table.hit_test import HEADER, Hit, TableGeometry, Zone, hit_test
from ordertui.tui.widgets.order_table.layout import GUTTER, ITEM_CELLS, ColumnChoice, layout_for
from ordertui.tui.widgets.order_table.row_cache import RowCache
from ordertui.tui.widgets.order_table.row_renderer import LineLook, LineState, RowRenderer
from ordertui.tui.widgets.order_table.strips import (
    LineWindow,
    content_segments,
    fit,
    gutter_segments,
    header_strip,
    line_strip,
    row_cells,
)
from ordertui.tui.widgets.viewport import RangeSelection, Viewport
from support.shops import NOW

ROW = OrderRow(
    1, "111-0000000-0000001", "US", Channel.MERCHANT, OrderStatus.UNSHIPPED, NOW - 86_400, NOW + 3_600, 2, 0,
    Money(4210, "USD"),
    Dispatched.UNKNOWN, BuyerRequest.NONE, CancelledBy.NONE, Refunded.NONE, YesNo.NO, YesNo.NO, YesNo.NO, "Tea",
    "SKU-1", None, 1,
)  # fmt: skip
CONTEXT = CellContext(NOW, "UTC", Verdicts("cancel", "", NOW + 5 * DAY))
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
    (41, "order item state"),
    (60, "order marketplace ship-by item state"),
    (80, "order marketplace ship-by item items total state"),
    (160, "order marketplace placed ship-by auto-cancel item items total asked state"),
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
    cells = row_cells(replace(ROW, title=title), layout.sized, CONTEXT)
    content = content_segments(cells, layout, {})
    assert sum(segment.cell_length for segment in content) == layout.width - 3
    gutter = gutter_segments(is_marked=True, is_drawn=False, is_cursor=True, has_note=True, styles={})
    assert line_strip(gutter, content, Style(), LineWindow(width, scroll)).cell_length == width
    assert header_strip(layout, (("placed", True), ("total", False)), Style(), width).cell_length == width


def test_the_header_tells_of_a_sort_whose_column_has_no_room() -> None:
    narrow = layout_for(60, ColumnChoice())
    assert "placed" not in [column.key for column in narrow.columns]
    assert header_strip(narrow, (("placed", True),), Style(), 60).text.startswith("   Order  by Date▼ ")
    assert "by" not in header_strip(narrow, (("state", True),), Style(), 60).text.replace("Ship by", "")
    wide = header_strip(layout_for(160), (("ship-by", False), ("placed", True)), Style(), 160).text
    assert "Date▼² " in wide, "the place is not read as part of the label"
    assert "Ship by▲¹ " in wide
    tiny = layout_for(60, ColumnChoice(keys=("items", "asked")))
    assert "by" not in header_strip(tiny, (("placed", True),), Style(), 60).text


@pytest.mark.parametrize(("rule", "few", "bold", "underline", "color"), [
    (ColourRule("late", colour="blue"), False, False, False, "blue"),
    (ColourRule("late", colour="blue"), True, False, True, "blue"),
    (ColourRule("late", colour="blue", style="bold"), True, True, False, "blue"),
    (ColourRule("late", style="underline"), False, False, True, None),
])  # fmt: skip
def test_a_colour_rule_is_seen_without_colours_too(
    rule: ColourRule, few: bool, bold: bool, underline: bool, color: str | None
) -> None:
    cache = RowCache()
    cache.source = _Source(rule)
    renderer = RowRenderer(cache)
    renderer.load_styles(lambda name: Style(color="blue" if name.endswith("info") else "red"), few_colours=few)
    line = renderer.line(ROW, LineLook(LineState.BASE, False, False, None), 80, 0)
    style = next(segment.style for segment in line if ROW.order_id in segment.text)
    assert style is not None
    assert (bool(style.bold), bool(style.underline)) == (bold, underline)
    assert (style.color.name if style.color else None) == (color or "red")


class _Source:
    def __init__(self, rule: ColourRule) -> None:
        self.rule = rule

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        return {}

    def context(self, row: OrderRow) -> CellContext:
        return replace(CONTEXT, colour=self.rule)

    def now(self) -> int:
        return CONTEXT.now


def test_a_note_has_a_sign_beside_the_order_id() -> None:
    renderer = RowRenderer(RowCache())
    renderer.load_styles(lambda _name: Style(color="red"))
    look = LineLook(LineState.BASE, True, False, None)
    for note, start in ((None, " ● "), ("waits for the carrier", " ●✎")):
        assert renderer.line(replace(ROW, note=note), look, 60, 0).text.startswith(start)


@pytest.mark.parametrize("width", range(60, 220, 7))
def test_sku_title_and_state_are_on_every_width(width: int) -> None:
    layout = layout_for(width)
    cells = dict(zip((column.key for column in layout.columns), layout.widths, strict=True))
    assert cells["item"] >= ITEM_CELLS
    assert cells["state"] >= 11
    assert layout.width <= width


def test_a_chosen_title_has_room_beside_what_else_is_chosen() -> None:
    keys = ("order", "marketplace", "ship-by", "items", "total", "state", "title")
    layout = layout_for(80, ColumnChoice(True, keys))
    assert layout.widths[-1] == BY_KEY["title"].width == 24


def _cell(key: str, row: OrderRow, width: int = 0, **more: object) -> str:
    column = BY_KEY[key]
    return column.text(row, replace(CONTEXT, **more), width or column.width)


def test_what_cells_say() -> None:
    assert _cell("total", ROW) == "42.10"
    assert _cell("total", replace(ROW, total=Money(4210, "CAD")), 13) == "CAD 42.10", "not the marketplace's own"
    assert _cell("total", replace(ROW, marketplace="??"), 13) == "USD 42.10", "whose own is not known"
    assert _cell("total", replace(ROW, total=None)) == "?"
    assert _cell("ship-by", ROW) == "in 1 h"
    assert _cell("ship-by", replace(ROW, ship_by=NOW - 3 * DAY)) == "3 d late"
    assert _cell("ship-by", replace(ROW, ship_by=NOW - 14 * HOUR)) == "14 h late"
    assert _cell("ship-by", replace(ROW, ship_by=NOW - 14 * HOUR), 8) == "14h late"
    assert _cell("ship-by", replace(ROW, ship_by=NOW - 4000 * DAY)) == "999d late"
    assert _cell("ship-by", replace(ROW, ship_by=None)) == "?"
    assert _cell("ship-by", replace(ROW, ship_by=None, status=OrderStatus.SHIPPED)) == "–"
    assert _cell("auto-cancel", ROW) == "in 5 d"
    assert _cell("auto-cancel", ROW, verdicts=Verdicts("cancel", "", NOW - 2 * HOUR)) == "2 h over"
    assert _cell("auto-cancel", replace(ROW, ship_by=None), verdicts=Verdicts("cancel")) == "?"
    assert _cell("asked", replace(ROW, buyer_request=BuyerRequest.UNKNOWN)) == "?"
    assert _cell("status", replace(ROW, open_action=HELD)) == "unshipped", "Amazon's own status"
    assert _cell("age", ROW) == "24 h"
    facts = ListedFacts(0, 12, None, "NoInventory", "")
    assert (_cell("batch", ROW, listed=facts), _cell("reason", ROW, listed=facts)) == ("12", "NoInventory")
    assert _cell("reason", ROW, listed=replace(facts, answer="18028 not found")) == "18028 not found"


@given(st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "CAD"]), st.integers(8, 14))
def test_an_amount_is_never_cut_within_its_digits(minor: int, currency: str, width: int) -> None:
    text = _cell("total", replace(ROW, total=Money(minor, currency)), width)
    digits = "".join(char for char in text if char.isdigit())
    whole = str(minor if currency == "JPY" else minor // 100)
    assert cell_len(text) <= width
    assert not digits or digits.startswith(whole)
    assert digits == str(minor).zfill(len(digits)) or text.endswith("…")


@given(st.integers(0, 9), st.text(max_size=30), st.text(max_size=30), st.integers(8, 64))
def test_other_skus_are_seen_at_every_width(others: int, sku: str, title: str, width: int) -> None:
    row, facts = replace(ROW, sku=sku, title=title), ListedFacts(others)
    text = fit(_cell("item", row, width, listed=facts), width)
    assert (f" +{others}" in text) or not others
    assert title or sku or text.strip().startswith("?")


HELD = OpenAction(Action.CANCEL, RowState.HELD)
ASKED = replace(ROW, buyer_request=BuyerRequest.OFFICIAL)
DAYS = 5 * DAY


@pytest.mark.parametrize(("row", "verdicts", "hold", "forms"), [
    (ROW, Verdicts("cancel", "", NOW + DAYS), None, ("can cancel", "can cancel", "cancel")),
    (ROW, Verdicts("cancel", "", NOW + 3 * HOUR), None, ("auto-cancel 3 h !", "auto 3 h !", "auto 3h!")),
    (ROW, Verdicts("cancel", "", NOW - 1), None, ("auto-cancel now !", "auto now !", "auto now!")),
    (ROW, Verdicts("confirm", "", NOW + DAYS), None, ("can confirm", "can confirm", "confirm")),
    (ROW, Verdicts("confirm", "", NOW + 60), None, ("can confirm 1 m !", "confirm 1m!", "conf 1m!")),
    (ASKED, Verdicts("cancel ★"), None, ("★ requested: can cancel", "★ requested", "★ request")),
    (ROW, Verdicts("cancel ★"), None, ("★ cancel: not counted", "★ cancel", "★ cancel")),
    (replace(ROW, buyer_request=BuyerRequest.MESSAGE), Verdicts("cancel"), None,
     ("☆ message: cancel counts", "☆ message", "☆ message")),
    (replace(ROW, status=OrderStatus.SHIPPED), Verdicts("refund"), None,
     ("shipped: can refund", "can refund", "refund")),
    (replace(ROW, status=OrderStatus.SHIPPED), Verdicts("-"), None, ("shipped",) * 3),
    (replace(ROW, channel=Channel.AMAZON), Verdicts("-", "A1"), None, ("FBA unshipped", "FBA", "FBA")),
    (ROW, Verdicts("-", "house big"), None, ("denied by house rule", "house rule", "– rule")),
    (ROW, Verdicts("-", "missing"), None, ("? missing from report", "? missing", "? missing")),
    (replace(ROW, status=OrderStatus.PENDING), Verdicts("wait"), None, ("pending",) * 3),
    (ROW, Verdicts(), None, ("",) * 3),
    (replace(ROW, open_action=HELD), Verdicts("-", "open"), NOW + 12 * 60,
     ("◷ cancel held 12m", "◷ held 12m", "◷ 12m")),
    (replace(ROW, open_action=HELD), Verdicts("-", "open"), NOW + 59, ("◷ cancel held <1m", "◷ held <1m", "◷ <1m")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.WRITTEN)), Verdicts("-", "open"), None,
     ("↑ cancel to upload", "↑ to upload", "↑upload")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.ERROR)), Verdicts("cancel"), None,
     ("✗ cancel refused", "✗ refused", "✗ refused")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.ERROR), status=OrderStatus.CANCELLED),
     Verdicts("-"), None, ("cancelled",) * 3),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.RECALLED)), Verdicts("cancel"), None,
     ("can cancel", "can cancel", "cancel")),
    (replace(ROW, open_action=OpenAction(Action.REFUND, RowState.OK), status=OrderStatus.SHIPPED), Verdicts("refund"),
     None, ("shipped: can refund", "can refund", "refund")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.OK)), Verdicts("-", "open"), None,
     ("✓ cancel ok", "✓ cancel ok", "✓ ok")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.OK), status=OrderStatus.SHIPPED),
     Verdicts("-", "open"), None, ("! cancel ok, but shipped", "! shipped", "! shipped")),
    (replace(ROW, open_action=OpenAction(Action.CANCEL, RowState.OK), status=OrderStatus.PARTIALLY_SHIPPED),
     Verdicts("-", "open"), None, ("! partly shipped", "! cancel", "! cancel")),
])  # fmt: skip
def test_the_state_column_says_one_thing_as_long_as_it_fits(
    row: OrderRow, verdicts: Verdicts, hold: int | None, forms: tuple[str, str, str]
) -> None:
    listed = ListedFacts(hold_ends=hold)
    assert tuple(_cell("state", row, width, verdicts=verdicts, listed=listed) for width in (24, 11, 9)) == forms
    assert all(len(form) <= width for form, width in zip(forms, (24, 11, 9), strict=True))


def test_who_previews_an_order_hides_no_sign_of_its_state() -> None:
    """`@you` alone stood there on 80 columns, so that a request that does not count looked like any other order."""
    asked, soon = Verdicts("cancel ★"), Verdicts("cancel", "", NOW + 5 * HOUR)
    found = [
        fit(_cell("state", row, 11, verdicts=verdicts, claimed_by=who), 11)
        for row, verdicts in ((ASKED, asked), (ROW, soon), (ROW, Verdicts("cancel")))
        for who in ("@you", "@wolfgang-amadeus")
    ]
    assert [text.rstrip() for text in found] == [
        "★ @you", "★ @wolfgan…", "! @you", "! @wolfgan…", "@you cancel", "@wolfgang-…",
    ]  # fmt: skip


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
