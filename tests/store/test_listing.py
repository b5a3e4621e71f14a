"""What a list shows of an order besides its row, against the lines and the journal read one by one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.batch_state import NEVER_LEFT, RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, OrderStatus
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row


@pytest.mark.parametrize("seed", range(4))
def test_other_skus_and_batches_as_the_lines_and_the_journal_have_them(tmp_path: Path, seed: int) -> None:
    rng, clock = random.Random(seed), FixedClock(NOW)
    session = open_session(tmp_path, clock=clock)
    everything, waiting = [], []
    for number in range(1, 25):
        status = rng.choice(("Unshipped", "Unshipped", "Shipped", "Cancelled"))
        for line in range(rng.choice((1, 1, 2, 3))):
            sku, item = f"S-{rng.randrange(5)}", f"0000000{number:05d}{line:02d}"
            item_status = rng.choice((status, status, "Cancelled"))
            everything.append(all_orders_row(number, status, sku=sku, item_status=item_status))
            if status == "Unshipped" and item_status != "Cancelled":
                waiting.append(unshipped_row(number, sku=sku, order_item_id=item))
    bring(session, tmp_path, everything=everything, open_=waiting)
    for _ in range(3):
        chosen = rng.sample(list(session.orders.find()), 6)
        for plan in session.planner.plan(Action.CANCEL, chosen):
            if plan.rows:
                batch = session.batches.commit(plan, typed=str(len(plan.rows)))
                if rng.random() < 0.4:
                    session.batches.recall(batch.rows[0].order_id)
                elif rng.random() < 0.5:
                    session.batches.release(batch.id)
                    session.dispatcher.run()
        clock.advance(HOUR // 12)
    rows = session.orders.rows(session.orders.find())
    listed = session.orders.listed(rows.values())
    for row_id, row in rows.items():
        facts = listed.get(row_id)
        order = session.orders.get(row.order_id)
        assert order is not None
        active = [line.sku for line in order.lines if line.status is not OrderStatus.CANCELLED and line.quantity != 0]
        held = [line.sku for line in order.lines] if row.status is OrderStatus.CANCELLED or not active else active
        assert row.sku == held[0], "the item shown is the first that is not cancelled"
        wanted = {*held} - {row.sku}
        assert (0 if facts is None else facts.other_skus) == len(wanted), order
        assert (None if facts is None else facts.batch) == last_batch(session, row.order_id)
        is_held = row.open_action is not None and row.open_action.state is RowState.HELD
        assert (facts is not None and facts.hold_ends is not None) == is_held
        if facts is not None and facts.batch is not None:
            batch = next(one for one in session.batches.find() if one.id == facts.batch)
            assert facts.hold_ends == (batch.due_at if is_held else None)
            assert facts.reason == next(one.reason for one in batch.rows if one.order_id == row.order_id)


def last_batch(session: Session, order_id: str) -> int | None:
    """Return the newest batch that has the order and did not give it back."""
    found = [
        batch.id
        for batch in session.batches.find()
        for one in batch.rows
        if one.order_id == order_id and one.state not in NEVER_LEFT
    ]
    return max(found, default=None)
