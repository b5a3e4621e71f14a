"""An outbox on a disk that is full, read-only or not connected: what cannot be written stays held, nothing is twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from ordertui.operations.config import Config, OutboxConfig
from ordertui.operations.errors import EvidenceAgainst, OperationError, Refused
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support import places
from support.batches import commit, send, session_of, states, unwritten, upload
from support.cli import AS_OF, EXAMPLES, Command, environment
from support.disks import small_disk
from support.faults import Crash, Faults, inject
from support.shops import NOW, all_orders_row, bring, order_id

NAMED = "ordertui.operations.dispatch.file_dispatcher.rename_to_new"


def opened(folder: Path, outbox: Path) -> Session:
    config = Config(outbox=OutboxConfig(folder=str(outbox)))
    return Session.open(folder / "shop" / "orders.db", clock=FixedClock(NOW), config=config)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of its own, as a stick is, where the system lets the tests mount one."""
    session_of(tmp_path / "shop").close()
    with small_disk(tmp_path / "stick", "64k") as place:
        yield place


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@contextmanager
def unplugged(disk: Path) -> Iterator[None]:
    """The place where the disk was is an empty folder."""
    aside = disk.with_name("aside")
    aside.mkdir()
    subprocess.run(["mount", "--bind", str(disk), str(aside)], check=True)
    subprocess.run(["umount", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "--bind", str(aside), str(disk)], check=True)
        subprocess.run(["umount", str(aside)], check=True)


def held(session: Session, *numbers: int) -> int:
    batch = commit(session, Action.CANCEL, *numbers)
    session.batches.release(batch)
    return batch


def left_over(place: Path) -> list[str]:
    return [path.name for path in place.rglob("*") if path.is_file()]


@pytest.mark.parametrize("how", ["read-only", "full", "in the way"])
def test_what_cannot_be_written_stays_held_and_can_be_undone(disk: Path, tmp_path: Path, how: str) -> None:
    outbox = disk / "outbox"
    with opened(tmp_path, outbox) as session:
        batch = held(session, 1, 2)
        if how == "read-only":
            remount(disk, "ro")
        elif how == "full":
            (disk / "film").write_bytes(b"x" * 60_000)
        else:
            outbox.write_text("a plain file")
        with pytest.raises(OSError, match=r"Read-only|No space|exists|Not a directory"):
            session.dispatcher.run()
        assert set(states(session, batch).values()) == {RowState.HELD}
        assert session.maintenance.check() == []
        assert session.batches.recall(order_id(1)) == 1
        if how == "read-only":
            remount(disk, "rw")
        else:
            (disk / "film").unlink(missing_ok=True)
            if outbox.is_file():
                outbox.unlink()
        assert [one.id for one in session.dispatcher.run()] == [batch]
        assert order_id(1) not in upload(session, batch).read_text(encoding="utf-8")
        assert not [name for name in left_over(disk) if name.startswith(".")]


WRITERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("plan.json", ("plan", "cancel", "--filter", "status:unshipped", "-o", "{}/plan.json")),
    ("copy.db", ("store", "backup", "{}/copy.db")),
    ("story", ("demo", "--reports", "{}/story")),
    ("practice", ("demo", "--no-screen", "--where", "{}/practice")),
    ("config.toml", ("config", "init")),
    ("output", ("list", "--format", "csv")),
)


@pytest.mark.parametrize(("name", "args"), WRITERS, ids=[name for name, _ in WRITERS])
def test_a_command_whose_disk_is_full_says_which_file_is_not_written_and_leaves_no_part(
    tmp_path: Path, name: str, args: tuple[str, ...]
) -> None:
    command = Command(tmp_path)
    command.ok("import", *sorted((EXAMPLES / "us" / "reports").iterdir()))
    with small_disk(tmp_path / "disk", "64k") as place:
        folder = place / "ordertui"
        folder.mkdir()
        (place / "fill").write_bytes(bytes(60_000))
        (place / "rest").write_bytes(bytes(4096))
        with (place / "listed").open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", "ordertui", "--store", str(command.store), "--as-of", AS_OF,
                 *(one.format(place) for one in args)],
                stdout=output, stderr=subprocess.PIPE, encoding="utf-8", check=False,
                cwd=tmp_path, env=environment(tmp_path, XDG_CONFIG_HOME=str(place)),
            )  # fmt: skip
        assert (done.returncode, name in done.stderr) == (4, True), done.stderr
        assert "No space left on device" in done.stderr or "disk may be full" in done.stderr
        assert "should not happen" not in done.stderr
        assert not [path for path in left_over(place) if path.startswith((".ordertui", "plan", "copy"))]
    assert "chain unbroken" in command.ok("audit", "verify")


