"""A copy of a store acts on nothing until its operator said what happened since; two stores may share an outbox."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.errors import BadInput, NotConfirmed, OperationError, Refused
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from ordertui.tui.screens.base import DialogKeys
from support.batches import answer, commit, plan, send, session_of, states
from support.pilot import main, press, running, until
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

Copier = Callable[[Session, Path], None]


def backup(session: Session, target: Path) -> None:
    session.maintenance.backup(target)


def plain_copy(session: Session, target: Path) -> None:
    session.close()
    shutil.copy(session.context.store.path, target)


def moved(session: Session, target: Path) -> None:
    """Move the store to this place, and put what was left there instead: a store that says where it went."""
    session.close()
    left = session.context.store.path
    move_store(left, target.with_name("new.db"), clock=FixedClock(NOW), config=Config())
    shutil.copy(left, target)


COPIES = [pytest.param(backup, id="backup"), pytest.param(plain_copy, id="plain copy")]


@pytest.mark.parametrize("copy", [*COPIES, pytest.param(moved, id="moved")])
async def test_a_store_in_which_nothing_is_done_promises_no_work(tmp_path: Path, copy: Copier) -> None:
    """What waits there is neither counted as waiting nor offered a next step: the reason stands there instead."""
    session = session_of(tmp_path / "shop")
    written, held = send(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    (tmp_path / "other").mkdir()
    copy(session, tmp_path / "other" / "orders.db")
    run = ["--store", str(tmp_path / "other" / "orders.db")]
    with open_session(tmp_path / "other", clock=FixedClock(NOW)) as found:
        why = found.context.copies.reason()
        assert found.batches.unfinished() == [why]
        assert [(one.id, one.is_inactive, one.advice) for one in found.batches.find()] == [
            (held, True, why),
            (written, True, why),
        ]
        assert found.batches.get(held).is_inactive
        async with running(found) as pilot:
            line = str(main(pilot).query_one("#status").render())
            assert "nothing is done here" in line
            assert "1 to upload" not in line
            await press(pilot, "o")
            await until(pilot, lambda: bool(pilot.app.screen.query(DialogKeys)))
            hints = pilot.app.screen.query_one(DialogKeys).render().plain
            assert "u undo" not in hints
            assert "nothing is done here" in str(pilot.app.screen.query_one("#outbox-head").render())
            assert why[:20] in str(pilot.app.screen.query_one("#batch-head").render())
    listed = CliRunner().invoke(cli, [*run, "outbox"])
    assert "ordertui dispatch" not in listed.stdout
    assert "ordertui uploaded" not in listed.stdout
    assert why in listed.stderr
    todo = CliRunner().invoke(cli, [*run, "todo"])
    assert todo.stderr.strip() == why


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_commits_and_sends_nothing_whoever_opens_it(tmp_path: Path, copy: Copier) -> None:
    session = session_of(tmp_path / "shop")
    batch = commit(session, Action.REFUND, 11)
    (tmp_path / "other").mkdir()
    copy(session, tmp_path / "other" / "orders.db")
    with open_session(tmp_path / "other", clock=FixedClock(NOW + HOUR)) as found:
        assert found.dispatcher.next_due() is None, "the screen tries nothing by itself"
        with pytest.raises(Refused, match="may be an older copy"):
            found.dispatcher.run()
        with pytest.raises(Refused, match="may be an older copy"):
            commit(found, Action.REFUND, 12)
        assert states(found, batch) == {order_id(11): RowState.HELD}
        assert not (tmp_path / "other" / "outbox").exists()
        assert any("older copy" in text for text in found.notices.banners())
        assert any("older copy" in text for text in found.maintenance.check())
        assert plan(found, Action.REFUND, 12).rows, "it may be looked at"
    with open_session(tmp_path / "shop", clock=FixedClock(NOW + HOUR)) as original:
        assert [one.id for one in original.dispatcher.run()] == [batch], "and the original goes on"


def written_over(store: Path, other: Path) -> None:
    store.write_bytes(other.read_bytes())  # as `cp` does: the same file, other bytes


@pytest.mark.parametrize("put", [written_over, lambda store, other: os.replace(other, store)], ids=["cp", "mv"])
def test_nothing_is_kept_once_another_store_is_in_the_place_of_an_open_one(
    tmp_path: Path, put: Callable[[Path, Path], object]
) -> None:
    for name in ("shop", "other"):
        session_of(tmp_path / name).close()
    path, other = (tmp_path / name / "orders.db" for name in ("shop", "other"))
    before = other.read_bytes()
    with open_session(tmp_path / "shop") as session:
        made = plan(session, Action.REFUND, 11)
        put(path, other)
        with pytest.raises((StoreError, Refused), match=r"another store was put in the place|may be an older copy"):
            session.batches.commit(made, typed="1")
        with pytest.raises(StoreError, match="another store was put"):
            session.context.store.set_meta("a", "1")
    assert path.read_bytes() == before
    with open_session(tmp_path / "shop") as session:
        path.unlink()
        with pytest.raises(StoreError, match="was removed while it was open"):
            session.context.store.set_meta("a", "1")


def restored(tmp_path: Path, act: Callable[[Session], object], *, in_place: bool) -> Session:
    """A store whose older plain copy was put back after `act`."""
    session = session_of(tmp_path / "shop")
    commit(session, Action.REFUND, 11)
    session.close()
    path = tmp_path / "shop" / "orders.db"
    shutil.copy(path, tmp_path / "kept.db")
    with open_session(tmp_path / "shop") as again:
        act(again)
    for name in ("orders.db-wal", "orders.db-shm"):
        (tmp_path / "shop" / name).unlink(missing_ok=True)
    if in_place:
        path.write_bytes((tmp_path / "kept.db").read_bytes())  # as `cp` does: the same file, other bytes
    else:
        os.replace(tmp_path / "kept.db", path)
    return open_session(tmp_path / "shop", clock=FixedClock(NOW + HOUR))


def dispatched(session: Session) -> None:
    session.batches.release(1)
    session.dispatcher.run()


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(dispatched, id="it left"),
        pytest.param(lambda session: session.batches.recall(1), id="it was taken back"),
        pytest.param(lambda session: session.batches.recall_orders([order_id(11)]), id="its order was taken back"),
        pytest.param(lambda session: commit(session, Action.REFUND, 12), id="more was committed"),
    ],
)
def test_an_older_state_put_back_in_place_is_a_copy(
    tmp_path: Path, act: Callable[[Session], object], in_place: bool
) -> None:
    with restored(tmp_path, act, in_place=in_place) as old:
        with pytest.raises(Refused, match="older copy"):
            old.dispatcher.run()
        assert states(old, 1) == {order_id(11): RowState.HELD}


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda old: old.batches.recall(1), id="batch"),
        pytest.param(lambda old: old.batches.recall(order_id(11)), id="order"),
        pytest.param(lambda old: old.batches.recall_orders([order_id(11)]), id="orders"),
        pytest.param(lambda old: old.batches.release(1), id="release"),
        pytest.param(lambda old: old.approvals.reject(1, "not these"), id="reject"),
    ],
)
def test_nothing_is_taken_back_from_a_copy_that_may_have_left(tmp_path: Path, act: Callable[[Session], object]) -> None:
    """Taken back, the batch would be asked of by nobody when the copy is adopted, and its refund be paid again."""
    with restored(tmp_path, dispatched, in_place=True) as old:
        with pytest.raises(Refused, match="may be an older copy"):
            act(old)
        assert states(old, 1) == {order_id(11): RowState.HELD}
        with pytest.raises(BadInput, match="nothing is said of 1"):
            old.adoption.adopt(why="looked", typed="1")
        old.adoption.adopt(why="its file was uploaded", typed="1", left=[1])
        assert not plan(old, Action.REFUND, 11).rows


def test_a_backup_written_into_the_stores_own_file_is_a_copy(tmp_path: Path) -> None:
    """The place on the disk is the same, nothing left since: its mark alone tells, and it acts on nothing."""
    path = tmp_path / "orders.db"
    with session_of(tmp_path) as session:
        commit(session, Action.CANCEL, 1)
        session.maintenance.backup(tmp_path / "backup.db")
    path.write_bytes((tmp_path / "backup.db").read_bytes())
    with open_session(tmp_path, clock=FixedClock(NOW + HOUR)) as put_back:
        with pytest.raises(Refused, match="it is a backup of"):
            put_back.dispatcher.run()
        assert not (tmp_path / "outbox").exists()


def test_the_same_number_of_records_with_other_content_is_a_copy(tmp_path: Path) -> None:
    """The copy works on by itself (imports, settles) until it has as many records; hashes still tell them apart."""
    with restored(tmp_path, dispatched, in_place=True) as old:
        for number in range(4):
            old.context.store.audit.add("note", {"number": number})
        with pytest.raises(Refused, match="older copy"):
            old.dispatcher.run()


def test_renaming_and_compacting_make_no_copy(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop")
    send(session, Action.CANCEL, 1)
    session.maintenance.compact()
    session.close()
    (tmp_path / "shop").rename(tmp_path / "renamed")
    with open_session(tmp_path / "renamed") as again:
        assert again.context.copies.reason() == ""
        assert send(again, Action.CANCEL, 2) == 2
    (tmp_path / "renamed" / "orders.db").rename(tmp_path / "renamed" / "mine.db")
    with Session.open(tmp_path / "renamed" / "mine.db", clock=FixedClock(NOW), config=Config()) as again:
        assert again.context.copies.reason() == ""


def test_a_note_that_cannot_be_read_stops_what_leaves(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    commit(session, Action.CANCEL, 1)
    (tmp_path / "orders.db-newest").write_bytes(b"\0\0")
    with pytest.raises(Refused, match="cannot be read"):
        session.dispatcher.run()


# -- adopting


def run(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(cli, ["--store", str(folder / "orders.db"), *words])


def copied(tmp_path: Path) -> tuple[Path, Path]:
    """The folders of a store and of its backup; batch 1 failed in part, batches 2 and 3 are held."""
    session = session_of(tmp_path / "shop", shipped=4)
    session.results.take_in([answer(session, tmp_path, send(session, Action.REFUND, 11, 12), {2})])
    commit(session, Action.REFUND, 13)
    commit(session, Action.CANCEL, 1)
    (tmp_path / "other").mkdir()
    session.maintenance.backup(tmp_path / "other" / "orders.db")
    session.close()
    return tmp_path / "shop", tmp_path / "other"


def test_adopting_asks_of_every_held_batch_and_settles_nothing_by_itself(tmp_path: Path) -> None:
    _, folder = copied(tmp_path)
    with open_session(folder) as copy:
        asked = [(one.batch, one.state, one.orders) for one in copy.adoption.questions()]
        assert asked == [
            (1, RowState.ERROR, (order_id(12),)),
            (2, RowState.HELD, (order_id(13),)),
            (3, RowState.HELD, (order_id(1),)),
        ]
        for left, not_left in (((), ()), ((2,), ()), ((2,), (2, 3)), ((2, 7), (3,)), ((1,), (2, 3))):
            with pytest.raises(BadInput):
                copy.adoption.adopt(why="looked", typed="3", left=left, not_left=not_left)
        with pytest.raises(NotConfirmed):
            copy.adoption.adopt(why="looked", typed="2", left=[2], not_left=[3])
        with pytest.raises(BadInput, match="why"):
            copy.adoption.adopt(why=" ", typed="3", left=[2], not_left=[3])
        assert copy.context.copies.reason()
        before = copy.context.store.identity.id
        assert copy.adoption.adopt(why="looked at the account", typed="3", left=[2], not_left=[3]) != before
        assert copy.context.copies.reason() == ""
        assert states(copy, 1) == {order_id(11): RowState.OK, order_id(12): RowState.UNKNOWN}
        assert states(copy, 2) == {order_id(13): RowState.UNKNOWN}
        assert states(copy, 3) == {order_id(1): RowState.RECALLED}
        assert {one.batch for one in copy.batches.open_issues() if one.kind == "unknown"} == {1, 2}
        assert not plan(copy, Action.REFUND, 12, 13).rows, "what may have been paid is not paid again"
        assert send(copy, Action.CANCEL, 1) == 4, "and the copy works again"
        assert copy.maintenance.check() == []
        assert "chain unbroken" in copy.audit.verify()
        with pytest.raises(Refused, match="no copy"):
            copy.adoption.questions()


def test_nothing_since_keeps_what_is_held_and_evidence_beats_it(tmp_path: Path) -> None:
    shop, folder = copied(tmp_path)
    with open_session(folder) as copy:
        copy.adoption.adopt(why="the disk of the other is broken", typed="3", nothing_since=True)
        assert states(copy, 2) == {order_id(13): RowState.HELD}
        copy.batches.release(2)
        assert [one.id for one in copy.dispatcher.run()] == [2]
    path = shop / "orders.db"
    kept = path.read_bytes()
    with open_session(shop) as original:
        original.batches.release(2)
        original.dispatcher.run()
    (shop / "orders.db-wal").unlink(missing_ok=True)
    path.write_bytes(kept)
    with open_session(shop) as old:
        with pytest.raises(Refused, match="something did happen since"):
            old.adoption.adopt(why="nothing", typed="3", nothing_since=True)
        old.adoption.adopt(why="its file was uploaded", typed="3", left=[2], not_left=[3])
        assert not plan(old, Action.REFUND, 13).rows


def test_folders_of_the_outbox_that_the_copy_does_not_know_must_be_looked_at(tmp_path: Path) -> None:
    with restored(tmp_path, lambda session: send(session, Action.REFUND, 12), in_place=True) as old:
        folder = next(old.context.outbox_directory.glob("0002-US-refund-*"))
        with pytest.raises(Refused, match=folder.name):
            old.adoption.adopt(why="looked", typed="1", left=[1])
        shutil.move(folder, tmp_path / "looked-at")
        old.adoption.adopt(why="looked", typed="1", left=[1])
        assert old.context.copies.reason() == ""


def test_folders_are_known_in_whatever_letters_a_share_shows_them(tmp_path: Path) -> None:
    with restored(tmp_path, lambda session: send(session, Action.REFUND, 12), in_place=True) as old:
        folder = next(old.context.outbox_directory.glob("0002-US-refund-*"))
        shown = folder.rename(folder.with_name(folder.name.upper()))
        old.context.store.path.with_name(old.context.store.path.name + "-newest").unlink()
        assert shown.name in old.context.copies.reason()


def test_the_command_asks_before_it_adopts(tmp_path: Path) -> None:
    _, folder = copied(tmp_path)
    result = run(folder, "store", "adopt")
    assert result.exit_code == 5
    assert "batch 2 (refund, 1 order) is held here: did it leave since?" in result.output
    words = ("--left", "2", "--not-left", "3", "--why", "seen in Seller Central")
    assert run(folder, "store", "adopt", *words).exit_code == 5
    assert run(folder, "store", "adopt", *words, "--typed", "3").exit_code == 0
    assert run(folder, "store", "check").exit_code == 0
    assert run(folder, "store", "adopt").exit_code == 3


def test_a_backup_of_before_the_identity_put_back_is_a_copy(tmp_path: Path) -> None:
    """Made by version 0.1, put back after a newer version let batches leave: it has no id of its own yet."""
    session = session_of(tmp_path)
    commit(session, Action.REFUND, 11)
    session.close()
    path = tmp_path / "orders.db"
    old = tmp_path / "old.db"
    shutil.copy(path, old)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DELETE FROM meta WHERE key LIKE 'store:%'")
        connection.commit()
    with open_session(tmp_path) as newer:
        dispatched(newer)
    path.write_bytes(old.read_bytes())
    with open_session(tmp_path, clock=FixedClock(NOW + HOUR)) as restored_store:
        with pytest.raises(Refused, match="older copy"):
            restored_store.dispatcher.run()
        with pytest.raises(Refused, match="something did happen"):
            restored_store.adoption.adopt(why="nothing", typed="1", nothing_since=True)
        restored_store.adoption.adopt(why="it was uploaded", typed="1", left=[1])
        assert restored_store.context.copies.reason() == ""
        assert not plan(restored_store, Action.REFUND, 11).rows


def test_a_plan_of_another_store_is_refused(tmp_path: Path) -> None:
    with session_of(tmp_path / "a") as first, session_of(tmp_path / "b") as second:
        theirs = plan(first, Action.CANCEL, 1, 2)
        with pytest.raises(OperationError, match="another store"):
            second.batches.commit(theirs, typed="2")
        assert second.batches.find() == []
    _, folder = copied(tmp_path)
    with open_session(folder) as copy:
        old = plan(copy, Action.CANCEL, 2)
        copy.adoption.adopt(why="looked", typed="3", left=[2, 3])
        with pytest.raises(OperationError, match="another store"):
            copy.batches.commit(old, typed="1")


def test_two_stores_in_one_folder_neither_block_nor_overwrite_each_other(tmp_path: Path) -> None:
    def opened(name: str) -> Session:
        return Session.open(tmp_path / name, clock=FixedClock(NOW), config=Config())

    with opened("a.db") as first, opened("b.db") as second:
        for session, number in ((first, 11), (second, 21)):
            bring(session, tmp_path, everything=[all_orders_row(number)], open_=[unshipped_row(number)])
            bring(session, tmp_path, everything=[all_orders_row(number, "Shipped", updated=NOW - HOUR)])
        for _ in range(2):
            assert send(first, Action.REFUND, 11)
            first.batches.settle(first.batches.find()[0].id, [order_id(11)], done=False, why="not uploaded", typed="1")
        assert send(second, Action.REFUND, 21) == 1, "the other store's batch 2 in the outbox blocks nothing"
        for session, mine, theirs in ((first, 11, 21), (second, 21, 11)):
            for batch in session.batches.find():
                text = Path(batch.files[0]).read_text(encoding="utf-8")
                assert order_id(mine) in text
                assert order_id(theirs) not in text


def test_a_store_of_version_0_1_is_given_an_identity(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    commit(session, Action.CANCEL, 1)
    session.close()
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        connection.execute("DELETE FROM meta WHERE key LIKE 'store:%'")
        connection.commit()
    (tmp_path / "orders.db-newest").unlink()
    with open_session(tmp_path) as again:
        assert len(again.context.store.identity.id) == 16
        assert again.context.copies.reason() == ""
        (again.context.outbox_directory / "0007-US-refund").mkdir(parents=True)
        with pytest.raises(Refused, match="0007-US-refund"):
            again.dispatcher.run()
        (again.context.outbox_directory / "0007-US-refund").rmdir()
        again.batches.release(1)
        assert [one.state for one in again.dispatcher.run()] == [BatchState.WRITTEN]


@pytest.mark.parametrize("record", [b"99999999999999999999", b"-1", b'"\xe1"', b"[" * 4_000])
def test_a_note_of_nonsense_stops_what_leaves_in_words(tmp_path: Path, record: bytes) -> None:
    with open_session(tmp_path) as session:
        store = session.context.store
        note = b'{"store": "' + store.identity.id.encode() + b'", "record": ' + record + b', "hash": "00"}'
        store.path.with_name(f"{store.path.name}-newest").write_bytes(note)
        assert "may be an older copy" in session.context.copies.reason()
