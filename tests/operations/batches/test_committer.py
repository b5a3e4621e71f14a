"""From commit to result: the hold, the bytes, what leaves, what Amazon says, and what must never happen twice."""

import os
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from ordertui.files import TEMPORARY
from ordertui.operations.errors import BadInput, BatchNeeded, NotConfirmed, PlanChanged, PlanExpired, ReadOnly, Refused
from ordertui.operations.outbox_folder import folder_of
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import RecallRefused
from support import places
from support.batches import feed_bytes, states
from support.fake_amazon import write_report
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, standard, waiting_ids


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def waiting(session: Session) -> list[int]:
    return waiting_ids(session)


def cancel(session: Session, ids: list[int]) -> Plan:
    return session.planner.plan(Action.CANCEL, ids)[0]


def commit(session: Session, plan: Plan) -> int:
    return session.batches.commit(plan, typed=str(plan.typed_count)).id


@places.on_both
def test_nothing_is_written_before_the_hold_ends_and_then_the_previewed_bytes(
    session: Session, waiting: list[int], clock: FixedClock
) -> None:
    plan = cancel(session, waiting)
    batch = commit(session, plan)
    clock.advance(plan.hold_seconds - 1)
    assert session.dispatcher.run() == []
    assert not session.context.outbox_directory.exists()
    clock.advance(1)
    sent = session.dispatcher.run()
    assert [b.id for b in sent] == [batch]
    written = {Path(name).name: Path(name).read_bytes() for name in sent[0].files}
    assert written == feed_bytes(plan)
    assert sent[0].sha256 == sha256(written["order-cancellation.txt"]).hexdigest()
    assert "Order Cancellation" in sent[0].advice
    assert session.dispatcher.run() == []


@places.on_both
def test_the_hold_survives_a_restart(tmp_path: Path, session: Session, waiting: list[int], clock: FixedClock) -> None:
    commit(session, cancel(session, waiting))
    session.close()
    clock.advance(HOUR)
    again = open_session(tmp_path / "shop", clock=clock)
    assert again.dispatcher.next_due() is not None
    assert len(again.dispatcher.run()) == 1


@places.on_both
def test_a_row_taken_back_is_not_in_the_file(session: Session, waiting: list[int], clock: FixedClock) -> None:
    batch = commit(session, cancel(session, waiting))
    assert session.batches.recall(order_id(2)) == 1
    assert states(session, batch)[order_id(2)] is RowState.RECALLED
    clock.advance(HOUR)
    content = Path(session.dispatcher.run()[0].files[0]).read_text(encoding="utf-8")
    assert order_id(2) not in content
    assert content.count("111-0000000-") == 5
    assert cancel(session, [waiting[1]]).rows, "an order taken back is free again"


@places.on_both
def test_a_batch_taken_back_never_leaves(session: Session, waiting: list[int], clock: FixedClock) -> None:
    batch = commit(session, cancel(session, waiting))
    assert session.batches.recall(batch) == 6
    clock.advance(HOUR)
    assert session.dispatcher.run() == []
    assert session.batches.find()[0].state is BatchState.RECALLED


@places.on_both
def test_what_has_left_cannot_be_taken_back(session: Session, waiting: list[int]) -> None:
    batch = commit(session, cancel(session, waiting))
    session.batches.release(batch)
    session.dispatcher.run()
    with pytest.raises(RecallRefused):
        session.batches.recall(batch)
    with pytest.raises(BadInput):
        session.batches.recall(order_id(99))


@places.on_both
def test_the_count_must_be_typed_right(session: Session, waiting: list[int]) -> None:
    plan = cancel(session, waiting)
    for typed in (None, "", "5", "all", "6 orders"):
        with pytest.raises(NotConfirmed):
            session.batches.commit(plan, typed=typed)
    assert session.batches.commit(plan, typed=" 6 ").state is BatchState.HELD


@places.on_both
def test_changed_orders_are_refused_with_the_difference(session: Session, waiting: list[int], tmp_path: Path) -> None:
    plan = cancel(session, waiting)
    bring(session, tmp_path, everything=[all_orders_row(2, "Shipped", updated=NOW)])
    session.facts.set_dispatched([waiting[2]], Dispatched.NO)
    with pytest.raises(PlanChanged) as caught:
        commit(session, plan)
    assert any(order_id(2) in line and "confirmed" in line for line in caught.value.differences)
    assert any(order_id(3) in line and "changed" in line for line in caught.value.differences)
    assert session.batches.find() == []


@places.on_both
def test_the_same_plan_twice_is_refused(session: Session, waiting: list[int]) -> None:
    plan = cancel(session, waiting)
    commit(session, plan)
    with pytest.raises(PlanChanged, match="differences"):
        commit(session, plan)
    assert len(session.batches.find()) == 1


