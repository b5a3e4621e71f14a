"""Facts of an order that come from no report: what the operator states, and what follows from the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ordertui.orders.clock import Clock
from ordertui.orders.enums import Dispatched

from .audit import AuditLog
from .database import Database
from .derived_facts import SituationFacts, buyer_request, situation, summarise
from .errors import UnknownOrder

SITUATION = (
    "channel, status, items, units_shipped, dispatched, buyer_request, cancelled_by, refunded, replacement,"
    " amazon_counts"
)
"""The columns from which a situation number is computed, as `derived_facts.situation` takes them."""


class OperatorFacts:
    """Changes single facts of orders."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def change(self, row_id: int, column: str, value: str) -> bool:
        """Set a fact column of an order, and with it the situation and the version; return whether it changed."""
        before = self._database.value(f"SELECT {column} FROM orders WHERE id = ?", (row_id,))
        if before == value:
            return False
        self._database.execute(f"UPDATE orders SET {column} = ?, version = version + 1 WHERE id = ?", (value, row_id))
        facts: SituationFacts = self._database.query(f"SELECT {SITUATION} FROM orders WHERE id = ?", (row_id,))[0]
        self._database.execute("UPDATE orders SET situation = ? WHERE id = ?", (situation(facts), row_id))
        return True

    def set(self, ids: Sequence[int], *, dispatched: Dispatched | None = None, asked: bool | None = None) -> int:
        """Store what the operator states of orders (None: nothing); return how many changed. Raises UnknownOrder."""
        now = self._clock.now()
        changed = []
        with self._database.write():
            for row_id in ids:
                order_id = self._database.value("SELECT order_id FROM orders WHERE id = ?", (row_id,))
                if order_id is None:
                    raise UnknownOrder(f"there is no order with row number {row_id}")
                self._database.execute(
                    "INSERT INTO operator_facts (order_id, dispatched, asked, at)"
                    " VALUES (:id, coalesce(:d, 'unknown'), :a, :at) ON CONFLICT (order_id) DO UPDATE SET"
                    " dispatched = coalesce(:d, dispatched), asked = coalesce(:a, asked), at = :at",
                    {"id": row_id, "d": dispatched, "a": None if asked is None else int(asked), "at": now},
                )
                moved = False
                if dispatched is not None:
                    moved |= self.change(row_id, "dispatched", dispatched.value)
                if asked is not None:
                    request = buyer_request(_reported_request(self._database, row_id), int(asked))
                    moved |= self.change(row_id, "buyer_request", request)
                if moved:
                    changed.append(order_id)
            if changed:
                facts = {"dispatched": dispatched, "asked": asked, "orders": changed}
                self._audit.append("facts", json.dumps(facts))
        return len(changed)


def _reported_request(database: Database, row_id: int) -> str:
    lines = database.query("SELECT status, buyer_request FROM lines WHERE order_id = ?", (row_id,))
    return summarise([(status, None, None, None, None, request) for status, request in lines]).request
