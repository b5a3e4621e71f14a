"""The line to the server cut at every message of each step, and the server killed: nothing lost, nothing twice.

`make test` cuts at a few messages of each step, spread over it; `ORDERTUI_SAFETY=long` at every one, and kills the
server at a ninth of them. What a step is, and how it is compared, is in `support.line_steps`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import psycopg
import pytest

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store import StoreError
from ordertui.store.engine.errors import StoreMoved
from support.batches import answer, commit, send, session_of
from support.line_steps import IN_DOUBT, STEPS, TEAM_STEPS, Pair, Side, some, team_side
from support.places import schema_of
from support.profile import LONG
from support.server import Server
from support.server_line import COMMIT, Cut, ServerLine
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row
from support.tables import table_rows

CLOCK = FixedClock(NOW)
KILL_EVERY = int(os.environ.get("ORDERTUI_KILL_EVERY", "9"))
"""The server is killed at one message in so many, in the long profile."""
SAME = ("compact", "renew")
"""Steps after which a store looks as before."""
NAMED_LATER = ("dispatch",)
"""Steps that are done in two: a file of a batch that was kept as written gets its name when the server is back."""


@pytest.fixture
def line(server: Server) -> Iterator[ServerLine]:
    found = ServerLine(server.folder)
    yield found
    found.close()


def pair_of(folder: Path, line: ServerLine, recover: Callable[[], None] = lambda: None) -> Pair:
    """A store on the server behind the line, and one in a file."""
    found = []
    for name, session in (
        ("cut", Session.open(line.address(schema_of(folder)), clock=CLOCK, config=Config())),
        ("whole", open_session(folder / "file", clock=CLOCK)),
    ):
        (folder / name).mkdir()
        found.append(Side(session, folder / name))
        found[-1].fill()
    return Pair(line, found[0], found[1], recover)


@pytest.mark.parametrize(
    "steps", [[one] for one in STEPS] if LONG else [list(STEPS)], ids="-".join if LONG else lambda _: "all"
)
def test_the_line_cut_at_any_message_loses_nothing_and_does_nothing_twice(
    steps: list[str], tmp_path: Path, server: Server, line: ServerLine
) -> None:
    pair = pair_of(tmp_path, line)
    for number, step in enumerate(steps):
        pair.play_all(STEPS[step]) if LONG else pair.play_some(STEPS[step], number)
    pair.compare(server.address(schema_of(tmp_path)))
    assert min(pair.ends["done"], pair.ends["not done"]) > 0 or steps[0] in SAME, pair.ends


def test_the_line_cut_at_any_message_of_a_team_does_no_more(tmp_path: Path, server: Server, line: ServerLine) -> None:
    names = schema_of(tmp_path), f"{schema_of(tmp_path)}w"
    pair = Pair(
        line, team_side(tmp_path / "cut", server, names[0], line), team_side(tmp_path / "whole", server, names[1])
    )
    for number, step in enumerate(TEAM_STEPS.values()):
        pair.play_all(step) if LONG else pair.play_some(step, number)
    pair.compare(server.address(names[0]))
    assert min(pair.ends["done"], pair.ends["not done"]) > 1, pair.ends


@pytest.mark.usefixtures("asked_once")
def test_what_nobody_can_be_asked_about_is_told_once_the_line_is_back(
    tmp_path: Path, server: Server, line: ServerLine
) -> None:
    pair = pair_of(tmp_path, line)
    for step in ("commit", "recall", "settle", "note", "purge") if LONG else ("commit", "note"):
        for cut in Cut:
            pair.play(STEPS[step], 0, cut, of=COMMIT, stays_away=True)
    pair.compare(server.address(schema_of(tmp_path)))
    assert pair.ends["in doubt"] == pair.ends["cut"] == 2 * pair.ends["done"] > 3, pair.ends


@pytest.fixture
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program ask once, not for seconds, what became of a change."""
    monkeypatch.setattr("ordertui.store.engine.postgres.ASK_AGAIN_AFTER", (0.0,))


