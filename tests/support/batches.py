"""Short words for the tests of this folder."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

import pytest

from ordertui.operations.planning.feed_builder import build_feed_files, feed_rows
from ordertui.operations.planning.order_planner import NO_CHOICES, PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store.journal.batches import BatchJournal

from .fake_amazon import parse, report
from .faults import Crash
from .shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

REFUND_REASON = PlanChoices(reason="GeneralAdjustment")
"""A refund of a shipped order is not planned without a reason."""
TWO_WAIT = """[[rule]]
id = "many"
when = "batch-orders>=2"
effect = "approval"
why = "two or more"
"""
"""A house rule: batches of two orders or more wait for somebody's approval."""


def session_of(folder: Path, clock: FixedClock | None = None, *, waiting: int = 3, shipped: int = 2) -> Session:
    """Orders 1.. that may be cancelled, 11.. that may be refunded."""
    session = open_session(folder, clock=clock or FixedClock(NOW))
    numbers = [*range(1, waiting + 1), *range(11, 11 + shipped)]
    bring(session, folder, everything=[all_orders_row(n) for n in numbers], open_=[unshipped_row(n) for n in numbers])
    bring(session, folder, everything=[all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in numbers if n > 10])
    return session


def feed_bytes(plan: Plan, merchant_id: str = "MERCHANT-ID") -> dict[str, bytes]:
    """Return the files of a plan, by name; their checksums are those that were shown."""
    made = build_feed_files(feed_rows(plan, merchant_id))
    assert tuple(one.file for one in made) == plan.files
    return {one.file.name: one.content for one in made}


def plan(session: Session, action: Action, *numbers: int) -> Plan:
    """The plan for these orders."""
    ids = [found for n in numbers if (found := session.orders.id_of(order_id(n))) is not None]
    return session.planner.plan(action, ids, REFUND_REASON if action is Action.REFUND else NO_CHOICES)[0]


def commit(session: Session, action: Action, *numbers: int) -> int:
    """Hold these orders; gives the batch."""
    found = plan(session, action, *numbers)
    return session.batches.commit(found, typed=str(len(found.rows))).id


def send(session: Session, action: Action, *numbers: int) -> int:
    """Hold these orders and let them leave at once; gives the batch."""
    batch = commit(session, action, *numbers)
    session.batches.release(batch)
    session.dispatcher.run()
    return batch


def retry(session: Session, batch: int) -> int:
    """Hold again what failed of a batch; gives the new batch."""
    (found,) = session.batches.retry(batch)
    return session.batches.commit(found, typed=str(len(found.rows))).id


def send_again(session: Session, batch: int) -> int:
    """Let what failed of a batch leave again at once; gives the new batch."""
    second = retry(session, batch)
    session.batches.release(second)
    session.dispatcher.run()
    return second


def unwritten(session: Session, action: Action, *numbers: int) -> int:
    """Mark a batch as written of which no file is, as a machine does that dies then; gives the batch."""
    store = session.context.store
    if store.is_shared:
        batch = commit(session, action, *numbers)
        session.batches.release(batch)
        with pytest.MonkeyPatch.context() as patch, suppress(Crash):
            patch.setattr(BatchJournal, "mark_written", _crash)
            session.dispatcher.run()
    else:  # as version 0.1 left it: today's marks it when it is written
        batch = send(session, action, *numbers)
        with store.write():
            store.database.execute("UPDATE batches SET writing = 1 WHERE id = ?", (batch,))
    for path in upload(session, batch).parent.iterdir():
        path.unlink()
    return batch


def _crash(*_: object) -> None:
    raise Crash


def upload(session: Session, batch: int) -> Path:
    """The file of the batch that the operator uploads."""
    found = next(one for one in session.batches.find() if one.id == batch)
    return next(Path(name) for name in found.files if name.endswith(".txt"))


def answer(
    session: Session, folder: Path, batch: int, failed: Set[int] = frozenset(), name: str = "report.txt"
) -> Path:
    """A true processing report of the batch, in which these records failed."""
    path = folder / name
    feed = next(feed for feed in session.context.reader().batches.feeds(batch) if feed.name.endswith(".txt"))
    path.write_bytes(report(parse(feed.content), set(failed)))
    return path


def states(session: Session, batch: int) -> dict[str, RowState]:
    """State by order id."""
    found = next(one for one in session.batches.find() if one.id == batch)
    return {row.order_id: row.state for row in found.rows}
