"""A copy is filled, follows what anybody changes, is read in the server's place, and survives a lost line."""

from __future__ import annotations

import os
import random
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import PlanChanged, Refused
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.errors import UserError
from ordertui.store import Store, StoreError, StoreLocked
from ordertui.store.copy import LocalCopy
from ordertui.store.copy import local_copy as local_copy_module
from ordertui.store.copy.filler import fill_copy
from ordertui.store.engine.postgres import PostgresEngine, postgres_engine
from ordertui.store.engine.protocol import Row
from ordertui.store.engine.sqlite import SqliteEngine
from support import places
from support.at_once import at_once
from support.batches import answer, commit, plan, send, session_of, states
from support.disks import small_disk
from support.server import Server
from support.shops import NOW, all_orders_row, bring, order_id
from support.tables import table_rows
from support.waiting import until

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
CLOCK = FixedClock(NOW)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Session]:
    """Somebody who works on the server itself."""
    with session_of(tmp_path, waiting=9, shipped=11) as session:
        yield session


def copied(tmp_path: Path, *, read_only: bool = False) -> Session:
    """The session of a screen."""
    return Session.open(
        places.place(tmp_path / "orders.db"), clock=CLOCK, config=Config(), read_only=read_only, copy=lambda *_: None
    )


def local_copy(session: Session) -> LocalCopy:
    assert session.context.copy is not None
    return session.context.copy


