"""Any sequence of commits, holds, crashes, uploads and answers: nothing is paid or cancelled twice, and nothing is
lost.

20 sequences in `make test`, 60 in `make test-long`; with `ORDERTUI_SAFETY=long` 10,000, or so many as
`ORDERTUI_SEQUENCES` says.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.operations.config import Config
from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import EvidenceAgainst, OperationError, Refused
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlanLine
from ordertui.operations.results.evaluation import OPERATOR_CODE, ReportEvidence
from ordertui.operations.results.reconciler import ResultReconciler
from ordertui.operations.session import Session
from ordertui.operations.worker.jobs import jobs_for
from ordertui.orders.batch_state import COMMITTED, LEFT_BATCHES, BatchState, RowState
from ordertui.orders.clock import HOUR, FixedClock, day_start, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.store import ApprovalRefused, StoreError
from ordertui.store.repositories.work import JobName
from support.fake_amazon import FakeAmazon, Message, Processed, parse, report
from support.faults import Crash, Faults, disk_full, inject, read_only_folder
from support.logins import session_as
from support.profile import LONG
from support.shops import NOW, all_orders_row, bring, clone_store, item_id, open_session, order_id, unshipped_row
from support.transitions import assert_states_moved_as_allowed, watch_states
from support.workers import run_once, worker

WAITING, SHIPPED = (1, 2, 3), (11, 12)
TWO_LINES = (3, 12)
"""Orders with two lines of one SKU."""
PAID = LineAmounts(item_price=1000, item_tax=80, shipping_price=300, item_promotion=200)
PRICES = {"item_price": "10.00", "item_tax": "0.80", "shipping_price": "3.00", "item_promotion_discount": "2.00"}
LEFT = (RowState.WRITTEN, RowState.UPLOADED, RowState.ACCEPTED, RowState.OK, RowState.UNKNOWN, RowState.CONFIRMED)
UPLOADS = ("order-cancellation.txt", "payment-adjustment.txt")
REFUSALS = (OperationError, StoreError, ProcessingReportError)
FORMS: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: content,
    lambda content: content.replace(b"\n", b"\r\n"),
    lambda content: content.decode().encode("utf-16"),
    lambda content: content + b"\n\n",
)
"""One report in other bytes."""
ALL = PlanChoices(reason="GeneralAdjustment")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with three orders that may be cancelled and two that may be refunded."""
    folder = tmp_path_factory.mktemp("template")
    with open_session(folder) as session:
        numbers = (*WAITING, *SHIPPED)
        bring(
            session,
            folder,
            everything=[all_orders_row(n, **PRICES) for n in numbers] + [second_row(n) for n in TWO_LINES],
            open_=[unshipped_row(n) for n in numbers]
            + [
                unshipped_row(n, order_item_id=item_id(n, 2), quantity_purchased=2, quantity_to_ship=2)
                for n in TWO_LINES
            ],
        )
        rows = [all_orders_row(n, "Shipped", updated=NOW - HOUR, **PRICES) for n in SHIPPED]
        bring(session, folder, everything=[*rows, second_row(12, "Shipped", updated=NOW - HOUR)])
    return folder


def second_row(number: int, status: str = "Unshipped", **more: object) -> dict[str, object]:
    """The row of a second line with the same SKU."""
    return all_orders_row(number, status, quantity=2, **PRICES, **more)


