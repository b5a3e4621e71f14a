"""Amounts that are not in the currency of their marketplace: unknown, told, and never added."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, item_id, order_id

COLUMNS = [*ALL_ORDERS, "order-item-id"]


def shipped(line: int, currency: str, channel: str = "Amazon.de") -> dict[str, object]:
    row = all_orders_row(1, "Shipped", market="DE", sku=f"S-{line}", order_item_id=item_id(1, line))
    return row | {"currency": currency, "sales-channel": channel}


@pytest.mark.parametrize("channel", ["Amazon.de", ""])
@pytest.mark.parametrize("others", [1, 600])
def test_an_order_in_two_currencies_has_no_total_and_the_row_is_told(channel: str, others: int, tmp_path: Path) -> None:
    """600 orders beside it: the plain lines are read at once, and a line with another currency is not plain."""
    rows = [
        shipped(1, "EUR"),
        shipped(2, "USD", channel),
        *(all_orders_row(n, "Shipped") for n in range(2, others + 2)),
    ]
    with Session.open(tmp_path / "o.db", clock=FixedClock(NOW)) as session:
        (summary,) = session.imports.import_files([write(tmp_path / "a.txt", COLUMNS, rows)])
        told = "currency: 'USD' is not the currency of DE, which is EUR"
        assert [(one.line, one.is_taken, one.reason) for one in summary.rejects] == [(3, True, told)]
        order = session.orders.get(order_id(1))
        assert order is not None
        assert [(line.currency, line.paid and line.paid.total) for line in order.lines] == [("EUR", 1000), (None, None)]
        assert order.row.total is None
        assert order.row.id in session.orders.find("total:unknown")
        (plan,) = session.planner.plan(Action.REFUND, [order.row.id], PlanChoices(reason="GeneralAdjustment"))
        assert plan.rows == ()
        assert list(session.recount().run()) == []