def content(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    found = table_rows(store)
    return found | {"meta": [row for row in found["meta"] if not str(row[0]).startswith("copy:")]}


def is_equal(screen: Session, team: Session) -> bool:
    with local_copy(screen).reader() as reader:
        return content(reader) == content(team.context.store)


def test_a_copy_is_filled_whole_and_for_its_owner_alone(tmp_path: Path, team: Session) -> None:
    told: list[tuple[int, int]] = []
    send(team, Action.CANCEL, 1)
    with Session.open(
        places.place(tmp_path / "orders.db"), clock=CLOCK, config=Config(), copy=lambda *at: told.append(at)
    ) as screen:
        assert is_equal(screen, team)
        assert told[-1][0] == told[-1][1] > 20
        path = local_copy(screen).path
        for found in path.parent.glob("copy.db*"):
            assert stat.S_IMODE(found.stat().st_mode) & 0o077 == 0, found
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
        assert not list(path.parent.glob("*.part*"))
        assert screen.context.copies.reason() == ""
        assert len(screen.orders.find()) == 20


def test_a_change_of_many_rows_is_taken_over_in_parts(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_copy_module, "KEYS_AT_ONCE", 4)
    with copied(tmp_path) as screen:
        asked: list[int] = []
        read = LocalCopy._read

        def count(copy: LocalCopy, changed: dict[str, list[str]]) -> list[list[Row]]:
            asked.append(sum(map(len, changed.values())))
            return read(copy, changed)

        monkeypatch.setattr(LocalCopy, "_read", count)
        first = commit(team, Action.CANCEL, 1, 2, 3)
        bring(team, tmp_path, everything=[all_orders_row(n, updated=NOW - HOUR + 1) for n in range(1, 40)])
        team.batches.recall(first)  # the orders of one open row each go over to another batch
        commit(team, Action.CANCEL, 1, 2, 3)
        local_copy(screen).follow()
        assert is_equal(screen, team)
        assert max(asked) == 4
        assert len(asked) > 10


def test_a_random_day_of_the_team_is_followed_table_by_table(tmp_path: Path, team: Session) -> None:
    rng = random.Random(4)
    waiting, shipped = list(range(1, 10)), list(range(11, 22))
    with copied(tmp_path) as screen:
        number = local_copy(screen).state.number
        for step in range(24):
            kind = rng.randrange(6)
            try:
                if kind == 0 and waiting:
                    commit(team, Action.CANCEL, waiting.pop())
                elif kind == 1 and shipped:
                    batch = send(team, Action.REFUND, shipped.pop())
                    team.results.take_in([answer(team, tmp_path, batch, set())])
                elif kind == 2:
                    team.batches.recall(team.batches.find(open_only=True)[0].id)
                elif kind == 3:
                    ids = [team.orders.id_of(order_id(rng.randint(1, 9))) or 1]
                    team.context.store.facts.set(ids, dispatched=rng.choice(list(Dispatched)))
                elif kind == 4:
                    bring(
                        team,
                        tmp_path,
                        everything=[all_orders_row(n, updated=NOW - HOUR + step) for n in (5, 60 + step)],
                    )
                else:
                    team.context.store.set_meta(f"k{step % 3}", None if step % 2 else str(step))
            except (UserError, IndexError):
                continue
            local_copy(screen).follow()
            assert is_equal(screen, team), (step, kind)
        assert local_copy(screen).state.number > number + 10
        with team.context.store.write() as database:  # as a purge does
            for table, key in (("lines", "order_id"), ("orders", "id")):
                database.execute(f"DELETE FROM {table} WHERE {key} = 20")
        local_copy(screen).follow()
        assert is_equal(screen, team)


def test_others_changes_arrive_by_themselves(tmp_path: Path, team: Session) -> None:
    with copied(tmp_path) as screen:
        version = screen.data_version()
        batch = commit(team, Action.CANCEL, 1)
        until(lambda: screen.data_version() != version)
        assert [one.id for one in screen.batches.find()] == [batch]


def test_a_note_beside_a_file_here_is_written_when_others_settle_and_when_a_line_is_back(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(tmp_path) as screen:
        for number, settles in ((1, team), (2, screen)):
            batch = commit(screen, Action.CANCEL, number)
            screen.batches.release(batch)
            assert [one.id for one in screen.dispatcher.run()] == [batch]
            warning = Path(screen.batches.get(batch).files[0]).with_name("DO-NOT-UPLOAD.txt")
            with monkeypatch.context() as patch:  # the line of who settles is lost once the word was kept
                patch.setattr(type(settles.uploads), "_write_notes", lost_line_once(type(settles.uploads)._write_notes))
                patch.setattr("ordertui.operations.batches.settle.warn_in", lambda *_: None)  # nor beside the file
                settles.batches.settle(batch, [order_id(number)], done=False, why="never uploaded", typed="1")
                until(warning.exists)


def lost_line_once(write: Callable[..., None]) -> Callable[..., None]:
    """Return what writes notes, but not at the first call."""
    calls: list[bool] = []

    def after_the_first(*args: object) -> None:
        calls.append(True)
        if len(calls) == 1:
            raise StoreError("the line is lost")
        write(*args)

    return after_the_first


def test_what_this_screen_does_is_seen_at_once_and_judged_on_the_server(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(tmp_path) as screen:
        local_copy(screen).follow()
        batch = commit(screen, Action.CANCEL, 1)
        assert states(screen, batch) == {order_id(1): RowState.HELD}
        with monkeypatch.context() as patch:
            patch.setattr(LocalCopy, "follow", lambda self: None)
            commit(team, Action.CANCEL, 2)
            stale = plan(screen, Action.CANCEL, 2)
            assert stale.rows, "the copy does not know it yet"
            with pytest.raises(UserError, match=r"open action|changed|difference"):
                screen.batches.commit(stale, typed="1")
        assert len(team.batches.find()) == 2
        bring(screen, tmp_path, everything=[all_orders_row(n) for n in range(100, 140)])
        assert len(screen.orders.find()) == 60
        assert is_equal(screen, team)


def test_reading_asks_the_server_nothing(tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalCopy, "watch", lambda self: None)  # else it may be the first to follow, or not
    with copied(tmp_path) as screen:
        asked: list[str] = []
        _ = screen.context.active_policies  # the store's own policy is asked for once
        for name in ("query", "stream", "execute", "begin", "commit", "query_all", "begin_snapshot"):
            real = getattr(PostgresEngine, name)

            def noted(self: PostgresEngine, *args: Any, _real: Any = real, _name: str = name) -> Any:
                if threading.current_thread() is threading.main_thread():
                    asked.append(_name)
                return _real(self, *args)

            monkeypatch.setattr(PostgresEngine, name, noted)
        ids = screen.orders.find()
        assert screen.orders.rows(ids)
        for queue in screen.orders.queues():
            screen.orders.find(queue=queue.name) if hasattr(queue, "name") else None
        assert screen.planner.plan(Action.CANCEL, ids[:3])
        assert screen.rate
        screen.notices.banners()
        screen.batches.find()
        screen.dispatcher.next_due()
        screen.data_version()
        assert asked == []
        commit(screen, Action.CANCEL, 1)
        own = asked[asked.index("begin") : asked.index("commit") + 1]
        assert len(own) <= 13, own  # one to have the copy catch up, by which limits are judged
        after = asked[asked.index("commit") + 1 :]
        follow = after[: after.index("begin")] if "begin" in after else after
        # which keys changed, and their rows; then the head of the audit, noted beside the outbox
        assert follow == ["begin_snapshot", "query", "query_all", "query"]


def test_a_limit_is_judged_by_what_others_committed_though_the_copy_is_behind(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalCopy, "watch", lambda self: None)
    policy = tmp_path / "house.toml"
    policy.write_text("[budget]\nday = 1\neffect = 'deny'\n", encoding="utf-8")
    place, config = places.place(tmp_path / "orders.db"), Config(policy_file=str(policy))
    with Session.open(place, clock=CLOCK, config=config, copy=lambda *_: None) as screen:
        planned = plan(screen, Action.CANCEL, 1)
        assert len(planned.rows) == 1, "within the budget, as far as the copy knows"
        commit(team, Action.CANCEL, 2)
        with pytest.raises(PlanChanged):
            screen.batches.commit(planned, typed="1")
        assert len(team.batches.find()) == 1


def test_the_last_look_judges_by_what_others_committed_though_the_copy_is_behind(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalCopy, "watch", lambda self: None)
    policy = tmp_path / "house.toml"
    policy.write_text(
        "[[rule]]\nid = 'day'\naction = 'cancel'\neffect = 'deny'\nwhen = 'day-orders:>1'\nwhy = 'enough'\n",
        encoding="utf-8",
    )
    place, config = places.place(tmp_path / "orders.db"), Config(policy_file=str(policy))
    with Session.open(place, clock=CLOCK, config=config, copy=lambda *_: None) as screen:
        batch = commit(screen, Action.CANCEL, 1)
        screen.batches.release(batch)
        commit(team, Action.CANCEL, 2)
        assert screen.dispatcher.run() == []
        assert states(team, batch) == {order_id(1): RowState.LEFT_OUT}


def test_a_copy_that_is_there_is_brought_along_and_one_that_is_not_fitting_is_made_anew(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    fills: list[int] = []
    real = fill_copy

    def fill(*arguments: Any) -> None:
        fills.append(1)
        real(*arguments)

    monkeypatch.setattr(local_copy_module, "fill_copy", fill)
    with copied(tmp_path) as screen:
        path = local_copy(screen).path
    commit(team, Action.CANCEL, 1)
    with copied(tmp_path) as screen:
        assert is_equal(screen, team)
    assert len(fills) == 1
    for damage in (
        lambda: path.write_bytes(b"nothing" * 1000),
        path.unlink,
        lambda: engine_of(path).execute("UPDATE meta SET value = '99999' WHERE key = 'copy:number'"),
        lambda: engine_of(path).execute("UPDATE meta SET value = '1:2' WHERE key = 'copy:location'"),
        lambda: engine_of(path).execute("UPDATE meta SET value = 'other' WHERE key = 'store:id'"),
        lambda: engine_of(path).execute("UPDATE meta SET value = '0' WHERE key = 'copy:number'"),
        lambda: engine_of(path).execute("UPDATE meta SET value = 'other' WHERE key = 'copy:change'"),
    ):
        for more in path.parent.glob("copy.db-*"):
            more.unlink()
        damage()
        fills.clear()
        with copied(tmp_path) as screen:
            assert is_equal(screen, team)
        assert len(fills) == 1
        team.context.store.set_meta("x", "y")


def engine_of(path: Path) -> SqliteEngine:
    return SqliteEngine(path, read_only=False)


def test_a_fill_that_is_stopped_leaves_nothing(tmp_path: Path, team: Session) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Session.open(places.place(tmp_path / "orders.db"), clock=CLOCK, config=Config(), copy=stop)
    folder = team.context.store.path.parent
    assert not list(folder.glob("copy.db*"))
    with copied(tmp_path) as screen:
        assert is_equal(screen, team)


def test_screens_that_start_at_once_share_one_whole_copy(tmp_path: Path, team: Session) -> None:
    gate = threading.Barrier(3)
    screens: list[Session] = []

    def wait_for_all(*_: int) -> None:
        with suppress(threading.BrokenBarrierError):
            gate.wait(5)  # each is in the middle of its fill

    def start() -> None:
        screens.append(
            Session.open(places.place(tmp_path / "orders.db"), clock=CLOCK, config=Config(), copy=wait_for_all)
        )

    at_once(*[start] * 3)
    assert not list(team.context.store.path.parent.glob("*.part*"))
    while screens:  # each sees what is new, whoever of them is still there
        batch = commit(team, Action.CANCEL, len(screens))
        for screen in screens:
            until(lambda one=screen: is_equal(one, team))  # type: ignore[misc]
            assert screen.batches.find()[0].id == batch
        screens.pop().close()


def test_parts_of_killed_fills_are_removed_and_no_others(tmp_path: Path, team: Session) -> None:
    with copied(tmp_path) as screen:
        path = local_copy(screen).path
    path.unlink()
    old, young = (path.with_name(f".copy.db.{pid}-0{pid}.part") for pid in (1, 2))
    for part in (old, young, old.with_name(f"{old.name}-wal")):
        part.write_bytes(b"x")
    os.utime(old, (0, 0))
    with copied(tmp_path) as screen:
        assert is_equal(screen, team)
    assert [one.name for one in path.parent.glob("*.part*")] == [young.name]


def test_a_copy_that_is_locked_is_not_made_anew(tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with copied(tmp_path) as screen:
        path = local_copy(screen).path
        before = path.stat().st_ino

        def locked(*_: object, **__: object) -> Store:
            raise StoreLocked("locked")

        with monkeypatch.context() as patch:
            patch.setattr("ordertui.store.copy.local_copy.Store", locked)
            with pytest.raises(StoreLocked):
                copied(tmp_path)
        assert path.stat().st_ino == before
        commit(team, Action.CANCEL, 1)
        local_copy(screen).follow()
        assert is_equal(screen, team)


def test_two_followers_of_one_copy_never_go_back_nor_call_the_server_lost(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalCopy, "watch", lambda _: None)  # both are driven by hand
    with copied(tmp_path) as one, copied(tmp_path) as other:
        slow, fast = local_copy(one), local_copy(other)
        slow.close()
        slow = LocalCopy(one.context.store, slow._address, CLOCK, str)
        slow.open(lambda *_: None)
        real = LocalCopy._replace
        steps = 0

        def replace(self: LocalCopy, *args: Any) -> bool:
            nonlocal steps
            steps += self is slow
            if self is slow and steps == 1:  # another process took it over after this one asked
                team.context.store.set_meta("step", "1")
                fast.follow()
            return real(self, *args)

        monkeypatch.setattr(LocalCopy, "_replace", replace)
        team.context.store.set_meta("step", "0")
        known = slow.state.number
        slow.follow()
        assert slow.state.number == known + 2
        assert slow.state.lost_since is None
        assert is_equal(other, team)
        slow.close()


def test_a_copy_that_cannot_be_written_is_told_as_that(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("ordertui.store.engine.file_connection.BUSY_SECONDS", 0.2)
    with copied(tmp_path) as screen:
        blocker = engine_of(local_copy(screen).path)
        blocker.begin()
        commit(team, Action.CANCEL, 1)
        until(lambda: local_copy(screen).state.lost_since is not None)
        (text,) = [one for one in screen.notices.banners() if "committed or sent" in one]
        assert "this machine's copy is not updated since" in text
        assert "locked by another process" in text
        assert "STANDS STILL" in screen.notices.copy_age()
        with pytest.raises(Refused, match="copy is not updated"):
            commit(screen, Action.CANCEL, 2)
        blocker.rollback()
        blocker.close()
        until(lambda: is_equal(screen, team) and local_copy(screen).state.lost_since is None)
        commit(screen, Action.CANCEL, 2)


@pytest.mark.parametrize("is_made_anew", [False, True], ids=["removed", "made anew"])
def test_a_copy_that_is_removed_under_an_open_screen_is_not_called_in_step(
    is_made_anew: bool, tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen goes on with a file that nobody else has; who starts next makes the copy anew."""
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    with copied(tmp_path) as screen:
        ids = screen.orders.find()
        path = local_copy(screen).path
        for found in path.parent.glob("copy.db*"):
            found.rename(tmp_path / found.name)
        if is_made_anew:
            copied(tmp_path).close()
        team.facts.set_note(ids[:1], "new")
        until(lambda: local_copy(screen).state.lost_since is not None)
        assert any("removed or replaced" in text for text in screen.notices.banners())
        with pytest.raises(Refused, match="removed or replaced"):
            commit(screen, Action.CANCEL, 1)
        for found in path.parent.glob("copy.db*"):
            found.unlink()
        for found in tmp_path.glob("copy.db*"):
            found.rename(path.with_name(found.name))
        until(lambda: local_copy(screen).state.lost_since is None)
        assert is_equal(screen, team)


def test_a_defect_of_the_copy_is_told_logged_and_overcome(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.05)
    log = tmp_path / "defects.log"
    monkeypatch.setattr("ordertui.operations.errors.defect_log", lambda: log)
    with copied(tmp_path) as screen:
        with monkeypatch.context() as patch:
            patch.setattr(LocalCopy, "_changed_keys", lambda *_: vars()["defect"])
            commit(team, Action.CANCEL, 1)
            until(lambda: local_copy(screen).state.lost_since is not None)
            time.sleep(0.3)
            assert local_copy(screen).state.why.startswith("this should not happen (KeyError)")
            assert "not updated" in local_copy(screen).state.lost_text()
            assert log.read_text(encoding="utf-8").count("KeyError") <= 2, "not at each attempt"
            local_copy(screen).follow_quietly()
        until(lambda: is_equal(screen, team) and local_copy(screen).state.lost_since is None)


def test_a_change_that_was_not_told_is_told_again(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the note beside an upload's file cannot be written, say."""
    monkeypatch.setattr(local_copy_module, "RETRY_SECONDS", 0.01)
    told: list[int] = []
    with copied(tmp_path) as screen:
        copy = local_copy(screen)

        def tell() -> None:
            told.append(copy.state.number)
            if told.count(told[-1]) == 1:
                raise OSError("no space left on device")

        copy.on_change = tell
        commit(team, Action.CANCEL, 1)
        until(lambda: is_equal(screen, team) and told.count(copy.state.number) > 1)
        assert screen.context.copies.reason() == ""


def test_a_snapshot_that_fails_leaves_no_transaction(team: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PostgresEngine(postgres_engine(team.context.store.database.engine).address, read_only=False)
    for begin, what in ((engine.begin_snapshot, "_LOCATION"), (engine.start_log, "")):
        with monkeypatch.context() as patch:
            patch.setattr("ordertui.store.engine.postgres._LOCATION", "no_such_column")
            if not what:
                patch.setattr(engine, "execute", lambda *_: engine.query("SELECT no_such_column"))
            with pytest.raises(StoreError, match="no_such_column"):
                begin()
        assert not engine.in_transaction
        assert not engine._is_begun
    engine.start_log()
    assert engine.begin_snapshot()[1] is not None
    engine.close()


def test_the_copys_time_is_that_of_what_it_shows(
    tmp_path: Path, team: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filling takes minutes on a slow line: what came meanwhile is not in it."""
    clock = FixedClock(NOW)
    monkeypatch.setattr(LocalCopy, "watch", lambda self: None)  # it looks again, and is as of then

    def progress(*_: int) -> None:
        clock.advance(60)

    with Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=Config(), copy=progress) as screen:
        with local_copy(screen).reader() as reader:
            assert reader.meta("copy:at") == str(NOW)
        assert clock.now() > NOW
        real = PostgresEngine.query_all

        def slow(self: PostgresEngine, *args: Any) -> Any:
            clock.advance(60)
            return real(self, *args)

        before = clock.now()
        monkeypatch.setattr(PostgresEngine, "query_all", slow)
        commit(screen, Action.CANCEL, 1)
        assert before <= local_copy(screen).state.at < clock.now()


def test_a_lost_line_is_told_read_through_and_found_again(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    session_of(tmp_path, waiting=9, shipped=11).close()
    with copied(tmp_path) as screen:
        held = commit(screen, Action.CANCEL, 1)
        screen.batches.release(held)
        server.stop("immediate")
        until(lambda: local_copy(screen).state.lost_since is not None)
        assert len(screen.orders.find()) == 20
        assert [one.id for one in screen.batches.find()] == [held]
        assert any("cannot be reached since" in text for text in screen.notices.banners())
        assert screen.dispatcher.next_due() is None
        for act in (
            lambda: commit(screen, Action.CANCEL, 2),
            screen.dispatcher.run,
            lambda: screen.batches.recall(held),
        ):
            with pytest.raises(Refused, match="cannot be reached since"):
                act()
        assert not list(screen.context.outbox_directory.glob("*/*.txt"))
        server.start()
        until(lambda: local_copy(screen).state.lost_since is None)
        assert not any("cannot be reached" in text for text in screen.notices.banners())
        commit(screen, Action.CANCEL, 2)
        assert [one.id for one in screen.dispatcher.run()] == [held]
        assert len(screen.batches.find()) == 2


@pytest.mark.usefixtures("engine")
def test_a_server_put_back_to_an_older_state_is_not_the_one_the_copy_is_of_however_far_it_went_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore, or when a standby took over: the same numbers stand for other changes."""
    monkeypatch.setattr("ordertui.store.copy.local_copy.LocalCopy.watch", lambda _: None)

    def opened(*, copied: bool) -> Session:
        return Session.open(
            own.address("put_back"), clock=CLOCK, config=Config(), copy=(lambda *_: None) if copied else None
        )

    with closing(Server()) as own:
        with opened(copied=False) as session:
            bring(session, tmp_path, everything=[all_orders_row(n) for n in range(1, 9)])
        with opened(copied=True):
            own.keep()
            own.start()
        with opened(copied=True) as screen:
            ids = screen.orders.find()
            for n in range(3):
                screen.facts.set_note(ids[n : n + 1], "before")
            reached = local_copy(screen).state
            own.stop("fast")
            own.put_back()
            with opened(copied=False) as team:
                with pytest.raises(StoreError, match="connection to the server was lost"):
                    local_copy(screen).follow()
                with pytest.raises(StoreError, match="not the store that the copy is of"):
                    local_copy(screen).follow()
                for n in range(8):
                    team.facts.set_note(ids[n : n + 1], "" if n < 3 else "after")
                with pytest.raises(StoreError, match="not the store that the copy is of"):
                    local_copy(screen).follow()
                assert local_copy(screen).state == reached
        with opened(copied=True) as screen, opened(copied=False) as team:
            assert is_equal(screen, team)
            own.run("postgres", "DELETE FROM put_back.commits")  # as after 10,000 changes more
            local_copy(screen).follow()
            own.run("postgres", "SET search_path TO put_back; UPDATE change_number SET number = number + 1")
            local_copy(screen).follow()
            assert is_equal(screen, team)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_commit_whose_answer_is_lost_is_found_by_its_id(
    tmp_path: Path, team: Session, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(tmp_path) as screen:
        engine = postgres_engine(screen.context.store.database.engine)
        pid = screen.context.store.database.required(int, "SELECT pg_backend_pid()")
        real = PostgresEngine.commit
        cuts: list[int] = []

        def kill() -> None:
            team.context.store.database.query("SELECT pg_terminate_backend(CAST(? AS int), 5000)", (pid,))

        def commit_and_cut(self: PostgresEngine) -> None:
            if self is engine and not cuts and self.connection.info.backend_pid == pid:
                cuts.append(1)
                if is_kept:
                    self.connection.execute(
                        "UPDATE change_number SET number = number + 1; INSERT INTO commits SELECT"
                        f" '{self._transaction}', number FROM change_number; COMMIT"
                    )
                kill()
            real(self)

        monkeypatch.setattr(PostgresEngine, "commit", commit_and_cut)
        if is_kept:
            commit(screen, Action.CANCEL, 1)
        else:
            with pytest.raises(StoreError, match="what was not finished was not kept"):
                commit(screen, Action.CANCEL, 1)
        assert cuts
        assert len(team.batches.find()) == int(is_kept)
        local_copy(screen).follow()
        assert len(screen.batches.find()) == int(is_kept)
        commit(screen, Action.CANCEL, 3)


def test_a_commit_that_nobody_can_be_asked_about_is_told_when_the_line_is_back(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("ordertui.store.engine.postgres.ASK_AGAIN_AFTER", (0.0,))
    session_of(tmp_path, waiting=9, shipped=11).close()
    with copied(tmp_path) as screen:
        real = PostgresEngine.commit

        def cut(self: PostgresEngine) -> None:
            monkeypatch.setattr(PostgresEngine, "commit", real)
            server.stop("immediate")
            real(self)

        monkeypatch.setattr(PostgresEngine, "commit", cut)
        with pytest.raises(StoreError, match="not known whether it was"):
            commit(screen, Action.CANCEL, 1)
        server.start()
        until(lambda: any("under way when the line was lost was not kept" in t for t in screen.notices.banners()))
        assert screen.batches.find() == []


def test_a_screen_that_may_not_write_reads_the_copy_or_the_server(tmp_path: Path, team: Session) -> None:
    with copied(tmp_path, read_only=True) as screen:
        assert screen.context.copy is None, "nobody has begun the log"
        assert len(screen.orders.find()) == 20
    with copied(tmp_path):
        pass
    commit(team, Action.CANCEL, 1)
    with copied(tmp_path, read_only=True) as screen:
        assert screen.context.copy is not None
        assert len(screen.batches.find()) == 1


def test_a_screen_that_opens_without_a_line_reads_the_copy_and_changes_nothing(tmp_path: Path, server: Server) -> None:
    session_of(tmp_path, waiting=9, shipped=11).close()
    with copied(tmp_path) as screen:
        held = commit(screen, Action.CANCEL, 1)
    server.stop("immediate")
    try:
        with copied(tmp_path) as screen:
            assert [one.id for one in screen.batches.find()] == [held]
            assert len(screen.orders.find()) == 20
            assert "NO LINE" in screen.notices.copy_age()
            assert any("cannot be reached since" in text for text in screen.notices.banners())
            assert screen.dispatcher.next_due() is None
            with pytest.raises(Refused):
                commit(screen, Action.CANCEL, 2)
            with pytest.raises(UserError):
                screen.batches.recall(held)
        with pytest.raises(StoreError, match="cannot be opened"):
            Session.open(places.place(tmp_path / "orders.db"), clock=CLOCK, config=Config())
    finally:
        server.start()
    with copied(tmp_path) as screen:
        assert screen.notices.copy_age() == "copy in step"
        commit(screen, Action.CANCEL, 2)


@pytest.fixture
def copy_disk(team: Session) -> Iterator[Path]:
    """The copy's folder as a disk of its own with 3 MB, where the system lets the tests mount one."""
    with small_disk(team.context.store.path.parent, "3m") as place:
        yield place


def fill_disk(place: Path) -> Path:
    """Write until the disk is full, and return the file that fills it."""
    film = place / "film"
    with film.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 512)
    return film


def test_a_copy_on_a_full_disk_is_read_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, team: Session, copy_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.05)
    clock = FixedClock(NOW)
    ids = team.orders.find()
    team.facts.set_note(ids, "before")

    def opened() -> Session:
        place = places.place(tmp_path / "orders.db")
        return Session.open(place, clock=clock, config=Config(), copy=lambda *_: None)

    def check_stands_still(screen: Session) -> None:
        until(lambda: local_copy(screen).state.lost_since is not None)
        (text,) = [one for one in screen.notices.banners() if "committed or sent" in one]
        assert "this machine's copy is not updated since" in text
        assert f"orders are shown as of {iso_utc(NOW)}" in text
        assert "the disk may be full" in text
        assert "STANDS STILL" in screen.notices.copy_age()
        assert {one.note for one in screen.orders.rows(ids).values()} == {"before"}
        with pytest.raises(Refused, match="copy is not updated"):
            commit(screen, Action.CANCEL, 2)

    def check_goes_on(screen: Session) -> None:
        until(lambda: local_copy(screen).state.lost_since is None)
        assert is_equal(screen, team)

    with opened() as first:
        film = fill_disk(copy_disk)
        with team.context.store.write() as database:  # more than there is room for in the copy's log
            database.execute("UPDATE operator_facts SET note = ?", ("x" * 20_000,))
        until(lambda: local_copy(first).state.lost_since is not None)
        clock.advance(60)  # not before: the copy may be updated at any moment until the change
        check_stands_still(first)
        with opened() as second:
            check_stands_still(second)
            film.unlink()
            check_goes_on(first)
            check_goes_on(second)
            commit(second, Action.CANCEL, 2)


def test_a_copy_that_finds_no_room_is_not_made_and_leaves_nothing(
    tmp_path: Path, team: Session, copy_disk: Path
) -> None:
    film = fill_disk(copy_disk)
    with pytest.raises(StoreError, match="the disk may be full"):
        copied(tmp_path)
    assert [one.name for one in copy_disk.iterdir()] == ["film"]
    film.unlink()
    with copied(tmp_path) as screen:
        assert is_equal(screen, team)
