"""What a list shows of an order besides its row: other SKUs on it, and the batch that has or had it last."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.orders.batch_state import NEVER_LEFT, BatchState
from ordertui.orders.clock import Clock
from ordertui.orders.order import ListedFacts

from .engine.database import Database, in_list
from .journal.holds import HoldTimer
from .repositories.derived_facts import CURRENT


class OrderListing:
    """Reads the facts of a page of orders at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._holds = HoldTimer(database, clock)

    def get(self, ids: Iterable[int], in_journal: Iterable[int], me: str) -> dict[int, ListedFacts]:
        """Return facts by row number; an order without any is left out. `in_journal`: those with an open action.

        `me`: login of who looks.
        """
        skus: dict[int, int] = dict(
            self._database.query_in(
                "SELECT l.order_id, count(DISTINCT l.product_id) FROM lines l JOIN orders o ON o.id = l.order_id"
                " WHERE l.order_id IN ({}) AND l.product_id <> coalesce(o.product_id, 0)"
                f" AND {CURRENT} GROUP BY l.order_id",
                ids,
            )
        )
        found = {row_id: ListedFacts(count) for row_id, count in skus.items()}
        in_journal = tuple(in_journal)
        if not in_journal:
            return found
        ends = self._holds.ends()
        for row_id, batch, reason, code, text, state, author in self._database.query_in(
            "SELECT b.order_id, b.batch, b.reason, b.code, b.text, h.state, h.author FROM batch_rows b"
            " JOIN batches h ON h.id = b.batch"
            f" WHERE b.order_id IN ({{}}) AND b.state NOT IN {in_list(NEVER_LEFT)} ORDER BY b.is_open, b.batch",
            in_journal,
        ):  # the open row, else the newest one, comes last
            answer = " ".join(part for part in (code, text) if part)
            waits, whose = BatchState(state) is BatchState.AWAITING, "" if author == me else author
            found[row_id] = ListedFacts(skus.get(row_id, 0), batch, ends.get(batch), reason, answer, waits, whose)
        return found
