"""Real processes: killed at random moments, and several at once on one store.

Bounded in CI; `ORDERTUI_SAFETY=long` kills 200 times and plays 1,000 interleavings of four to eight processes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ordertui.files import TEMPORARY
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import HOUR, SystemClock
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS
from support import places
from support.fake_amazon import FakeAmazon, report
from support.profile import LONG
from support.reports import write
from support.shops import ALL_ORDERS, all_orders_row, bring, open_session, order_id, unshipped_row

KILLS = 200 if LONG else 15
INTERLEAVINGS, OF_STORE = (int(os.environ.get("ORDERTUI_INTERLEAVINGS", "1000")), 20) if LONG else (6, 6)
"""How many in all, and how many on one store: each begins with what the ones before left."""
PAID = {"item_price": 1000, "item_tax": 80}
WORKER = Path(__file__).parents[2] / "support" / "batch_worker.py"


class Scene:
    """A store, an inbox, an outbox, and an Amazon that stands between the two."""

    def __init__(self, folder: Path, orders: int) -> None:
        self.folder, self.inbox = folder, folder / "inbox"
        self.place = places.place(folder / "orders.db")
        self.inbox.mkdir(parents=True)
        self.numbers = range(1, orders + 1)
        with open_session(folder) as session:
            self.outbox = session.context.outbox_directory
            every = [*self.numbers, *(n + 5_000 for n in self.numbers)]
            bring(
                session, folder, everything=[all_orders_row(n) for n in every], open_=[unshipped_row(n) for n in every]
            )
            shipped = [all_orders_row(n, "Shipped", updated=int(time.time()) - HOUR) for n in every if n > 5_000]
            bring(session, folder, everything=shipped)
        self.amazon = FakeAmazon()
        self.uploaded: set[int] = set()
        self.said: dict[int, list[str]] = {}
        self.losers: list[str] = []
        self.settled = 0
        self.waits: list[float] = []
        self.names: set[str] = set()

    def start(self, seed: int, *asked: str) -> subprocess.Popen[str]:
        self.names.add(f"worker-{seed}")
        return subprocess.Popen(
            [sys.executable, str(WORKER), str(self.place), str(self.inbox), str(seed), *asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self, lines: str) -> None:
        """What a worker said; a last line without its end was cut off by the kill."""
        for line in lines.splitlines(keepends=True):
            word, *rest = line.split()
            if not line.endswith("\n"):
                continue
            if word == "committed":
                self.said[int(rest[0])] = rest[1:]
            elif word == "loser":
                self.losers.append(line)
            elif word == "waited":
                self.waits.append(float(rest[0]))
            elif word == "settled":
                self.settled += 1

    def play_amazon(self, rng: random.Random) -> None:
        """Upload each whole file once, answer most of them, and show what is cancelled in a report."""
        for path in sorted(self.outbox.glob("*/*.txt")):
            batch = int(path.parent.name[:4])
            if batch in self.uploaded or path.name not in ("order-cancellation.txt", "payment-adjustment.txt"):
                continue
            self.uploaded.add(batch)
            done = self.amazon.upload(path.read_bytes(), lambda message: rng.random() < 0.3)
            truth = [
                f"{message.order_id} {'failed' if number in done.failed else 'done'}\n"
                for number, message in enumerate(done.messages, start=1)
            ]
            (self.inbox / f"{batch}.truth").write_text("".join(truth), encoding="utf-8")
            if rng.random() < 0.8:
                answer = self.inbox / f"{batch}-answer.txt"
                answer.write_bytes(report(done.messages, done.failed))
        gone = [n for n in self.numbers if self.amazon.cancelled[order_id(n)] and rng.random() < 0.5]
        if gone:
            rows = [all_orders_row(n, "Cancelled", updated=int(time.time())) for n in gone]
            write(self.inbox / "orders-next.txt", ALL_ORDERS, rows)

    def look(self) -> None:
        """After a restart: true states, no half file, nothing lost, nothing twice, and the work goes on."""
        with Session.open(self.place, clock=SystemClock(), config=Config()) as session:
            session.dispatcher.run()
            assert session.maintenance.check() == []
            batches = {batch.id: batch for batch in session.batches.find()}
            for ident, orders in self.said.items():
                assert [row.order_id for row in batches[ident].rows] == orders, "what was said to be committed is there"
            for ident, batch in batches.items():
                left = [row for row in batch.rows if row.state not in (RowState.HELD, RowState.RECALLED)]
                whole = {feed.name: feed.content for feed in session.context.reader().batches.feeds(ident)}
                assert bool(left) == bool(whole)
                for name in batch.files:
                    assert Path(name).read_bytes() == whole[Path(name).name]
            holders = Counter(
                row.order_id
                for b in batches.values()
                if b.action is Action.CANCEL
                for row in b.rows
                if row.state in (RowState.HELD, RowState.WRITTEN, RowState.OK, RowState.UNKNOWN, RowState.CONFIRMED)
            )
            assert all(count == 1 for count in holders.values()), holders
        left_states = (BatchState.WRITTEN, BatchState.UPLOADED)
        gone = {f"{ident:04d}" for ident, one in batches.items() if one.state in left_states}
        half = [one for one in self.outbox.glob("*/.*") if one.suffix != TEMPORARY or one.parent.name[:4] not in gone]
        assert not half, "at most the text beside a batch that left, which another process may be writing"
        assert all(count <= 1 for count in self.amazon.cancelled.values()), self.amazon.cancelled
        for sums in self.amazon.paid_back.values():
            assert all(sums[name] <= PAID.get(name, 0) for name in COMPONENTS), sums


@places.on_both
def test_killed_at_random_moments(tmp_path: Path, engine: str) -> None:
    rng = random.Random(None if LONG else 11)
    scene = Scene(tmp_path / "shop", orders=400 if LONG else 60)
    more = [all_orders_row(n, "Shipped", fulfillment_channel="Amazon") for n in range(20_000, 23_000)]
    write(scene.inbox / "orders-more.txt", ALL_ORDERS, more)
    for kill in range(KILLS if engine == "sqlite" or LONG else KILLS // 2):
        started = time.monotonic()
        worker = scene.start(seed=kill if not LONG else rng.randrange(10**9))
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", worker.communicate()[1]
        took = time.monotonic() - started  # on a busy machine all of it takes longer
        time.sleep(rng.random() * max(3 * took, 0.5))  # the moment of the kill, not a wait for anything
        worker.kill()
        said, trouble = worker.communicate()
        assert trouble == ""
        scene.hear(said)
        scene.look()
        scene.play_amazon(rng)
    assert scene.said, "the workers got something done between the kills"
    assert scene.uploaded
    print(
        len(scene.said),
        len(scene.uploaded),
        len(scene.waits),
        sum(scene.amazon.cancelled.values()),
        len(scene.amazon.paid_back),
    )


@places.on_both
def test_interleavings_of_several_processes_on_one_store(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process does three things of its seed at once with the others: all contend for the same few orders."""
    first = int(os.environ.get("ORDERTUI_FIRST_SEED", "0"))
    for start in range(first, first + INTERLEAVINGS, OF_STORE):
        rng = random.Random(start)
        monkeypatch.setenv("HOME", str(tmp_path / f"home-{start}"))  # where a server's store has its outbox
        scene = Scene(tmp_path / f"shop-{start}", orders=12)
        workers = [scene.start(start + n, "asked") for n in range(rng.randint(4, 8) if LONG else 4)]
        for seed in range(start, start + OF_STORE):
            for n, worker in enumerate(workers):
                assert worker.stdin is not None
                worker.stdin.write(f"{10 * seed + n}\n")
                worker.stdin.flush()
            for worker in workers:
                assert worker.stdout is not None
                while (line := worker.stdout.readline()) not in ("ended\n", ""):
                    scene.hear(line)
                assert line, (seed, worker.communicate()[1])
            scene.play_amazon(rng)
        for worker in workers:
            assert (worker.communicate()[1], worker.returncode) == ("", 0), start
        scene.look()
        check_audit(scene, engine)


def check_audit(scene: Scene, engine: str) -> None:
    """One record of each commit, by whom it was, in one chain; who came too late was told who was first, and when."""
    with open_session(scene.folder) as session:
        assert "chain unbroken" in session.audit.verify()
        assert [str(one) for one in session.recount().run()] == []
        records = session.audit.records()
    held = [one for one in records if one["what"] == "batch.held"]
    assert {one["batch"]: one["orders"].split() for one in held} == scene.said, "none lost"
    assert len(held) == len(scene.said) > 0
    if engine == "sqlite":
        assert {one["operator"] for one in held} <= scene.names
    else:  # on a server the login says who it is, never a setting
        assert {one["user"].partition("@")[0] for one in held} == {"owner"}
    for line in scene.losers:
        assert f"committed by {'worker-' if engine == 'sqlite' else 'owner'}" in line, "the loser is told who"
        assert "Z" in line, "and when"
