"""The check before leaving is the planner's own: what leaves is what a plan of that moment would send."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.operations.config import Config
from ordertui.operations.errors import OperationError
from ordertui.operations.planning.order_planner import NO_CHOICES, PlanChoices, choices_of
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from support.batches import REFUND_REASON, commit, session_of, states
from support.profile import LONG
from support.reports import write
from support.shops import NOW, UNSHIPPED, all_orders_row, bring, clone_store, open_session, order_id, unshipped_row

PARCEL = ("UPS", "1Z999", "2026-11-23")


def waiting(
    session: Session, folder: Path, number: int, *, units: int = 3, shipped: int = 0, asked: str = "false"
) -> None:
    """Order `number` of `units` at 10.00 each, of which `shipped` are confirmed, by a report of this moment."""
    now = session.clock.now()
    state = "Unshipped" if not shipped else "PartiallyShipped" if shipped < units else "Shipped"
    row = all_orders_row(number, state, quantity=units, item_price=f"{10 * units}.00", item_tax="0.00", updated=now)
    bring(session, folder, everything=[row])
    if shipped < units:
        left = {"quantity_purchased": units, "quantity_shipped": shipped, "quantity_to_ship": units - shipped}
        path = write(folder / "u.txt", UNSHIPPED, [unshipped_row(number, asked, reporting_date=iso_utc(now), **left)])
        session.imports.import_files([path])


def held(session: Session, action: Action, number: int, choices: PlanChoices = NO_CHOICES) -> int:
    row_id = session.orders.id_of(order_id(number))
    assert row_id is not None
    if action is Action.CONFIRM:
        session.facts.set_dispatched([row_id], Dispatched.YES)
    (plan,) = session.planner.plan(action, [row_id], choices)
    return session.batches.commit(plan, typed=str(len(plan.rows))).id


def leave(session: Session, batch: int) -> RowState:
    session.batches.release(batch)
    session.dispatcher.run()
    (row,) = next(one for one in session.batches.find() if one.id == batch).rows
    return row.state


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    return open_session(tmp_path / "shop", clock=clock)


@pytest.mark.parametrize(("shipped", "state"), [(1, RowState.WRITTEN), (2, RowState.LEFT_OUT), (3, RowState.LEFT_OUT)])
def test_a_refund_that_cancels_units_stays_when_they_shipped(
    shop: Session, clock: FixedClock, tmp_path: Path, shipped: int, state: RowState
) -> None:
    waiting(shop, tmp_path, 1, shipped=1)
    batch = held(shop, Action.REFUND, 1, REFUND_REASON)
    clock.advance(60)
    waiting(shop, tmp_path, 1, shipped=shipped)
    assert leave(shop, batch) is state


@pytest.mark.parametrize(("shipped", "state"), [(0, RowState.WRITTEN), (2, RowState.LEFT_OUT), (3, RowState.LEFT_OUT)])
def test_a_shipment_stays_when_some_of_it_was_confirmed_meanwhile(
    shop: Session, clock: FixedClock, tmp_path: Path, shipped: int, state: RowState
) -> None:
    waiting(shop, tmp_path, 1)
    batch = held(shop, Action.CONFIRM, 1, PlanChoices(shipping={order_id(1): PARCEL}))
    clock.advance(60)
    waiting(shop, tmp_path, 1, shipped=shipped)
    assert leave(shop, batch) is state


def test_a_cancellation_stays_when_its_reason_is_another_now(shop: Session, clock: FixedClock, tmp_path: Path) -> None:
    waiting(shop, tmp_path, 1)
    batch = held(shop, Action.CANCEL, 1, PlanChoices(reason="NoInventory"))
    clock.advance(60)
    waiting(shop, tmp_path, 1, asked="true")
    assert leave(shop, batch) is RowState.LEFT_OUT


@pytest.mark.parametrize(("asked", "state"), [("true", RowState.LEFT_OUT), ("false", RowState.WRITTEN)])
def test_a_cancellation_stays_when_it_counts_by_now_and_leaves_when_it_does_not_any_more(
    shop: Session, clock: FixedClock, tmp_path: Path, asked: str, state: RowState
) -> None:
    """The request was there and is taken back, or comes; the reason is BuyerCanceled in both cases."""
    waiting(shop, tmp_path, 1, asked=asked)
    batch = held(shop, Action.CANCEL, 1, PlanChoices(reason="BuyerCanceled"))
    clock.advance(60)
    waiting(shop, tmp_path, 1, asked="false" if asked == "true" else "true")
    assert leave(shop, batch) is state


@pytest.mark.parametrize(("limit", "state"), [(1, RowState.WRITTEN), (0, RowState.LEFT_OUT)])
def test_house_rules_about_a_day_are_asked_again(tmp_path: Path, limit: int, state: RowState) -> None:
    """Its own batch is not counted twice; a limit that was tightened while it was held takes it out."""
    with open_session(tmp_path / "shop") as session:
        for number in range(2, 40):
            waiting(session, tmp_path, number, units=1, shipped=1)
        waiting(session, tmp_path, 1)
        batch = held(session, Action.CANCEL, 1)
    policy = tmp_path / "policy.toml"
    policy.write_text(
        f"[[rule]]\nid = 'day'\naction = 'cancel'\neffect = 'deny'\nwhen = 'day-orders:>{limit}'\nwhy = 'enough'\n",
        encoding="utf-8",
    )
    path = tmp_path / "shop" / "orders.db"
    with Session.open(path, clock=FixedClock(NOW), config=Config(policy_file=str(policy))) as session:
        assert leave(session, batch) is state


# -- the property


def what_leaves(plan: Plan | None) -> dict[str, object]:
    """Everything of each row that its feed says."""
    rows = plan.rows if plan is not None else ()
    return {
        row.order_id: (
            row.reason, row.currency, row.carrier, row.tracking, row.ship_date,
            tuple((line.order_item_id, line.quantity, line.refund, line.cancelled) for line in row.lines),
        )
        for row in rows
    }  # fmt: skip


def expected(folder: Path, clock: FixedClock, batch: int, plan: Plan) -> set[str]:
    """The slow oracle: the orders that a plan of this moment would send as previewed, in a store where the batch was
    taken back.
    """
    copy = Path(tempfile.mkdtemp(dir=folder))
    clone_store(folder / "shop" / "orders.db", copy / "orders.db")
    with open_session(copy, clock=clock) as session:
        session.batches.recall(batch)
        ids = [row.id for row in plan.rows]
        fresh = session.planner.plan(plan.action, ids, choices_of(plan.action, plan.rows))
    shutil.rmtree(copy)
    then, now = what_leaves(plan), what_leaves(fresh[0] if fresh else None)
    counted = {row.order_id for row in plan.rows if row.counts}
    counts = {row.order_id for row in fresh[0].rows if row.counts} if fresh else set()
    return {ident for ident, said in now.items() if then[ident] == said and (ident in counted or ident not in counts)}


BEGIN = st.tuples(st.sampled_from((0, 1, 3)), st.sampled_from(("false", "true")))
EVENTS = st.lists(
    st.tuples(
        st.sampled_from((1, 2)), st.sampled_from((0, 1, 2, 3)), st.sampled_from(("false", "true")), st.booleans()
    ),
    max_size=3,
)


@settings(
    max_examples=2_000 if LONG else 25, deadline=None, derandomize=not LONG, suppress_health_check=list(HealthCheck)
)
@given(
    action=st.sampled_from((Action.CANCEL, Action.REFUND, Action.CONFIRM)), begin=st.tuples(BEGIN, BEGIN), events=EVENTS
)
def test_what_leaves_is_what_a_fresh_plan_would_send(
    action: Action, begin: tuple[tuple[int, str], tuple[int, str]], events: list[tuple[int, int, str, bool]]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ordertui-last-look-"))
    try:
        clock = FixedClock(NOW)
        session = open_session(folder / "shop", clock=clock)
        for number, (shipped, asked) in enumerate(begin, start=1):
            waiting(session, folder, number, shipped=shipped, asked=asked)
        choices: Mapping[Action, PlanChoices] = {
            Action.CANCEL: NO_CHOICES, Action.REFUND: REFUND_REASON,
            Action.CONFIRM: PlanChoices(shipping={order_id(n): PARCEL for n in (1, 2)}),
        }  # fmt: skip
        ids = [found for n in (1, 2) if (found := session.orders.id_of(order_id(n))) is not None]
        if action is Action.CONFIRM:
            session.facts.set_dispatched(ids, Dispatched.YES)
        (plan,) = session.planner.plan(action, ids, choices[action])
        if not plan.rows:
            session.close()
            return
        batch = session.batches.commit(plan, typed=str(len(plan.rows))).id
        for number, shipped, asked, gone in events:
            clock.advance(HOUR)
            waiting(session, folder, number, shipped=shipped, asked=asked)
            if gone:
                row_id = session.orders.id_of(order_id(number))
                assert row_id is not None
                session.facts.set_dispatched([row_id], Dispatched.YES)
        session.close()
        wanted = expected(folder, clock, batch, plan)
        with open_session(folder / "shop", clock=clock) as again:
            again.batches.release(batch)
            again.dispatcher.run()
            (made,) = (one for one in again.batches.find() if one.id == batch)
            assert {row.order_id for row in made.rows if row.state is RowState.WRITTEN} == wanted
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_bytes_that_are_not_those_of_the_preview_do_not_leave(tmp_path: Path) -> None:
    with session_of(tmp_path) as session:
        batch = commit(session, Action.CANCEL, 1)
        session.batches.release(batch)
    config = Config(merchant_id="OTHER")  # it stands in the file
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=config) as session:
        with pytest.raises(OperationError, match="no longer those of the preview"):
            session.dispatcher.run()
        assert states(session, batch) == {order_id(1): RowState.HELD}
    assert not list(tmp_path.glob("outbox/*/*.txt"))
