"""A report that refuses some items of a refund and accepts the others: what was paid is never paid again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.errors import EvidenceAgainst, Refused
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, Refunded
from ordertui.orders.order import LineAmounts
from support.batches import answer, send, send_again, states, upload
from support.fake_amazon import write_report
from support.places import on_both
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row

ONE, TWO = order_id(1), order_id(2)
A, B = item_id(1), item_id(1, 2)


def rows(number: int, status: str = "Shipped") -> list[dict[str, object]]:
    return [
        all_orders_row(number, status, sku=f"S-{line}", item_price=price, item_tax="", updated=NOW - HOUR)
        for line, price in ((1, "10.00"), (2, "20.00"))
    ]


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    """Orders 1 and 2 of two items each, 10.00 and 20.00."""
    session = open_session(tmp_path, clock=FixedClock(NOW))
    everything = [row for number in (1, 2) for row in rows(number, "Unshipped")]
    names = [unshipped_row(n, sku=f"S-{line}", order_item_id=item_id(n, line)) for n in (1, 2) for line in (1, 2)]
    bring(session, tmp_path, everything=everything, open_=names)
    bring(session, tmp_path, everything=[row for number in (1, 2) for row in rows(number)])
    return session


def name_of(shop: Session, batch: int, place: int = 0) -> str:
    return shop.context.store.results.find(batch)[place].sha256[:8]


def given_back(shop: Session) -> list[tuple[int, int]]:
    """What went back of each line of order 1, and what of that is open."""
    order = shop.orders.get(ONE)
    assert order is not None
    return [(line.refunded.total, line.refund_open) for line in order.lines]


def settle(shop: Session, batch: int, *against: str, done: bool = False) -> None:
    shop.batches.settle(batch, [ONE], done=done, why="looked", typed="1", against=against)


def written(shop: Session, batch: int) -> list[list[str]]:
    lines = upload(shop, batch).read_text().splitlines()
    return [line.split("\t")[:2] for line in lines[1:]]


@on_both
def test_the_accepted_item_counts_as_paid_and_the_refused_one_alone_is_tried_again(
    shop: Session, tmp_path: Path
) -> None:
    batch = send(shop, Action.REFUND, 1, 2)
    (summary,) = shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    assert (summary.ok, summary.errors) == (1, 1)
    assert "of 1 of the refused orders the other items were paid: a retry leaves them out" in summary.notes
    assert states(shop, batch) == {ONE: RowState.ERROR, TWO: RowState.OK}
    assert given_back(shop) == [(0, 0), (2000, 0)]
    order = shop.orders.get(ONE)
    assert order is not None
    assert order.row.refunded is Refunded.PARTIAL
    totals = shop.context.reader().batches.committed_since(Action.REFUND, "US", 0)
    assert (totals.orders, totals.totals) == (2, {"USD": 5000})
    assert list(shop.recount().run()) == []
    second = send_again(shop, batch)
    assert written(shop, second) == [[ONE, A]]
    assert given_back(shop) == [(1000, 1000), (2000, 0)]
    assert list(shop.recount().run()) == []
    with pytest.raises(Refused, match="tried it again already"):
        shop.batches.retry(batch)


@on_both
@pytest.mark.parametrize("done", [False, True])
def test_either_word_must_name_the_report_that_accepts_a_part(shop: Session, tmp_path: Path, done: bool) -> None:
    batch = send(shop, Action.REFUND, 1)
    shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    with pytest.raises(EvidenceAgainst, match="only 1 of the items") as found:
        settle(shop, batch, done=done)
    assert list(found.value.names) == [name_of(shop, batch)]
    settle(shop, batch, *found.value.names, done=done)
    if done:
        assert given_back(shop) == [(1000, 0), (2000, 0)]
    else:
        assert given_back(shop) == [(0, 0), (2000, 0)]
        assert written(shop, send_again(shop, batch)) == [[ONE, A]]


@pytest.mark.parametrize("failed", [{2}, {1, 2}])
def test_two_reports_that_refuse_other_items_say_so(shop: Session, tmp_path: Path, failed: set[int]) -> None:
    batch = send(shop, Action.REFUND, 1, 2)
    for name, records in (("one.txt", {1}), ("other.txt", failed)):
        shop.results.take_in([answer(shop, tmp_path, batch, records, name)], batch)
    row = next(row for row in shop.batches.get(batch).rows if row.order_id == ONE)
    words = "two reports name other items as refused: was the file uploaded twice? look at the order in Seller Central"
    assert (row.state, row.text) == (RowState.UNKNOWN, f"{words} before anything is refunded again")


def test_partial_amounts_are_tried_again_of_the_refused_item_alone(shop: Session, tmp_path: Path) -> None:
    chosen = tuple(
        PlanLine(line, item, f"S-{line}", 1, LineAmounts(item_price=price))
        for line, item, price in ((1, A, 300), (2, B, 500))
    )
    row_id = shop.orders.id_of(ONE)
    assert row_id is not None
    choices = PlanChoices(reason="GeneralAdjustment", refunds={ONE: chosen})
    (plan,) = shop.planner.plan(Action.REFUND, [row_id], choices)
    batch = shop.batches.commit(plan, typed="1").id
    shop.batches.release(batch)
    shop.dispatcher.run()
    shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    assert given_back(shop) == [(0, 0), (500, 0)]
    second = send_again(shop, batch)
    assert written(shop, second) == [[ONE, A]]
    assert given_back(shop) == [(300, 300), (500, 0)]


def test_a_late_report_that_accepts_all_withholds_the_second_try(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 1)
    shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    second = send_again(shop, batch)
    shop.results.take_in([answer(shop, tmp_path, batch, name="late.txt")], batch_id=batch)
    assert states(shop, batch) == {ONE: RowState.UNKNOWN}
    assert next(one for one in shop.batches.find() if one.id == second).withheld
    names = [name_of(shop, batch, place) for place in (0, 1)]
    with pytest.raises(EvidenceAgainst) as found:
        settle(shop, batch)
    assert sorted(found.value.names) == sorted(names)


def test_reports_that_each_accept_another_item_leave_nothing_to_try_again(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 1)
    shop.results.take_in([answer(shop, tmp_path, batch, {1})])
    shop.results.take_in([answer(shop, tmp_path, batch, {2}, name="other.txt")], batch_id=batch)
    assert states(shop, batch) == {ONE: RowState.UNKNOWN}
    with pytest.raises(Refused, match="unknown"):
        shop.batches.retry(batch)
    settle(shop, batch, name_of(shop, batch), name_of(shop, batch, 1))
    assert given_back(shop) == [(1000, 0), (2000, 0)]
    with pytest.raises(Refused, match="each of its items"):
        shop.batches.retry(batch)


def test_a_report_after_the_word_not_done_that_accepts_a_part_settles_nothing(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 1)
    settle(shop, batch)
    shop.results.take_in([answer(shop, tmp_path, batch, {1})], batch_id=batch)
    assert states(shop, batch) == {ONE: RowState.UNKNOWN}


def test_a_cancellation_of_some_items_names_the_report_too(tmp_path: Path) -> None:
    session = open_session(tmp_path, clock=FixedClock(NOW))
    names = [unshipped_row(1, sku=f"S-{line}", order_item_id=item_id(1, line)) for line in (1, 2)]
    bring(session, tmp_path, everything=rows(1, "Unshipped"), open_=names)
    batch = send(session, Action.CANCEL, 1)
    session.results.take_in([answer(session, tmp_path, batch, {1})])
    assert states(session, batch) == {ONE: RowState.UNKNOWN}
    with pytest.raises(EvidenceAgainst, match="only 1 of the items"):
        settle(session, batch)


def test_a_record_and_an_item_that_do_not_belong_together_tell_nothing(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.REFUND, 1)
    shop.results.take_in([write_report(tmp_path / "odd.txt", 2, [(1, ONE, B)])], batch_id=batch)
    assert states(shop, batch) == {ONE: RowState.UNKNOWN}
    assert given_back(shop) == [(1000, 1000), (2000, 2000)]


@pytest.mark.parametrize(("refused", "used"), [(1, 1), (2, 0)])
@on_both
def test_only_an_accepted_item_that_cancels_units_takes_a_place_of_the_budget(
    tmp_path: Path, engine: str, refused: int, used: int
) -> None:
    """Item 1 was shipped, item 2 waits: its units are cancelled."""
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        names = [
            unshipped_row(1, sku=f"S-{n}", order_item_id=item_id(1, n), quantity_shipped=2 - n, quantity_to_ship=n - 1)
            for n in (1, 2)
        ]
        everything = [row | {"order-status": "Unshipped"} for row in rows(1, "Unshipped")]
        bring(session, tmp_path, everything=everything, open_=names)
        row_id = session.orders.id_of(ONE)
        assert row_id is not None
        chosen = tuple(
            PlanLine(line, item, f"S-{line}", 1, LineAmounts(item_price=price), cancelled=cancelled)
            for line, item, price, cancelled in ((1, A, 300, 0), (2, B, 2000, 1))
        )
        choices = PlanChoices(reason="GeneralAdjustment", refunds={ONE: chosen})
        (plan,) = session.planner.plan(Action.REFUND, [row_id], choices)
        batch = session.batches.commit(plan, typed="1").id
        session.batches.release(batch)
        session.dispatcher.run()
        assert session.context.store.batches.counting_since("US", 0) == {row_id: NOW}
        session.results.take_in([answer(session, tmp_path, batch, {refused})])
        assert states(session, batch) == {ONE: RowState.ERROR}
        assert len(session.context.store.batches.counting_since("US", 0)) == used
        assert session.rate.calculator.effects("US")[0].before.cancelled == used
        assert list(session.recount().run()) == []
