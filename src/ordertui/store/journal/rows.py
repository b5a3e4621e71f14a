"""State transitions of rows and batches, and what follows from them for the orders.

Each change is a fixed number of statements, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ordertui.orders.batch_state import (
    FINAL,
    NEVER_LEFT,
    UNCONFIRMED,
    BatchState,
    RowState,
    check_transition,
    holds_order,
)
from ordertui.orders.enums import Action
from ordertui.store.engine.database import MAX_VALUES, Database, as_parameter, in_list
from ordertui.store.engine.protocol import Row
from ordertui.store.repositories.audit import AuditLog, NamedOrders, states_of
from ordertui.store.repositories.orders import OrderRepository

from .records import JournalBatch, NewRow, Outcome
from .refunds import RefundLedger

ROW_OF_VALUE = "+batch_rows.batch = :batch AND batch_rows.order_id = v.order_id"
"""The row of a batch that is about an order of the values `v`. The plus keeps SQLite from reading all rows of the batch
first, and then all values for each: 3 s for 2,000 rows.
"""
_HOLDS = " OR ".join(
    f"(h.action = '{action}' AND h.state IN {in_list(state for state in RowState if holds_order(action, state))})"
    for action in Action
)
_HOLDER = f"(SELECT max(h.batch) FROM batch_rows h WHERE h.order_id = batch_rows.order_id AND ({_HOLDS}))"
"""The newest row in an open state holds its order: a late answer can open an older row again, which waits behind it."""


class TransitionWriter:
    """Moves rows and batches from state to state, in the caller's transaction, and keeps orders and facts in step."""

    def __init__(self, database: Database, audit: AuditLog, orders: OrderRepository, refunds: RefundLedger) -> None:
        self._database = database
        self._audit = audit
        self._orders = orders
        self._refunds = refunds

    def add_rows(
        self, batch_id: int, action: Action, rows: Sequence[NewRow], ids: Mapping[str, int], first: int
    ) -> None:
        """Insert held rows of a new batch, the first of them at this position; `show_on_orders` follows the last ones.

        `ids` are the row numbers of their orders.
        """
        held = (action.value, RowState.HELD.value, 1)
        self._database.fill(
            "batch_rows",
            ("batch", "pos", "order_id", "action", "state", "is_open", "reason", "currency", "total", "counts"),
            [
                (
                    batch_id,
                    position,
                    ids[row.order_id],
                    *held,
                    row.reason,
                    row.currency,
                    row.total,
                    None if row.counts is None else int(row.counts),
                )
                for position, row in enumerate(rows, start=first)
            ],
        )

    def show_on_orders(self, batch_id: int) -> None:
        """Copy to each order of a batch what its rows say of it."""
        self._show_on_orders("SELECT order_id FROM batch_rows WHERE batch = :batch", {"batch": batch_id})

    def move_rows(self, batch: JournalBatch, outcomes: Mapping[str, Outcome]) -> dict[str, list[str]]:
        """Move rows of a batch, by order id; return each moved row's states before and after, for the audit log.

        A row that a report confirmed, or that was taken back, stays as it is. Raises IllegalTransition.
        """
        before = {row.order_id: row.state for row in batch.rows if row.state not in FINAL}
        moved = {order_id: outcome for order_id, outcome in outcomes.items() if order_id in before}
        for order_id, outcome in moved.items():
            check_transition(before[order_id], outcome.state, f"order {order_id} in batch {batch.id}")
        ids = self._orders.ids_of(moved)
        new = self._database.values_sql("new", order_id=int, state=str, code=str, text=str)
        self._database.execute(
            f"UPDATE batch_rows SET state = v.state, code = v.code, text = v.text FROM {new} AS v WHERE {ROW_OF_VALUE}",
            {
                "batch": batch.id,
                "new": as_parameter((ids[key], one.state.value, one.code, one.text) for key, one in moved.items()),
            },
        )
        self._choose_holders(ids.values())
        self._show_on_orders(*self._ids(ids.values()))
        if batch.action is Action.REFUND:
            accepted = [(ids[key], line) for key, one in moved.items() for line in one.accepted]
            self._refunds.set_accepted(batch.id, ids.values(), accepted)
            self._refunds.refresh_facts(ids.values())
        return states_of((key, before[key].value, one.state.value) for key, one in moved.items())

    def move_all(self, batch_id: int, action: Action, before: RowState, after: RowState) -> NamedOrders:
        """Move every row of a batch that is in one state to another that holds its order too, as `move_rows` does.

        Only some of its rows are in memory at a time. Raises IllegalTransition.
        """
        check_transition(before, after, f"batch {batch_id}")
        if not (holds_order(action, before) and holds_order(action, after)):
            raise ValueError(f"rows that are {before.value} or {after.value} do not hold their orders")
        moved = NamedOrders((before.value, after.value))
        for part in self._some_of(batch_id, before):
            moved.add([order_id for _, _, order_id in part])
        self._database.execute(
            "UPDATE batch_rows SET state = ?, code = '', text = '' WHERE batch = ? AND state = ?",
            (after.value, batch_id, before.value),
        )
        self.show_on_orders(batch_id)
        if action is Action.REFUND:
            for part in self._some_of(batch_id):
                self._refunds.refresh_facts(row_id for _, row_id, _ in part)
        return moved

    def _some_of(self, batch_id: int, *states: RowState) -> Iterator[list[Row]]:
        """Yield rows of a batch in one of these states (none: in any), MAX_VALUES at a time: position, row number and
        id of the order.
        """
        chosen = f" AND r.state IN {in_list(states)}" if states else ""
        part: list[Row] = [(-1, 0, "")]
        while part:
            part = self._database.query(
                "SELECT r.pos, r.order_id, o.order_id FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                f" WHERE r.batch = ? AND r.pos > ?{chosen} ORDER BY r.pos LIMIT {MAX_VALUES}",
                (batch_id, part[-1][0]),
            )
            yield part
            if len(part) < MAX_VALUES:
                return

    def move_batch(self, batch_id: int, before: BatchState, after: BatchState) -> None:
        """Move the batch itself; its rows are moved by `move_rows`. Raises IllegalTransition."""
        check_transition(before, after, f"batch {batch_id}")
        self._database.execute("UPDATE batches SET state = ? WHERE id = ?", (after.value, batch_id))

    def confirm_shown(self, shown: Iterable[tuple[int, str]], report: Mapping[str, object]) -> None:
        """Confirm rows whose effect a report shows, with an audit entry for each batch that names the report.

        `shown` are row numbers of orders with the action that the report shows. All unconfirmed rows of the action are
        confirmed, because a report cannot say which batch brought it about.
        """
        params = {"shown": as_parameter(shown), "state": RowState.CONFIRMED.value}
        if params["shown"] == "[]":
            return
        table = self._database.values_sql("shown", id=int, action=str)
        changes: dict[int, dict[str, list[str]]] = {}
        for batch_id, order_id, before in self._database.query(
            f"SELECT r.batch, o.order_id, r.state FROM {table} AS v CROSS JOIN batch_rows r CROSS JOIN orders o"
            f" WHERE r.order_id = v.id AND r.action = v.action AND r.state IN {in_list(UNCONFIRMED)} AND o.id = v.id"
            " ORDER BY r.batch, r.pos",
            {"shown": params["shown"]},
        ):
            state = check_transition(RowState(before), RowState.CONFIRMED, f"order {order_id} in batch {batch_id}")
            changes.setdefault(batch_id, {})[order_id] = [before, state.value]
        self._database.execute(
            f"UPDATE batch_rows SET state = :state, is_open = 0 FROM {table} AS v"
            f" WHERE batch_rows.order_id = v.id AND batch_rows.action = v.action AND state IN {in_list(UNCONFIRMED)}",
            params,
        )
        self._database.execute(
            f"UPDATE orders SET state = :state, open_action = v.action FROM {table} AS v WHERE orders.id = v.id", params
        )
        for batch_id, states in changes.items():
            self.log("batch.confirmed", batch_id, states=states, **report)

    def log(self, kind: str, batch_id: int, /, **facts: object) -> None:
        """Append an entry about a batch to the audit log."""
        self._audit.append(kind, {"batch": batch_id, **facts})

    def _choose_holders(self, ids: Collection[int]) -> None:
        """Let the newest row in an open state hold each order, and no other."""
        sql, params = self._ids(ids)
        chosen = f"order_id IN ({sql})"
        for sql in (  # closed before another is opened: the index allows one open row of an order
            f"UPDATE batch_rows SET is_open = 0 WHERE is_open = 1 AND {chosen} AND batch IS DISTINCT FROM {_HOLDER}",
            f"UPDATE batch_rows SET is_open = 1 WHERE is_open = 0 AND {chosen} AND batch = {_HOLDER}",
        ):
            self._database.execute(sql, params)

    def _ids(self, ids: Collection[int]) -> tuple[str, dict[str, object]]:
        """Return a subquery of these row numbers, and its parameter."""
        return f"SELECT id FROM {self._database.values_sql('ids', id=int)} AS v", {"ids": as_parameter(ids)}

    def _show_on_orders(self, ids_sql: str, params: Mapping[str, object]) -> None:
        """Copy to each order the action and state of the row that holds it, else of its last that was not recalled."""
        self._database.execute(
            "UPDATE orders SET (state, open_action) = (SELECT r.state, r.action FROM batch_rows r WHERE"
            f" r.order_id = orders.id AND r.state NOT IN {in_list(NEVER_LEFT)} ORDER BY r.is_open DESC, r.batch DESC"
            f" LIMIT 1) WHERE id IN ({ids_sql})",
            params,
        )
