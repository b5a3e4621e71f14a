"""The work queues: what they hold, and what each says when it holds nothing."""

from __future__ import annotations

from pathlib import Path

from ordertui.operations.query.queues import QUEUES
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.shops import NOW, all_orders_row, bring, open_session, standard


def test_every_queue_says_in_its_own_words_why_it_is_empty() -> None:
    words = [queue.why_empty for queue in QUEUES]
    assert len(set(words)) == len(words)
    assert all(len(word) > 20 and word.endswith(".") for word in words)


def test_a_refused_order_leaves_the_failed_queue_when_a_report_shows_it_cancelled(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        standard(session, tmp_path)
        plan = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped"))[:2])[0]
        batch = session.batches.commit(plan, typed=str(plan.typed_count))
        clock.advance(plan.hold_seconds)
        session.dispatcher.run()
        bad = plan.rows[0]
        report = tmp_path / "answer.txt"
        report.write_text(
            "Feed Processing Summary:\n\tNumber of records processed\t\t2\n\tNumber of records successful\t\t1\n\n"
            "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
            f"1\t{bad.order_id}\t{bad.lines[0].order_item_id}\t18028\tError\tno\n",
            encoding="utf-8",
        )
        session.results.take_in([report], batch_id=batch.id)
        failed = session.orders.find(queue="failed")
        assert [row.order_id for row in session.orders.rows(failed).values()] == [bad.order_id]
        number = int(bad.order_id[-7:])
        bring(session, tmp_path, everything=[all_orders_row(number, "Cancelled", updated=clock.now())])
        assert list(session.orders.find(queue="failed")) == []
        assert next(queue.count for queue in session.orders.queues() if queue.key == "failed") == 0
        assert session.batches.find()[0].rows[0].state.value == "error", "the journal keeps Amazon's answer"