class Kills:
    """Kills the server, and starts it again when it was killed: a line that is cut while it is made kills nothing."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._is_killed = False

    def kill(self) -> None:
        self._is_killed = True
        self._server.kill()

    def recover(self) -> None:
        if self._is_killed:
            self._is_killed = False
            self._server.start_again()


FEW_KILLS = {
    "commit": [(0, Cut.ANSWER, COMMIT)],
    "dispatch": [(0, Cut.REQUEST, COMMIT)],
    "import": [(60, Cut.ANSWER, "")],
}
"""Where the server is killed outside of the long profile."""


@pytest.mark.usefixtures("asked_once")
@pytest.mark.parametrize(
    "steps", [[one] for one in STEPS] if LONG else [list(FEW_KILLS)], ids="-".join if LONG else lambda _: "all"
)
def test_a_server_killed_at_any_message_keeps_what_was_committed(
    steps: list[str], tmp_path: Path, server: Server, line: ServerLine
) -> None:
    kills = Kills(server)
    pair = pair_of(tmp_path, line, kills.recover)
    for name in steps:
        step = STEPS[name]
        every = [(0, Cut.REQUEST, COMMIT), (0, Cut.ANSWER, COMMIT)]
        if LONG:
            every += [(n, cut, "") for n, cut in pair.measure(step)[::KILL_EVERY]]
        for at, cut, of in every if LONG else FEW_KILLS[name]:
            line.before_cut = kills.kill
            pair.play(step, at, cut, of=of, stays_away=True)
            line.before_cut = lambda: None
    pair.compare(server.address(schema_of(tmp_path)))
    assert pair.ends["cut"] >= 2, pair.ends
    assert min(pair.ends["done"], pair.ends["not done"]) > 0 or steps[0] in (*SAME, *NAMED_LATER), pair.ends
    print(steps, pair.ends)  # shown by `pytest -s`


def drop(server: Server, name: str) -> None:
    """Remove a store from the server."""
    with psycopg.connect(host=str(server.folder), user="owner", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.mark.parametrize("is_killed", [False, True], ids=["cut", "killed"])
def test_a_move_whose_line_is_cut_or_server_killed_anywhere_goes_on(
    is_killed: bool, tmp_path: Path, server: Server, line: ServerLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back again, each time with another cut, into a place where nothing is yet."""
    monkeypatch.setattr("ordertui.store.move.ROWS_AT_ONCE", 5)
    if is_killed:
        monkeypatch.setattr("ordertui.store.engine.postgres.ASK_AGAIN_AFTER", (0.0,))
    with session_of(tmp_path, waiting=6, shipped=6) as session:
        sent = send(session, Action.CANCEL, 1, 2)
        session.results.take_in([answer(session, tmp_path, sent, {2})])
        commit(session, Action.REFUND, 12)
        before = table_rows(session.context.store)
    here, moves, cuts, kills = tmp_path / "orders.db", 0, 0, Kills(server)

    def moved(source: Path | str, target: Path | str, place: tuple[int, Cut] | None) -> list[tuple[int, Cut]]:
        """Move with the line cut at a place, and again until it is there; return the places of the first try."""
        nonlocal moves, cuts
        points: list[tuple[int, Cut]] = []
        moves += 1
        while True:
            at, cut = place or (None, Cut.REQUEST)
            line.before_cut = kills.kill if is_killed else lambda: None
            with line.armed(at, cut):
                try:
                    move_store(source, target, clock=CLOCK, config=Config())
                    is_moved = True
                except StoreMoved:  # the answer to the last message was lost
                    assert line.was_cut or cuts, (source, place)
                    is_moved = True
                except StoreError as lost:
                    if not line.was_cut or (IN_DOUBT in str(lost) and not is_killed):
                        raise
                    is_moved = False
            line.before_cut = lambda: None
            cuts += line.was_cut
            kills.recover()
            points = points or line.points()
            if is_moved:
                return points
            place = None

    ways: list[list[tuple[int, Cut]]] = [[], []]
    turns: list[tuple[tuple[int, Cut] | None, ...]] = [(None, None)]
    number = 0
    while number < len(turns):
        there, back = turns[number]
        name = f"{schema_of(tmp_path)}{number}"
        found = (
            moved(here, line.address(name), there),
            moved(line.address(name), there_again := tmp_path / str(number) / "orders.db", back),
        )
        drop(server, name)
        here = there_again
        if not number:
            every = (27 if is_killed else 5) if LONG else 1 + is_killed  # of 3,000 messages, most sent together
            ways = [some(points, 2, shift)[::every] for shift, points in enumerate(found)]
            turns += zip_longest(*ways)
        number += 1
    assert cuts >= sum(map(len, ways)) * 0.9, "nearly every place was reached"
    with Session.open(here, clock=CLOCK, config=Config()) as session:
        assert session.maintenance.check() == []
        assert "chain unbroken" in session.audit.verify()
        after = table_rows(session.context.store)
        kinds = [row[2] for row in after["audit"][len(before["audit"]) :]]
        assert kinds == ["store.moving", "store.moved"] * moves
        assert after["audit"][: len(before["audit"])] == before["audit"]
        for table in before.keys() - {"audit", "meta"}:
            assert after[table] == before[table], table
        commit(session, Action.CANCEL, 5)


