"""A session connected to the simulator, with orders to act on, and short words for what is done with them."""

from __future__ import annotations

from pathlib import Path

from ordertui.operations.batches.batch import Batch
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import Submission
from support.simulator.shop import all_orders_report, order

from .api import PATIENT, QUICK, session
from .simulator import Simulator


class Floor:
    """A session with `waiting` orders to cancel and `shipped` ones to refund, all synced."""

    def __init__(self, sim: Simulator, clock: FixedClock, folder: Path, *, waiting: int = 6, shipped: int = 2) -> None:
        self.sim, self.clock, self.folder = sim, clock, folder
        for number in range(1, waiting + 1):
            sim.amazon.put(order(number, clock.now()))
        self.notes: list[str] = []
        self.made = session(sim, folder, clock)
        self.made.sync.sync()
        for number in range(1001, 1001 + shipped):
            sim.amazon.put(order(number, clock.now(), "SHIPPED", age=3 * DAY, updated=clock.now()))
        clock.advance(300)
        self.made.sync.sync()
        sim.calls.clear()

    def again(self) -> None:
        """As after a crash: a new process on the same store."""
        self.made.close()
        self.made = session(self.sim, self.folder, self.clock)

    def order_id(self, number: int) -> str:
        return f"113-0000000-{number:07d}"

    def plan(self, action: Action, *numbers: int) -> Plan:
        ids = [self.made.orders.id_of(self.order_id(number)) for number in numbers]
        found = [one for one in ids if one is not None]
        shipping = {}
        reason = "GeneralAdjustment" if action is Action.REFUND else ""
        if action is Action.CONFIRM:
            self.made.facts.set_dispatched(found, Dispatched.YES)
            day = iso_utc(self.clock.now() - DAY // 2)[:10]
            shipping = {self.order_id(number): ("UPS", f"1Z{number}", day) for number in numbers}
        plan = self.made.planner.plan(action, found, PlanChoices(reason, shipping=shipping))[0]
        assert len(plan.rows) == len(numbers), plan.out
        return plan

    def commit(self, action: Action, *numbers: int) -> int:
        plan = self.plan(action, *numbers)
        batch = self.made.batches.commit(plan, typed=str(plan.typed_count)).id
        self.made.batches.release(batch)
        return batch

    def dispatch(self, seconds: int = 0) -> list[Batch]:
        self.clock.advance(seconds)
        self.notes.clear()
        return self.made.dispatcher.run(note=self.notes.append)

    def fail_once(self, fault: str, where: str = "createFeed") -> None:
        """Dispatch while the call that acts goes wrong."""
        self.sim.faults.add(where, fault)
        connection = self.made.sync.connection
        connection.timeouts = QUICK if "hang" in fault else PATIENT
        self.dispatch()
        connection.timeouts = PATIENT

    def dispatch_quickly(self) -> list[Batch]:
        """Dispatch with time-outs of a second or two, for a server that may hang."""
        connection = self.made.sync.connection
        connection.timeouts = QUICK
        try:
            return self.dispatch()
        finally:
            connection.timeouts = PATIENT

    def attempt(self, batch: int) -> Submission:
        return self.made.context.store.submissions.find(batch)[0]

    def batch(self, batch: int) -> Batch:
        return next(one for one in self.made.batches.find() if one.id == batch)

    def states(self, batch: int) -> set[RowState]:
        return {row.state for row in self.batch(batch).rows}


def everything(floor: Floor) -> list[str]:
    """All that the connection can do, once; gives what it said."""
    sim, made = floor.sim, floor.made
    sim.amazon.report_makers["GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"] = all_orders_report(sim.amazon)
    sim.amazon.report_makers["GET_V2_SELLER_PERFORMANCE_REPORT"] = lambda report: b"{}"
    said = [*made.sync.account.check(), *made.sync.sync().notes]
    floor.commit(Action.CANCEL, 1)
    floor.commit(Action.REFUND, 1001)
    floor.commit(Action.CONFIRM, 2)
    for _ in range(4):
        said += [one.advice for one in floor.dispatch(300)] + floor.notes
    said += [
        str(made.sync.reports.import_history(20)),
        str(made.sync.reports.fetch_account_health()),
        str(made.sync.sync()),
    ]
    said += [
        str(made.sync.refunds.find_transactions(floor.order_id(1001))),
        str(made.sync.sync_order(floor.order_id(2))),
    ]
    known = made.orders.get(floor.order_id(2))
    assert known is not None
    shown = made.sync.messages.preview(known, "You can refuse the parcel.", "en")
    return [*said, str(shown), made.sync.messages.send(shown)]
