"""What makes a plan doubtful: old reports of its marketplace, and orders without a ship-by time."""

from __future__ import annotations

from pathlib import Path

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, open_session, order_id

COLUMNS = [*ALL_ORDERS, "order-item-id"]


def plan_of(session: Session, action: Action, *numbers: int) -> Plan:
    ids = [session.orders.id_of(order_id(n)) or 0 for n in numbers]
    (plan,) = session.planner.plan(action, ids, PlanChoices("GeneralAdjustment" if action is Action.REFUND else ""))
    return plan


def test_a_fresh_report_of_another_marketplace_makes_no_refund_fresh(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        old = all_orders_row(1, "Shipped", market="DE", age=91 * DAY, order_item_id="11111111111111")
        fresh = all_orders_row(2, "Shipped", updated=NOW - HOUR, order_item_id="22222222222222")
        session.imports.import_files([write(tmp_path / "all.txt", COLUMNS, [old, fresh])])
        stale, good = plan_of(session, Action.REFUND, 1), plan_of(session, Action.REFUND, 2)
        assert stale.rows
        assert good.rows
        assert any("what the reports say is 90 d old" in warning for warning in stale.warnings)
        assert stale.typed_count == 1
        assert not any("d old" in warning for warning in good.warnings)
        assert good.typed_count is None


def test_an_old_order_without_a_ship_by_time_asks_for_the_count(tmp_path: Path) -> None:
    """Nobody can tell whether Amazon has cancelled it, so it is not refused, and not passed over."""
    with open_session(tmp_path) as session:
        for name, row in (
            ("old.txt", all_orders_row(1, updated=NOW - 30 * HOUR, age=2 * DAY, order_item_id="11111111111111")),
            ("new.txt", all_orders_row(2, updated=NOW - HOUR, order_item_id="22222222222222")),
        ):
            session.imports.import_files([write(tmp_path / name, COLUMNS, [row])])
        old, fresh = plan_of(session, Action.CANCEL, 1), plan_of(session, Action.CANCEL, 2)
        words = "1 order: no report gives a ship-by time, so Amazon may have cancelled it by now"
        assert any(words in warning for warning in old.warnings)
        assert old.typed_count == 1
        assert not any("no report gives a ship-by time" in warning for warning in fresh.warnings)
