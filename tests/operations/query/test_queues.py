"""The work queues: what they hold, and what each says when it holds nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.query.queues import QUEUES, within
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts
from ordertui.rules.language import ALWAYS, And, Condition, FilterError, Not, Or, parse
from support.batches import answer, send, session_of
from support.fake_amazon import write_report
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, standard, unshipped_row


def test_every_queue_says_in_its_own_words_why_it_is_empty() -> None:
    words = [queue.why_empty for queue in QUEUES]
    assert len(set(words)) == len(words)
    assert all(len(word) > 20 and word.endswith(".") for word in words)


def test_a_refused_order_leaves_the_failed_queue_when_a_report_shows_it_cancelled(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    plan = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped"))[:2])[0]
    batch = session.batches.commit(plan, typed=str(plan.typed_count))
    clock.advance(plan.hold_seconds)
    session.dispatcher.run()
    bad = plan.rows[0]
    report = write_report(tmp_path / "answer.txt", 2, [(1, bad.order_id, bad.lines[0].order_item_id)])
    session.results.take_in([report], batch_id=batch.id)
    failed = session.orders.find(queue="failed")
    assert [row.order_id for row in session.orders.rows(failed).values()] == [bad.order_id]
    number = int(bad.order_id[-7:])
    bring(session, tmp_path, everything=[all_orders_row(number, "Cancelled", updated=clock.now())])
    assert list(session.orders.find(queue="failed")) == []
    assert next(queue.count for queue in session.orders.queues() if queue.key == "failed") == 0
    assert session.batches.find()[0].rows[0].state.value == "error", "the journal keeps Amazon's answer"


def test_a_refund_that_amazon_took_waits_for_nothing_in_a_file_shop(tmp_path: Path) -> None:
    """No order report shows a refund: with Amazon's answer it is done, as far as a file shop can ever know."""
    with session_of(tmp_path / "shop", shipped=3) as session:
        batch = send(session, Action.REFUND, 11, 12)
        assert counted(session)["unconfirmed"] == (2, 0)
        session.results.take_in([answer(session, tmp_path, batch, {2})], batch_id=batch)
        assert (counted(session)["unconfirmed"], counted(session)["failed"]) == ((0, 0), (1, 0))


def counted(session: Session) -> dict[str, tuple[int | None, int]]:
    return {queue.key: (queue.count, queue.unknown) for queue in session.orders.queues()}


