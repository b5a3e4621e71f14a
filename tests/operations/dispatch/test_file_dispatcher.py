"""Files of a store on a server get their names one by one: nothing in the outbox keeps another batch back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ordertui.files import FileConflict
from ordertui.operations.config import Config
from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.dispatch.file_dispatcher import TAKEN_OVER
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store.engine.errors import StoreError, UnknownBatch
from ordertui.store.journal.writer_leases import LEASE_KEY, LEASE_SECONDS, WriterLease
from support import places
from support.batches import commit, send, session_of, states, upload
from support.faults import Crash
from support.shops import order_id

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def team(tmp_path: Path, engine: str) -> Iterator[Session]:
    with session_of(tmp_path, waiting=6) as session:
        yield session


def ready(team: Session, path: Path) -> Path:
    """Where a file that this machine wrote stands until it is known to be written."""
    return path.with_name(f".{path.name}.{team.context.store.journal.leases.machine}.ready")


def released(session: Session, number: int) -> int:
    batch = commit(session, Action.CANCEL, number)
    session.batches.release(batch)
    return batch


def test_a_file_that_has_its_name_is_never_called_nothing_to_upload(team: Session) -> None:
    """The process died after it gave the lease back, and before it removed the file's first name."""
    file = upload(team, send(team, Action.CANCEL, 1))
    os.link(file, ready(team, file))
    assert team.dispatcher.run() == []
    assert file.exists()
    assert not ready(team, file).exists()
    assert not file.with_name(TAKEN_OVER).exists()


def unnamed(session: Session, number: int) -> tuple[int, Path]:
    """A batch that is written, while the process died before its file had its name."""
    batch = send(session, Action.CANCEL, number)
    file = upload(session, batch)
    os.rename(file, ready(session, file))
    with session.context.store.write():
        assert session.context.store.journal.leases.take(batch)
    return batch, file


def test_a_file_of_which_an_order_was_settled_gets_no_name(team: Session) -> None:
    """It may be tried again in a newer batch: uploaded too, Amazon would act twice."""
    batch, file = unnamed(team, 1)
    team.batches.settle(batch, [order_id(1)], done=False, why="that machine is gone", typed="1")
    team.dispatcher.run()
    assert not file.exists()
    assert not ready(team, file).exists()
    assert file.with_name(TAKEN_OVER).exists()


def test_a_batch_that_another_machine_has_is_not_sent(team: Session) -> None:
    batch = released(team, 1)
    other = WriterLease("0123456789abcdef", "elsewhere", team.clock.now() + 60)
    team.context.store.set_meta(f"{LEASE_KEY}{batch}", msgspec.json.encode(other).decode())
    with pytest.raises(StoreError, match=f"batch {batch} is being written by another machine"):
        team.dispatcher.run()
    assert states(team, batch) == {order_id(1): RowState.HELD}


def test_a_lease_of_before_the_servers_clock_was_put_back_has_ended(team: Session) -> None:
    batch = released(team, 1)
    other = WriterLease("0123456789abcdef", "elsewhere", team.clock.now() + LEASE_SECONDS + HOUR)
    team.context.store.set_meta(f"{LEASE_KEY}{batch}", msgspec.json.encode(other).decode())
    assert [one.id for one in team.dispatcher.run()] == [batch]
    assert upload(team, batch).exists()


def test_a_file_of_another_machine_in_a_shared_outbox_is_named_when_its_lease_ended(team: Session) -> None:
    """That machine died between its last note to the server and the name; both see one folder."""
    batch, file = unnamed(team, 1)
    other = file.with_name(f".{file.name}.0123456789abcdef.ready")
    os.rename(ready(team, file), other)
    until = team.clock.now() + 60
    lease = msgspec.json.encode(WriterLease("0123456789abcdef", "elsewhere", until)).decode()
    team.context.store.set_meta(f"{LEASE_KEY}{batch}", lease)
    team.dispatcher.run()
    assert (other.exists(), file.exists(), file.with_name(TAKEN_OVER).exists()) == (True, False, False)
    assert isinstance(team.clock, FixedClock)
    team.clock.advance(61)
    team.dispatcher.run()
    assert (other.exists(), file.exists(), file.with_name(TAKEN_OVER).exists()) == (False, True, False)
    assert team.context.store.journal.leases.unnamed() == {}