class Machine(RuleBasedStateMachine):
    """An operator, a store that can crash, and an Amazon that pays whatever it is sent."""

    template: Path
    faults: Faults

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ordertui-machine-"))
        clone_store(self.template / "orders.db", self.folder / "orders.db")
        watch_states(self.folder / "orders.db")
        self.clock = FixedClock(NOW)
        self.session = open_session(self.folder, clock=self.clock)
        self.amazon = FakeAmazon()
        self.uploaded: dict[int, Processed] = {}
        self.committed: dict[int, list[str]] = {}
        self.root: dict[int, int] = {}
        """Batch to the batch whose wish it tries again; its own number for a first try."""
        self.granted: Counter[tuple[int, Message]] = Counter()
        """How often Amazon did what one wish asked for, by the wish's first batch."""
        self.reports = self.copies = 0
        self.trying: int | None = None
        """The batch whose wish is being tried again."""
        self.budget: int | None = None
        """The budget of counting cancellations a day; None: none is in force."""
        self.policy = self.folder / "policy.toml"
        self.older: bytes | None = None
        """The store's file as it was at some moment before."""

    def teardown(self) -> None:
        try:
            self.clock.advance(HOUR)
            self.session.dispatcher.run()
            found = [text for text in self.session.maintenance.check() if " is gone. If it was not " not in text]
            assert found == [], "after whatever happened, the next run goes on"
            withheld = self.session.uploads.withheld(self.session.context.reader())
            half = [path for path in self.folder.glob("outbox/*/.*") if int(path.parent.name[:4]) not in withheld]
            assert not half, "nothing half is left behind"
            assert "chain unbroken" in self.session.audit.verify()
            self.adopt_older()
        finally:
            self.session.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def adopt_older(self) -> None:
        """At the end an older state is put back for good, and its operator says which held batches left since."""
        newest = {batch.id: batch for batch in self.session.batches.find()}
        path = self.folder / "orders.db"
        self.session.close()
        if self.older is not None:
            for beside in ("orders.db-wal", "orders.db-shm"):
                (self.folder / beside).unlink(missing_ok=True)
            path.write_bytes(self.older)
        self.session = self.open()
        if self.older is None or not self.session.context.copies.reason():
            return
        adoption, outbox = self.session.adoption, set(self.folder.glob("outbox/*/*.txt"))
        proven = self.session.context.copies.evidence()
        for folder in self.session.context.copies.unknown_folders():
            folder.rename(self.folder / f"looked-at-{folder.name}")
        asked = adoption.questions()
        typed = str(sum(len(one.orders) for one in asked))
        if proven and not self.session.context.copies.evidence():
            return  # the folders were all that told of it, and were moved away
        if proven:
            with pytest.raises(Refused):
                adoption.adopt(why="I think so", typed=typed, nothing_since=True)
        held = {one.batch for one in asked if one.state is RowState.HELD}
        left = {one for one in held if newest[one].state in LEFT_BATCHES}
        adoption.adopt(why="looked in Seller Central", typed=typed, left=left, not_left=held - left)
        self.clock.advance(HOUR)
        self.session.dispatcher.run()
        new = set(self.folder.glob("outbox/*/*.txt")) - outbox
        assert not [path for path in new if path.name in UPLOADS], "what may have left is not sent again"

    # -- the operator

    def ids(self, numbers: set[int]) -> list[int]:
        return [row_id for n in sorted(numbers) if (row_id := self.session.orders.id_of(order_id(n))) is not None]

    def commit(self, plans: tuple[Plan, ...], again: int | None = None) -> None:
        self.trying = again
        for plan in plans:
            if plan.rows:
                before = self.counting_today()
                self.session.batches.commit(plan, typed=str(len(plan.rows)))
                self.learn()
                used = self.counting_today()
                assert self.budget is None or used <= {*before} or len(used) <= self.budget, "over the budget"

    def learn(self) -> None:
        """Take in the batches that were committed, also by what crashed after its commit."""
        for batch in self.session.batches.find():
            if batch.id not in self.committed:
                self.root[batch.id] = batch.id if self.trying is None else self.root[self.trying]
                self.committed[batch.id] = [row.order_id for row in batch.rows]

    def counting_today(self) -> set[int]:
        """The orders of counting cancellations committed today and not taken back, read row by row."""
        start = day_start(self.clock.now(), MARKETPLACES["US"].zone)
        with closing(sqlite3.connect(self.folder / "orders.db")) as connection:
            rows = connection.execute(
                "SELECT r.order_id, r.state, r.counts, r.action, b.created_at FROM batch_rows r"
                " JOIN batches b ON b.id = r.batch"
            ).fetchall()
        return {
            order
            for order, state, counts, action, at in rows
            if at >= start and RowState(state) in COMMITTED and (counts == 1 or (counts is None and action == "cancel"))
        }

    @initialize(numbers=st.sets(st.sampled_from((*WAITING, *SHIPPED)), min_size=2), keeps=st.booleans(), data=st.data())
    def begin(self, numbers: set[int], keeps: bool, data: st.DataObject) -> None:
        """Something has left and was uploaded already: that is where it becomes interesting."""
        self.cancel(numbers & set(WAITING) or {1})
        self.refund(numbers & set(SHIPPED) or {11}, LineAmounts(item_price=300), everything=False)
        if keeps:
            self.session.close()
            self.older = (self.folder / "orders.db").read_bytes()
            self.restart()
        self.leave()
        self.upload(data, None)

    @rule(numbers=st.sets(st.sampled_from(WAITING), min_size=1))
    def cancel(self, numbers: set[int]) -> None:
        self.commit(self.session.planner.plan(Action.CANCEL, self.ids(numbers)))

    @rule(
        numbers=st.sets(st.sampled_from(SHIPPED), min_size=1),
        part=st.builds(
            LineAmounts,
            item_price=st.integers(0, 1000),
            item_tax=st.sampled_from((0, 40, 80)),
            shipping_price=st.sampled_from((0, 100, 300)),
            item_promotion=st.sampled_from((0, 100, 200)),
        ),
        everything=st.booleans(),
    )
    def refund(self, numbers: set[int], part: LineAmounts, everything: bool) -> None:
        wanted = {
            order_id(n): tuple(
                PlanLine(line, item_id(n, line), f"SKU-{n}", line, part)
                for line in ((1, 2) if n in TWO_LINES else (1,))
            )
            for n in numbers
        }
        self.commit(
            self.session.planner.plan(
                Action.REFUND,
                self.ids(numbers),
                PlanChoices(reason="GeneralAdjustment", refunds={} if everything else wanted),
            )
        )

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        held = [b for b in self.session.batches.find() if any(row.state is RowState.HELD for row in b.rows)]
        if held:
            batch = data.draw(st.sampled_from(held))
            row = data.draw(st.sampled_from([row for row in batch.rows if row.state is RowState.HELD]))
            self.session.batches.recall(batch.id if data.draw(st.booleans()) else row.order_id)

    @rule()
    def leave(self) -> None:
        """The operator ends every hold."""
        for batch in self.session.batches.find():
            if batch.state is BatchState.HELD:
                self.session.batches.release(batch.id)
        self.session.dispatcher.run()

    @rule(data=st.data())
    def send_now(self, data: st.DataObject) -> None:
        """Let one held batch leave before its hold ends: it is held as long as before when it does not."""
        held = [batch for batch in self.session.batches.find() if batch.state is BatchState.HELD]
        if held:
            batch = data.draw(st.sampled_from(held))
            with suppress(OperationError, StoreError):
                self.session.dispatcher.release([batch.id])
            after = self.session.batches.get(batch.id)
            assert after.state is not BatchState.HELD or after.due_at == batch.due_at

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        batches = [b for b in self.session.batches.find() if any(row.state is RowState.ERROR for row in b.rows)]
        if batches:
            batch = data.draw(st.sampled_from(batches))
            failed = {row.order_id for row in batch.rows if row.state is RowState.ERROR}
            try:
                plans = self.session.batches.retry(batch.id)
            except OperationError:
                return
            assert {row.order_id for plan in plans for row in plan.rows} <= failed
            self.commit(plans, batch.id)

    @rule(data=st.data())
    def settle_by_looking(self, data: st.DataObject) -> None:
        """The operator looks at the order in Seller Central and says what he sees."""
        found = [
            (q.batch, one) for q in self.session.batches.open_issues() for one in q.orders if q.batch in self.uploaded
        ]
        if found:
            batch, order = data.draw(st.sampled_from(found))
            self.settle(batch, order, done=self.did(batch, order), looks_twice=True)

    def settle(self, batch: int, order: str, *, done: bool, looks_twice: bool) -> None:
        """Say it; where evidence says otherwise, name it only after a second look."""
        say = partial(self.session.batches.settle, batch, [order], done=done, why="looked at the order", typed="1")
        try:
            say()
        except EvidenceAgainst as error:
            if looks_twice:
                say(against=error.names)

    @rule(data=st.data())
    def settle_against_evidence(self, data: st.DataObject) -> None:
        """The operator says the contrary of what a whole report says, and names no evidence: it changes nothing."""
        evidence = ResultReconciler(self.session.context.store).evidence_of
        found = [
            (batch.id, row.order_id, row.state)
            for batch in self.session.batches.find()
            for row in batch.rows
            if row.state in (RowState.OK, RowState.ERROR) and row.code != OPERATOR_CODE and batch.id in self.uploaded
            # where a report says done, that word is the careful one, and needs no evidence
            if row.state is RowState.OK or not _says_done(evidence(batch.id), row.order_id)
        ]
        if found:
            batch, order, state = data.draw(st.sampled_from(found))
            with suppress(*REFUSALS):
                self.session.batches.settle(batch, [order], done=state is RowState.ERROR, why="no", typed="1")
                raise AssertionError("a word went against a report that was not named")

    def did(self, batch: int, order: str) -> bool:
        """Whether Amazon did what the uploaded file of the batch asked for the order."""
        processed = self.uploaded[batch]
        return any(
            message.order_id == order and number <= processed.done and number not in processed.failed
            for number, message in enumerate(processed.messages, start=1)
        )

    # -- time, and what can go wrong

    @rule(seconds=st.sampled_from((60, 900, 3 * HOUR)))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(at=st.integers(0, 30), kind=st.sampled_from(("crash", "full", "read-only", "none", "none")))
    def dispatch(self, at: int, kind: str) -> None:
        error = {"crash": Crash(), "full": disk_full(), "read-only": read_only_folder(), "none": None}[kind]
        try:
            with self.faults.armed(at, error):
                self.session.dispatcher.run()
        except Crash:
            self.restart()
        except (OSError, DispatchIncomplete):
            pass

    @rule()
    def restart(self) -> None:
        self.session.close()
        self.session = self.open()

    def open(self) -> Session:
        config = Config(policy_file=str(self.policy)) if self.policy.exists() else Config()
        return Session.open(self.folder / "orders.db", clock=self.clock, config=config)

    @rule(at=st.sampled_from((None, None, 0, 1, 2, 4, 7, 12)), seconds=st.sampled_from((0, 900)))
    def work(self, at: int | None, seconds: int) -> None:
        """A worker does what is due, once, while the screen is open, and may be killed over it."""
        self.clock.advance(seconds)
        jobs = [job for job in jobs_for(self.session.config, is_practice=False) if job.name is JobName.DISPATCH]
        made = worker(self.open, jobs=jobs)
        with suppress(Crash), self.faults.armed(at, Crash()):
            run_once(made)
        for loop in made.loops:
            loop.close()

    @rule(
        at=st.integers(0, 14),
        step=st.sampled_from(("cancel", "refund", "recall", "retry", "settle", "import", "purge", "backup", "upload")),
        data=st.data(),
    )
    def crash_over(self, at: int, step: str, data: st.DataObject) -> None:
        """The program is killed at some point of what the operator does, and is started again."""
        self.trying = None
        held = [b.id for b in self.session.batches.find() if any(row.state is RowState.HELD for row in b.rows)]
        written = [b.id for b in self.session.batches.find() if b.state is BatchState.WRITTEN]
        steps: dict[str, Callable[[], object]] = {
            "cancel": lambda: self.cancel(set(WAITING)),
            "refund": lambda: self.refund(set(SHIPPED), LineAmounts(item_price=100), everything=False),
            "recall": lambda: [self.session.batches.recall(one) for one in held[:1]],
            "retry": lambda: self.retry(data),
            "settle": lambda: self.settle_by_looking(data),
            "import": self.import_report,
            "purge": self.purge,
            "backup": lambda: self.session.maintenance.backup(self.folder / f"backup-{self.copies}.db"),
            "upload": lambda: self.say_uploaded(written),
        }
        self.copies += step == "backup"
        try:
            with self.faults.armed(at, Crash()):
                steps[step]()
        except Crash:
            self.restart()
            self.learn()
        except REFUSALS:
            pass

    def say_uploaded(self, batches: list[int]) -> None:
        for batch in batches[:1]:
            self.session.batches.mark_uploaded(batch)

    @rule()
    def commit_a_plan_of_another_store(self) -> None:
        """The plan of a store that has the same orders is taken by no other."""
        self.copies += 1
        folder = self.folder / f"other-{self.copies}"
        folder.mkdir()
        clone_store(self.template / "orders.db", folder / "orders.db")
        with open_session(folder, clock=self.clock) as other:
            plans = other.planner.plan(Action.CANCEL, self.ids(set(WAITING)))
            other.batches.save_plan(plans, folder / "plan.json")
        for plan in self.session.batches.load_plan(folder / "plan.json"):
            if plan.rows:
                with pytest.raises(Refused):
                    self.session.batches.commit(plan, typed=str(len(plan.rows)))

    @rule()
    def undo_import(self) -> None:
        """The newest import is taken back; what it said of orders in batches stays, or the undo is refused."""
        with suppress(*REFUSALS):
            self.session.undo_import(self.session.context.store.database.required(int, "SELECT max(id) FROM imports"))

    @rule(copied=st.sampled_from(("backup", "file")))
    def copy_acts_on_nothing(self, copied: str) -> None:
        """Whoever opens a copy: nothing is committed or sent by it."""
        self.copies += 1
        folder = self.folder / f"copy-{self.copies}"
        folder.mkdir()
        if copied == "backup":
            self.session.maintenance.backup(folder / "orders.db")
        else:
            self.session.close()
            shutil.copy(self.folder / "orders.db", folder / "orders.db")
            self.restart()
        self.clock.advance(HOUR)
        with open_session(folder, clock=self.clock) as copy:
            with pytest.raises(Refused, match="older copy"):
                copy.dispatcher.run()
            for plan in copy.planner.plan(Action.CANCEL, self.ids(set(WAITING))):
                with pytest.raises(Refused):
                    copy.batches.commit(plan, typed=str(len(plan.rows)))
        assert not (folder / "outbox").exists()

    @rule()
    def put_back(self) -> None:
        """An older state is put back in place, and the newer one again: the older one acts on nothing if more left."""
        path = self.folder / "orders.db"
        note = path.with_name("orders.db-newest")
        self.session.close()
        older, self.older = self.older, path.read_bytes()
        if older is None or not note.exists():
            self.restart()
            return
        newest, said = path.read_bytes(), note.read_bytes()
        with closing(sqlite3.connect(path)) as connection:
            record = connection.execute("SELECT max(id) FROM audit").fetchone()[0]
        path.write_bytes(older)
        self.clock.advance(HOUR)
        with closing(sqlite3.connect(path)) as connection:
            before = connection.execute("SELECT max(id) FROM audit").fetchone()[0] or 0
        with open_session(self.folder, clock=self.clock) as old:
            if before < json.loads(said)["record"] <= record:
                with pytest.raises(Refused, match="older copy"):
                    old.dispatcher.run()
        assert note.read_bytes() == said or before >= json.loads(said)["record"]
        for beside in ("orders.db-wal", "orders.db-shm"):
            (self.folder / beside).unlink(missing_ok=True)
        path.write_bytes(newest)
        note.write_bytes(said)
        self.restart()

    @rule()
    def purge(self) -> None:
        """Every order but those of batches, and the newest, is deleted."""
        self.session.maintenance.purge(2_000, yes=True)
        self.session.context.store.maintenance.purge(self.clock.now() + HOUR)

    @rule()
    def tighten(self) -> None:
        """The owner asks for the count of every batch; plans made before do not carry it."""
        plans = [plan for plan in self.session.planner.plan(Action.REFUND, self.ids(set(SHIPPED)), ALL) if plan.rows]
        self.put_policy("[settings]\ntyped_count_from = 1\n")
        for plan in plans:
            if plan.typed_count is None:
                with pytest.raises(OperationError):
                    self.session.batches.commit(plan)

    @rule(least=st.sampled_from((1, 2)))
    def ask_for_approval(self, least: int) -> None:
        """The owner lets batches wait for somebody else: those committed from now on, and those that are held."""
        when = f'when = "batch-orders>={least}"\neffect = "approval"\n'
        self.put_policy(f'[[rule]]\nid = "second"\nwhy = "a second look"\n{when}')

    @rule(most=st.sampled_from((0, 1, 2)))
    def set_budget(self, most: int) -> None:
        """The owner allows so many counting cancellations a day; what the program counts is what is in the journal."""
        self.put_policy(f'[budget]\nday = {most}\neffect = "deny"\n', budget=most)
        (use,) = self.session.rate.budgets.of("US")
        assert use.used == len(self.counting_today())

    def put_policy(self, text: str, budget: int | None = None) -> None:
        self.policy.write_text(text, encoding="utf-8")
        self.budget = budget
        self.restart()

    @precondition(lambda self: self.session.approvals.waiting())
    @rule(data=st.data(), is_approved=st.booleans(), at=st.sampled_from((None, None, 0, 1, 3, 5)))
    def decide(self, data: st.DataObject, is_approved: bool, at: int | None) -> None:
        """Somebody else approves or rejects, and may crash over it; who committed it never can."""
        batch = data.draw(st.sampled_from([one.id for one in self.session.approvals.waiting()]))
        with pytest.raises(ApprovalRefused):
            self.session.approvals.approve(batch, "mine")
        lead = session_as("lead", self.folder / "orders.db", self.clock, pytest.MonkeyPatch(), self.session.config)
        with lead, suppress(Crash), self.faults.armed(at, Crash()):
            (lead.approvals.approve if is_approved else lead.approvals.reject)(batch, "looked at each")

    @rule(
        action=st.sampled_from((Action.CANCEL, Action.REFUND)),
        edit=st.sampled_from(
            (("hold_seconds", 0), ("hold_seconds", 10**18), ("typed_count", 1), ("expires_at", 10**18), ("store", "x"))
        ),
    )
    def commit_an_edited_plan(self, action: Action, edit: tuple[str, object]) -> None:
        numbers = WAITING if action is Action.CANCEL else SHIPPED
        path = self.folder / "edited.json"
        path.unlink(missing_ok=True)
        plans = [one for one in self.session.planner.plan(action, self.ids(set(numbers)), ALL) if len(one.rows) > 1]
        if not plans:
            return
        self.session.batches.save_plan(plans, path)
        content = json.loads(path.read_text(encoding="utf-8"))
        content["plans"][0][edit[0]] = edit[1]
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(OperationError):
            self.session.batches.commit(self.session.batches.load_plan(path)[0], typed=str(len(plans[0].rows)))

    # -- Amazon

    def files(self) -> Iterator[tuple[int, Path]]:
        for path in sorted(self.folder.glob("outbox/*/*.txt")):
            if path.name in UPLOADS:
                yield int(path.parent.name[:4]), path

    @precondition(lambda self: any(batch not in self.uploaded for batch, _ in self.files()))
    @rule(data=st.data(), most=st.sampled_from((None, None, None, 0, 1)))
    def upload(self, data: st.DataObject, most: int | None) -> None:
        """Each file once, as the instructions say; it may be moved away afterwards."""
        waiting = [(batch, path) for batch, path in self.files() if batch not in self.uploaded]
        if not waiting:
            return
        batch, path = data.draw(st.sampled_from(waiting))
        fails = data.draw(st.lists(st.booleans(), min_size=8, max_size=8))
        bad = {message: fails[i % 8] for i, message in enumerate(parse(path.read_bytes()))}
        processed = self.uploaded[batch] = self.amazon.upload(path.read_bytes(), lambda message: bad[message], most)
        for number, message in enumerate(processed.messages[: processed.done], start=1):
            if number not in processed.failed:
                self.granted[self.root[batch], message] += 1
        if data.draw(st.booleans()):
            path.rename(path.with_name("uploaded.txt"))

    @precondition(lambda self: self.uploaded)
    @rule(
        data=st.data(),
        kind=st.sampled_from(
            ("true", "true", "true", "true", "cut", "counts", "stranger", "all well", "of another batch")
        ),
        named=st.sampled_from((True, True, False)),
    )
    def answer(self, data: st.DataObject, kind: str, named: bool) -> None:
        """A processing report, late, again, cut off, or lying, of any file that was uploaded."""
        batch = data.draw(st.sampled_from(sorted(self.uploaded)))
        processed = self.uploaded[batch]
        content = report(processed.messages, processed.failed, processed.done)
        if kind == "cut":
            content = content[: data.draw(st.integers(0, len(content)))]
        elif kind == "counts":
            content = report(processed.messages, processed.failed, processed.done + data.draw(st.sampled_from((-1, 1))))
        elif kind == "stranger":
            stranger = [Message(order_id(99), item_id(99)), *processed.messages[1:]]
            content = report(stranger, {1}, len(stranger))
        elif kind == "all well":
            content = report(processed.messages, set(), len(processed.messages))
        content = data.draw(st.sampled_from(FORMS))(content)
        target = data.draw(st.sampled_from(sorted(self.committed))) if kind == "of another batch" else batch
        self.reports += 1
        path = self.folder / f"report-{self.reports}.txt"
        path.write_bytes(content)
        with suppress(*REFUSALS):
            try:
                self.session.results.take_in([path], batch_id=target if named or kind == "of another batch" else None)
            except EvidenceAgainst as error:  # it reads like an answer of another batch: the operator looks again
                if target == batch and kind != "all well":
                    self.session.results.take_in([path], batch, error.names)

    @rule(number=st.sampled_from(WAITING), line=st.integers(1, 3))
    def item_id_changes(self, number: int, line: int) -> None:
        """A newer report gives the item another id: what is held with the old one is not sent as it is."""
        if not self.amazon.cancelled[order_id(number)]:
            row = unshipped_row(number, order_item_id=item_id(number, line), reporting_date=iso_utc(self.clock.now()))
            bring(self.session, self.folder, open_=[row])

    @rule()
    def import_report(self) -> None:
        """A later All Orders report shows what is cancelled by now."""
        gone = [n for n in WAITING if self.amazon.cancelled[order_id(n)]]
        if gone:
            rows = [all_orders_row(n, "Cancelled", updated=self.clock.now(), **PRICES) for n in gone]
            bring(self.session, self.folder, everything=rows)

    # -- what must never happen

    @invariant()
    def nothing_leaves_that_waits_for_approval(self) -> None:
        for batch in self.session.batches.find():
            if batch.approval is not None and batch.state in LEFT_BATCHES | {BatchState.HELD}:
                assert batch.approval.is_approved

    @invariant()
    def never_more_back_than_was_paid(self) -> None:
        for key, sums in self.amazon.paid_back.items():
            back = LineAmounts(**{name: sums[name] for name in COMPONENTS})
            for name in COMPONENTS:
                assert sums[name] <= getattr(PAID, name), (key, name, sums)
            assert back.total <= PAID.total, (key, sums)

    @invariant()
    def states_move_as_allowed(self) -> None:
        assert_states_moved_as_allowed(self.session.context.store)

    @invariant()
    def no_wish_granted_twice(self) -> None:
        assert all(count <= 1 for count in self.granted.values()), self.granted

    @invariant()
    def no_order_cancelled_twice(self) -> None:
        assert all(count <= 1 for count in self.amazon.cancelled.values()), self.amazon.cancelled

    @invariant()
    def no_row_lost_and_none_done_before_amazon_said_so(self) -> None:
        batches = {batch.id: batch for batch in self.session.batches.find()}
        for ident, orders in self.committed.items():
            assert [row.order_id for row in batches[ident].rows] == orders
            for row in batches[ident].rows:
                assert row.state is not RowState.CONFIRMED or self.amazon.cancelled[row.order_id]
                if row.state in (RowState.UNKNOWN, RowState.ERROR):
                    assert row.text, "an outcome that is not plain says why"

    @invariant()
    def what_may_have_been_done_is_never_sent_again(self) -> None:
        seen: dict[str, int] = {}
        for batch in self.session.batches.find():
            if batch.action is Action.CANCEL:
                for row in batch.rows:
                    if row.state in LEFT:
                        assert row.order_id not in seen or row.state is RowState.UNKNOWN, (row, seen)
                        seen[row.order_id] = batch.id

    @invariant()
    def no_file_of_a_batch_that_is_not_written(self) -> None:
        assert self.session.context.reader().batches.writing() == []
        left = {batch.id for batch in self.session.batches.find() if batch.state in LEFT_BATCHES}
        assert all(batch in left for batch, _ in self.files())

    @invariant()
    def no_half_file(self) -> None:
        batches = {batch.id: batch for batch in self.session.batches.find()}
        for ident, path in self.files():
            whole = {feed.name: feed.content for feed in self.session.context.reader().batches.feeds(ident)}
            assert path.read_bytes() == whole[path.name]
            assert str(path) in batches[ident].files


SEQUENCES = (
    [int(os.environ.get("ORDERTUI_SEQUENCES", "10000"))] if LONG else [20, pytest.param(60, marks=pytest.mark.long)]
)


def _says_done(reports: Iterable[ReportEvidence], order: str) -> bool:
    return any(order in one.outcomes and one.outcomes[order].state is RowState.OK for one in reports)


@pytest.mark.parametrize("sequences", SEQUENCES)
def test_no_sequence_pays_or_cancels_twice(sequences: int, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Machine.template = template
    Machine.faults = inject(monkeypatch)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=40 if LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not LONG,
        ),
    )