def test_an_order_whose_cancellation_is_under_way_is_no_work_any_more(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    before = counted(session)
    assert before["to_ship"][0] == 6
    ids = list(session.orders.find("status:unshipped"))[:2]
    (plan,) = session.planner.plan(Action.CANCEL, ids)
    batch = session.batches.commit(plan, typed=str(plan.typed_count))
    for step in ("held", "left"):
        assert not set(ids) & set(session.orders.find(queue="to_ship")), step
        assert counted(session)["to_ship"][0] == 4
        clock.advance(plan.hold_seconds)
        session.dispatcher.run()
    path = tmp_path / "to-ship.csv"
    session.orders.export(session.orders.find(queue="to_ship"), path)
    assert not any(row.order_id in path.read_text(encoding="utf-8") for row in plan.rows)
    session.batches.settle(batch.id, [plan.rows[0].order_id], done=False, why="Seller Central", typed="1")
    assert counted(session)["to_ship"][0] == 5, "what Amazon refused is work again"
    session.batches.settle(batch.id, [plan.rows[1].order_id], done=True, why="Seller Central", typed="1")
    assert counted(session)["to_ship"][0] == 5, "done, and no report shows it yet"


@pytest.mark.parametrize(("cancelled", "is_work"), [(1, True), (2, False)])
def test_an_order_whose_rest_a_refund_cancels_is_no_work_any_more(
    tmp_path: Path, cancelled: int, is_work: bool
) -> None:
    """It would be packed and sent, after Amazon was told to cancel it and to pay it back."""
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        bring(
            session, tmp_path,
            everything=[all_orders_row(1, "PartiallyShipped", quantity=3, item_price="30.00", age=9 * DAY)],
            open_=[
                unshipped_row(
                    1, "true", quantity_purchased=3, quantity_shipped=1, quantity_to_ship=2, age=9 * DAY,
                    promise_date=iso_utc(NOW - 6 * DAY - 2 * HOUR),
                )
            ],
        )  # fmt: skip
        work = ("to_ship", "buyer_asked", "late", "auto_cancel")
        (row_id,) = session.orders.find()
        assert {key for key in work if row_id in session.orders.find(queue=key)} == set(work)
        part = PlanLine(1, item_id(1), "SKU-1", cancelled, LineAmounts(item_price=1000 * cancelled), cancelled)
        choices = PlanChoices("NoInventory", refunds={order_id(1): (part,)})
        (plan,) = session.planner.plan(Action.REFUND, [row_id], choices)
        batch = session.batches.commit(plan, typed=str(plan.typed_count))
        for step in ("held", "left", "done"):
            for key in work:
                assert (row_id in session.orders.find(queue=key)) is is_work, (step, key)
                assert counted(session)[key][0] == is_work
            assert [str(one) for one in session.recount().run()] == []
            if step == "held":
                clock.advance(plan.hold_seconds)
                session.dispatcher.run()
            elif step == "left":
                session.batches.settle(batch.id, [order_id(1)], done=True, why="Seller Central", typed="1")
        assert bool(session.orders.count("rest-cancelled:yes")) is not is_work


def test_a_cancellation_that_was_taken_back_is_work_again(session: Session) -> None:
    (plan,) = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped"))[:2])
    batch = session.batches.commit(plan, typed=str(plan.typed_count))
    assert counted(session)["to_ship"][0] == 4
    session.batches.recall(batch.id)
    assert counted(session)["to_ship"][0] == 6


def test_unknown_is_not_counted_as_none(tmp_path: Path) -> None:
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        bring(session, tmp_path, everything=[all_orders_row(number, "Unshipped") for number in range(1, 6)])
        found = counted(session)
        assert found["to_ship"] == (5, 0)
        assert found["late"] == (0, 5), "All Orders alone names no ship-by time"
        assert found["auto_cancel"] == (0, 5)
        assert found["held"] == (0, 0)
        spec = next(queue for queue in QUEUES if queue.key == "late")
        assert "ship-by time is unknown" in spec.unknown_why


def test_an_export_says_what_the_screen_shows_and_every_line(tmp_path: Path) -> None:
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        rows = [all_orders_row(1, "Unshipped", quantity=2), all_orders_row(1, "Unshipped") | {"sku": "OTHER"}]
        standard(session, tmp_path)
        bring(session, tmp_path, everything=[one | {"amazon-order-id": "113-0000000-0000777"} for one in rows])
        (plan,) = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped"))[1:2])
        session.batches.commit(plan, typed=str(plan.typed_count))
        path = tmp_path / "all.csv"
        session.orders.export(session.orders.find(), path)
        found = {row["order_id"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
        lines = found["113-0000000-0000777"]["lines"].split("; ")
        assert len(lines) == 2
        assert any(line.endswith("× OTHER") for line in lines)
        held = found[plan.rows[0].order_id]
        assert (held["action"], held["state"], held["may"]) == ("cancel", "held", "none")
        assert {row["asked"] for row in found.values()} <= {"official", "some", "message", "none", "unknown"}


words = st.sampled_from(["status:shipped", "late", "lamp", '"this or that"', 'title:") or ("', "-prime:yes", "or-else"])
texts = st.recursive(
    words,
    lambda inner: st.one_of(
        st.builds("{} {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("-({})".format, inner),
    ),
    max_leaves=5,
)


def condition_of(text: str) -> Condition:
    return parse(text, now=NOW, zone="UTC")


def fits(condition: Condition, facts: frozenset[Condition]) -> bool:
    """The condition over a set of true leaves, by hand."""
    if isinstance(condition, Not):
        return not fits(condition.item, facts)
    if isinstance(condition, And | Or):
        return (all if isinstance(condition, And) else any)(fits(item, facts) for item in condition.items)
    return condition == ALWAYS or condition in facts


leaf_sets = st.frozensets(words.filter(lambda word: not word.startswith("-")).map(condition_of))


@given(texts | st.just(" "), texts | st.just(""), leaf_sets)
def test_what_fits_within_both_filters_is_what_fits_each(one: str, other: str, facts: frozenset[Condition]) -> None:
    both = condition_of(within(one, other))
    assert fits(both, facts) is (fits(condition_of(one), facts) and fits(condition_of(other), facts))


@pytest.mark.parametrize("bad", ["late) or (lamp", "late)", "(late", "late or (lamp))", '"late'])
def test_a_filter_whose_brackets_do_not_match_opens_no_other(bad: str) -> None:
    for pair in ((bad, "prime:yes"), ("prime:yes", bad)):
        with pytest.raises(FilterError, match=r"closes nothing|never closed"):
            within(*pair)


@pytest.mark.parametrize("bad", ["lamp not", "not", "lamp -not"])
def test_a_filter_that_ends_in_a_not_turns_no_other_round(bad: str) -> None:
    with pytest.raises(FilterError, match="condition is missing"):
        condition_of(within(bad, "prime:yes"))


@pytest.mark.parametrize("others", [[f"no{n}" for n in range(198)], [f"{n:0>150}" for n in range(12)]])
def test_a_filter_as_long_as_one_may_be_is_counted_in_every_queue(session: Session, others: list[str]) -> None:
    """Together with a queue's own words it is longer than a filter may be, or has more conditions."""
    text = " or ".join(("status:unshipped", *others))
    with pytest.raises(FilterError):
        session.orders.find(within(text, QUEUES[1].unknown))
    counts = {queue.key: (queue.count, queue.unknown) for queue in session.orders.queues(text)}
    assert counts["to_ship"] == (6, 0)
    assert session.orders.count_hidden_fba(text, "all") == 0
