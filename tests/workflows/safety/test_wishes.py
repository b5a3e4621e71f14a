"""The same wish is never granted twice: guards know the tries of a wish, and evidence beats the operator's word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.errors import EvidenceAgainst, NotConfirmed
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.results.bookings import Booking, keep_bookings
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts
from support.batches import answer, commit, retry, send, session_of, states
from support.fake_amazon import parse, report
from support.shops import NOW, item_id, order_id

ELEVEN = order_id(11)


def partial(session: Session, *, price: int = 300, tax: int = 0) -> int:
    """Hold a refund of a part of order 11; gives the batch."""
    line = PlanLine(1, item_id(11), "SKU-11", 1, LineAmounts(item_price=price, item_tax=tax))
    row_id = session.orders.id_of(ELEVEN)
    assert row_id is not None
    (plan,) = session.planner.plan(
        Action.REFUND, [row_id], PlanChoices(reason="GeneralAdjustment", refunds={ELEVEN: (line,)})
    )
    return session.batches.commit(plan, typed=str(len(plan.rows))).id


def leave(session: Session, batch: int) -> None:
    session.batches.release(batch)
    session.dispatcher.run()


def not_done(session: Session, batch: int, *against: str) -> None:
    session.batches.settle(batch, [ELEVEN], done=False, why="not in Seller Central", typed="1", against=against)


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    return session_of(tmp_path / "shop")


def test_a_late_done_of_the_first_try_stops_the_second(shop: Session, tmp_path: Path) -> None:
    first = partial(shop)
    leave(shop, first)
    not_done(shop, first)
    second = retry(shop, first)
    shop.results.take_in([answer(shop, tmp_path, first)])
    leave(shop, second)
    assert states(shop, first) == {ELEVEN: RowState.UNKNOWN}
    assert states(shop, second) == {ELEVEN: RowState.LEFT_OUT}
    (row,) = next(batch for batch in shop.batches.find() if batch.id == second).rows
    assert f"batch {first}, which it tries again, may have done it after all" in row.text


@pytest.mark.parametrize(
    ("price", "tax", "leaves"), [(300, 0, False), (200, 0, False), (0, 40, True), (100, 40, False)]
)
def test_a_wish_is_an_item_and_a_component(shop: Session, tmp_path: Path, price: int, tax: int, leaves: bool) -> None:
    """Planned anew by hand, with another amount: what asks for the same component of the same item is the same wish."""
    first = partial(shop)
    leave(shop, first)
    not_done(shop, first)
    second = partial(shop, price=price, tax=tax)
    shop.results.take_in([answer(shop, tmp_path, first)])
    leave(shop, second)
    assert states(shop, second) == {ELEVEN: RowState.WRITTEN if leaves else RowState.LEFT_OUT}


def test_a_second_wish_after_a_first_that_was_done_leaves(shop: Session, tmp_path: Path) -> None:
    first = partial(shop)
    leave(shop, first)
    shop.results.take_in([answer(shop, tmp_path, first)])
    second = partial(shop)
    leave(shop, second)
    assert states(shop, second) == {ELEVEN: RowState.WRITTEN}


def test_a_settled_done_after_the_second_try_was_held_stops_it_too(shop: Session) -> None:
    first = partial(shop)
    leave(shop, first)
    not_done(shop, first)
    second = retry(shop, first)
    shop.batches.settle(first, [ELEVEN], done=True, why="it is there after all", typed="1")
    leave(shop, second)
    assert states(shop, second) == {ELEVEN: RowState.LEFT_OUT}


def test_both_tries_done_is_told_as_paid_twice(shop: Session, tmp_path: Path) -> None:
    first = partial(shop)
    leave(shop, first)
    not_done(shop, first)
    second = retry(shop, first)
    leave(shop, second)
    shop.results.take_in([answer(shop, tmp_path, first)], batch_id=first)
    kinds = {(one.kind, one.batch) for one in shop.batches.open_issues()}
    assert ("unknown", first) in kinds, "an unknown row stays a question though a newer batch holds its order"
    name = shop.context.store.results.find(first)[0].sha256[:8]
    shop.batches.settle(first, [ELEVEN], done=True, why="Seller Central shows it", typed="1", against=[name])
    found = [one for one in shop.batches.open_issues() if one.kind == "overpaid"]
    assert [(one.batch, one.orders) for one in found] == [(second, (ELEVEN,))]
    assert f"the refund of batch {first} again" in found[0].why


def test_a_cancellation_tried_again_is_one_wish(shop: Session, tmp_path: Path) -> None:
    first = send(shop, Action.CANCEL, 1)
    shop.batches.settle(first, [order_id(1)], done=False, why="not there", typed="1")
    second = retry(shop, first)
    shop.results.take_in([answer(shop, tmp_path, first)])
    leave(shop, second)
    assert states(shop, second) == {order_id(1): RowState.LEFT_OUT}


# -- evidence and words


def test_not_done_against_a_whole_report_needs_its_name(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, batch)])
    name = shop.context.store.results.find(batch)[0].sha256[:8]
    for against in ((), ("deadbeef",), (name.upper(),)):
        with pytest.raises(EvidenceAgainst, match=f"report {name} says that {ELEVEN} was done"):
            not_done(shop, batch, *against)
        assert states(shop, batch) == {ELEVEN: RowState.OK}
    not_done(shop, batch, name)
    assert states(shop, batch) == {ELEVEN: RowState.ERROR}
    assert f"(against {name})" in shop.audit.records(limit=1)[0]["why"]


def test_done_against_a_report_that_says_refused_needs_its_name(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    with pytest.raises(EvidenceAgainst, match=r"was refused \(18028\)") as found:
        shop.batches.settle(batch, [ELEVEN], done=True, why="seen", typed="1")
    shop.batches.settle(batch, [ELEVEN], done=True, why="seen", typed="1", against=found.value.names)
    assert states(shop, batch) == {ELEVEN: RowState.OK}


def test_of_two_reports_that_differ_the_one_that_says_paid_must_be_named(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, batch, {1}, "a.txt")], batch_id=batch)
    shop.results.take_in([answer(shop, tmp_path, batch, set(), "b.txt")], batch_id=batch)
    assert states(shop, batch) == {ELEVEN: RowState.UNKNOWN}
    with pytest.raises(EvidenceAgainst) as found:
        not_done(shop, batch)
    assert len(found.value.names) == 1
    shop.batches.settle(batch, [ELEVEN], done=True, why="it is there", typed="1")


def test_a_report_that_is_no_evidence_stands_against_nothing(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    path = tmp_path / "miscounted.txt"
    feed = next(one for one in shop.context.reader().batches.feeds(batch) if one.name.endswith(".txt"))
    path.write_bytes(report(parse(feed.content), set(), 2))
    shop.results.take_in([path], batch_id=batch)
    not_done(shop, batch)
    assert states(shop, batch) == {ELEVEN: RowState.ERROR}


def test_a_booking_at_hand_stands_against_not_done(shop: Session) -> None:
    batch = send(shop, Action.REFUND, 11)
    store = shop.context.store
    keep_bookings(store, ELEVEN, [Booking("T-1", ELEVEN, NOW + HOUR, "USD", 1080)])
    with pytest.raises(EvidenceAgainst, match=r"Amazon booked USD 10\.80 back") as found:
        not_done(shop, batch)
    assert found.value.names == ("T-1",)
    keep_bookings(store, ELEVEN, [Booking("T-1", ELEVEN, NOW + HOUR, "USD", 300)])
    not_done(shop, batch)
    assert states(shop, batch) == {ELEVEN: RowState.ERROR}, "a booking of another amount is not this refund's"


def test_the_command_names_the_evidence(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, batch)])
    name = shop.context.store.results.find(batch)[0].sha256[:8]
    shop.close()

    def run(*words: str) -> Any:
        return CliRunner().invoke(
            cli, ["--store", str(tmp_path / "shop" / "orders.db"), "settle", str(batch), ELEVEN, "--not-done",
                  "--why", "seen", "--typed", "1", *words],
        )  # fmt: skip

    refused = run()
    assert refused.exit_code == 5
    assert f"give --against {name}." in refused.output
    assert run("--against", name).exit_code == 0


def test_the_count_is_asked_for_before_the_evidence(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, batch)])
    with pytest.raises(NotConfirmed, match="number of orders"):
        shop.batches.settle(batch, [ELEVEN], done=False, why="seen", typed="2")


def test_a_part_split_off_keeps_the_tries_of_its_rows(shop: Session, tmp_path: Path) -> None:
    from ordertui.operations.batches.splitting import split

    first = send(shop, Action.CANCEL, 1, 2)
    shop.batches.settle(first, [order_id(1), order_id(2)], done=False, why="not there", typed="2")
    second = retry(shop, first)
    store = shop.context.store
    parts = split(store, shop.clock, store.batches.get(second), [1, 1], "MERCHANT-ID")
    shop.results.take_in([answer(shop, tmp_path, first)])
    for part in parts:
        assert store.journal.wishes.blocking_reasons(part)


def test_commit_keeps_no_tries_of_what_was_taken_back(shop: Session) -> None:
    first = commit(shop, Action.REFUND, 11)
    shop.batches.recall(first)
    second = send(shop, Action.REFUND, 11)
    assert shop.context.store.database.query("SELECT * FROM tries") == []
    assert states(shop, second) == {ELEVEN: RowState.WRITTEN}


def test_a_report_that_may_be_another_batchs_is_named_all_the_same(shop: Session, tmp_path: Path) -> None:
    """The retry left in the second in which the report came, so that its failure could be the retry's."""
    first = send(shop, Action.REFUND, 11)
    shop.results.take_in([answer(shop, tmp_path, first, {1})], batch_id=first)
    second = shop.batches.commit(shop.batches.retry(first)[0], typed="1").id
    shop.batches.release(second)
    shop.dispatcher.run()
    with pytest.raises(EvidenceAgainst) as found:
        shop.batches.settle(first, [order_id(11)], done=True, why="looked at it", typed="1")
    assert states(shop, first) == {order_id(11): RowState.ERROR}
    shop.batches.settle(first, [order_id(11)], done=True, why="looked at it", typed="1", against=found.value.names)