def test_a_copy_whose_filling_is_cut_anywhere_is_whole_or_not_there(
    tmp_path: Path, server: Server, line: ServerLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.LocalCopy.watch", lambda _: None)  # its thread asks too
    place = line.address(schema_of(tmp_path))
    with Session.open(place, clock=CLOCK, config=Config()) as team:
        rows = [all_orders_row(n) for n in range(1, 40)]
        bring(team, tmp_path, everything=rows, open_=[unshipped_row(n) for n in range(1, 40)])
        folder = team.context.store.path.parent

    def opened(at: int | None, cut: Cut) -> Session:
        """Open a screen whose copy is to be filled while the line is cut, and again if it does not open."""
        for path in folder.glob("copy.db*"):
            path.unlink()
        with line.armed(at, cut):
            try:
                return Session.open(place, clock=CLOCK, config=Config(), copy=lambda *_: None)
            except StoreError:
                assert line.was_cut, (at, cut)
                assert not list(folder.glob(".copy.db*")), "no part of a copy is left"
        return Session.open(place, clock=CLOCK, config=Config(), copy=lambda *_: None)

    def compare(screen: Session) -> None:
        copy = screen.context.copy
        assert copy is not None
        with copy.reader() as reader:
            there, here = table_rows(screen.context.store), table_rows(reader)
            for name in there.keys() - {"meta"}:
                assert here[name] == there[name], name

    with opened(None, Cut.REQUEST):
        filling = some(line.points(), 2)
    for at, cut in filling:
        with opened(at, cut) as screen:
            compare(screen)
    with opened(None, Cut.REQUEST) as screen, Session.open(place, clock=CLOCK, config=Config()) as other:
        copy, ids = screen.context.copy, other.orders.find()
        assert copy is not None
        turns: list[tuple[int | None, Cut]] = [(None, Cut.REQUEST)]
        for turn, (message, cut) in enumerate(turns):
            other.facts.set_note(ids, f"note {turn}")
            with line.armed(message, cut):
                try:
                    copy.follow()
                except StoreError:
                    assert line.was_cut, (message, cut)
            if not turn:
                turns += some(line.points(), 2)
            copy.follow()
            compare(screen)


@pytest.mark.parametrize("kind", ["store", "team"])
def test_a_store_or_team_whose_making_is_cut_anywhere_is_made_the_next_time(
    kind: str, tmp_path: Path, server: Server, line: ServerLine
) -> None:
    points: list[tuple[int | None, Cut, str]] = [(None, Cut.REQUEST, ""), (0, Cut.REQUEST, COMMIT)]
    for number, (at, cut, of) in enumerate(points):
        name = f"{schema_of(tmp_path)}{number}"
        if kind == "team":
            Session.open(server.address(name), clock=CLOCK, config=Config()).close()
        for place in (at, None):
            with line.armed(place, cut, of=of):
                try:
                    with Session.open(line.address(name), clock=CLOCK, config=Config()) as session:
                        if kind == "team":
                            session.team.init()
                        break
                except StoreError as lost:
                    if not line.was_cut or IN_DOUBT in str(lost):
                        raise
        if LONG and not number:
            points += [(*point, "") for point in line.points()]
        with Session.open(server.address(name), clock=CLOCK, config=Config()) as session:
            if kind == "team":
                session.team.add("bob", Role.LEAD, None)
                assert [one.role for one in session.team.members()] == [Role.OWNER, Role.LEAD]
            assert session.maintenance.check() == []
            kinds = [record["what"] for record in session.audit.records()]
            assert kinds == (["team.added", "policy.published", "team.made"] if kind == "team" else []), (at, cut)
        drop(server, name)


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
