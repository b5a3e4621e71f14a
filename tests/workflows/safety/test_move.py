"""A store moves whole between a file and a server, whatever interrupts it, and is never at work in two places."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.config import Config, store_place
from ordertui.operations.errors import BadInput, Refused
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.operations.team import policy_history
from ordertui.operations.worker.health import Health, worker_health
from ordertui.orders.batch_state import LEFT_BATCHES
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Store, StoreError
from ordertui.store.engine.errors import StoreMoved
from ordertui.store.engine.protocol import QUIET_KEY, SHOWN_KEY, STORE_ID_KEY
from ordertui.store.engine.table_layout import table_layouts
from ordertui.store.move import StoreMove
from ordertui.store.repositories.identity import PLACE_KEY
from support.batches import answer, commit, plan, send, session_of
from support.faults import Crash, Faults, inject
from support.places import schema_of
from support.server import Server
from support.shops import NOW, clone_store, open_session
from support.tables import table_rows

CLOCK = FixedClock(NOW)
Place = Path | str


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a row in nearly every table: batches in each state, results, refunds, facts, rejects, marks."""
    folder = tmp_path_factory.mktemp("filled")
    with session_of(folder, waiting=6, shipped=6) as session:
        sent = send(session, Action.CANCEL, 1, 2)
        session.results.take_in([answer(session, folder, sent, {2})])
        send(session, Action.REFUND, 11)
        commit(session, Action.REFUND, 12)
        session.batches.recall(commit(session, Action.CANCEL, 3))
        commit(session, Action.CANCEL, 4)
        session.context.store.set_meta("note", "ü ' \\ 50%")
        marks = Marks()
        marks.add([1, 2])
        session.workspace.keep_marks(marks, b"")
    return folder / "orders.db"


@pytest.fixture
def places(filled: Path, tmp_path: Path, server: Server) -> dict[str, Place]:
    """A copy of the filled store in a file, and places that are empty."""
    (tmp_path / "here").mkdir()
    clone_store(filled, tmp_path / "here" / "orders.db")
    with open_session(tmp_path / "here"):
        pass
    (tmp_path / "here" / "orders.marks.json").write_bytes(filled.with_suffix(".marks.json").read_bytes())
    names = schema_of(tmp_path)
    return {
        "file": tmp_path / "here" / "orders.db",
        "server": server.address(names),
        "another server": server.address(f"{names}b"),
        "another file": tmp_path / "there" / "orders.db",
    }


def move(source: Place, target: Place) -> None:
    move_store(source, target, clock=CLOCK, config=Config())


