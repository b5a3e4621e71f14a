"""Any sequence of commits, undos, syncs, faults of Amazon's, kills and late answers, with batches that leave by the
API: nothing is done twice, nothing is lost, nothing is called done that was not, and no feed is submitted that the
journal does not know.

15 sequences in `make test`, 35 in `make test-long`; 2,000 with `ORDERTUI_SAFETY=long`.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.amazon.spapi.errors import SpApiError
from ordertui.amazon.spapi.transport import Transport
from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import OperationError
from ordertui.operations.limits import feed_limits
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import StoreError
from support.api import NOW, session
from support.faults import Crash, Faults, inject
from support.model_store import Floor
from support.profile import LONG
from support.shops import clone_store
from support.simulator import Contract, Simulator
from support.simulator.amazon import Feed
from support.simulator.faults import FAULTS
from support.transitions import assert_states_moved_as_allowed, watch_states

pytestmark = pytest.mark.usefixtures("api_credentials")

WAITING, LEFT, SHIPPED = (1, 2, 3), (4, 5, 6), (1001, 1002)
"""Numbers of orders that are cancelled, whose shipment is confirmed, that are refunded."""
WHOM = {Action.CANCEL: WAITING, Action.CONFIRM: LEFT, Action.REFUND: SHIPPED}
UNCLEAR = ("drop_after", "error500_after", "half_body", "drop", "html503", "empty502")
ANY = ("", "", *UNCLEAR, *(one for one in FAULTS if "hang" not in one))
KILL = st.one_of(st.none(), st.none(), st.integers(0, 24))
"""The point at which the process dies, if it does."""
REFUSALS = (OperationError, StoreError, SpApiError, ProcessingReportError, OSError)
CALLS = (
    "createFeedDocument", "upload", "getFeeds", "getFeed", "getFeedDocument", "download", "searchOrders",
    "listTransactions", "login",
)  # fmt: skip
ENDS = {
    Action.CANCEL: (RowState.CONFIRMED, RowState.OK),
    Action.REFUND: (RowState.CONFIRMED, RowState.OK),
    Action.CONFIRM: (RowState.CONFIRMED, RowState.OK),
}
"""States that say that it was done."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> tuple[Path, dict[str, Any], int]:
    """A synced store, the orders at Amazon, and the time."""
    folder = tmp_path_factory.mktemp("template")
    clock = FixedClock(NOW)
    sim = Simulator(clock, contract=contract)
    with sim.running(), pytest.MonkeyPatch.context() as patch:
        for name in ("LWA_CLIENT_ID", "LWA_CLIENT_SECRET", "REFRESH_TOKEN"):
            patch.setenv(f"ORDERTUI_{name}", sim.credentials[name.removeprefix("LWA_").lower()])
        floor = Floor(sim, clock, folder)
        ids = [floor.made.orders.id_of(floor.order_id(number)) for number in LEFT]
        floor.made.facts.set_dispatched([one for one in ids if one is not None], Dispatched.YES)
        floor.made.close()
    return folder, sim.amazon.orders, clock.now()


def order_id(number: int) -> str:
    return f"113-0000000-{number:07d}"


