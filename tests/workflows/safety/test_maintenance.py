"""Care of the store: check, backup, compact, purge; and a store that is only looked at."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from ordertui.cli.main import cli
from ordertui.operations import maintenance
from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, ReadOnly, Refused
from ordertui.operations.limits import operation_limits
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from support.batches import answer, commit, send, session_of
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, bring, open_session, order_id


def run(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(cli, ["--store", str(folder / "orders.db"), *words])


def test_a_backup_opens_and_holds_everything(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop")
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, batch, {2})])
    assert run(tmp_path / "shop", "store", "backup", str(tmp_path / "copy" / "x.db")).exit_code == 4
    (tmp_path / "copy").mkdir()
    assert run(tmp_path / "shop", "store", "backup", str(tmp_path / "copy" / "orders.db")).exit_code == 0
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["orders.db"], "one file, nothing half beside it"
    assert (tmp_path / "copy" / "orders.db").stat().st_mode & 0o077 == 0, "for its owner alone"
    with open_session(tmp_path / "copy") as copy:
        (here,), (there,) = session.batches.find(), copy.batches.find()
        assert there.is_inactive, "nothing is done in a backup, so nothing is next"
        here = replace(here, is_inactive=True, advice=there.advice, withheld="", next_at=None, retryable=0)
        assert there == here
        assert copy.audit.records() == session.audit.records()
        (found,) = copy.maintenance.check()
        assert "it is a backup of 2026-" in found, "the copy knows that it is one"


def test_a_backup_never_overwrites_and_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path / "shop")
    target = tmp_path / "copy.db"
    target.write_bytes(b"mine")
    with pytest.raises(StoreError, match="exists"):
        session.maintenance.backup(target)
    assert target.read_bytes() == b"mine"
    target.unlink()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ordertui.store.engine.sqlite.os.link", full)
    with pytest.raises(StoreError, match="No space"):
        session.maintenance.backup(target)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [
        "all.txt",
        "unshipped.txt",
    ] or not target.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_purge_keeps_batches_and_what_the_rate_needs(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    session = session_of(tmp_path / "shop", clock)
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(n, "Shipped", age=500 * DAY, updated=NOW - 499 * DAY) for n in range(100, 110)],
    )
    send(session, Action.CANCEL, 1)
    with pytest.raises(Refused, match="rate"):
        session.maintenance.purge(30, yes=True)
    with pytest.raises(NotConfirmed, match="9 orders"):
        session.maintenance.purge()
    assert session.maintenance.purge(yes=True) == 9, (
        "all old ones but the newest row number, which is never given twice"
    )
    assert session.orders.get(order_id(1)) is not None
    assert session.orders.get(order_id(100)) is None
    assert session.maintenance.check() == []
    clock.advance(2000 * DAY)
    session.maintenance.purge(yes=True)
    assert session.orders.get(order_id(1)) is not None, "what was ever in a batch stays: its refunds must be known"
    assert [one["what"] for one in session.audit.records(limit=2)] == ["store.purged", "store.purged"]
    assert session.maintenance.compact() >= 0


def test_a_file_is_read_again_after_a_purge_or_an_undo(tmp_path: Path) -> None:
    """Until then it says nothing new, and is not."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    rows = [all_orders_row(n, "Shipped", age=500 * DAY, updated=NOW - 499 * DAY) for n in (1, 2)]
    old, other = (write(tmp_path / name, ALL_ORDERS, rows[:count]) for name, count in (("old.txt", 2), ("new.txt", 1)))

    def is_known(path: Path) -> bool:
        (found,) = session.imports.import_files([path])
        return any("this very file" in note for note in found.notes)

    assert not is_known(old)
    assert is_known(old)
    assert session.maintenance.purge(yes=True) == 1
    assert not is_known(old)
    assert session.orders.get(order_id(1)) is not None
    assert is_known(old)
    assert not is_known(other)
    session.imports.undo(3)
    assert not is_known(old)


def test_check_names_what_is_wrong(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    commit(session, Action.CANCEL, 1)
    session.close()
    assert run(tmp_path, "store", "check").exit_code == 0
    with sqlite3.connect(tmp_path / "orders.db") as connection:
        connection.execute("DELETE FROM orders WHERE order_id = ?", (order_id(1),))
    connection.close()
    result = run(tmp_path, "store", "check")
    assert result.exit_code == 4
    assert "rows of batches whose order is gone" in result.stdout


def test_a_nearly_full_disk_is_said_before_it_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path)
    assert not any("nearly full" in note for note in session.notices.banners())
    room = operation_limits().free_bytes(session.context.store.maintenance.size())
    monkeypatch.setattr(maintenance.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(room, 1, room - 1))  # type: ignore[attr-defined]
    assert any("nearly full" in note for note in session.notices.banners())


def test_the_numbers_of_waiting_have_sources() -> None:
    for name in ("stuck_hours", "unconfirmed_hours", "disk_free_share", "disk_free_mebibytes"):
        assert getattr(operation_limits(), name).source
        assert getattr(operation_limits(), name).value > 0


@pytest.fixture
def opened() -> Iterator[list[tuple[str, Any]]]:
    """Every file opened, folder made and database connected to, by Python's own audit events."""
    found: list[tuple[str, Any]] = []
    on = [True]

    def hook(event: str, args: Any) -> None:
        if on[0] and event in ("open", "os.mkdir", "os.rename", "os.remove", "sqlite3.connect", "os.link", "os.chmod"):
            found.append((event, args))

    sys.addaudithook(hook)
    yield found
    on[0] = False


def test_read_only_opens_no_writer(tmp_path: Path, opened: list[tuple[str, Any]]) -> None:
    session = session_of(tmp_path / "shop")
    batch = send(session, Action.CANCEL, 1)
    commit(session, Action.CANCEL, 2)
    session.close()
    before = {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    opened.clear()
    path = tmp_path / "shop" / "orders.db"
    with Session.open(path, clock=FixedClock(NOW), config=Config(), read_only=True) as looker:
        (
            looker.notices.banners(),
            looker.orders.queues(),
            looker.batches.find(),
            looker.batches.open_issues(),
            looker.maintenance.check(),
            looker.audit.verify(),
        )
        looker.planner.plan(Action.CANCEL, list(looker.orders.find("status:unshipped")))
        for act in (
            lambda: looker.batches.settle(batch, [order_id(1)], done=True, why="x", typed="1"),
            lambda: looker.maintenance.purge(400, yes=True),
            looker.maintenance.compact,
            looker.dispatcher.run,
            lambda: looker.batches.release(2),
        ):
            with pytest.raises(ReadOnly):
                act()
    assert any(event == "sqlite3.connect" for event, _ in opened)
    for event, args in opened:
        if event == "sqlite3.connect":
            assert str(args[0]).endswith("?mode=ro"), args
        elif event == "open" and str(tmp_path) in str(args[0]):
            assert args[1] in ("r", "rb", None), args
        else:
            assert str(tmp_path) not in str(args), (event, args)
    after = {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if not path.name.endswith(("-shm", "-wal"))} == before
