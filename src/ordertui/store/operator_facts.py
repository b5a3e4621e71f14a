"""Facts of an order that do not come from a report: the operator's word, and what follows from the journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ordertui.orders.enums import Dispatched

from .audit import AuditPart
from .derived_facts import buyer_request, situation, summarise
from .errors import UnknownOrder

SITUATION = "channel, status, items, units_shipped, dispatched, buyer_request, cancelled_by, refunded, replacement"
"""Columns that a situation number is made of, in the order `derive.situation` wants, but for its own arrangement."""


def situation_of_row(v: Sequence[object]) -> int:
    """The situation number from the columns of SITUATION."""
    channel, status, items, shipped, dispatched, request, by, back, replacement = v
    return situation(channel, status, items, shipped, dispatched, request, by, back, replacement)  # type: ignore[arg-type]


class FactsPart(AuditPart):
    """Changing single facts of orders."""

    def change_fact(self, connection: sqlite3.Connection, row_id: int, column: str, value: str) -> bool:
        """Set one fact column, and with it the situation and the version; False when it was so already."""
        before = connection.execute(f"SELECT {column} FROM orders WHERE id = ?", (row_id,)).fetchone()[0]
        if before == value:
            return False
        connection.execute(f"UPDATE orders SET {column} = ?, version = version + 1 WHERE id = ?", (value, row_id))
        facts = connection.execute(f"SELECT {SITUATION} FROM orders WHERE id = ?", (row_id,)).fetchone()
        connection.execute("UPDATE orders SET situation = ? WHERE id = ?", (situation_of_row(facts), row_id))
        return True

    def set_facts(self, ids: Sequence[int], *, dispatched: Dispatched | None = None, asked: bool | None = None) -> int:
        """Keep the operator's word on these orders; gives how many changed. Raises UnknownOrder."""
        now = self.clock.now()
        changed = []
        with self.writing() as connection:
            for row_id in ids:
                order_id = connection.execute("SELECT order_id FROM orders WHERE id = ?", (row_id,)).fetchone()
                if order_id is None:
                    raise UnknownOrder(f"there is no order with row number {row_id}")
                connection.execute(
                    "INSERT INTO operator_facts (order_id, dispatched, asked, at) VALUES (:id, coalesce(:d, 'unknown'), :a, :at)"
                    " ON CONFLICT (order_id) DO UPDATE SET dispatched = coalesce(:d, dispatched), asked = coalesce(:a, asked), at = :at",
                    {"id": row_id, "d": dispatched, "a": None if asked is None else int(asked), "at": now},
                )
                moved = False
                if dispatched is not None:
                    moved |= self.change_fact(connection, row_id, "dispatched", dispatched.value)
                if asked is not None:
                    moved |= self.change_fact(
                        connection,
                        row_id,
                        "buyer_request",
                        buyer_request(self._reported(connection, row_id), int(asked)),
                    )
                if moved:
                    changed.append(order_id[0])
            if changed:
                word = {"dispatched": dispatched, "asked": asked, "orders": changed}
                self.append(connection, "facts", json.dumps(word, sort_keys=True, separators=(",", ":")))
        return len(changed)

    @staticmethod
    def _reported(connection: sqlite3.Connection, row_id: int) -> str:
        """What the reports say of the buyer's request."""
        lines = connection.execute("SELECT buyer_request FROM lines WHERE order_id = ?", (row_id,)).fetchall()
        return summarise([(None, None, None, None, None, request) for (request,) in lines]).request