class Machine(RuleBasedStateMachine):
    """An operator, a store that can be killed, and an Amazon that does whatever it accepts and says so badly."""

    template: ClassVar[tuple[Path, dict[str, Any], int]]
    contract: ClassVar[Contract]
    faults: ClassVar[Faults]
    seen: ClassVar[Counter[str]] = Counter()
    """What the sequences came to, so that the test knows that they went somewhere."""

    def __init__(self) -> None:
        super().__init__()
        source, orders, now = self.template
        self.folder = Path(tempfile.mkdtemp(prefix="ordertui-api-machine-"))
        clone_store(source / "orders.db", self.folder / "orders.db")
        watch_states(self.folder / "orders.db")
        self.clock = FixedClock(now)
        self.sim = Simulator(self.clock, contract=self.contract)
        self.sim.amazon.orders = copy.deepcopy(orders)
        self.sim.check_answers = False
        self.running = self.sim.running()
        self.running.__enter__()
        self.create_feed = self.sim.amazon.create_feed
        self.sim.amazon.create_feed = self.taken  # type: ignore[method-assign]
        self.session = session(self.sim, self.folder, self.clock)
        self.committed: dict[int, list[str]] = {}
        self.shipped_at: dict[str, int] = {}
        self.wrong: list[str] = []
        """What the server saw that must not be; it cannot fail a test itself."""

    def teardown(self) -> None:
        try:
            self.heal()
            self.sim.amazon.lag_seconds = 0
            for _ in range(8):
                self.clock.advance(HOUR)
                self.try_(self.session.dispatcher.run)
            self.try_(self.session.sync.sync)
            for attempt in self.session.context.store.submissions.find():
                assert not attempt.is_open or attempt.state == "needs_operator" or self.is_stuck(attempt.feed_id), (
                    attempt
                )
                self.seen[attempt.state] += 1
            assert_states_moved_as_allowed(self.session.context.store)
            self.no_effect_twice()
            self.nothing_is_called_done_that_was_not()
            assert self.session.maintenance.check() == []
            assert "chain unbroken" in self.session.audit.verify()
        finally:
            self.session.close()
            self.running.__exit__(None, None, None)
            shutil.rmtree(self.folder, ignore_errors=True)

    def is_stuck(self, feed_id: str | None) -> bool:
        return feed_id is not None and self.sim.amazon.feeds[feed_id].outcome == "STUCK"

    def try_(self, what: Any, *args: Any, **more: Any) -> Any:
        """Do it; what the operator can settle is no failure."""
        with suppress(*REFUSALS):
            return what(*args, **more)

    # -- what Amazon sees

    def taken(self, kind: str, markets: list[str], document: str) -> Feed:
        """CreateFeed was accepted: is it what the journal says, and only that?"""
        content = self.sim.amazon.documents[document].content or b""
        with self.session.context.store.reader() as reader:
            mine = [one for one in reader.submissions.find() if one.is_open and one.feed_type == kind]
        if [one.state for one in mine] != ["submitting"]:
            self.wrong.append(f"a feed of {kind} came while the journal has {mine}")
        elif (mine[0].document_id, mine[0].sha256) != (document, sha256(content).hexdigest()):
            self.wrong.append("its document or its bytes are not those that were written down")
        if any(feed.document == document for feed in self.sim.amazon.feeds.values()):
            self.wrong.append("a document was submitted twice")
        late = feed_limits().fresh_seconds.value + 600
        for message in fromstring(content):
            body = message[1] if message.tag == "Message" else None
            one = body.findtext("AmazonOrderID") if body is not None and body.tag == "OrderAcknowledgement" else None
            if one in self.shipped_at and self.clock.now() - self.shipped_at[one] > late:
                self.wrong.append(f"{one} was sent to be cancelled although it was known as shipped")
        return self.create_feed(kind, markets, document)

    # -- the operator

    def commit(self, plans: tuple[Plan, ...]) -> None:
        for plan in plans:
            if plan.rows:
                batch = self.session.batches.commit(plan, typed=str(len(plan.rows)))
                self.committed[batch.id] = [row.order_id for row in plan.rows]
                self.seen[f"{plan.action} committed"] += 1

    def plan(self, action: Action, numbers: set[int]) -> None:
        ids = [self.session.orders.id_of(order_id(number)) for number in sorted(numbers)]
        day = iso_utc(self.clock.now() - DAY // 2)[:10]
        shipping = (
            {order_id(number): ("UPS", f"1Z{number}", day) for number in numbers} if action is Action.CONFIRM else {}
        )
        choices = PlanChoices(reason="CustomerReturn" if action is Action.REFUND else "", shipping=shipping)
        self.commit(self.session.planner.plan(action, [one for one in ids if one is not None], choices))

    @initialize(data=st.data(), lag=st.sampled_from((0, 0, 2 * DAY)), action=st.sampled_from(list(WHOM)))
    def begin(self, data: st.DataObject, lag: int, action: Action) -> None:
        """Something leaves at once, and most often it goes wrong: that is where it becomes interesting."""
        self.sim.amazon.lag_seconds = lag
        self.act(action, data, data.draw(st.sampled_from(UNCLEAR)), None)

    @rule(action=st.sampled_from(list(WHOM)), data=st.data(), fault=st.sampled_from(ANY), point=KILL)
    def act(self, action: Action, data: st.DataObject, fault: str, point: int | None) -> None:
        """Commit, end the hold, dispatch, while the call that acts goes wrong and the process may die."""
        most = 2 if action is Action.CONFIRM else None
        self.plan(action, data.draw(st.sets(st.sampled_from(WHOM[action]), min_size=1, max_size=most)))
        self.release()
        for call in ("createFeed", "confirmShipment") if fault else ():
            self.sim.faults.add(call, fault)
        self.killed_at(point, self.session.dispatcher.run)

    @rule(data=st.data(), fault=st.sampled_from(ANY), point=KILL)
    def send_now(self, data: st.DataObject, fault: str, point: int | None) -> None:
        """Let a held batch leave before its hold ends: one that did not leave is held as long as before, or waits."""
        held = self.held()
        if not held:
            return
        batch = data.draw(st.sampled_from(held))
        for call in ("createFeed", "confirmShipment") if fault else ():
            self.sim.faults.add(call, fault)
        self.killed_at(point, partial(self.session.dispatcher.release, [batch.id]))
        after = self.session.batches.get(batch.id)
        if after.state is BatchState.HELD:
            assert after.due_at == batch.due_at or after.due_at <= self.clock.now()

    @rule(action=st.sampled_from(list(WHOM)), data=st.data())
    def commit_only(self, action: Action, data: st.DataObject) -> None:
        self.plan(action, data.draw(st.sets(st.sampled_from(WHOM[action]), min_size=1, max_size=2)))

    def held(self) -> list[Batch]:
        return [batch for batch in self.session.batches.find() if batch.state is BatchState.HELD]

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        held = self.held()
        if held:
            batch = data.draw(st.sampled_from(held))
            row = data.draw(st.sampled_from([row for row in batch.rows if row.state is RowState.HELD]))
            self.session.batches.recall(batch.id if data.draw(st.booleans()) else row.order_id)

    @rule()
    def release(self) -> None:
        for batch in self.held():
            self.session.batches.release(batch.id)

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        batches = [b for b in self.session.batches.find() if any(row.state is RowState.ERROR for row in b.rows)]
        if batches:
            batch = data.draw(st.sampled_from(batches))
            failed = {row.order_id for row in batch.rows if row.state is RowState.ERROR}
            plans = self.try_(self.session.batches.retry, batch.id) or ()
            assert {row.order_id for plan in plans for row in plan.rows} <= failed
            self.commit(plans)

    @rule(data=st.data())
    def settle_by_looking(self, data: st.DataObject) -> None:
        """The operator looks into Seller Central: the order, and that no feed with it waits there."""
        found = [
            (batch, row) for batch in self.session.batches.find() for row in batch.rows if row.state is RowState.UNKNOWN
        ]
        found = [(batch, row) for batch, row in found if not self.may_come(row.order_id)]
        if found:
            batch, row = data.draw(st.sampled_from(found))
            done = self.did(batch.action, row.order_id)
            self.session.batches.settle(batch.id, [row.order_id], done=done, why="looked in Seller Central", typed="1")

    def may_come(self, order: str) -> bool:
        amazon = self.sim.amazon
        waiting = [feed for feed in amazon.feeds.values() if feed.status not in ("DONE", "FATAL", "CANCELLED")]
        return any(order.encode() in (amazon.documents[feed.document].content or b"") for feed in waiting)

    # -- time, and what goes wrong

    @rule(seconds=st.sampled_from((60, 400, 1300, 2 * HOUR)), times=st.integers(1, 4), point=KILL)
    def later(self, seconds: int, times: int, point: int | None) -> None:
        """Time goes on, and the program looks again and again; it may die at the last look."""
        for number in range(times):
            self.clock.advance(seconds)
            self.killed_at(point if number == times - 1 else None, self.session.dispatcher.run)

    @rule(times=st.integers(3, 5))
    def much_later(self, times: int) -> None:
        self.later(seconds=2 * HOUR, times=times, point=None)

    @rule(where=st.sampled_from(CALLS), fault=st.sampled_from(ANY[2:]))
    def go_wrong(self, where: str, fault: str) -> None:
        self.sim.faults.add(where, fault)

    @rule()
    def heal(self) -> None:
        self.sim.faults.clear()
        self.sim.amazon.miscount = 0
        self.sim.amazon.refuse.clear()

    @rule(outcome=st.sampled_from(("FATAL", "CANCELLED", "STUCK", "ON_HOLIDAY")))
    def next_feed(self, outcome: str) -> None:
        self.sim.amazon.feed_outcomes.append(outcome)

    @rule(number=st.sampled_from((*WAITING, *SHIPPED)), miscount=st.sampled_from((0, 0, 1)))
    def amazon_is_difficult(self, number: int, miscount: int) -> None:
        self.sim.amazon.refuse[order_id(number)] = ("18028", "not now")
        self.sim.amazon.miscount = miscount

    @rule(number=st.sampled_from(WAITING))
    def shipped_elsewhere(self, number: int) -> None:
        """Somebody confirms it in Seller Central."""
        order = self.sim.amazon.orders[order_id(number)]
        if order["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED":
            self.sim.amazon.ship(order)
            self.shipped_at[order_id(number)] = self.clock.now()

    def killed_at(self, point: int | None, what: Any) -> None:
        """Do it, and die at that point."""
        try:
            with self.faults.armed(point, Crash() if point is not None else None):
                self.try_(what)
        except Crash:
            self.seen["killed"] += 1
            self.session.close()
            self.session = session(self.sim, self.folder, self.clock)

    @rule(point=KILL)
    def sync(self, point: int | None) -> None:
        self.killed_at(point, self.session.sync.sync)

    # -- what must never happen

    def did(self, action: Action, order: str) -> bool:
        """Whether Amazon did it."""
        if action is Action.REFUND:
            return self.sim.amazon.refunds(order) > 0
        status = self.sim.amazon.orders[order]["fulfillment"]["fulfillmentStatus"]
        return bool(status == ("CANCELLED" if action is Action.CANCEL else "SHIPPED"))

    @invariant()
    def amazon_saw_nothing_wrong(self) -> None:
        assert self.wrong == []

    @invariant()
    def no_effect_twice(self) -> None:
        effects = Counter(one for feed in self.sim.amazon.feeds.values() for one in feed.effects)
        effects.update(one for one, _ in self.sim.amazon.confirmations)
        assert all(count == 1 for count in effects.values()), effects

    @invariant()
    def nothing_is_called_done_that_was_not(self) -> None:
        for batch in self.session.batches.find():
            for row in batch.rows:
                done = self.did(batch.action, row.order_id)
                assert row.state not in ENDS[batch.action] or done or row.code == "word", (batch.id, row)
                if batch.action is Action.REFUND and row.state in (RowState.HELD, RowState.ERROR):
                    newer = [
                        b.id
                        for b in self.session.batches.find()
                        if b.id > batch.id
                        for r in b.rows
                        if r.order_id == row.order_id
                    ]
                    assert newer or not done, f"{row.order_id} was paid and could be paid again"

    @invariant()
    def no_row_is_lost(self) -> None:
        batches = {batch.id: batch for batch in self.session.batches.find()}
        for ident, orders in self.committed.items():
            assert [row.order_id for row in batches[ident].rows] == orders
            assert all(row.text for row in batches[ident].rows if row.state in (RowState.UNKNOWN, RowState.ERROR))

    @invariant()
    def one_feed_of_a_kind(self) -> None:
        kinds = Counter(one.feed_type for one in self.session.context.reader().submissions.find() if one.is_open)
        assert all(count == 1 for count in kinds.values()), kinds


@pytest.mark.parametrize("sequences", [2_000] if LONG else [15, pytest.param(35, marks=pytest.mark.long)])
def test_no_sequence_does_anything_twice(
    sequences: int, template: tuple[Path, dict[str, Any], int], contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine.template, Machine.contract = template, contract
    faults = Machine.faults = inject(monkeypatch)
    real = Transport.send

    async def send(self: Transport, *args: Any, **more: Any) -> Any:
        faults.point("before a call")
        answer = await real(self, *args, **more)
        faults.point("after a call")
        return answer

    monkeypatch.setattr(Transport, "send", send)
    Machine.seen.clear()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=40 if LONG else 18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not LONG,
            phases=[Phase.generate],  # a sequence is short enough to read; making it shorter takes minutes
            report_multiple_bugs=False,
        ),
    )
    wanted = {"done", "killed", "cancel committed", "refund committed", "confirm committed"}
    assert wanted <= set(Machine.seen), "the sequences go all the way"
    assert len({"fatal", "refused", "unanswered", "not_taken", "cancelled", "needs_operator"} & set(Machine.seen)) >= 3
