"""A line is what a table that was just opened would show, whatever changed while it was cached."""

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.style import Style

from ordertui.operations.config import ColourRule
from ordertui.orders.batch_state import OpenAction, RowState
from ordertui.orders.clock import HOUR
from ordertui.orders.enums import Action
from ordertui.orders.order import NOTHING_LISTED, ListedFacts, OrderRow
from ordertui.tui.render.state import Verdicts
from ordertui.tui.widgets.order_table.columns import COLUMNS, CellContext
from ordertui.tui.widgets.order_table.layout import ColumnChoice
from ordertui.tui.widgets.order_table.row_cache import RowCache
from ordertui.tui.widgets.order_table.row_renderer import LineLook, LineState, RowRenderer
from support.shops import NOW

from .test_parts import ROW

HELD = OpenAction(Action.CANCEL, RowState.HELD)
AWAITING = ListedFacts(batch=7, awaits_approval=True, author="ana")
APPROVED = ListedFacts(batch=7, hold_ends=NOW + HOUR, author="ana")
ROWS = (ROW, replace(ROW, note="waits"), replace(ROW, open_action=HELD), replace(ROW, title="Mug", version=2))
CONTEXTS = (
    NOTHING_LISTED, AWAITING, APPROVED, replace(APPROVED, batch=8), ListedFacts(2, reason="NoInventory"),
    ListedFacts(answer="18028 not found"),
)  # fmt: skip
LOOKS = tuple(
    LineLook(state, is_marked, False, thumb)
    for state in (LineState.BASE, LineState.CURSOR)
    for is_marked in (False, True)
    for thumb in (None, True)
)
CHOICES = (ColumnChoice(), ColumnChoice(False), ColumnChoice(keys=tuple(column.key for column in COLUMNS)))


class Shop:
    """A store of one order, whose row is read again after each of its changes."""

    def __init__(self) -> None:
        self.time = NOW
        self.row = ROW
        self.facts = CellContext(NOW, "UTC", Verdicts("cancel", "", NOW + HOUR))
        self.choice, self.width, self.scroll_x, self.theme = CHOICES[0], 100, 0, "red"

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Return the order."""
        return dict.fromkeys(ids, self.row)

    def context(self, _row: OrderRow) -> CellContext:
        """Return what its cells need."""
        return replace(self.facts, now=self.time)

    def now(self) -> int:
        """Return the time."""
        return self.time

    def read_again(self) -> None:
        """Give the row as a new reading of the store does."""
        self.row = replace(self.row)

    def line(self, renderer: RowRenderer, look: LineLook) -> object:
        """Return the line that this renderer makes."""
        renderer.choice = self.choice
        renderer.fit(self.width)
        theme = self.theme
        renderer.load_styles(lambda name: Style(color=theme if name.endswith(("info", "bar")) else "blue"))
        return list(renderer.line(self.row, look, self.width, self.scroll_x))


def _renderer(shop: Shop) -> RowRenderer:
    cache = RowCache()
    cache.source = shop
    return RowRenderer(cache)


CHANGES = st.one_of(
    st.tuples(st.just("row"), st.sampled_from(ROWS)),
    st.tuples(st.just("listed"), st.sampled_from(CONTEXTS)),
    st.tuples(st.just("verdicts"), st.sampled_from([Verdicts("cancel"), Verdicts("-", "open"), Verdicts("refund")])),
    st.tuples(
        st.just("colour"), st.sampled_from([None, ColourRule("late", colour="red"), ColourRule("x", style="bold")])
    ),
    st.tuples(st.just("claimed_by"), st.sampled_from(["", "@ana", "@bo"])),
    st.tuples(st.just("time"), st.integers(1, 180).map(lambda minutes: minutes * 60)),
    st.tuples(st.just("choice"), st.sampled_from(CHOICES)),
    st.tuples(st.just("width"), st.sampled_from([60, 100, 180])),
    st.tuples(st.just("scroll_x"), st.integers(0, 20)),
    st.tuples(st.just("theme"), st.sampled_from(["red", "green"])),
)


@given(st.lists(st.tuples(CHANGES, st.sampled_from(LOOKS)), max_size=25))
@settings(max_examples=100, deadline=None)
def test_a_cached_line_is_what_a_table_just_opened_shows(steps: list[tuple[tuple[str, object], LineLook]]) -> None:
    shop = Shop()
    kept = _renderer(shop)
    for (name, value), look in steps:
        if name == "row":
            shop.row = value  # type: ignore[assignment]
            shop.read_again()
        elif name in ("listed", "verdicts", "colour", "claimed_by"):
            shop.facts = replace(shop.facts, **{name: value})
            if name == "claimed_by":
                kept.forget()
            else:
                shop.read_again()
        elif name == "time":
            shop.time += value  # type: ignore[operator]
        else:
            setattr(shop, name, value)
            kept.restyle()
        assert shop.line(kept, look) == shop.line(_renderer(shop), look)
        assert shop.line(kept, look) == shop.line(kept, look)


def test_an_approval_by_somebody_else_is_seen_at_once() -> None:
    """The order's row is the same before and after: what its batch waits for is not in it."""
    shop = Shop()
    shop.row, shop.facts = replace(ROW, open_action=HELD), replace(shop.facts, listed=AWAITING)
    kept = _renderer(shop)
    before = shop.line(kept, LOOKS[0])
    shop.facts = replace(shop.facts, listed=APPROVED)
    shop.read_again()
    made = kept.made
    assert shop.line(kept, LOOKS[0]) != before
    shop.read_again()
    shop.line(kept, LOOKS[0])
    assert kept.made == made + 1, "what was read again and is the same is not made again"
