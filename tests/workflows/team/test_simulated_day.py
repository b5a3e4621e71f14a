"""Six operators and two workers over a day, against Amazon's simulator: what was committed happened, once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.errors import OperationError
from ordertui.operations.session import Session
from ordertui.operations.worker.health import Health, worker_health
from ordertui.orders.batch_state import LEFT, BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from ordertui.store.repositories.work import JobName
from support import places
from support.api import session as connected
from support.faults import Crash, inject
from support.profile import LONG
from support.simulator import Simulator
from support.simulator.shop import order
from support.workers import last_text, run_once, worker

pytestmark = pytest.mark.usefixtures("fast_disk")
MARKETS = ("US", "CA", "MX", "BR")
"""Of one region, as one account of the API has them."""
TICK = 600
OPERATORS = 6


class TeamDay:
    """A day: `orders` come in over it, people work on them, two workers do the rest."""

    def __init__(self, folder: Path, sim: Simulator, clock: FixedClock, orders: int, markets: tuple[str, ...]) -> None:
        self.folder, self.sim, self.clock, self.markets = folder, sim, clock, markets
        self.dice = random.Random(orders)
        self.total = orders
        self.made = 0
        self.did: Counter[str] = Counter()
        self.lines: list[str] = []
        self.begin = clock.now()
        self.workers = [worker(self.open, f"box-{n}", self.lines.append) for n in (1, 2)]

    def open(self) -> Session:
        """A session of anybody, whose waiting only moves the clock."""
        return connected(self.sim, self.folder, self.clock, markets=self.markets)

    def run(self) -> None:
        """Until the day is over and Amazon has answered everything."""
        self.arrive(self.total // 3)
        people = [self.open() for _ in range(OPERATORS)]
        try:
            while self.clock.now() < self.begin + DAY + 2 * HOUR or self.is_open():  # the last are synced afterwards
                is_day = self.clock.now() < self.begin + DAY
                if is_day:
                    share = (self.clock.now() - self.begin) / DAY
                    self.arrive(self.total // 3 + round(share * (self.total - self.total // 3)) - self.made)
                    self.ship()
                for made in self.dice.sample(self.workers, 2):
                    assert run_once(made), self.lines[-3:]
                for person in people if is_day else ():
                    with suppress(OperationError, StoreError, IndexError):  # another was faster, or it was refused
                        self.work(person)
                self.clock.advance(TICK)
                assert self.clock.now() < self.begin + 3 * DAY, "it comes to an end"
        finally:
            for person in people:
                person.close()

    def arrive(self, count: int) -> None:
        """Buyers order."""
        for _ in range(max(count, 0)):
            self.made += 1
            age = self.dice.randrange(HOUR, 5 * DAY) if self.clock.now() == self.begin else 60
            more: dict[str, Any] = {
                "age": age,
                "market": self.dice.choice(self.markets),
                "updated": self.clock.now() - 60,
            }
            self.sim.amazon.put(order(self.made, self.clock.now(), asked=self.dice.random() < 0.1, **more))

    def ship(self) -> None:
        """The warehouse ships some orders behind everybody's back."""
        waiting = [
            one for one in self.sim.amazon.orders.values() if one["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
        ]
        for one in self.dice.sample(waiting, min(len(waiting), self.total // 300 + 1)):
            self.sim.amazon.ship(one)
            self.sim.amazon.touch(one["orderId"])

    def work(self, person: Session) -> None:
        """One operator does something."""
        held = [batch.id for batch in person.batches.find(open_only=True) if batch.state is BatchState.HELD]
        chance = self.dice.random()
        if chance < 0.1 and held:
            person.batches.recall(self.dice.choice(held))
            self.did["recalled"] += 1
        elif chance < 0.3 and held:
            person.batches.release(self.dice.choice(held))
            self.did["released"] += 1
        else:
            ids = list(person.orders.find("status:unshipped"))
            if not ids:
                return
            chosen = self.dice.sample(ids, self.dice.randint(1, min(len(ids), 4)))
            for plan in person.planner.plan(Action.CANCEL, chosen):
                if plan.rows:
                    person.batches.commit(plan, typed=str(len(plan.rows)))
                    self.did["committed"] += 1

    def is_open(self) -> bool:
        """Whether something is held, on its way, or not confirmed by a sync yet."""
        with self.open() as session:
            unclear = {RowState.HELD, RowState.SENT, RowState.ACCEPTED, RowState.OK}
            return any(row.state in unclear for batch in session.batches.find() for row in batch.rows)

    def check(self) -> None:
        """Everything right at its end, by Amazon's own book and by recounting."""
        amazon = self.sim.amazon
        done = Counter(one for feed in amazon.feeds.values() for one in feed.effects)
        assert done.total() > 0
        assert max(done.values()) == 1, "no order was cancelled twice"
        with self.open() as session:
            rows = [(batch, row) for batch in session.batches.find() for row in batch.rows]
            assert {row.order_id for _, row in rows if row.state is RowState.CONFIRMED} == set(done)
            assert {row.state for _, row in rows} <= {
                RowState.CONFIRMED, RowState.RECALLED, RowState.LEFT_OUT, RowState.ERROR
            }  # fmt: skip
            left = Counter(row.order_id for _, row in rows if row.state in LEFT and row.state is not RowState.ERROR)
            assert max(left.values()) == 1
            assert [str(one) for one in session.recount().run()] == []
            assert session.maintenance.check() == []
            assert session.audit.verify()
            shown = session.orders.rows(list(session.orders.find("")))
            statuses = {row.order_id: row.status.value.upper() for row in shown.values()}
            assert statuses == {
                ident: one["fulfillment"]["fulfillmentStatus"] for ident, one in amazon.orders.items()
            }  # fmt: skip
            assert worker_health(session.context.reader(), self.clock.now()).health is Health.HEALTHY
            ran = {one.id: set(one.runs) for one in session.context.store.work.workers()}
        assert ran == {f"box-{n}": {JobName.DISPATCH, JobName.SYNC} for n in (1, 2)}
        assert min(self.did[name] for name in ("committed", "recalled", "released")) > 0, self.did
        assert not any("Jane Doe" in line for line in self.lines)


@pytest.mark.parametrize(
    "engine", [places.BOTH[0], pytest.param(places.BOTH[1], marks=pytest.mark.long)], indirect=True
)
def test_a_small_day_of_a_team_ends_right(tmp_path: Path, sim: Simulator, clock: FixedClock) -> None:
    day = TeamDay(tmp_path, sim, clock, 40, ("US",))
    day.begin -= DAY - HOUR  # the last hour of one
    day.arrive(30)
    day.run()
    day.check()


@pytest.mark.long
@pytest.mark.parametrize("engine", places.BOTH if LONG else places.BOTH[:1], indirect=True)
def test_a_whole_day_ends_right(tmp_path: Path, sim: Simulator, clock: FixedClock) -> None:
    """The long profile has a day of 3,000 orders; otherwise it is one of 200."""
    day = TeamDay(tmp_path, sim, clock, 3_000 if LONG else 200, MARKETS)
    day.run()
    day.check()


@pytest.mark.parametrize(
    "point",
    [
        n if n in (7, 16) else pytest.param(n, marks=pytest.mark.long)
        for n in range(0 if LONG else 1, 40, 1 if LONG else 3)
    ],
)
def test_a_feed_whose_worker_died_at_any_step_is_at_amazon_once(
    point: int, tmp_path: Path, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opener() -> Session:
        return connected(sim, tmp_path, clock)

    sim.amazon.put(order(1, clock.now()))
    lines: list[str] = []
    one, other = worker(opener, "one-1", lines.append), worker(opener, "other-2", lines.append)
    assert run_once(one)
    with opener() as session:
        plan = session.planner.plan(Action.CANCEL, list(session.orders.find("")))[0]
        batch = session.batches.commit(plan, typed="1").id
        session.batches.release(batch)
    clock.advance(301)
    with monkeypatch.context() as patch:
        faults = inject(patch)
        with faults.armed(point, Crash()), suppress(Crash):
            run_once(one)
    for loop in one.loops:
        loop.close()
    for _ in range(20):
        clock.advance(300)
        run_once(other)
    with opener() as session:
        assert [row.state for row in session.batches.get(batch).rows] == [RowState.CONFIRMED], lines
        assert last_text(session, JobName.DISPATCH).startswith("ok")
    assert [feed.effects for feed in sim.amazon.feeds.values()] == [[one] for one in sim.amazon.orders]
