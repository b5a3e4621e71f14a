"""What an order's own facts mean, told below them."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.query.api_sentences import order_sentences, row_sentences
from ordertui.operations.query.export import line_records
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, OrderStatus
from ordertui.orders.order import UNDATED_PRICE
from ordertui.tui.main.order_details import describe_order
from support.reports import COLUMNS, cells, write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, item_id, order_id, unshipped_row


def test_units_confirmed_decide_beside_a_newer_status_and_are_told(tmp_path: Path) -> None:
    """No newer report takes back that a part was shipped; of a status that names none the units are told."""
    asked = [unshipped_row(n, quantity_purchased=3, quantity_shipped=int(n < 3)) for n in (1, 2, 3)]
    statuses = enumerate(("Unshipped", "Pending", "Unshipped"), 1)
    everything = [all_orders_row(n, status, quantity=3, updated=NOW - HOUR // 2) for n, status in statuses]
    with Session.open(tmp_path / "o.db", clock=FixedClock(NOW)) as session:
        session.imports.import_files([write(tmp_path / "open.txt", UNSHIPPED, asked)])
        session.imports.import_files([write(tmp_path / "all.txt", ALL_ORDERS, everything)])
        rows = {row.order_id: row for row in session.orders.rows(session.orders.find()).values()}
        partly = OrderStatus.PARTIALLY_SHIPPED
        assert {one: (row.status, row.units_shipped) for one, row in rows.items()} == {
            order_id(1): (partly, 1), order_id(2): (partly, 1), order_id(3): (OrderStatus.UNSHIPPED, 0)
        }  # fmt: skip
        for status in (OrderStatus.UNSHIPPED, OrderStatus.PENDING):
            told = {one: list(row_sentences(replace(row, status=status))) for one, row in rows.items()}
            words = [f"1 of 3 units were confirmed as shipped; the newest report lists it as {status}"]
            assert told == {order_id(1): words, order_id(2): words, order_id(3): []}
        ids = session.orders.find("confirmed:some")
        assert {row.order_id for row in session.orders.rows(ids).values()} == {order_id(1), order_id(2)}
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find())
        assert [row.order_id for row in plan.rows] == [order_id(3)]
        (back,) = session.planner.plan(Action.REFUND, session.orders.find(), PlanChoices(reason="NoInventory"))
        assert sorted((row.order_id, row.lines[0].cancelled) for row in back.rows) == [
            (order_id(1), 2), (order_id(2), 2)
        ]  # fmt: skip
        assert list(session.recount().run()) == []


def test_an_order_cancelled_by_one_report_and_shipped_by_another_is_left_unknown(tmp_path: Path) -> None:
    """Whichever came first: it said that nothing was paid and that all of it is left to give back."""
    reports = [
        [all_orders_row(1, "Cancelled", quantity=0, item_price="", updated=NOW - 2 * HOUR)],
        [all_orders_row(1, "Shipped", item_price="30.00", updated=NOW - HOUR)],
    ]
    for n, sequence in enumerate((reports, reports[::-1])):
        with Session.open(tmp_path / f"{n}.db", clock=FixedClock(NOW)) as session:
            for rows in sequence:
                session.imports.import_files([write(tmp_path / f"{n}.txt", ALL_ORDERS, rows)])
            order = session.orders.get(order_id(1))
            assert order is not None
            assert order.row.status is OrderStatus.CANCELLED
            assert [line["left"] for line in line_records(order)] == [None]
            assert [one for one in order_sentences(order) if one.startswith("reports contradict each other")]
            assert not session.eligibility.verdict(order.row, Action.REFUND, order.lines).allowed
            assert list(session.recount().run()) == []


def test_a_price_that_no_report_dates_is_told_where_money_goes_back(tmp_path: Path) -> None:
    waiting = [unshipped_row(n, quantity_purchased=3, quantity_shipped=1) for n in (1, 2)]
    new = [
        cells(
            "new_orders", order_id=order_id(n), order_item_id=item_id(n), sku=f"SKU-{n}", quantity_purchased="3",
            item_price="30.00",
        )
        for n in (1, 2)
    ]  # fmt: skip
    everything = [all_orders_row(2, "PartiallyShipped", quantity=3, item_price="30.00", updated=NOW - HOUR // 2)]
    with Session.open(tmp_path / "o.db", clock=FixedClock(NOW)) as session:
        session.imports.import_files([write(tmp_path / "open.txt", UNSHIPPED, waiting)])
        session.imports.import_files([write(tmp_path / "new.txt", COLUMNS["new_orders"], new)])
        session.imports.import_files([write(tmp_path / "all.txt", ALL_ORDERS, everything)])
        told = {
            n: UNDATED_PRICE in list(order_sentences(order))
            for n in (1, 2)
            if (order := session.orders.get(order_id(n))) is not None
        }
        assert told == {1: True, 2: False}
        assert "New Orders reports alone" in " ".join(describe_order(session, order_id(1)).plain.split())
        (back,) = session.planner.plan(Action.REFUND, session.orders.find(), PlanChoices(reason="NoInventory"))
        assert len(back.rows) == 2
        assert f"1 order: {UNDATED_PRICE}" in back.warnings
        (cancelled,) = session.planner.plan(Action.CANCEL, session.orders.find())
        assert UNDATED_PRICE not in " ".join(cancelled.warnings)
        session.imports.import_files(
            [write(tmp_path / "later.txt", ALL_ORDERS, [all_orders_row(1, "PartiallyShipped", quantity=3)])]
        )
        (back,) = session.planner.plan(Action.REFUND, session.orders.find(), PlanChoices(reason="NoInventory"))
        assert UNDATED_PRICE not in " ".join(back.warnings)