def test_nobody_finds_a_file_before_the_store_knows_that_it_is_written(tmp_path: Path) -> None:
    """Killed at each point of a dispatch: a file with its name is one of a batch that is written."""
    session_of(tmp_path / "template" / "shop").close()
    with pytest.MonkeyPatch.context() as patch:
        faults = inject(patch, Faults())
        for point in range(100):
            folder = tmp_path / str(point)
            (folder / "shop").mkdir(parents=True)
            session = session_of(folder / "shop")
            batch = held(session, 1)
            crashed = False
            with faults.armed(point, Crash()):
                try:
                    session.dispatcher.run()
                except Crash:
                    crashed = True
            session.close()
            with opened(folder, folder / "elsewhere") as again:
                visible = [path for path in folder.rglob("order-cancellation.*") if not path.name.startswith(".")]
                state = states(again, batch)[order_id(1)]
                assert state is RowState.WRITTEN or not visible, point
                again.dispatcher.run()
                assert [path.name for path in folder.rglob("order-cancellation.txt")] == ["order-cancellation.txt"]
                assert again.maintenance.check() == [], point
            if not crashed:
                return
    raise AssertionError("it never came to its end")


def test_a_disk_that_was_unplugged_between_the_note_and_the_name_brings_its_file_back(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, disk / "outbox") as session:
        batch = held(session, 1)
        with monkeypatch.context() as patch:
            patch.setattr(NAMED, lambda *_: (_ for _ in ()).throw(Crash()))
            with pytest.raises(Crash):
                session.dispatcher.run()
    with unplugged(disk), opened(tmp_path, disk / "outbox") as session:
        session.dispatcher.run()
        assert left_over(disk) == [], "nothing is written a second time"
        assert "is gone" in session.maintenance.check()[0]
    with opened(tmp_path, disk / "outbox") as session:
        assert "has not got its name yet" in session.maintenance.check()[0]
        session.dispatcher.run()
        assert upload(session, batch).exists()
        assert session.maintenance.check() == []


def test_what_another_program_marked_and_did_not_write_is_not_written_without_its_folder(
    disk: Path, tmp_path: Path
) -> None:
    """Version 0.1 gave a file its name before it noted that it is written: it may be on the disk that is gone."""
    with opened(tmp_path, disk) as session:
        batch = unwritten(session, Action.CANCEL, 1, 2)
    with unplugged(disk), opened(tmp_path, disk) as session:
        with pytest.raises(OperationError, match="a disk that is not connected"):
            session.dispatcher.run()
        assert left_over(disk) == []
        settle = partial(session.batches.settle, batch, done=False, why="not in Seller Central")
        with pytest.raises(Refused, match=f"name those too .*{order_id(2)}"):
            settle([order_id(1)], typed="1")
        with pytest.raises(EvidenceAgainst, match="cannot be seen") as told:
            settle([order_id(1), order_id(2)], typed="2")
        settle([order_id(1), order_id(2)], typed="2", against=told.value.names)
        assert set(states(session, batch).values()) == {RowState.ERROR}
        assert session.dispatcher.run() == []
        (again,) = session.batches.retry(batch)
        assert len(again.rows) == 2
    with opened(tmp_path, disk) as session:
        assert session.dispatcher.run() == []
        assert not [name for name in left_over(disk) if name.startswith("order-")]


