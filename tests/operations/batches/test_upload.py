"""The file of a batch that must not be uploaded any more is offered by nothing, and the mark asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.cli.batches import batch_record
from ordertui.messages import CHINESE, translate
from ordertui.operations.batches.batch import Batch
from ordertui.operations.batches.upload import UploadCheck
from ordertui.operations.config import Config, OutboxConfig
from ordertui.operations.errors import NotConfirmed
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store.engine.errors import ServerUnreachable, StoreError
from ordertui.store.journal.batches import BatchJournal
from ordertui.tui.render.batch_list import BatchContext, next_steps, render_outbox_head
from ordertui.tui.screens.dialogs import ConfirmScreen
from ordertui.tui.screens.outbox import OutboxScreen
from support import places
from support.batches import answer, commit, send, send_again, session_of, states, unwritten, upload
from support.languages import speaking
from support.logins import let_in, session_as
from support.pilot import press, running, until
from support.shops import NOW, all_orders_row, bring, order_id


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    return session_of(tmp_path / "shop")


def not_done(session: Session, batch: int, *numbers: int) -> None:
    orders = [order_id(n) for n in numbers]
    session.batches.settle(batch, orders, done=False, why="x", typed=str(len(orders)))


@places.on_both
def test_the_file_of_another_machine_says_whose_it_is(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """On a server each machine has an outbox of its own, where the others' paths lead nowhere."""
    with session_of(tmp_path, clock, waiting=2) as owner:
        let_in(owner, ann=Role.AGENT, bob=Role.LEAD)
        place = tmp_path / "orders.db"
        mine, other = (Config(outbox=OutboxConfig(folder=str(tmp_path / name))) for name in ("ann", "bob"))
        with (
            session_as("ann", place, clock, monkeypatch, mine) as ann,
            session_as("bob", place, clock, monkeypatch, other) as bob,
        ):
            batch = send(ann, Action.CANCEL, 1)
            found = ann.batches.get(batch)
            assert (found.machine, "1. Upload " in found.advice) == ("", True), "it is here"
            seen = bob.batches.get(batch)
            is_shared = bob.context.store.is_shared
            assert seen.machine == ("host (ann)" if is_shared else "")
            assert (f"1. On host (ann), upload {found.upload_file}" in seen.advice) == is_shared
            bob.batches.mark_uploaded(batch)
            assert bob.batches.get(batch).machine == "", "nothing is left to upload"


def assert_withheld(session: Session, number: int, *words: str, is_warned: bool = True) -> None:
    """Nothing offers the file of a batch, and all say why."""
    batch = session.batches.get(number)
    assert batch in session.batches.find()
    record = batch_record(batch, NOW, session.context.person)
    assert record["files"] == ""
    assert "uploaded" not in str(record["next"])
    assert "1. Upload" not in batch.advice
    assert all(word in batch.advice and word in batch.withheld for word in words), batch.withheld
    steps = next_steps(batch, BatchContext(NOW, "UTC", 120))
    assert not [one for one in steps if one.startswith(("y ", "U "))]
    assert "to upload" not in render_outbox_head([batch], [], "", 80).plain
    assert number not in [one.id for one in session.uploads.to_upload(session.context.reader())]
    with speaking(CHINESE):
        assert "upload" not in translate(batch.withheld).lower().replace("uploaded", "")
    if is_warned:
        folder = upload(session, number).parent
        texts = [(folder / name).read_text(encoding="utf-8") for name in ("DO-NOT-UPLOAD.txt", "WHAT-TO-DO.txt")]
        assert all(text.strip() == batch.withheld for text in texts)


def assert_asked(session: Session, number: int) -> None:
    """That its file was uploaded is taken down only when it is said although something speaks against it."""
    assert ("no_upload", number) in [(one.kind, one.batch) for one in session.batches.open_issues()]
    before = states(session, number)
    with pytest.raises(NotConfirmed, match="all the same"):
        session.batches.mark_uploaded(number)
    assert states(session, number) == before
    session.batches.mark_uploaded(number, confirmed=True)
    assert RowState.UPLOADED in states(session, number).values()


def test_of_settled_orders_no_file_is_to_be_uploaded(shop: Session) -> None:
    first = send(shop, Action.REFUND, 11)
    not_done(shop, first, 11)
    second = send_again(shop, first)
    assert_withheld(shop, first, f"batch {first}", "settled by hand")
    assert shop.batches.waiting().to_upload == 1
    assert "1. Upload" in shop.batches.get(second).advice
    assert shop.batches.get(second).withheld == ""


