"""The line to the server cut at every message of each step, and the server killed: nothing lost, nothing twice.

The same steps are done in a file, where nothing is cut. After each cut the store on the server is as it was before the
step or as the file's is after it, the program says which, and does the step again only if it was not done. At the end
both have the same orders, batches and records of the audit. `ORDERTUI_SAFETY=long` cuts at every message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.config import Config
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError
from ordertui.store import StoreError
from ordertui.store.engine.errors import StoreMoved
from ordertui.store.engine.postgres import postgres_engine
from support.batches import answer, commit, plan, send, session_of
from support.places import schema_of
from support.profile import LONG
from support.reports import write
from support.server import Server
from support.server_line import COMMIT, Cut, ServerLine
from support.shops import ALL_ORDERS, NOW, all_orders_row, bring, open_session, order_id, unshipped_row
from support.tables import table_rows

ORDERS = 2_400 if LONG else 80
SHIPPED = 10_000
"""Orders from this number on have left."""
IN_DOUBT = "not known whether it"


class Side:
    """One of the two stores, with what a step needs to know."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder
        self.folder.mkdir(exist_ok=True)
        waiting, shipped = range(1, ORDERS + 1), range(SHIPPED, SHIPPED + ORDERS)
        numbers = [*waiting, *shipped]
        bring(
            session, folder, everything=[all_orders_row(n) for n in numbers], open_=[unshipped_row(n) for n in numbers]
        )
        bring(session, folder, everything=[all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in shipped])
        self.orders = (0, 0)
        self.batch = 0
        self.plan: Plan | None = None
        self.report = folder / "report.txt"

    def seen(self) -> dict[str, Any]:
        """What the orders and batches are, without the numbers of batches: one that was undone leaves a gap."""
        found = self.session.orders.rows(self.session.orders.find()).values()
        return {
            "orders": sorted((row.order_id, row.status, str(row.open_action), str(row.total)) for row in found),
            "batches": [
                (b.action, b.state, b.due_at <= NOW, [(r.order_id, r.state, r.total, r.code) for r in b.rows])
                for b in self.session.batches.find()
            ],
            "files": sorted(
                path.read_bytes()
                for path in self.session.context.outbox_directory.glob("*/*.txt")
                if not path.stem.isupper()
            ),
        }

    def records(self) -> list[tuple[str, ...]]:
        """The audit of the batches: what happened, to which orders. An import that was cut off comes twice."""
        return [(one["what"], one["orders"]) for one in self.session.audit.records() if one["what"] != "import"]


Step = Callable[[Side], object]


def planned(side: Side) -> None:
    side.plan = plan(side.session, Action.CANCEL, *side.orders)


def refund_planned(side: Side) -> None:
    side.plan = plan(side.session, Action.REFUND, *(SHIPPED + n for n in side.orders))


def held(side: Side) -> None:
    side.batch = commit(side.session, Action.CANCEL, *side.orders)


def due(side: Side) -> None:
    held(side)
    side.session.batches.release(side.batch)


def sent(side: Side) -> None:
    side.batch = send(side.session, Action.CANCEL, *side.orders)
    side.report = answer(side.session, side.folder, side.batch, {2}, name=f"{side.batch}.txt")


def answered(side: Side) -> None:
    sent(side)
    results(side)


def reported(side: Side) -> None:
    """Two rows of known orders that say something new, and two new orders."""
    rows = [all_orders_row(n, "Shipped", updated=NOW - 60) for n in side.orders]
    rows += [all_orders_row(20_000 + n) for n in side.orders]
    side.report = write(side.folder / "next.txt", ALL_ORDERS, rows)


def commit_plan(side: Side) -> object:
    assert side.plan is not None
    return side.session.batches.commit(side.plan, typed=str(len(side.plan.rows)))


def results(side: Side) -> object:
    return side.session.results.take_in([side.report], side.batch)


def retry(side: Side) -> None:
    for one in side.session.batches.retry(side.batch):
        side.session.batches.commit(one, typed=str(len(one.rows)))


def settle(side: Side) -> object:
    return side.session.batches.settle(side.batch, [order_id(side.orders[0])], done=True, why="seen", typed="1")


STEPS: dict[str, tuple[Step, Step, bool]] = {
    "commit": (planned, commit_plan, True),
    "refund": (refund_planned, commit_plan, True),
    "recall": (held, lambda side: side.session.batches.recall(side.batch), True),
    "release": (held, lambda side: side.session.batches.release(side.batch), True),
    "dispatch": (due, lambda side: side.session.dispatcher.run(), False),
    "results": (sent, results, False),
    "retry": (answered, retry, True),
    "settle": (sent, settle, True),
    "import": (reported, lambda side: side.session.imports.import_files([side.report]), False),
}
"""What must be there before a step, the step, and whether it is one transaction."""


