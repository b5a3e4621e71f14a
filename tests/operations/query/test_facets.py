"""The values of a facet: each count is the number of orders that the value's own filter finds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ordertui.operations.query.facets import FACETS, facet_of, values
from ordertui.operations.query.queues import within
from ordertui.operations.session import Session
from ordertui.tui.screens.values import ValuesScreen
from ordertui.tui.widgets.order_table.columns import COLUMNS
from support.pilot import main, press, running, settled, table, text, to_ship, until
from support.shops import all_orders_row, bring


@pytest.fixture
def mixed(session: Session, tmp_path: Path) -> Session:
    rows = [
        all_orders_row(900 + n, age=n * 7_000, sku=sku)
        for n, sku in enumerate(['A "B"', "a\\b", "NULL", "x*y", "MUG", "MUG", "MUG"])
    ]
    rows += [
        all_orders_row(910, sku="MUG", item_status="Cancelled", quantity=0), all_orders_row(910, sku="CUP"),
        all_orders_row(911, "Cancelled", sku="CUP"),
    ]  # fmt: skip
    rows += [all_orders_row(920 + n, market=("JP", "DE", "UK")[n % 3], age=n * 5_000) for n in range(30)]
    bring(session, tmp_path, everything=rows)
    return session


@pytest.mark.parametrize("filter_text", ["", "status:unshipped", "total>20 or late"])
@pytest.mark.parametrize("facet", list(FACETS))
def test_each_value_finds_as_many_orders_as_it_says(mixed: Session, facet: str, filter_text: str) -> None:
    found = values(mixed.orders, facet, filter_text, "all")
    for value in found:
        assert mixed.orders.count(within(filter_text, value.filter)) == value.count, value.label
        assert value.count
    labels = [value.label for value in found]
    assert len(set(labels)) == len(labels)
    for value in values(mixed.orders, facet, filter_text, "all", without_fba=True):
        assert mixed.orders.count(within(filter_text, value.filter), without_fba=True) == value.count, value.label
    if facet not in ("sku", "state"):
        whole = sum(value.count for value in found)
        assert whole == mixed.orders.count(filter_text), "every order has exactly one value"


def test_skus_are_counted_by_orders_most_first(mixed: Session) -> None:
    found = values(mixed.orders, "sku", "", "all")
    orders = mixed.context.reader().orders
    counted: Counter[str] = Counter()
    for order in orders.get(mixed.orders.find()).values():
        living = {line.sku for line in order.lines if line.is_active}
        counted.update(living or {line.sku for line in order.lines})
    assert {value.label: value.count for value in found} == counted
    assert [value.count for value in found] == sorted(counted.values(), reverse=True)


def test_every_column_has_a_facet() -> None:
    assert {facet_of(column.key) for column in COLUMNS} <= set(FACETS)
    assert facet_of("") == "sku"


async def test_a_sku_is_marked_and_filtered_by(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        (first, *_) = values(session.orders, "sku", "", "to_ship")
        await press(pilot, "equals_sign")
        await until(pilot, lambda: isinstance(pilot.app.screen, ValuesScreen))
        await settled(pilot)
        await press(pilot, "space")
        await until(pilot, lambda: main(pilot).marks.marks.count == first.count)
        await settled(pilot)
        await press(pilot, "k", "enter")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await settled(pilot)
        assert main(pilot).view.request.filter == first.filter
        assert len(table(pilot).ids) == first.count
        await until(pilot, lambda: f"{first.count} marked" in text(pilot, "status"))


async def test_the_column_cursor_sorts_hides_and_sizes(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        await settled(pilot)
        shown = [column.key for column in table(pilot).renderer.layout.columns]
        main(pilot).view.sort_by("ship-by")
        await settled(pilot)
        await press(pilot, "l")
        assert table(pilot).column == "ship-by", "it begins at the column that is sorted by"
        for _ in shown:
            await press(pilot, "l")
        assert table(pilot).column == shown[-1]
        while table(pilot).column != "total":
            await press(pilot, "h")
        await press(pilot, "left_square_bracket")
        await settled(pilot)
        assert main(pilot).view.request.order == (("total", False),)
        await press(pilot, "right_square_bracket")
        await settled(pilot)
        assert main(pilot).view.request.order == (("total", True),)
        before = table(pilot).renderer.layout.span("total")
        await press(pilot, "greater_than_sign")
        after = table(pilot).renderer.layout.span("total")
        assert before is not None
        assert after is not None
        assert after[1] == before[1] + 2
        await press(pilot, "H")
        assert table(pilot).renderer.layout.span("total") is None
        assert table(pilot).column in shown
        while table(pilot).column:
            await press(pilot, "h")
        await press(pilot, "H")
        assert table(pilot).renderer.layout.span("order") is not None