@places.on_both
def test_of_a_batch_that_is_not_written_the_files_are_named(tmp_path: Path) -> None:
    """Where nothing is in its folder, the word needs no evidence; a file that is there must be named."""
    session = session_of(tmp_path)
    first = unwritten(session, Action.CANCEL, 1)
    session.batches.settle(first, [order_id(1)], done=False, why="never written", typed="1")
    assert states(session, first) == {order_id(1): RowState.ERROR}
    second = unwritten(session, Action.CANCEL, 2)
    upload(session, second).with_suffix(".xml").write_text("x")
    settle = partial(session.batches.settle, second, [order_id(2)], done=False, why="looked", typed="1")
    with pytest.raises(EvidenceAgainst, match=r"has order-cancellation\.xml, but not order-cancellation\.txt") as told:
        settle()
    assert session.batches.get(second).is_writing
    settle(against=told.value.names)
    assert session.dispatcher.run() == []
    assert "Do NOT upload" in upload(session, second).with_name("DO-NOT-UPLOAD.txt").read_text(encoding="utf-8")
    assert session.batches.open_issues() == []


def test_a_file_on_a_disk_that_became_read_only_is_settled_when_that_is_named(disk: Path, tmp_path: Path) -> None:
    with opened(tmp_path, disk) as session:
        batch = send(session, Action.REFUND, 11)
        remount(disk, "ro")
        settle = partial(session.batches.settle, batch, [order_id(11)], done=False, why="never uploaded", typed="1")
        with pytest.raises(EvidenceAgainst, match="no warning can stand beside its file") as told:
            settle()
        assert states(session, batch) == {order_id(11): RowState.WRITTEN}
        settle(against=told.value.names)
        remount(disk, "rw")
        session.dispatcher.run()
        assert upload(session, batch).with_name("DO-NOT-UPLOAD.txt").exists(), "written once it can be"


def test_the_note_beside_a_file_follows_each_report(tmp_path: Path) -> None:
    """A report that says that less was paid speaks against the upload, one that says more takes that back."""
    session = session_of(tmp_path / "shop")
    batch = send(session, Action.REFUND, 11)
    folder = upload(session, batch).parent
    warning, advice = folder / "DO-NOT-UPLOAD.txt", folder / "WHAT-TO-DO.txt"
    before = advice.read_text(encoding="utf-8")
    for updated, price, is_warned in ((NOW + 60, "1.00", True), (NOW + 120, "10.00", False)):
        row = all_orders_row(11, "Shipped", updated=updated, item_price=price)
        bring(session, tmp_path, everything=[row])
        assert warning.exists() == is_warned == (batch in session.uploads.withheld(session.context.reader()))
        assert ("Do NOT upload" in advice.read_text(encoding="utf-8")) == is_warned
        session.context.clock.advance(120)  # type: ignore[attr-defined]
    assert advice.read_text(encoding="utf-8") == before


@places.on_both
def test_half_a_note_that_a_kill_left_is_removed_and_its_note_written(tmp_path: Path) -> None:
    """Killed while a warning was written: the next dispatch removes the half and writes the warning."""
    session = session_of(tmp_path)
    folder = upload(session, send(session, Action.REFUND, 11)).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ordertui.files.os.replace", lambda *_: (_ for _ in ()).throw(Crash()))
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: None)  # nor does a killed process clean up
        with pytest.raises(Crash):
            bring(session, tmp_path, everything=[all_orders_row(11, "Shipped", updated=NOW + 60, item_price="1.00")])
    assert len(list(folder.glob(".*.part"))) == 1
    assert session.dispatcher.run() == []
    assert not list(folder.glob(".*"))
    assert "Do NOT upload" in (folder / "DO-NOT-UPLOAD.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("how", ["changed", "gone", "a folder", "a link"])
def test_a_check_lists_a_file_to_upload_that_is_not_as_it_was_written(tmp_path: Path, how: str) -> None:
    session = session_of(tmp_path)
    batch = send(session, Action.CANCEL, 1)
    assert session.maintenance.check() == []
    path = upload(session, batch)
    content = path.read_bytes()
    path.unlink()
    if how == "changed":
        path.write_bytes(content + b"\n")
    elif how == "a folder":
        path.mkdir()
    elif how == "a link":
        (tmp_path / "other.txt").write_bytes(content.replace(b"0001", b"0002"))
        os.symlink(tmp_path / "other.txt", path)
    (found,) = session.maintenance.check()
    assert found.startswith(f"batch {batch}: WARNING: {path}")
    session.batches.mark_uploaded(batch, confirmed=True)
    assert session.maintenance.check() == [], "what was uploaded may go"
