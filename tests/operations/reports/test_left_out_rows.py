"""A row that is left out says no more of its order than that the report names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.orders.clock import DAY, FixedClock, iso_utc
from ordertui.orders.enums import Action
from support.reports import write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, bring, open_session, order_id, unshipped_row


@pytest.mark.parametrize("kind", ["all_orders", "unshipped"])
def test_an_order_is_as_old_as_the_newest_row_that_says_that_it_waits(tmp_path: Path, kind: str) -> None:
    """An Unshipped report names an order because it waits; All Orders names those too that do not."""
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        bring(session, tmp_path, everything=[all_orders_row(1)], open_=[unshipped_row(1)])
        before = session.orders.get(order_id(1))
        assert before is not None
        clock.advance(4 * DAY)
        now = clock.now()
        if kind == "all_orders":
            path = write(tmp_path / "new.txt", ALL_ORDERS, [all_orders_row(2, updated=now)])
        else:
            path = write(tmp_path / "new.txt", UNSHIPPED, [unshipped_row(2, reporting_date=iso_utc(now))])
        path.write_text(path.read_text(encoding="utf-8") + f"{order_id(1)}\tCancelled\n", encoding="utf-8")
        (summary,) = session.imports.import_files([path])
        assert [reject.order_ids for reject in summary.rejects] == [(order_id(1),)]
        order = session.orders.get(order_id(1))
        assert order is not None
        assert order.row.named_at == (before.row.named_at if kind == "all_orders" else now)
        (plan,) = session.planner.plan(Action.CANCEL, [order.row.id])
        said = [*plan.warnings, *(plan.typed_why or ()), *(one.why for one in plan.out)]
        assert any("4 d" in text or "old (" in text for text in said) is (kind == "all_orders"), said