@places.on_both
def test_an_expired_plan_is_refused(session: Session, waiting: list[int], clock: FixedClock) -> None:
    plan = cancel(session, waiting)
    clock.advance(plan.expires_at - plan.created_at)
    with pytest.raises(PlanExpired):
        commit(session, plan)


@places.on_both
def test_an_edited_plan_file_is_refused(session: Session, waiting: list[int], tmp_path: Path) -> None:
    plan = cancel(session, waiting[:3])
    path = tmp_path / "plan.json"
    session.batches.save_plan([plan], path)
    assert session.batches.load_plan(path) == (plan,)
    path.write_text(path.read_text(encoding="utf-8").replace("NoInventory", "CustomerReturn"), encoding="utf-8")
    with pytest.raises(PlanChanged, match="1 difference "):
        commit(session, session.batches.load_plan(path)[0])
    other = msgspec.structs.replace(plan, files=cancel(session, waiting[3:4]).files)
    with pytest.raises(PlanChanged):
        commit(session, other)


def test_an_edited_row_is_told_by_its_field(session: Session, waiting: list[int]) -> None:
    plan = cancel(session, waiting[:2])
    first, second = plan.rows
    lines = (msgspec.structs.replace(second.lines[0], quantity=7),)
    edited = [
        (msgspec.structs.replace(first, total=1), second),
        (first, msgspec.structs.replace(second, lines=lines)),
        (first, msgspec.structs.replace(second, lines=())),
    ]
    said = [f"{first.order_id}: the field `total` is", f"{second.order_id}: the field `quantity` of line 1 is",
            f"{second.order_id}: the field `lines` is"]  # fmt: skip
    for rows, text in zip(edited, said, strict=True):
        with pytest.raises(PlanChanged) as caught:
            commit(session, msgspec.structs.replace(plan, rows=rows))
        assert any(text in one for one in caught.value.differences)


@places.on_both
def test_a_broken_plan_file_is_named(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"ordertui_plan": 1, "plans": [{}]}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"plan\.json"):
        session.batches.load_plan(path)


@places.on_both
def test_read_only_changes_nothing(tmp_path: Path, session: Session, waiting: list[int]) -> None:
    plan = cancel(session, waiting)
    looker = open_session(tmp_path / "shop", read_only=True)
    for act in (
        lambda: looker.batches.commit(plan, typed="6"),
        looker.dispatcher.run,
        lambda: looker.batches.recall(1),
        lambda: looker.facts.set_asked(waiting, True),
    ):
        with pytest.raises(ReadOnly):
            act()


def test_practice_and_real_do_not_mix(tmp_path: Path, session: Session, waiting: list[int]) -> None:
    practice = open_session(tmp_path / "practice", practice=True)
    ids = standard(practice, tmp_path)
    plan = cancel(practice, ids)
    with pytest.raises(Refused, match="practice"):
        commit(session, plan)
    with pytest.raises(Refused, match="practice"):
        practice.batches.save_plan([plan], tmp_path / "outside.json")
    practice.batches.save_plan([plan], tmp_path / "practice" / "inside.json")


@places.on_both
def test_an_order_shipped_during_the_hold_does_not_leave(
    session: Session, waiting: list[int], clock: FixedClock, tmp_path: Path
) -> None:
    batch = commit(session, cancel(session, waiting))
    bring(session, tmp_path, everything=[all_orders_row(3, "Shipped", updated=NOW + 60)])
    clock.advance(HOUR)
    content = Path(session.dispatcher.run()[0].files[0]).read_text(encoding="utf-8")
    assert order_id(3) not in content
    assert states(session, batch)[order_id(3)] is RowState.LEFT_OUT
    row = next(row for row in session.batches.find()[0].rows if row.order_id == order_id(3))
    assert row.text == "the shipment is confirmed: refund it instead"


