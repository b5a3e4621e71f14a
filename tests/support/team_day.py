"""A day of a team against Amazon's simulator: six people, two workers, approvals, deadlines, notifications.

Its end is compared with plain recounts of Amazon's own book, of the journal's tables and of what the receiver got.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.config import AmazonConfig, Config, NotifyConfig, ReceiverConfig
from ordertui.operations.errors import OperationError
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.operations.worker.health import Health, worker_health
from ordertui.orders.batch_state import LEFT, BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock, parse_iso
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.people import Role
from ordertui.store import StoreError
from ordertui.store.repositories.work import JobName

from .api import PATIENT, SimulatedTime
from .logins import let_in, session_as
from .simulator import Simulator
from .simulator.shop import order
from .workers import run_once, worker

MARKETS = ("US", "CA", "MX", "BR")
"""Of one region, as one account of the API has them."""
_CODES = {MARKETPLACES[code].id: code for code in MARKETS}
TICK = 600
AGENTS, LEADS = ("ann", "ben", "cho", "dee"), ("eve", "fay")
MANY = 3
"""Orders from which a batch waits for somebody's approval."""
RULE = f"""[[rule]]
id = "many"
when = "batch-orders>={MANY}"
effect = "approval"
why = "large batches are looked at by two"
"""
QUICKLY = 0.4
"""Of the waiting batches, how many a lead decides about at one look."""