class Pair:
    """A store on the server behind a line that is cut, and one in a file where the same is done once."""

    def __init__(self, folder: Path, line: ServerLine, recover: Callable[[], None] = lambda: None) -> None:
        self.line = line
        self._recover = recover
        """Brings the server back where it was killed."""
        clock, self.schema = FixedClock(NOW), schema_of(folder)
        self.cut = Side(Session.open(line.address(self.schema), clock=clock, config=Config()), folder / "cut")
        self.whole = Side(open_session(folder / "file", clock=clock), folder / "whole")
        self._next = 1
        self.ends = {"done": 0, "not done": 0, "in doubt": 0, "cut": 0}

    def prepare(self, step: str) -> dict[str, Any]:
        """Bring both to where the step begins, and return what is seen there."""
        self._next += 2
        for side in (self.cut, self.whole):
            side.orders = (self._next, self._next + 1)
            STEPS[step][0](side)
        before = self.whole.seen()
        assert self.cut.seen() == before, step
        return before

    def measure(self, step: str) -> list[tuple[int, Cut]]:
        """Do a step once with nothing cut, and return where it could be."""
        self.prepare(step)
        with self.line.armed(None):
            STEPS[step][1](self.cut)
        STEPS[step][1](self.whole)
        assert self.cut.seen() == self.whole.seen(), step
        return self.line.points()

    def play(self, step: str, at: int, cut: Cut, *, of: str = "", stays_away: bool = False) -> None:
        """Do a step whose line is cut, find out what became of it, and do it again if it was not done."""
        _, act, is_one = STEPS[step]
        before, what = self.prepare(step), (step, at, cut, self.line.seen[at : at + 1])
        act(self.whole)
        wanted = self.whole.seen()
        error = ""
        with self.line.armed(at, cut, of=of, stays_away=stays_away):
            try:
                act(self.cut)
            except UserError as refused:
                error = str(refused)
        self.ends["cut"] += self.line.was_cut  # the driver prepares what comes again: a later run has fewer messages
        self._recover()
        found = self.cut.seen()
        if is_one:
            assert found in (before, wanted), what
        if not error:
            assert found == wanted, (what, "it was said to be done")
        elif IN_DOUBT in error:
            engine = postgres_engine(self.cut.session.context.store.database.engine)
            engine.settle_doubt()
            said = "the change under way when the line was lost was "
            assert engine.outcome in (
                [said + ("kept" if found == wanted else "not kept")] if is_one else [f"{said}kept", f"{said}not kept"]
            ), what
            self.ends["in doubt"] += 1
        elif is_one:
            assert found == before, (what, error)
        self.ends["done" if found == wanted else "not done"] += self.line.was_cut
        if found != wanted:
            act(self.cut)
        assert self.cut.seen() == wanted, (what, error)

    def compare(self, server: Server) -> None:
        """Compare all that both have, seen by somebody else too, with a slow recount."""
        assert self.cut.records() == self.whole.records()
        with Session.open(server.address(self.schema), clock=FixedClock(NOW), config=Config()) as other:
            assert other.maintenance.check() == []
            assert "chain unbroken" in other.audit.verify()
            assert [str(one) for one in other.recount().run()] == []
            query = other.context.store.database.query
            assert query("SELECT order_id FROM batch_rows WHERE is_open = 1 GROUP BY 1 HAVING count(*) > 1") == []
            assert len(other.batches.find()) == len(self.whole.session.batches.find())


@pytest.fixture
def line(server: Server) -> Iterator[ServerLine]:
    found = ServerLine(server.folder)
    yield found
    found.close()