def test_one_settled_order_keeps_the_whole_file_back(shop: Session) -> None:
    batch = send(shop, Action.REFUND, 11, 12)
    not_done(shop, batch, 11)
    assert_withheld(shop, batch, "settled by hand")
    assert shop.batches.waiting().to_upload == 0
    assert_asked(shop, batch)
    shop.batches.mark_uploaded(batch, undo=True)
    assert_withheld(shop, batch, "settled by hand")


def test_one_refunded_by_hand_keeps_the_file_back_when_it_is_booked_too(shop: Session) -> None:
    batch = send(shop, Action.REFUND, 11, 12)
    shop.batches.settle(batch, [order_id(11)], done=True, why="by hand", typed="1")
    assert_withheld(shop, batch, "settled by hand")
    shop.context.store.results.confirm_booked(batch, order_id(11), text="booked", evidence={})
    assert states(shop, batch)[order_id(11)] is RowState.CONFIRMED
    assert_withheld(shop, batch, "settled by hand")
    assert_asked(shop, batch)


@pytest.mark.parametrize(("action", "number"), [(Action.REFUND, 11), (Action.CANCEL, 1)])
def test_a_try_is_not_to_be_uploaded_when_the_first_may_be_done_after_all(
    shop: Session, tmp_path: Path, action: Action, number: int
) -> None:
    first = send(shop, action, number)
    shop.batches.mark_uploaded(first)
    shop.results.take_in([answer(shop, tmp_path, first, {1}, "refused.txt")], batch_id=first)
    second = send_again(shop, first)
    assert "1. Upload" in shop.batches.get(second).advice
    shop.results.take_in([answer(shop, tmp_path, first, set(), "done.txt")], batch_id=first)
    assert_withheld(shop, second, f"batch {second}", order_id(number))
    assert shop.batches.waiting().to_upload == 0
    if action is Action.REFUND:  # the word that it was done changes nothing of that
        name = shop.context.store.results.find(first)[0].sha256[:8]
        shop.batches.settle(first, [order_id(11)], done=True, why="seen", typed="1", against=[name])
        assert_withheld(shop, second, "may be refunded already")
    assert_asked(shop, second)


def test_a_refund_above_the_price_of_a_newer_report_is_not_to_be_uploaded(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11, 12)
    assert shop.batches.waiting().to_upload == 1
    report = [all_orders_row(11, "Shipped", updated=NOW, item_price="5.00")]
    bring(shop, tmp_path, everything=report)
    assert_withheld(
        shop, batch, order_id(11), "is too high", "USD 10.00 is more than the USD 5.00 paid", is_warned=False
    )
    assert_asked(shop, batch)
    assert list(shop.recount().run()) == []  # the store is sound
    report[0]["item-price"], report[0]["last-updated-date"] = "10.00", iso_utc(NOW + 60)
    shop.batches.mark_uploaded(batch, undo=True)
    bring(shop, tmp_path, everything=report)
    assert shop.batches.get(batch).withheld == ""


@places.on_both
def test_a_file_of_which_reports_show_orders_as_done_is_not_to_be_uploaded_again(
    tmp_path: Path, clock: FixedClock, engine: str
) -> None:
    """Nobody said that it was uploaded, but something brought that about: this very file, as far as is known."""
    with session_of(tmp_path, clock) as shop:
        batch = send(shop, Action.CANCEL, 1, 2, 3)
        done = [all_orders_row(1, "Cancelled", updated=NOW)]
        bring(shop, tmp_path, everything=done)
        assert_withheld(shop, batch, "order reports show 1 order of it as done, so perhaps it was uploaded")
        assert (shop.batches.waiting().to_upload, shop.batches.unfinished()) == (0, [])
        clock.advance(DAY)
        (issue,) = shop.batches.open_issues()
        assert (issue.kind, issue.orders) == ("no_upload", (order_id(2), order_id(3)))
        assert issue.evidence.startswith("if it was uploaded, fetch the processing report and import it; else")
        assert_asked(shop, batch)
        (issue,) = shop.batches.open_issues()
        assert (issue.kind, issue.orders) == ("stuck", (order_id(2), order_id(3)))
        assert issue.evidence == (
            "fetch the processing report and import it; if the file was not uploaded after all,"
            f" `ordertui uploaded {batch} --undo` says so"
        )
        shop.batches.mark_uploaded(batch, undo=True)
        not_done(shop, batch, 2)
        assert_withheld(shop, batch, "settled by hand")
        done += [all_orders_row(3, "Cancelled", updated=NOW)]
        bring(shop, tmp_path, everything=done)
        assert shop.batches.open_issues() == [], "nothing of it is open"