class TeamDay:
    """Orders come in over `seconds`, people work on them, two workers do the rest."""

    def __init__(
        self,
        folder: Path,
        sim: Simulator,
        clock: FixedClock,
        patch: pytest.MonkeyPatch,
        orders: int,
        seconds: int = DAY,
    ) -> None:
        self.folder, self.sim, self.clock, self.total, self.seconds = folder, sim, clock, orders, seconds
        self._patch = patch
        self.dice = random.Random(orders)
        self.made = 0
        self.did: Counter[str] = Counter()
        self.lines: list[str] = []
        self.begin = clock.now()
        self.messages = folder / "messages"
        rule = folder / "house.toml"
        rule.write_text(RULE, encoding="utf-8")
        tell = ReceiverConfig("team", ("/bin/sh", "-c", 'cat >> "$0"; echo >> "$0"', str(self.messages)))
        self.config = Config(
            merchant_id="A1SELLER",
            policy_file=str(rule),
            amazon=AmazonConfig(profile="test", marketplaces=MARKETS, endpoint=sim.address, dispatch="api"),
            notify=NotifyConfig(receivers=(tell,), most_per_hour=1_000, gap_minutes=0),
        )
        self.owner = self.open("owner")
        let_in(self.owner, box=Role.AGENT, **dict.fromkeys(AGENTS, Role.AGENT), **dict.fromkeys(LEADS, Role.LEAD))
        if self.owner.context.store.is_shared:
            self.owner.team.publish_policy(rule, None, "large batches need two")
        self.people = {name: self.open(name) for name in (*AGENTS, *LEADS)}
        self.workers = [worker(lambda: self.open("box"), f"box-{n}", self.lines.append) for n in (1, 2)]
        self.true_facts: set[str] = set()
        """Keys of alerts that were true when the workers had just told what there was to tell."""

    def open(self, login: str) -> Session:
        """A session of somebody, whose waiting only moves the clock."""
        made = session_as(login, self.folder / "orders.db", self.clock, self._patch, self.config)
        connection = made.sync.connection
        connection.sleep, connection.step, connection.timeouts = SimulatedTime(self.clock).sleep, 60, PATIENT
        return made

    def close(self) -> None:
        """Close every session."""
        for loop in (loop for made in self.workers for loop in made.loops):
            loop.close()
        for session in (self.owner, *self.people.values()):
            session.close()

    # -- the day

    def run(self) -> None:
        """Until the day is over and Amazon has answered everything."""
        self._arrive(self.total // 3)
        self._run_each()
        end = self.begin + self.seconds
        while self.clock.now() < end + 2 * HOUR or self._is_open():  # the last are synced afterwards
            share = min(1.0, (self.clock.now() - self.begin) / self.seconds)
            self._arrive(self.total // 3 + round(share * (self.total - self.total // 3)) - self.made)
            if self.clock.now() < end:
                self._happens_at_amazon()
            for loop in (loop for made in self.dice.sample(self.workers, 2) for loop in made.loops):
                loop.step(lambda: False)
                assert not loop.has_failed, self.lines[-3:]
            self._note_facts()
            for name, person in self.people.items():
                with suppress(OperationError, StoreError):  # another was faster, or it was refused
                    self._work(name, person, is_day=self.clock.now() < end)
            self.clock.advance(TICK)
            assert self.clock.now() < end + 2 * DAY, "it comes to an end"
        self._run_each()

    def _run_each(self) -> None:
        """Each worker once, from its begin to its end."""
        for made in self.workers:
            assert run_once(made), self.lines[-3:]

    def _arrive(self, count: int) -> None:
        """Buyers order; of the first orders some are those that Amazon cancels by itself within the day."""
        now = self.clock.now()
        for _ in range(max(count, 0)):
            self.made += 1
            market = self.dice.choice(MARKETS)
            age = self.dice.randrange(HOUR, 5 * DAY) if now == self.begin else 60
            more: dict[str, Any] = {"age": age, "market": market, "updated": now - 60}
            if now == self.begin and self.made % 7 == 0:
                more |= {"age": 14 * DAY, "ship_by": self._late_ship_by(market)}
            if now == self.begin and self.made % 5 == 0:
                more["status"] = "SHIPPED"
            self.sim.amazon.put(order(self.made, now, asked=self.dice.random() < 0.1, **more))

    def _late_ship_by(self, market: str) -> int:
        """A ship-by time after which Amazon cancels within the day; of every other one soon, before others can."""
        deadline = self.owner.eligibility.auto_cancel_at
        times = (self.begin - back * HOUR for back in range(24, 15 * 24))
        fitting = [one for one in times if self.begin < (deadline(market, one) or 0) < self.begin + self.seconds]
        chosen = self.dice.choice(fitting or [self.begin + DAY])
        return min(fitting) if fitting and self.made % 2 else chosen

    def _happens_at_amazon(self) -> None:
        """The warehouse ships some orders; buyers ask; Amazon cancels what was not shipped in time."""
        now, deadline = self.clock.now(), self.owner.eligibility.auto_cancel_at
        waiting = [one for one in self.sim.amazon.orders.values() if _status(one) == "UNSHIPPED"]
        for one in self.dice.sample(waiting, min(len(waiting), self.total // 50 + 1)):
            self.sim.amazon.ship(one)
            self.sim.amazon.touch(one["orderId"])
        for one in waiting:
            by = parse_iso(one["fulfillment"]["shipByWindow"]["latestDateTime"])
            at = None if by > now - 2 * DAY else deadline(_market(one), by)
            if _status(one) == "UNSHIPPED" and at is not None and at <= now:
                one["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
                for item in one["orderItems"]:
                    item["cancellation"] = {"cancellationExecution": {"cancelledBy": "AMAZON"}}
                self.sim.amazon.touch(one["orderId"])
                self.did["auto-cancelled"] += 1

    def _work(self, name: str, person: Session, *, is_day: bool) -> None:
        """One of the people does something; after the day they only decide what still waits."""
        reader = person.context.reader()
        batches = reader.batches.find(open_only=True)
        held = [batch.id for batch in batches if batch.state is BatchState.HELD]
        waiting = [batch.id for batch in batches if batch.state is BatchState.AWAITING]
        if name in LEADS and waiting and self.dice.random() < QUICKLY:
            number = self.dice.choice(waiting)
            if self.dice.random() < 0.8:
                person.approvals.approve(number, "looked at each")
                self.did["approved"] += 1
            else:
                person.approvals.reject(number, "not these")
                self.did["rejected"] += 1
            return
        if waiting and self.dice.random() < 0.3:  # who committed it tries it too, and on a server an agent
            batch = next(one for one in batches if one.id == self.dice.choice(waiting) or one.id == waiting[-1])
            names = [batch.author, *(AGENTS if person.context.store.is_shared else ())]
            with suppress(OperationError, StoreError):
                self.people[self.dice.choice(names)].approvals.approve(batch.id, "fine")
                self.did["approved by the wrong one"] += 1
        if not is_day:
            return
        chance = self.dice.random()
        if chance < 0.1 and held:
            person.batches.recall(self.dice.choice(held))
            self.did["recalled"] += 1
        elif chance < 0.3 and held:
            person.batches.release(self.dice.choice(held))
            self.did["released"] += 1
        else:
            action = Action.REFUND if chance > 0.85 else Action.CANCEL
            status = "shipped" if action is Action.REFUND else "unshipped"
            ids = list(person.orders.find(f"status:{status} marketplace:{self.dice.choice(MARKETS)}"))
            choices = PlanChoices(reason="GeneralAdjustment" if action is Action.REFUND else "")
            chosen = self.dice.sample(ids, min(len(ids), self.dice.randint(1, 5)))
            for plan in person.planner.plan(action, chosen, choices):
                if plan.rows:
                    person.batches.commit(plan, typed=str(len(plan.rows)))
                    self.did[f"{action.value} committed"] += 1

    def _is_open(self) -> bool:
        """Whether something waits, is held, on its way, or not confirmed by a sync yet."""
        sql = "SELECT 1 FROM batch_rows WHERE state IN ('held', 'sent', 'accepted', 'ok') LIMIT 1"
        return self.owner.context.store.database.value(int, sql) is not None

    def _note_facts(self) -> None:
        """Note what is true by the tables alone, right after the workers looked."""
        query = self.owner.context.store.database.query
        for (number,) in query("SELECT id FROM batches WHERE state = 'awaiting_approval'"):
            self.true_facts.add(f"approval_wanted:{number}")
        free = (
            "status IN ('unshipped', 'partially_shipped') AND NOT EXISTS (SELECT 1 FROM batch_rows r WHERE"
            " r.order_id = o.id AND r.is_open = 1)"
        )
        for (ident,) in query(f"SELECT order_id FROM orders o WHERE buyer_request = 'official' AND {free}"):
            self.true_facts.add(f"buyer_request:{ident}:official")
        soon = self.clock.now() + DAY
        for ident, at in query(
            f"SELECT order_id, auto_cancel_at FROM orders o WHERE auto_cancel_at < {soon} AND {free}"
        ):
            if at > self.clock.now():
                self.true_facts.add(f"auto_cancel:{ident}:{at}")

    # -- its end

    def check(self) -> None:
        """Everything right at its end."""
        assert self.made == len(self.sim.amazon.orders) == self.total
        for check in (
            self._check_nothing_twice, self._check_book, self._check_approvals, self._check_deadlines,
            self._check_rates, self._check_messages, self._check_store,
        ):  # fmt: skip
            check()
        wanted = ("cancel committed", "refund committed", "recalled", "released", "approved", "auto-cancelled")
        assert min(self.did[name] for name in wanted) > 0, self.did
        assert self.did["approved by the wrong one"] == 0
        assert not any("Jane Doe" in line for line in self.lines)

    def _rows(self) -> list[tuple[Action, Any]]:
        return [(batch.action, row) for batch in self.owner.context.store.batches.find() for row in batch.rows]

    def _check_nothing_twice(self) -> None:
        amazon = self.sim.amazon
        done = Counter((feed.kind, one) for feed in amazon.feeds.values() for one in feed.effects)
        assert done.total() > 0
        assert max(done.values()) == 1, "nothing was done to an order twice"
        paid = Counter(one["relatedIdentifiers"][0]["relatedIdentifierValue"] for one in amazon.transactions)
        assert max(paid.values(), default=0) <= 1, "no refund was paid twice"
        refunded = {row.order_id for action, row in self._rows() if action is Action.REFUND and row.state in LEFT}
        assert set(paid) <= refunded
        left = Counter(
            (action, row.order_id) for action, row in self._rows()
            if row.state in LEFT and row.state is not RowState.ERROR
        )  # fmt: skip
        assert max(left.values()) == 1

    def _check_book(self) -> None:
        """The journal says of each order what Amazon's book says."""
        amazon = self.sim.amazon
        done = {one for feed in amazon.feeds.values() if "ACKNOWLEDGEMENT" in feed.kind for one in feed.effects}
        confirmed = {
            row.order_id for action, row in self._rows() if action is Action.CANCEL and row.state is RowState.CONFIRMED
        }
        assert confirmed == done
        paid = {one["relatedIdentifiers"][0]["relatedIdentifierValue"] for one in amazon.transactions}
        booked = {
            row.order_id for action, row in self._rows() if action is Action.REFUND and row.state is RowState.CONFIRMED
        }
        assert booked == paid
        assert {row.state for _, row in self._rows()} <= {
            RowState.CONFIRMED, RowState.RECALLED, RowState.LEFT_OUT, RowState.ERROR
        }  # fmt: skip
        found = self.owner.context.store.database.query("SELECT order_id, status FROM orders")
        assert {ident: status.upper() for ident, status in found} == {
            ident: _status(one) for ident, one in amazon.orders.items()
        }

    def _check_approvals(self) -> None:
        """Each large batch that left was approved before, by a lead with another login than its author's."""
        query = self.owner.context.store.database.query
        large = 0
        for number, author, sent, rows, approved, login, decided in query(
            "SELECT b.id, b.author, b.sent_at, (SELECT count(*) FROM batch_rows r WHERE r.batch = b.id), a.approved,"
            " a.decided_login, a.decided_at FROM batches b LEFT JOIN approvals a ON a.batch = b.id"
        ):
            if sent is None or rows < MANY:
                continue
            large += 1
            assert (approved, login in LEADS, login != author, decided <= sent) == (1, True, True, True), number
        assert large > 0

    def _check_deadlines(self) -> None:
        """Each order that Amazon was about to cancel was shipped or cancelled before, or it was named before."""
        told = self._told()
        for one in self.sim.amazon.orders.values():
            executed = one["orderItems"][0].get("cancellation", {}).get("cancellationExecution", {})
            if executed.get("cancelledBy") == "AMAZON":
                ident = one["orderId"]
                at = self.owner.context.store.database.value(
                    int, "SELECT auto_cancel_at FROM orders WHERE order_id = ?", (ident,)
                )
                if at is None:  # only orders that wait have one
                    by = parse_iso(one["fulfillment"]["shipByWindow"]["latestDateTime"])
                    at = self.owner.eligibility.auto_cancel_at(_market(one), by) or 0
                assert told[f"auto_cancel:{ident}:{at}"] <= at, ident

    def _check_rates(self) -> None:
        """The rate of each marketplace is what Amazon's book comes to, counted order by order."""
        for market in MARKETS:
            for effect in self.owner.rate.calculator.effects(market):
                shown = effect.before
                placed = cancelled = 0
                for one in self.sim.amazon.orders.values():
                    if (
                        _market(one) != market
                        or not shown.window_from <= parse_iso(one["createdTime"]) < shown.window_to
                    ):
                        continue
                    placed += 1
                    said = one["orderItems"][0].get("cancellation", {})
                    by = said.get("cancellationExecution", {}).get("cancelledBy")
                    cancelled += by in ("MERCHANT", "AMAZON") and one["orderId"] not in self.asked
                assert (shown.orders, shown.cancelled) == (placed, cancelled), (market, shown)

    @property
    def asked(self) -> set[str]:
        """Orders whose buyers asked."""
        found = self.owner.context.store.database.query(
            "SELECT order_id FROM orders WHERE buyer_request IN ('official', 'some')"
        )
        return {row[0] for row in found}

    def _told(self) -> dict[str, int]:
        """The keys of alerts that the receiver was told, with when."""
        return dict(
            self.owner.context.store.database.query(
                "SELECT t.alert, n.at FROM told_alerts t JOIN notifications n ON n.id = t.notification"
            )
        )

    def _check_messages(self) -> None:
        """What was true when the workers looked was told, and each fact in one message."""
        told = self._told()
        assert self.true_facts - set(told) == set()
        got = [json.loads(line) for line in self.messages.read_text(encoding="utf-8").splitlines()]
        assert len({one["id"] for one in got}) == len(got) > 0, "no message came twice"
        for kind in ("buyer_request", "auto_cancel", "approval_wanted"):
            keys = [key for key in told if key.startswith(f"{kind}:")]
            assert sum(one["count"] for one in got if one["kind"] == kind) == len(keys) > 0, kind
            named = Counter(subject for one in got if one["kind"] == kind for subject in one["first"])
            assert max(named.values()) == 1, kind
        assert "Jane Doe" not in self.messages.read_text(encoding="utf-8")

    def _check_store(self) -> None:
        assert [str(one) for one in self.owner.recount().run()] == []
        assert self.owner.maintenance.check() == []
        assert "chain unbroken" in self.owner.audit.verify()
        reader, now = self.owner.context.reader(), self.clock.now()
        assert worker_health(reader, now).health is Health.HEALTHY
        jobs = {JobName.DISPATCH, JobName.SYNC, JobName.NOTIFY}
        assert {one.id: set(one.runs) for one in reader.work.workers()} == {f"box-{n}": jobs for n in (1, 2)}


def _status(one: dict[str, Any]) -> str:
    return str(one["fulfillment"]["fulfillmentStatus"])


def _market(one: dict[str, Any]) -> str:
    return _CODES[one["salesChannel"]["marketplaceId"]]
