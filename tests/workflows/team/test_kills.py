"""Screen, worker and server killed at every step of an approval, a dispatch, a lease and a notification.

Whatever was killed: one dispatch, one message for each fact at most, never silently none, and every record whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from ordertui.operations.config import Config, NotifyConfig, OutboxConfig, ReceiverConfig
from ordertui.operations.session import Session
from ordertui.operations.worker.jobs import SWEEP_SECONDS
from ordertui.operations.worker.service import LEASE_SECONDS
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, NotificationState
from ordertui.orders.people import Role
from ordertui.store import StoreError
from ordertui.store.engine.postgres import PostgresEngine
from support import places
from support.batches import TWO_WAIT, plan
from support.faults import Faults, inject
from support.hooks import appending, received
from support.kills import ends_before
from support.logins import let_in, session_as
from support.profile import LONG
from support.server import Server, copy_tree
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row
from support.workers import run_once, worker

pytestmark = [pytest.mark.usefixtures("fast_disk"), pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]
HOLD = 15 * 60
EVERY = 11
"""Of the points, one in so many is tried outside of the long profile, and one in all on a server."""


class Shop:
    """A store whose batches of two orders wait for approval; order 5's buyer asked. No session stays open."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.clock, self._patch = folder, FixedClock(NOW), patch
        folder.mkdir(parents=True, exist_ok=True)
        self.got = folder / "got"
        self.outbox = folder / "uploads"
        rule = folder / "house.toml"
        rule.write_text(TWO_WAIT, encoding="utf-8")
        self.config = Config(
            policy_file=str(rule),
            outbox=OutboxConfig(folder=str(self.outbox)),
            notify=NotifyConfig(receivers=(ReceiverConfig("team", appending(self.got)),), gap_minutes=0),
        )
        with open_session(folder, clock=self.clock) as owner:
            numbers = range(1, 6)
            bring(
                owner, folder, everything=[all_orders_row(n) for n in numbers],
                open_=[unshipped_row(n, "true" if n == 5 else "false") for n in numbers],
            )  # fmt: skip
            let_in(owner, ann=Role.AGENT, bob=Role.LEAD, box=Role.AGENT)
            if owner.context.store.is_shared:
                owner.team.publish_policy(rule, None, "approvals")

    def open(self, login: str) -> Session:
        return session_as(login, self.folder / "orders.db", self.clock, self._patch, self.config)

    # -- what somebody does

    def commit(self, *numbers: int) -> None:
        with self.open("ann") as ann:
            ann.batches.commit(plan(ann, Action.CANCEL, *numbers), typed=str(len(numbers)))

    def approve(self) -> None:
        with self.open("bob") as bob:
            bob.approvals.approve(self._first(bob), "looked at each")

    def reject(self) -> None:
        with self.open("bob") as bob:
            bob.approvals.reject(self._first(bob), "not these")

    @staticmethod
    def _first(session: Session) -> int:
        """The first batch: a server leaves out the number of one that was not kept."""
        return session.context.store.batches.find()[-1].id

    def work(self, name: str = "box-1") -> None:
        assert run_once(worker(lambda: self.open("box"), name))

    def act(self, who: str) -> None:
        """Do what is killed."""
        if who == "commit":
            self.commit(1, 2)
        elif who == "work":
            self.work()
        else:
            self.approve() if who == "approve" else self.reject()

    def prepare(self, who: str) -> None:
        """Bring the shop to where that begins."""
        if who != "commit":
            self.commit(1, 2)
        if who == "work":
            self.approve()
            self.commit(3, 4)  # which waits, and is told
            self.clock.advance(HOLD)

    # -- what is true then

    def state(self, *, is_over: bool = False) -> BatchState | None:
        """The state of the first batch, after everything was checked that always holds."""
        with self.open("ann") as ann:
            batches = ann.context.store.batches.find()
            first = batches[-1].id if batches else 0
            left = [text for text in ann.maintenance.check() if is_over or "dispatch`" not in text]
            assert left == [], "until a dispatch, a file may be unwritten or have no name yet"
            assert "chain unbroken" in ann.audit.verify()
            assert all(len(batch.rows) == 2 for batch in batches), "a batch is whole or not there"
            entries = ann.context.store.audit.entries()
            records = [one.kind for one in entries if json.loads(one.payload).get("batch") == first]
            found = batches[-1].state if batches else None
            assert records.count("batch.approved") == int(found in (BatchState.HELD, BatchState.WRITTEN))
            assert records.count("batch.sent") == int(found is BatchState.WRITTEN)
            return found

    def finish(self, who: str) -> None:
        """People and workers that come later do what is left; then all is right."""
        if self.state() is BatchState.AWAITING:
            self.approve()
        if who != "work":
            self.commit(3, 4)
            self.clock.advance(HOLD)
        for seconds in (0, LEASE_SECONDS + 1, HOLD, SWEEP_SECONDS, HOUR):
            self.clock.advance(seconds)
            self.work("other-2")
        assert self.state(is_over=True) is BatchState.WRITTEN
        files = [path for path in self.outbox.rglob("*.txt") if not path.stem.isupper()]
        assert len(files) == 1
        assert [files[0].read_text(encoding="utf-8").count(order_id(n)) for n in (1, 2)] == [1, 1]
        self.check_messages()

    def check_messages(self) -> None:
        with self.open("box") as box:
            second = box.context.store.batches.last_id()  # a server that crashed leaves out some numbers
            for fact in (f"buyer_request:{order_id(5)}:official", f"approval_wanted:{second}"):
                (number,) = box.context.store.notifications.told("team", [fact]).values()
                came = sum(one["id"].endswith(f"-{number}") for one in received(self.got))
                state = next(one.state for one in box.notifications.recent() if one.id == number)
                assert (came, state) == (1, NotificationState.DELIVERED) or (
                    came <= 1 and state is NotificationState.UNCLEAR
                ), (fact, came, state)