def some(points: list[tuple[int, Cut]], count: int) -> list[tuple[int, Cut]]:
    """Some of the points, spread over the step, the last answers always: they are those of COMMIT."""
    if LONG or len(points) <= count:
        return points
    return [points[n * (len(points) - 1) // (count - 1)] for n in range(count - 1)] + points[-1:]


@pytest.mark.parametrize("steps", [[one] for one in STEPS] if LONG else [list(STEPS)], ids="-".join)
def test_the_line_cut_at_any_message_loses_nothing_and_does_nothing_twice(
    steps: list[str], tmp_path: Path, server: Server, line: ServerLine
) -> None:
    pair = Pair(tmp_path, line)
    for step in steps:
        for at, cut in some(pair.measure(step), 3):
            pair.play(step, at, cut)
    pair.compare(server)
    assert min(pair.ends["done"], pair.ends["not done"]) > 2, pair.ends


@pytest.mark.usefixtures("asked_once")
def test_what_nobody_can_be_asked_about_is_told_once_the_line_is_back(
    tmp_path: Path, server: Server, line: ServerLine
) -> None:
    pair = Pair(tmp_path, line)
    for step in ("commit", "recall", "settle") if LONG else ("commit", "recall"):
        for cut in Cut:
            pair.play(step, 0, cut, of=COMMIT, stays_away=True)
    pair.compare(server)
    assert pair.ends["in doubt"] == pair.ends["cut"] == 2 * pair.ends["done"] > 3, pair.ends


@pytest.fixture
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program ask once, not for seconds, what became of a change."""
    monkeypatch.setattr("ordertui.store.engine.postgres.ASK_AGAIN_AFTER", (0.0,))


@pytest.mark.usefixtures("asked_once")
def test_a_server_killed_at_any_message_keeps_what_was_committed(
    tmp_path: Path, server: Server, line: ServerLine
) -> None:
    killed = []

    def kill() -> None:
        killed.append(1)
        server.kill()

    def recover() -> None:
        if killed:
            killed.clear()
            server.start_again()

    pair = Pair(tmp_path, line, recover)
    for step in STEPS if LONG else ("commit", "dispatch"):
        points = [(n, cut, "") for n, cut in pair.measure(step)[::9]] if LONG else []
        for at, cut, of in [*points, (0, Cut.REQUEST, COMMIT), (0, Cut.ANSWER, COMMIT)]:
            line.before_cut = kill
            pair.play(step, at, cut, of=of, stays_away=True)
            line.before_cut = lambda: None
    pair.compare(server)
    assert pair.ends["cut"] >= 4, pair.ends
    assert min(pair.ends["done"], pair.ends["not done"]) > 0, pair.ends


def test_a_move_whose_line_is_cut_anywhere_goes_on(
    tmp_path: Path, server: Server, line: ServerLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.move.ROWS_AT_ONCE", 5)
    with session_of(tmp_path, waiting=6, shipped=6) as session:
        sent = send(session, Action.CANCEL, 1, 2)
        session.results.take_in([answer(session, tmp_path, sent, {2})])
        commit(session, Action.REFUND, 12)
        before = table_rows(session.context.store)
    for source, target in (
        (tmp_path / "orders.db", line.address(schema_of(tmp_path))),
        (line.address(schema_of(tmp_path)), tmp_path / "there" / "orders.db"),
    ):
        at, cuts, is_moved = 0, 0, False
        while not is_moved:
            with line.armed(at, (Cut.REQUEST, Cut.ANSWER)[cuts % 2]):
                try:
                    move_store(source, target, clock=FixedClock(NOW), config=Config())
                    is_moved = True
                except StoreMoved:  # the answer to the last message was lost
                    is_moved = True
                except StoreError:
                    if not line.was_cut:
                        raise
            cuts += line.was_cut
            at += 1 if LONG else 8
        assert cuts > 1, "what only reads is asked again, and goes on"
    with Session.open(tmp_path / "there" / "orders.db", clock=FixedClock(NOW), config=Config()) as session:
        assert session.maintenance.check() == []
        assert "chain unbroken" in session.audit.verify()
        after = table_rows(session.context.store)
        kinds = [row[2] for row in after["audit"][len(before["audit"]) :]]
        assert kinds == ["store.moving", "store.moved"] * 2
        assert after["audit"][: len(before["audit"])] == before["audit"]
        for name in before.keys() - {"audit", "meta"}:
            assert after[name] == before[name], name
        commit(session, Action.CANCEL, 5)


def test_a_copy_whose_filling_is_cut_anywhere_is_whole_or_not_there(
    tmp_path: Path, server: Server, line: ServerLine
) -> None:
    place, clock = line.address(schema_of(tmp_path)), FixedClock(NOW)
    with Session.open(place, clock=clock, config=Config()) as team:
        rows = [all_orders_row(n) for n in range(1, 40)]
        bring(team, tmp_path, everything=rows, open_=[unshipped_row(n) for n in range(1, 40)])
        at, step, is_whole = 0, 1 if LONG else 25, False
        while not is_whole:
            commit(team, Action.CANCEL, 1 + at // step % 39) if at // step < 39 else None
            with line.armed(at, (Cut.REQUEST, Cut.ANSWER)[at // step % 2]):
                try:
                    screen = Session.open(place, clock=clock, config=Config(), copy=lambda *_: None)
                except StoreError:
                    if not line.was_cut:
                        raise
                    at += step
                    continue
                is_whole = not line.was_cut
            with screen:
                copy = screen.context.copy
                assert copy is not None
                copy.follow()
                with copy.reader() as reader:
                    there, here = table_rows(team.context.store), table_rows(reader)
                    for name in there.keys() - {"meta"}:
                        assert here[name] == there[name], (at, name)
            at += step
    assert at > 3 * step


def test_what_is_asked_or_changed_together_is_one_trip_of_the_line(tmp_path: Path, line: ServerLine) -> None:
    with Session.open(line.address(schema_of(tmp_path)), clock=FixedClock(NOW), config=Config()) as session:
        database = session.context.store.database
        with line.armed(None):
            assert database.query_all_in(("SELECT id FROM orders WHERE id IN ({})",) * 3, [1, 2]) == [[], [], []]
            assert line.trips == 1, "".join(line.seen)
        with database.write(), line.armed(None):
            with database.together():
                for n in range(3):
                    database.execute("INSERT INTO meta VALUES (?, 'x')", (f"key {n}",))
                database.append_audit(0, "a", "{}", ())
            assert line.trips == 1, line.seen
