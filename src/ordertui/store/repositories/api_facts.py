"""What only the API says of orders, kept as it came last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ordertui.orders.api_facts import ApiFacts
from ordertui.orders.order import LinesKnown
from ordertui.store.engine.database import Database, as_parameter

from .orders import OrderRepository


class ApiFactLog:
    """Keeps and reads the facts of the API."""

    def __init__(self, database: Database, orders: OrderRepository) -> None:
        self._database = database
        self._orders = orders

    def keep(self, facts: Mapping[str, ApiFacts]) -> None:
        """Keep facts by order id, unless newer ones are known. An order that is not in the store is left out.

        The program of a report that is newer stays, with what it does not take; that a parcel left is the API's alone.
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
            left, unread = int(LinesKnown.PARCEL_LEFT), int(LinesKnown.UNREAD)
            new = self._database.values_sql("new", id=int, at=int, program=str, bars=int)
            is_newer = "coalesce(o.program_at, 0) <= v.at"
            self._database.execute(
                "UPDATE orders SET program_at = n.program_at, program = n.program, bars = n.bars, version ="
                " orders.version + CASE WHEN orders.program <> n.program OR orders.bars <> n.bars THEN 1 ELSE 0 END"
                f" FROM (SELECT o.id, CASE WHEN {is_newer} THEN v.at ELSE o.program_at END AS program_at,"
                f" CASE WHEN {is_newer} THEN v.program ELSE o.program END AS program,"
                f" CASE WHEN {is_newer} THEN v.bars | (o.bars & {unread}) ELSE (o.bars & ~{left}) | (v.bars & {left})"
                " END AS bars"
                f" FROM {new} AS v JOIN orders o ON o.id = v.id) AS n WHERE orders.id = n.id",
                {"new": as_parameter((row_id, one.at, one.program.value, int(one.bars)) for row_id, one in fresh)},
            )

    def mark_unread(self, order_ids: Iterable[str], *, is_unread: bool) -> None:
        """Say of orders that their newest state cannot be read, or can again, within the open transaction.

        Each gets a new version when that is news. An order that is not in the store is left out.
        """
        bit = int(LinesKnown.UNREAD)
        self._database.execute(
            f"UPDATE orders SET bars = {f'bars | {bit}' if is_unread else f'bars & ~{bit}'}, version = version + 1"
            f" WHERE order_id IN (SELECT v.id FROM {self._database.values_sql('names', id=str)} AS v)"
            f" AND bars & {bit} {'=' if is_unread else '<>'} 0",
            {"names": as_parameter(order_ids)},
        )

    def get(self, row_id: int) -> ApiFacts | None:
        """Return what the API said of an order; None when it never named it."""
        found = self._database.value(str, "SELECT facts FROM api_facts WHERE order_id = ?", (row_id,))
        return None if found is None else msgspec.json.decode(found, type=ApiFacts)
