"""State transitions of rows and batches, and what follows from them for the orders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ordertui.orders.batch_state import FINAL, UNCONFIRMED, BatchState, RowState, check_transition, holds_order
from ordertui.orders.enums import Action
from ordertui.store.audit import AuditLog, states_of
from ordertui.store.database import Database, in_list
from ordertui.store.orders import OrderRepository

from .records import JournalBatch, NewRow, Outcome
from .refunds import RefundLedger


class TransitionWriter:
    """Moves rows and batches from state to state, in the caller's transaction, and keeps orders and facts in step."""

    def __init__(self, database: Database, audit: AuditLog, orders: OrderRepository, refunds: RefundLedger) -> None:
        self._database = database
        self._audit = audit
        self._orders = orders
        self._refunds = refunds

    def add_row(self, batch_id: int, position: int, action: Action, row: NewRow, row_id: int) -> None:
        """Insert a held row of a new batch. `row_id` is the row number of its order."""
        self._database.execute(
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason, currency, total, counts)"
            " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
            (
                batch_id,
                position,
                row_id,
                action.value,
                RowState.HELD.value,
                row.reason,
                row.currency,
                row.total,
                None if row.counts is None else int(row.counts),
            ),
        )
        _show_on_order(self._database, row_id)

    def move_rows(self, batch: JournalBatch, outcomes: Mapping[str, Outcome]) -> dict[str, list[str]]:
        """Move rows of a batch, by order id; return each moved row's states before and after, for the audit log.

        A row that a report confirmed, or that was taken back, stays as it is. Raises IllegalTransition.
        """
        before = {row.order_id: row.state for row in batch.rows if row.state not in FINAL}
        ids = self._orders.ids_of(outcomes)
        changes = []
        for order_id, outcome in outcomes.items():
            if order_id not in before:
                continue
            state = check_transition(before[order_id], outcome.state, f"order {order_id} in batch {batch.id}")
            row_id = ids[order_id]
            self._database.execute(
                "UPDATE batch_rows SET state = ?, code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (state.value, outcome.code, outcome.text, batch.id, row_id),
            )
            _choose_holder(self._database, row_id)
            _show_on_order(self._database, row_id)
            if batch.action is Action.REFUND:
                self._refunds.refresh_fact(row_id)
            changes.append((order_id, before[order_id].value, state.value))
        return states_of(changes)

    def move_batch(self, batch: JournalBatch, state: BatchState) -> None:
        """Move the batch itself; its rows are moved by `move_rows`. Raises IllegalTransition."""
        check_transition(batch.state, state, f"batch {batch.id}")
        self._database.execute("UPDATE batches SET state = ? WHERE id = ?", (state.value, batch.id))

    def confirm_shown(self, shown: Iterable[tuple[int, str]], report: Mapping[str, object]) -> None:
        """Confirm rows whose effect a report shows, with an audit entry for each batch that names the report.

        `shown` are row numbers of orders with the action that the report shows. All unconfirmed rows of the action are
        confirmed, because a report cannot say which batch brought it about.
        """
        changes: dict[int, dict[str, list[str]]] = {}
        for row_id, action in shown:
            for batch_id, order_id, before in self._database.query(
                "SELECT r.batch, o.order_id, r.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                f" WHERE r.order_id = ? AND r.action = ? AND r.state IN {in_list(UNCONFIRMED)}",
                (row_id, action),
            ):
                state = check_transition(RowState(before), RowState.CONFIRMED, f"order {order_id} in batch {batch_id}")
                changes.setdefault(batch_id, {})[order_id] = [before, state.value]
                self._database.execute(
                    "UPDATE batch_rows SET state = ?, is_open = 0 WHERE order_id = ? AND batch = ?",
                    (state.value, row_id, batch_id),
                )
            self._database.execute(
                "UPDATE orders SET state = ?, open_action = ? WHERE id = ?", (RowState.CONFIRMED.value, action, row_id)
            )
        for batch_id, states in sorted(changes.items()):
            self.log("batch.confirmed", batch_id, states=states, **report)

    def log(self, kind: str, batch_id: int, /, **facts: object) -> None:
        """Append an entry about a batch to the audit log."""
        self._audit.append(kind, json.dumps({"batch": batch_id, **facts}))


def _choose_holder(database: Database, row_id: int) -> None:
    """Let the newest row in an open state hold the order, and no other.

    A late answer can open an older row again, which then waits behind the newer one.
    """
    rows = database.query(
        "SELECT batch, action, state, is_open FROM batch_rows WHERE order_id = ? ORDER BY batch DESC", (row_id,)
    )
    holder = next((batch for batch, action, state, _ in rows if holds_order(Action(action), RowState(state))), None)
    sql = "UPDATE batch_rows SET is_open = ? WHERE order_id = ? AND batch = ?"
    for batch, _, _, is_open in rows:  # closed before another is opened: the index allows one open row of an order
        if is_open and batch != holder:
            database.execute(sql, (0, row_id, batch))
    if holder is not None:
        database.execute(sql, (1, row_id, holder))


def _show_on_order(database: Database, row_id: int) -> None:
    """Copy to the order the action and state of the row that holds it, else of its last row that was not taken back."""
    found = database.query(
        f"SELECT state, action FROM batch_rows WHERE order_id = ? AND state <> '{RowState.RECALLED}'"
        " ORDER BY is_open DESC, batch DESC LIMIT 1",
        (row_id,),
    )
    database.execute(
        "UPDATE orders SET state = ?, open_action = ? WHERE id = ?", (*(found or [(None, None)])[0], row_id)
    )
