"""How new the state of an order is that the API told of, and what the first sync says by silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ordertui.amazon.spapi.errors import Rejected
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, OrderStatus
from support.api import session
from support.reports import COLUMNS, cells, write
from support.simulator import Simulator
from support.simulator.handlers import problem
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")


def of_id(number: int) -> str:
    return f"113-0000000-{number:07d}"


def row_of(number: int, clock: FixedClock, age: int = 0, **more: str) -> dict[str, str]:
    """A row of the Unshipped report about the simulator's order."""
    return cells("unshipped", number, order_id=of_id(number), order_item_id=f"0{number:012d}01", sku=f"SKU-{number}-1",
        quantity_purchased="1", quantity_to_ship="1", purchase_date=iso_utc(clock.now() - age), **more)  # fmt: skip


def plan_of(made: Session, action: Action, number: int) -> Plan:
    choices = PlanChoices("GeneralAdjustment" if action is Action.REFUND else "")
    (plan,) = made.planner.plan(action, [made.orders.id_of(of_id(number)) or 0], choices)
    return plan


def standing(made: Session, number: int) -> str:
    """Why the order cannot be cancelled; empty when it can. Plan, filter and verdict must agree."""
    row_id = made.orders.id_of(of_id(number)) or 0
    denial = made.eligibility.denial(made.orders.rows([row_id])[row_id], Action.CANCEL)
    assert (
        (denial is None)
        == (row_id in made.orders.find("action:cancel"))
        == bool(plan_of(made, Action.CANCEL, number).rows)
    )
    return "" if denial is None else denial.rule


def sync(sim: Simulator, clock: FixedClock, folder: Path, *orders: dict[str, Any]) -> Session:
    for one in orders:
        sim.amazon.put(one)
    made = session(sim, folder, clock)
    made.sync.sync()
    return made


def test_an_order_without_changes_is_as_new_as_the_last_sync(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    """No report names it every day: that a sync told of no change says that it still waits."""
    now = clock.now()
    old = [
        order(n, now, status, age=6 * DAY, ship_by=now + 9 * DAY) for n, status in ((1, "UNSHIPPED"), (2, "SHIPPED"))
    ]
    made = sync(sim, clock, tmp_path, *old, order(3, now, age=22 * DAY, ship_by=now - 20 * DAY))
    made.sync.sync_order(of_id(2))
    for action, number in ((Action.CANCEL, 1), (Action.REFUND, 2)):
        plan = plan_of(made, action, number)
        assert plan.rows
        assert not [text for text in plan.warnings if "old (of" in text]
    assert standing(made, 3) == "", "Amazon lists it as open today, so it was not cancelled meanwhile"
    clock.advance(4 * DAY)
    for action, number in ((Action.CANCEL, 1), (Action.REFUND, 2)):
        assert [text for text in plan_of(made, action, number).warnings if "is 4 d old" in text]
        assert plan_of(made, action, number).typed_count == 1
    assert standing(made, 3) == "outdated"
    made.sync.sync_order(of_id(3))
    assert standing(made, 3) == ""
    assert [text for text in plan_of(made, Action.CANCEL, 1).warnings if "is 4 d old" in text], "of it nobody asked"
    made.sync.sync()
    assert standing(made, 1) == ""
    assert not [text for text in plan_of(made, Action.CANCEL, 1).warnings if "old (of" in text]


def test_what_the_first_sync_does_not_list_as_open_waits_no_more(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    """A shop of files that changes to the API: order 2 shipped since its last report, order 4 came after the sync."""
    rows = [row_of(n, clock, DAY) for n in (1, 2, 3)]
    made = session(sim, tmp_path, clock)
    made.imports.import_files([write(tmp_path / "open.txt", COLUMNS["unshipped"], rows)])
    assert [standing(made, n) for n in (1, 2, 3)] == ["", "", ""]
    clock.advance(3 * DAY)
    for one in (order(1, clock.now(), age=4 * DAY), order(3, clock.now(), age=4 * DAY)):
        sim.amazon.put(one)
    made.sync.sync()
    assert [standing(made, n) for n in (1, 2, 3)] == ["", "missing", ""]
    later = row_of(4, clock, reporting_date=iso_utc(clock.now()))
    made.imports.import_files([write(tmp_path / "later.txt", COLUMNS["unshipped"], [later])])
    assert standing(made, 4) == ""
    made.sync.sync()
    assert standing(made, 4) == "", "changes alone say nothing of what they do not name"


@pytest.mark.parametrize("field", ["programs", "orderId"])
def test_an_open_order_that_cannot_be_read_is_not_missing(
    sim: Simulator, clock: FixedClock, tmp_path: Path, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = session(sim, tmp_path, clock)
    rows = [row_of(1, clock, DAY)]
    made.imports.import_files([write(tmp_path / "open.txt", COLUMNS["unshipped"], rows)])
    clock.advance(HOUR)
    sim.check_answers = False
    sim.amazon.put(order(2, clock.now()))
    real = sim.answer

    def damage(route: Any, path: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        status, answer = real(route, path, query, body)
        if route.name == "searchOrders" and "fulfillmentStatuses" in query:
            answer["orders"].append(order(1, clock.now()) | {field: 7})
        return status, answer

    monkeypatch.setattr(sim, "answer", damage)
    found = made.sync.sync()
    assert found.rejects
    assert standing(made, 1) == ("unread" if field == "programs" else ""), "which order it is, is known of one alone"


def test_a_first_sync_that_begins_again_loses_nothing_that_shipped_meanwhile(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 151):
        sim.amazon.put(order(number, clock.now()))
    made = session(sim, tmp_path, clock)
    real = sim.answer

    def refuse(route: Any, path: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        if route.name == "searchOrders" and "paginationToken" in query:
            return problem(400, "InvalidInput", "paginationToken is not yours")
        return real(route, path, query, body)

    with monkeypatch.context() as patch:
        patch.setattr(sim, "answer", refuse)
        with pytest.raises(Rejected):
            made.sync.sync()
    named = next(n for n in range(1, 151) if made.orders.get(of_id(n)))
    clock.advance(HOUR)
    sim.amazon.put(order(named, clock.now(), "SHIPPED", age=DAY, updated=clock.now()))
    clock.advance(HOUR)
    made.sync.sync()
    known = made.orders.get(of_id(named))
    assert known is not None
    assert known.row.status is OrderStatus.SHIPPED