def content(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for what says where the store is."""
    with Store(store_place(place, Config()), clock=CLOCK, read_only=True) as store:
        found = table_rows(store)
    found["meta"] = [row for row in found["meta"] if row[0] not in (PLACE_KEY, "store:move", SHOWN_KEY, QUIET_KEY)]
    return found


def kinds(content: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    return [row[2] for row in content["audit"]]


def assert_moved(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> None:
    """The same rows, and two records more of the audit."""
    count = len(before["audit"])
    assert [row[2] for row in after["audit"][count:]] == ["store.moving", "store.moved"]
    assert after.pop("audit")[:count] == before.pop("audit")
    assert before == after


def is_at_work(place: Place) -> bool:
    """Whether there is a store that could be changed."""
    try:
        with Store(store_place(place, Config()), clock=CLOCK, read_only=False) as store, store.write():
            return store.orders.count() > 0
    except StoreMoved:
        return False


def interrupted(places: dict[str, Place], source: str, target: str, faults: Faults, point: int) -> bool:
    """Move, and say whether a point was reached at which it was interrupted."""
    with suppress(StoreMoved), faults.armed(point, Crash()):  # moved: an earlier attempt had finished it
        try:
            move(places[source], places[target])
        except Crash:
            return True
    return False


WAYS = [("file", "server"), ("server", "another file"), ("server", "another server"), ("file", "another file")]


def arrange(places: dict[str, Place], source: str) -> None:
    if source == "server":
        move(places["file"], places["server"])


def fill_empty_tables(place: Path) -> None:
    """Put two rows into each table that has none, the second with NULL wherever a column may have it.

    The tables are those of the schema, so that a new one is among them.
    """
    with closing(sqlite3.connect(place)) as connection, connection:
        for table in table_layouts():
            if connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchall():
                continue
            needed = {row[1] for row in connection.execute(f"PRAGMA table_info({table.name})") if row[3]}
            for n, names in enumerate((list(table.columns), [*{*needed, *table.key}]), 1):
                kinds = [table.columns[name] for name in names]
                text = f"{n} ü \\n 'q' % \U0001f600"
                words = {"INTEGER": n, "TEXT": text, "BLOB": bytes(range(256)) * n}
                values = [
                    json.dumps([text])
                    if (table.name, name) == ("approvals", "why")  # a move reads the open batches
                    else 2**62 + n
                    if kind == "INTEGER" and name not in table.key
                    else words[kind]
                    for name, kind in zip(names, kinds, strict=True)
                ]
                if table.name == "approvals":  # read by a move, with the batches that wait for their upload
                    values = [
                        json.dumps([value]) if name == "why" else value
                        for name, value in zip(names, values, strict=True)
                    ]
                marks = ", ".join("?" * len(names))
                connection.execute(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", values)


def test_rows_of_every_table_of_the_schema_come_to_a_server_and_back_as_they_were(places: dict[str, Place]) -> None:
    assert isinstance(places["file"], Path)
    fill_empty_tables(places["file"])
    before = content(places["file"])
    assert [name for name, rows in before.items() if not rows] == []
    move(places["file"], places["server"])
    there = content(places["server"])
    assert_moved(before, dict(there))
    with Session.open(places["server"], clock=CLOCK, config=Config()) as session:
        names = {
            row[0]
            for row in session.context.store.database.query(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            )
        }
    assert names - there.keys() == {"schema_version", "change_number", "commits", "changes", "unrecorded"}, "its own"
    move(places["server"], places["another file"])
    assert_moved(there, content(places["another file"]))


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_every_table_arrives_and_the_old_store_acts_on_nothing(
    places: dict[str, Place], source: str, target: str
) -> None:
    arrange(places, source)
    before = content(places[source])
    assert len([name for name, rows in before.items() if rows]) >= 13
    move(places[source], places[target])
    assert_moved(before, content(places[target]))
    with Session.open(places[target], clock=CLOCK, config=Config()) as session:
        assert session.maintenance.check() == []
        assert session.workspace.marks()[0].count == 2
        session.batches.release(next(batch.id for batch in session.batches.find(open_only=True)))
        session.dispatcher.run()
        made = commit(session, Action.CANCEL, 5)
        assert made == max(row[0] for row in before["batches"]) + 1, "numbers go on"
    with Session.open(places[source], clock=CLOCK, config=Config()) as session:
        moved = r"was moved to .* work there"
        assert session.dispatcher.next_due() is None
        for act in (
            lambda: commit(session, Action.CANCEL, 6),
            session.dispatcher.run,
            lambda: session.batches.recall(session.batches.find(open_only=True)[0].id),
            lambda: session.context.store.set_meta("a", "b"),
        ):
            with pytest.raises((Refused, StoreError), match=moved):
                act()
        assert any("was moved to" in text for text in session.notices.banners())
        found = worker_health(session.context.reader(), NOW)
        assert (found.health, "was moved to" in found.reasons[0]) == (Health.NONE, True)
    with pytest.raises((StoreError, Refused), match="was moved to"):
        move(places[source], places["another server" if target != "another server" else "another file"])


@pytest.mark.parametrize(("source", "target"), [pytest.param(*WAYS[0], marks=pytest.mark.long), WAYS[1]])
def test_what_is_interrupted_anywhere_goes_on_and_loses_nothing(
    places: dict[str, Place], source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt comes one point further than the one before; after each, one store at most is at work."""
    monkeypatch.setattr("ordertui.store.move.ROWS_AT_ONCE", 5)
    monkeypatch.setattr("ordertui.store.move.CONTENTS_AT_ONCE", 1)
    arrange(places, source)
    before = content(places[source])
    with monkeypatch.context() as patch:
        faults = inject(patch)
        point = 0
        while interrupted(places, source, target, faults, point):
            point += 1
            assert [is_at_work(places[source]), is_at_work(places[target])] != [True, True], point
    assert point > 40
    assert_moved(before, content(places[target]))
    with Session.open(places[target], clock=CLOCK, config=Config()) as session:
        assert session.maintenance.check() == []
        commit(session, Action.CANCEL, 6)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("engine")
def test_a_half_moved_store_is_at_work_in_neither_place(places: dict[str, Place], monkeypatch: Any) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("ordertui.store.move.StoreMove.finish", crash)
        with pytest.raises(Crash):
            move(places["file"], places["server"])
    with Session.open(places["file"], clock=CLOCK, config=Config()) as session:
        with pytest.raises((Refused, StoreError), match=r"is being moved to .* finish it with `ordertui store move"):
            commit(session, Action.CANCEL, 5)
        assert session.dispatcher.next_due() is None
    with pytest.raises(StoreError, match="not yet filled from"):
        Session.open(places["server"], clock=CLOCK, config=Config())
    with pytest.raises((Refused, StoreError), match="is being moved to"):
        move(places["file"], places["another server"])
    move(places["file"], places["server"])


def test_a_move_that_is_given_up_ends_with_adopting_the_old_store(
    places: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ordertui.store.move.StoreMove.copy", lambda *_: (_ for _ in ()).throw(Crash()))
        with pytest.raises(Crash):
            move(places["file"], places["server"])
    with Session.open(places["file"], clock=CLOCK, config=Config()) as session:
        count = sum(len(one.orders) for one in session.adoption.questions())
        session.adoption.adopt(why="the server is gone for good", typed=str(count), nothing_since=True)
        commit(session, Action.CANCEL, 5)
    with pytest.raises(StoreError, match="cannot take the store"):
        move(places["file"], places["server"])


def test_a_place_that_has_something_is_left_as_it_is(places: dict[str, Place], tmp_path: Path) -> None:
    with session_of(tmp_path / "other"):
        pass
    taken = tmp_path / "other" / "orders.db"
    before, other = content(places["file"]), content(taken)
    with pytest.raises(StoreError, match="has a store in it"):
        move(places["file"], taken)
    with pytest.raises(BadInput, match="already"):
        move(places["file"], places["file"])
    with pytest.raises(BadInput, match="there is no store"):
        move(tmp_path / "nothing.db", places["server"])
    with pytest.raises(StoreError, match="has no store"):
        move(places["another server"], places["another file"])
    assert not Path(places["another file"]).exists()
    (tmp_path / "text.db").write_text("mine")
    with pytest.raises(StoreError, match="not a readable store"):
        move(places["file"], tmp_path / "text.db")
    assert (content(places["file"]), content(taken)) == (before, other)


def _crash(*_: object) -> None:
    raise Crash


def test_a_copy_or_a_store_with_unwritten_files_is_not_moved(
    places: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(places["file"], clock=CLOCK, config=Config()) as session:
        session.maintenance.backup(tmp_path / "backup.db")
        session.batches.release(session.batches.find(open_only=True)[0].id)
        with monkeypatch.context() as patch:
            patch.setattr("ordertui.operations.dispatch.file_dispatcher.rename_to_new", _crash)
            with pytest.raises(Crash):
                session.dispatcher.run()
    with pytest.raises(Refused, match="backup"):
        move(tmp_path / "backup.db", places["server"])
    with pytest.raises(Refused, match="no name yet"):
        move(places["file"], places["server"])
    with Session.open(places["file"], clock=CLOCK, config=Config()) as session:
        session.dispatcher.run()
        assert all(not batch.is_writing for batch in session.context.store.batches.find())
    move(places["file"], places["server"])


def test_a_store_of_which_a_file_has_no_name_yet_is_not_moved(places: dict[str, Place]) -> None:
    """Its machine would give it the name when it comes back, and the new store knows nothing of that."""
    move(places["file"], places["server"])
    with Session.open(places["server"], clock=CLOCK, config=Config()) as session:
        session.batches.release(session.batches.find(open_only=True)[0].id)
        (batch,) = session.dispatcher.run()
        with session.context.store.write():
            assert session.context.store.journal.leases.take(batch.id)
    with pytest.raises(StoreError, match=rf"a file to upload of batch {batch.id} that .* gave no name yet"):
        move(places["server"], places["another file"])
    with Session.open(places["server"], clock=CLOCK, config=Config()) as session:
        order = batch.rows[0].order_id
        session.batches.settle(batch.id, [order], done=False, why="that machine is gone", typed="1")
    move(places["server"], places["another file"])


@pytest.mark.parametrize("change", ["UPDATE orders SET total = total + 1 WHERE id = 3", "DELETE FROM lines"])
def test_a_difference_is_found_and_nothing_is_opened(
    places: dict[str, Place], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = StoreMove._compare

    def compare(self: StoreMove) -> None:
        with self._target.write(even_moved=True) as database:
            database.execute(change)
        real(self)

    monkeypatch.setattr(StoreMove, "_compare", compare)
    with pytest.raises(StoreError, match="differs in"):
        move(places["file"], places["server"])
    with pytest.raises(StoreError, match="not yet filled"):
        Session.open(places["server"], clock=CLOCK, config=Config())


def test_a_restored_older_state_of_a_moved_file_is_a_copy(places: dict[str, Place], filled: Path) -> None:
    path = Path(places["file"])
    older = path.read_bytes()
    move(path, places["server"])
    for name in ("orders.db-wal", "orders.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(older)
    with Session.open(path, clock=CLOCK, config=Config()) as session:
        assert "names record" in session.context.copies.reason()
        with pytest.raises(Refused, match="may be an older copy"):
            commit(session, Action.CANCEL, 5)


def test_the_store_keeps_its_id_and_the_command_says_what_to_do(places: dict[str, Place]) -> None:
    with Store(store_place(places["file"], Config()), clock=CLOCK, read_only=True) as store:
        ident = store.meta(STORE_ID_KEY)

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, [*words])

    done = run("store", "move", str(places["file"]), str(places["server"]))
    assert done.exit_code == 0, done.output
    assert "store = " in done.output
    with Store(store_place(places["server"], Config()), clock=CLOCK, read_only=True) as store:
        assert store.meta(STORE_ID_KEY) == ident
        assert any(batch.state in LEFT_BATCHES for batch in store.batches.find())
    again = run("store", "move", str(places["file"]), str(places["server"]))
    assert again.exit_code != 0
    assert "was moved to" in again.output
    checked = run("--store", str(places["file"]), "store", "check")
    assert checked.exit_code == 4
    assert "was moved to" in checked.output
    assert run("--read-only", "store", "move", "a.db", "b.db").exit_code == 2


def test_two_processes_that_move_the_same_store_fill_it_once(
    places: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(places["file"])
    real = StoreMove._compare

    def compare(self: StoreMove) -> None:
        real(self)
        with monkeypatch.context() as patch:
            patch.setattr(StoreMove, "_compare", real)
            move(places["file"], places["server"])  # another process is faster, and its store is at work already
            with Session.open(places["server"], clock=CLOCK, config=Config()) as session:
                commit(session, Action.CANCEL, 6)

    monkeypatch.setattr(StoreMove, "_compare", compare)
    move(places["file"], places["server"])
    after = content(places["server"])
    assert kinds(after)[len(before["audit"]) :] == ["store.moving", "store.moved", "batch.held"]


DENY_ALL = """[[rule]]
id = "nothing"
when = "batch-orders>=1"
action = "cancel"
effect = "deny"
why = "nothing is cancelled"
"""


def test_no_move_lifts_the_rules_of_a_team(places: dict[str, Place], tmp_path: Path) -> None:
    rules, mine = tmp_path / "rules.toml", tmp_path / "mine.toml"
    rules.write_text(DENY_ALL, encoding="utf-8")
    mine.write_text("", encoding="utf-8")

    def opened(place: Place, config: Config = Config()) -> Session:  # noqa: B008  # frozen
        return Session.open(place, clock=CLOCK, config=config)

    move(places["file"], places["server"])
    with opened(places["server"]) as session:
        session.team.init()
        session.team.publish_policy(rules, None, "a quiet week")
    move(places["server"], places["another file"])
    with opened(places["another file"]) as session:
        assert not plan(session, Action.CANCEL, 5).rows
        assert session.context.active_policies.note == ""
        assert [(one.version, one.text) for one in policy_history(session.context)] == [(2, DENY_ALL), (1, "")]
    with opened(places["another file"], Config(policy_file=str(mine))) as session:
        assert len(plan(session, Action.CANCEL, 5).rows) == 1
        (note,) = (text for text in session.notices.banners() if str(mine) in text)
        assert "differs from the policy that the store brought along from its server (version 2" in note
    with opened(places["another file"], Config(policy_file=str(rules))) as session:
        assert session.context.active_policies.note == ""
        assert not plan(session, Action.CANCEL, 5).rows
