"""What only the API says of orders, kept as it came last."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ordertui.orders.api_facts import ApiFacts

from .database import Database
from .orders import OrderRepository


class ApiFactLog:
    """Keeps and reads the facts of the API."""

    def __init__(self, database: Database, orders: OrderRepository) -> None:
        self._database = database
        self._orders = orders

    def keep(self, facts: Mapping[str, ApiFacts]) -> None:
        """Keep facts by order id, unless newer ones are known. An order that is not in the store is left out.

        An order gets a new version when its program changes, or what stands against its feeds, because a plan of before
        was made without that.
        """
        with self._database.write():
            ids = self._orders.ids_of(facts)
            sql = "SELECT order_id, at FROM api_facts WHERE order_id IN ({})"
            known: dict[int, int] = dict(self._database.query_in(sql, ids.values()))
            fresh = [
                (ids[order_id], one)
                for order_id, one in facts.items()
                if order_id in ids and one.at >= known.get(ids[order_id], one.at)
            ]
            self._database.execute_many(
                "INSERT INTO api_facts (order_id, at, facts) VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE"
                " SET at = excluded.at, facts = excluded.facts",
                [(row_id, one.at, msgspec.json.encode(one).decode()) for row_id, one in fresh],
            )
            self._database.execute_many(
                "UPDATE orders SET program_at = ?, program = ?, bars = ?, version = version"
                " + CASE WHEN program <> ? OR bars <> ? THEN 1 ELSE 0 END WHERE id = ?",
                [
                    (one.at, one.program.value, int(one.bars), one.program.value, int(one.bars), row_id)
                    for row_id, one in fresh
                ],
            )

    def get(self, row_id: int) -> ApiFacts | None:
        """Return what the API said of an order; None when it never named it."""
        found = self._database.value("SELECT facts FROM api_facts WHERE order_id = ?", (row_id,))
        return None if found is None else msgspec.json.decode(found, type=ApiFacts)