def test_an_upload_is_not_taken_back_when_each_order_was_settled(tmp_path: Path, clock: FixedClock) -> None:
    with session_of(tmp_path, clock) as shop:
        batch = send(shop, Action.CANCEL, 1)
        shop.batches.mark_uploaded(batch)
        shop.batches.settle(batch, [order_id(1)], done=True, why="seen", typed="1")
        with pytest.raises(StoreError, match="no order any more of which nothing but its upload is known"):
            shop.batches.mark_uploaded(batch, undo=True)


def test_an_order_that_was_left_out_of_the_file_says_nothing_against_its_upload(
    tmp_path: Path, clock: FixedClock
) -> None:
    with session_of(tmp_path, clock) as shop:
        batch = commit(shop, Action.CANCEL, 1, 2, 3)
        shop.batches.recall(order_id(2))
        bring(shop, tmp_path, everything=[all_orders_row(n, "Cancelled", updated=NOW) for n in (1, 2)])
        shop.batches.release(batch)
        shop.dispatcher.run()
        assert list(states(shop, batch).values()) == [RowState.LEFT_OUT, RowState.RECALLED, RowState.WRITTEN]
        clock.advance(DAY)
        assert (shop.batches.get(batch).withheld, shop.batches.waiting().to_upload) == ("", 1)
        (issue,) = shop.batches.open_issues()
        assert (issue.kind, issue.orders) == ("stuck", (order_id(3),))
        assert "upload it once now" in issue.evidence


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_file_that_is_not_as_it_was_written_is_known_to_all(shop: Session, is_gone: bool) -> None:
    batch = send(shop, Action.CANCEL, 1)
    path = upload(shop, batch)
    content = path.read_bytes()
    if is_gone:
        path.unlink()
    else:
        path.write_bytes(content + b"x")
    assert_withheld(shop, batch, str(path), "gone" if is_gone else "changed", is_warned=False)
    assert_asked(shop, batch)
    shop.batches.mark_uploaded(batch, undo=True)
    path.write_bytes(content)
    found: Batch = shop.batches.get(batch)
    assert found.withheld == ""
    assert batch_record(found, NOW, shop.context.person)["next"] == f"ordertui uploaded {batch}"
    assert shop.batches.open_issues() == []


def test_what_was_settled_while_it_could_not_be_written_is_not_to_be_uploaded(shop: Session) -> None:
    batch = unwritten(shop, Action.REFUND, 11)
    shop.batches.settle(batch, [order_id(11)], done=True, why="seen", typed="1")
    (written,) = shop.dispatcher.run()
    assert not upload(shop, batch).exists()
    assert "1. Upload" not in written.advice
    assert_withheld(shop, batch, "settled by hand")


async def test_the_screen_copies_no_path_of_it_and_asks_before_u(shop: Session) -> None:
    batch = send(shop, Action.REFUND, 11, 12)
    not_done(shop, batch, 11)
    async with running(shop) as pilot:
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        await pilot.pause()
        await press(pilot, "y")
        await until(pilot, lambda: any("Do NOT upload" in one.message for one in pilot.app._notifications))
        await press(pilot, "U")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert RowState.UPLOADED not in states(shop, batch).values()
        await press(pilot, "u")
        await until(pilot, lambda: RowState.UPLOADED in states(shop, batch).values())


def test_a_word_that_was_kept_is_not_called_lost_with_the_line(shop: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = send(shop, Action.CANCEL, 1), send(shop, Action.CANCEL, 2)

    def lost(*_: object) -> dict[int, str]:
        raise ServerUnreachable("the line is lost")

    with monkeypatch.context() as patch:
        patch.setattr(BatchJournal, "upload_obstacles", lost)
        shop.batches.settle(first, [order_id(1)], done=False, why="not uploaded", typed="1")
        patch.setattr(UploadCheck, "withheld", lambda *_: {})
        shop.batches.mark_uploaded(second)
    assert states(shop, first) == {order_id(1): RowState.ERROR}
    assert states(shop, second) == {order_id(2): RowState.UPLOADED}