def points(engine: str) -> Iterable[int]:
    return count() if LONG else range(EVERY // 2, 100, EVERY if engine == "sqlite" else 100)


@pytest.mark.parametrize(
    ("engine", "who"),
    [
        (engine, who) if engine == "sqlite" or who == "work" else pytest.param(engine, who, marks=pytest.mark.long)
        for engine in places.BOTH
        for who in ("commit", "approve", "reject", "work")
    ],
    indirect=["engine"],
)
def test_killed_at_any_step_it_goes_on_right(
    who: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for point in points(engine):
        if try_kill(Shop(tmp_path / str(point), monkeypatch), who, point):
            return


def try_kill(shop: Shop, who: str, point: int) -> bool:
    """Kill one who does something at a point; return whether that was over before."""
    shop.prepare(who)
    is_over = ends_before(point, partial(shop.act, who))
    check_after(shop, who, is_over, point)
    return is_over


def check_after(shop: Shop, who: str, is_over: bool, point: int) -> None:
    """Check that all is right after a kill at a point, and goes on to its end."""
    state = shop.state()
    if who == "commit" and state is None:
        shop.commit(1, 2)
    elif who == "reject":
        assert state in ((BatchState.RECALLED,) if is_over else (BatchState.AWAITING, BatchState.RECALLED)), point
        if state is BatchState.AWAITING:
            shop.reject()
        assert shop.state() is BatchState.RECALLED
        return
    shop.finish(who)


@pytest.mark.long
@pytest.mark.parametrize("at", ["commit", "statement"])
@pytest.mark.parametrize("who", ["commit", "approve", "reject", "work"])
def test_with_the_server_killed_at_any_step_it_goes_on_right(
    who: str, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a crash, and started again: what was not committed is gone, what was is there, and nothing is done twice.

    The points are before and after each commit, or before each statement of a transaction that writes. Each begins with
    the same files of the server and of the machine.
    """
    if os.environ.get("ORDERTUI_TEST_POSTGRES") == "off":
        pytest.skip("there is no server")
    server = Server()  # killed processes leave what they wrote to the system: it need not reach the disk
    monkeypatch.setattr(places, "server", server)
    home = tmp_path / "home"
    try:
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, str(home / "nobody"))
        shop = Shop(home / "shop", monkeypatch)
        shop.prepare(who)
        began = shop.clock.now()
        server.keep()
        copy_tree(home, tmp_path / "kept")
        for point in count() if LONG else range(1, 200, EVERY):
            shutil.rmtree(home)
            copy_tree(tmp_path / "kept", home)
            server.put_back()
            shop.clock = FixedClock(began)
            if try_server_kill(shop, who, KillingFaults(server, at, point), monkeypatch):
                print(f"{who}: the server was killed at each {at} of {point}")  # shown by `pytest -s`
                return
            server.stop()
    finally:
        server.close()


def try_server_kill(shop: Shop, who: str, faults: KillingFaults, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Kill the server at a point of what somebody does; return whether that was over before."""
    with monkeypatch.context() as patch:
        inject(patch, faults)
        for name in ("execute", "query", "fill"):
            patch.setattr(PostgresEngine, name, before_each(getattr(PostgresEngine, name), faults))
        with suppress(StoreError, AssertionError):  # words for people; a worker says that a job failed
            shop.act(who)
    faults.bring_back()
    check_after(shop, who, faults.is_over, faults.number)
    return faults.is_over


def before_each(call: Callable[..., object], faults: Faults) -> Callable[..., object]:
    """Return a call of an engine with a point before it, when a transaction that writes is open."""

    def made(engine: PostgresEngine, *args: object) -> object:
        if engine.in_transaction:
            faults.point("statement")
        return call(engine, *args)

    return made


class KillingFaults(Faults):
    """Kills the server at a commit or statement, and starts it again: at once, or every third time after the act."""

    def __init__(self, server: Server, what: str, number: int) -> None:
        super().__init__()
        self._server, self._what = server, what
        self.number = number
        """Of the point, from 0."""
        self._is_away = False

    @property
    def is_over(self) -> bool:
        """Whether there were too few points."""
        return len(self.seen) <= self.number

    def point(self, name: str) -> None:
        """Called at each point."""
        if self._what not in name:
            return
        super().point(name)
        if len(self.seen) != self.number + 1:
            return
        if self.number % 2:
            self._server.kill()
        else:
            self._server.stop()
        self._is_away = True
        if self.number % 3:
            self.bring_back()

    def bring_back(self) -> None:
        """Start the server, unless it runs."""
        if self._is_away:
            self._is_away = False
            self._server.start_again()