def test_a_file_in_the_way_is_told_and_nothing_is_lost(team: Session) -> None:
    _, file = unnamed(team, 1)
    file.write_text("somebody's own", encoding="utf-8")
    with pytest.raises(FileConflict, match="other content"):
        team.dispatcher.run()
    assert ready(team, file).exists()
    file.unlink()
    team.dispatcher.run()
    assert order_id(1) in file.read_text(encoding="utf-8")


def test_folders_of_other_names_are_left_alone(team: Session) -> None:
    outbox, end = team.context.outbox_directory, team.context.store.identity.id[:8]
    odd = [f"old-{end}", f"copy of 0001-US-cancel-{end}", "0001-US-cancel-01234567", f"99999999999999999999999-{end}"]
    for name in odd:
        (outbox / name).mkdir(parents=True)
        (outbox / name / ".a.txt.ready").write_text("x", encoding="utf-8")
    batch = released(team, 2)
    assert [one.id for one in team.dispatcher.run()] == [batch]
    assert all((outbox / name / ".a.txt.ready").exists() for name in odd)


def test_a_folder_that_cannot_be_settled_keeps_no_batch_back(team: Session) -> None:
    outbox, end = team.context.outbox_directory, team.context.store.identity.id[:8]
    unknown = outbox / f"0000-US-cancel-{end}"
    unknown.mkdir(parents=True)
    (unknown / ".a.txt.ready").write_text("x", encoding="utf-8")
    file = upload(team, send_despite(team, 1))
    ready(team, file).mkdir()  # cannot be removed, nor given a name
    batch = released(team, 2)
    with pytest.raises(DispatchIncomplete) as told:
        team.dispatcher.run()
    assert [one.id for one in told.value.written] == [batch]
    assert [type(one) for one in told.value.errors] == [UnknownBatch, IsADirectoryError]
    assert states(team, batch) == {order_id(2): RowState.WRITTEN}
    assert upload(team, batch).exists()


def send_despite(session: Session, number: int) -> int:
    batch = released(session, number)
    with pytest.raises(DispatchIncomplete):
        session.dispatcher.run()
    return batch


def test_a_check_lists_what_is_not_written_and_writes_nothing(
    team: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that has no id yet, and while another one has the lease."""
    named, batch = send(team, Action.CANCEL, 1), released(team, 2)
    with monkeypatch.context() as patch:
        patch.setattr("ordertui.store.journal.batches.BatchJournal.mark_written", crash)
        with pytest.raises(Crash):
            team.dispatcher.run()
    with team.context.store.write():
        assert team.context.store.journal.leases.take(named)
    home = tmp_path / "elsewhere"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    place = places.place(tmp_path / "orders.db")
    with Session.open(place, clock=team.clock, config=Config(), read_only=True) as reader:
        found = " ".join(reader.maintenance.check())
    assert f"batch {batch}: its files are not all written" in found
    assert f"batch {named}: " in found
    assert "gave it no name yet" in found
    assert not list(home.rglob("*"))
    with Session.open(place, clock=team.clock, config=Config()) as other:
        assert other.context.store.journal.unwritten() == [], "the other machine has it"
        why = {one.why for one in other.batches.open_issues() if one.kind == "unwritten"}
        assert why == {"another machine has not written all its files"}
    assert list(home.rglob("*-machine")), "one that works gets its id"


def crash(*_: object) -> None:
    raise Crash


def test_a_ready_file_is_found_where_the_outbox_was(
    team: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings name another outbox now, and the process died before the file had its name."""
    beside = team.context.store.path.parent / "outbox"
    _, file = unnamed(team, 1)
    folder = beside / file.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    os.rename(ready(team, file), ready(team, folder / file.name))
    monkeypatch.setattr(team.dispatcher.files, "_outbox", tmp_path / "elsewhere")
    team.dispatcher.run()
    assert (folder / file.name).exists()