@places.on_both
def test_a_crash_before_the_bytes_writes_the_same_bytes_later(
    session: Session, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = cancel(session, waiting)
    session.batches.release(commit(session, plan))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            session.dispatcher.run()
    assert not list(session.context.outbox_directory.rglob("order-*")), "no half file"
    if session.context.store.is_shared:  # a server's transaction is over before the first file is written
        assert session.batches.find()[0].state is BatchState.WRITTEN
        with pytest.raises(RecallRefused):
            session.batches.recall(session.batches.find()[0].id)
    else:
        assert session.batches.find()[0].state is BatchState.HELD
    assert session.dispatcher.run(lambda: True) == [], "who stops it waits for no file"
    session.dispatcher.run()
    assert Path(session.batches.find()[0].files[0]).read_bytes() == feed_bytes(plan)["order-cancellation.txt"]


def test_what_a_killed_write_left_of_an_undone_batch_is_removed(session: Session, waiting: list[int]) -> None:
    batch = commit(session, cancel(session, waiting))
    session.batches.recall(batch)
    store = session.context.store
    folder = folder_of(session.context.outbox_directory, store.batches.head(batch), store)
    half = folder / f".ordertui-1{TEMPORARY}"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half of it")
    assert session.dispatcher.run() == []
    assert not half.exists()


@places.on_both
def test_finished_files_are_not_written_again(session: Session, waiting: list[int]) -> None:
    session.batches.release(commit(session, cancel(session, waiting)))
    upload = Path(session.dispatcher.run()[0].files[0])
    upload.rename(upload.with_name("uploaded.txt"))
    assert session.dispatcher.run() == []
    assert not upload.exists()


def sent(session: Session, ids: list[int]) -> int:
    batch = commit(session, cancel(session, ids))
    session.batches.release(batch)
    session.dispatcher.run()
    return batch


@places.on_both
def test_results_by_row(session: Session, waiting: list[int], tmp_path: Path) -> None:
    batch = sent(session, waiting)
    found = session.results.take_in([write_report(tmp_path / "r.txt", 6, [(2, order_id(2), item_id(2))])])
    assert (found[0].batch, found[0].ok, found[0].errors, found[0].unknown) == (batch, 5, 1, 0)
    assert states(session, batch)[order_id(2)] is RowState.ERROR
    assert {q.key: q.count for q in session.orders.queues()}["failed"] == 1
    assert {q.key: q.count for q in session.orders.queues()}["unconfirmed"] == 5
    retry = cancel(session, waiting)
    assert [row.order_id for row in retry.rows] == [order_id(2)], "only what Amazon refused may go again"


@places.on_both
def test_a_later_report_confirms(session: Session, waiting: list[int], tmp_path: Path) -> None:
    batch = sent(session, waiting)
    session.results.take_in([write_report(tmp_path / "r.txt", 6)])
    bring(session, tmp_path, everything=[all_orders_row(n, "Cancelled", updated=NOW + 60) for n in (1, 2)])
    assert states(session, batch)[order_id(1)] is RowState.CONFIRMED
    assert states(session, batch)[order_id(3)] is RowState.OK
    effect = session.rate.calculator.effects("US")[0].before
    assert (effect.cancelled, effect.committed) == (5, 4), (
        "order 1 was asked for officially; 2 is confirmed, 3 to 6 are on their way"
    )


@places.on_both
@pytest.mark.parametrize("successful", [5, 3])
def test_counts_that_do_not_add_up_leave_rows_unknown(
    session: Session, waiting: list[int], tmp_path: Path, successful: int
) -> None:
    batch = sent(session, waiting)
    found = session.results.take_in(
        [
            write_report(
                tmp_path / "r.txt", 6, [(1, "", "")] if successful == 3 else [(1, "", ""), (2, "", "")], successful
            )
        ],
        batch,
    )
    assert found[0].unknown > 0
    assert found[0].ok == 0
    assert RowState.OK not in states(session, batch).values()
    assert cancel(session, waiting[3:]).rows == (), "unknown rows are never sent again by themselves"


@places.on_both
def test_a_report_of_fewer_records_is_unknown(session: Session, waiting: list[int], tmp_path: Path) -> None:
    batch = sent(session, waiting)
    assert session.results.take_in([write_report(tmp_path / "r.txt", 4)], batch)[0].unknown == 6


@places.on_both
def test_a_report_about_other_orders_is_refused(session: Session, waiting: list[int], tmp_path: Path) -> None:
    batch = sent(session, waiting)
    report = write_report(tmp_path / "r.txt", 6, [(1, order_id(77), item_id(77))])
    with pytest.raises(Refused, match=order_id(77)):
        session.results.take_in([report], batch)
    with pytest.raises(BatchNeeded):
        session.results.take_in([report])
    assert set(states(session, batch).values()) == {RowState.WRITTEN}


@places.on_both
def test_a_held_batch_has_no_results(session: Session, waiting: list[int], tmp_path: Path) -> None:
    batch = commit(session, cancel(session, waiting))
    with pytest.raises(Refused, match="has not left"):
        session.results.take_in([write_report(tmp_path / "r.txt", 6)], batch)


@places.on_both
def test_two_batches_that_fit_are_asked_about(session: Session, waiting: list[int], tmp_path: Path) -> None:
    first, second = sent(session, waiting[:2]), sent(session, waiting[2:4])
    report = write_report(tmp_path / "r.txt", 2)
    with pytest.raises(BatchNeeded, match=f"{second}, {first}"):
        session.results.take_in([report])
    assert session.results.take_in([report], second)[0].batch == second


@places.on_both
def test_everything_is_in_the_audit(session: Session, waiting: list[int], tmp_path: Path) -> None:
    sent(session, waiting)
    session.results.take_in([write_report(tmp_path / "r.txt", 6)])
    assert "chain unbroken" in session.audit.verify()
