"""Wishes and their tries: a row that asks again for what an earlier row asked for, which had failed by then.

A wish is an action on an order; of a refund, on one of its items and in one of its components of money. Amazon may say
later that the earlier try was done after all. Sums cannot show that a refund in part was then paid twice.
"""

from __future__ import annotations

from ordertui.orders.batch_state import DONE, POSSIBLY_DONE, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS
from ordertui.store.engine.database import Database, in_list

from .records import RefundProblem

_SAME_WISH = (
    "(r.action <> 'refund' OR EXISTS (SELECT 1 FROM refunds f JOIN refunds g ON g.order_id = f.order_id"
    " AND (g.line = f.line OR g.item_id = f.item_id) WHERE f.batch = r.batch AND f.order_id = r.order_id"
    " AND g.batch = e.batch AND g.accepted = 0"
    f" AND ({' OR '.join(f'f.{name} > 0 AND g.{name} > 0' for name in COMPONENTS)}"
    " OR f.quantity > 0 AND g.quantity > 0)))"
)
"""SQL: whether the rows `r` and `e` of one order and action ask for the same."""


class WishLedger:
    """Keeps which rows try a wish again, and says what follows when an earlier try turns out to be done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, batch_id: int) -> None:
        """Record, in the transaction that commits a batch, which failed rows it tries again."""
        self._database.execute(
            "INSERT INTO tries (batch, order_id, earlier) SELECT DISTINCT r.batch, r.order_id, e.batch"
            " FROM batch_rows r JOIN batch_rows e ON e.order_id = r.order_id AND e.action = r.action"
            f" AND e.batch < r.batch AND e.state = '{RowState.ERROR}' WHERE r.batch = ? AND {_SAME_WISH}",
            (batch_id,),
        )

    def inherit(self, batch_id: int, part: int) -> None:
        """Give a part that is split off a batch the tries of its rows, as they were when the batch was committed."""
        self._database.execute(
            "INSERT INTO tries (batch, order_id, earlier) SELECT CAST(? AS bigint), t.order_id, t.earlier FROM tries t"
            " JOIN batch_rows r ON r.batch = ? AND r.order_id = t.order_id WHERE t.batch = ? ON CONFLICT DO NOTHING",
            (part, part, batch_id),
        )

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Return by order id why held rows of a batch must not leave: an earlier try may have been done after all."""
        return {
            order_id: f"batch {earlier}, which it tries again, may have done it after all ({state})"
            for order_id, earlier, state in self._database.query(
                "SELECT o.order_id, t.earlier, e.state FROM tries t JOIN orders o ON o.id = t.order_id"
                " JOIN batch_rows r ON r.batch = t.batch AND r.order_id = t.order_id"
                " JOIN batch_rows e ON e.batch = t.earlier AND e.order_id = t.order_id"
                f" WHERE t.batch = ? AND r.state = '{RowState.HELD}' AND e.state IN {in_list(POSSIBLY_DONE)}",
                (batch_id,),
            )
        }

    def upload_obstacles(self) -> dict[int, str]:
        """Return why files must not be uploaded that nobody uploaded, by batch: an earlier try may have been done."""
        return {
            batch: f"batch {earlier} may have done it already for order {order_id}"
            for batch, order_id, earlier in self._database.query(
                "SELECT r.batch, o.order_id, t.earlier FROM tries t JOIN orders o ON o.id = t.order_id"
                " JOIN batch_rows r ON r.batch = t.batch AND r.order_id = t.order_id"
                " JOIN batch_rows e ON e.batch = t.earlier AND e.order_id = t.order_id"
                f" WHERE r.state = '{RowState.WRITTEN}' AND e.state IN {in_list(POSSIBLY_DONE)}"
                " ORDER BY r.batch, r.pos DESC"
            )
        }

    def find_done_twice(self) -> list[RefundProblem]:
        """Return refunds that may have been paid although an earlier try of theirs was, newest batch first."""
        return [
            RefundProblem(
                batch, Action.REFUND, market, order_id, at,
                f"it tries the refund of batch {earlier} again, which was done after all: it may be paid twice",
            )
            for batch, market, order_id, at, earlier in self._database.query(
                "SELECT b.id, b.marketplace, o.order_id, coalesce(b.sent_at, b.created_at), t.earlier FROM tries t"
                " JOIN batches b ON b.id = t.batch JOIN orders o ON o.id = t.order_id"
                " JOIN batch_rows r ON r.batch = t.batch AND r.order_id = t.order_id"
                " JOIN batch_rows e ON e.batch = t.earlier AND e.order_id = t.order_id"
                f" WHERE b.action = 'refund' AND r.state IN {in_list(POSSIBLY_DONE)} AND e.state IN {in_list(DONE)}"
                " ORDER BY b.id DESC"
            )
        ]  # fmt: skip
