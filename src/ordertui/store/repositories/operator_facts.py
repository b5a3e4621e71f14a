"""Facts of an order that come from no report: what the operator states, and what follows from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

from ordertui.orders.clock import Clock
from ordertui.orders.enums import Dispatched
from ordertui.store.engine.database import Database, as_parameter
from ordertui.store.engine.errors import UnknownOrder
from ordertui.store.engine.protocol import digest

from .audit import AuditLog
from .derived_facts import CANCELLED_BY, REPORTED_REQUEST, SituationFacts, buyer_request, situation

SITUATION = (
    "channel, status, items, units_shipped, dispatched, buyer_request, cancelled_by, refunded, replacement,"
    " amazon_counts"
)
"""The columns from which a situation number is computed, as `derived_facts.situation` takes them."""
_SITUATION = SITUATION.split(", ")


class OperatorFacts:
    """Changes single facts of orders."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def change(self, column: str, values: Mapping[int, str]) -> set[int]:
        """Set a fact column of orders, by row number, and with it situation and version; return those that changed."""
        place = _SITUATION.index(column)
        changes = []
        for row_id, *facts in self._database.query_in(
            f"SELECT id, {SITUATION} FROM orders WHERE id IN ({{}}) ORDER BY id", values
        ):
            if facts[place] != values[row_id]:
                facts[place] = values[row_id]
                changes.append((row_id, values[row_id], situation(cast(SituationFacts, tuple(facts)))))
        if changes:
            new = self._database.values_sql("new", id=int, value=str, situation=int)
            self._database.execute(
                f"UPDATE orders SET {column} = v.value, situation = v.situation, version = version + 1"
                f" FROM {new} AS v WHERE orders.id = v.id",
                {"new": as_parameter(changes)},
            )
        return {change[0] for change in changes}

    def settle_cancelled_by(self, order_ids: Iterable[str]) -> int:
        """Say anew who cancelled orders, by all that is known of it; return how many changed."""
        found = self._database.query_in(
            f"SELECT m.id, {CANCELLED_BY} FROM orders m JOIN orders o ON o.id = m.id"
            " LEFT JOIN rate_report r ON r.order_id = m.order_id LEFT JOIN said_cancelled c ON c.order_id = m.order_id"
            " WHERE m.status = 'cancelled' AND m.order_id IN ({})",
            order_ids,
        )
        return len(self.change("cancelled_by", dict(found)))

    def _other_than_stated(
        self, ids: Iterable[int], dispatched: Dispatched | None, asked: bool | None
    ) -> AbstractSet[int]:
        """Return the orders of which something else was stated before, or nothing."""
        return {
            row_id
            for row_id, parcel, request in self._database.query_in(
                "SELECT o.id, f.dispatched, f.asked FROM orders o LEFT JOIN operator_facts f ON f.order_id = o.id"
                " WHERE o.id IN ({})",
                ids,
            )
            if parcel is None
            or (dispatched is not None and parcel != dispatched.value)
            or (asked is not None and request != int(asked))
        }

    def set(self, ids: Sequence[int], *, dispatched: Dispatched | None = None, asked: bool | None = None) -> int:
        """Store what the operator states of orders (None: nothing); return how many changed. Raises UnknownOrder."""
        with self._database.write():
            names: dict[int, str] = dict(
                self._database.query_in("SELECT id, order_id FROM orders WHERE id IN ({})", ids)
            )
            for row_id in ids:
                if row_id not in names:
                    raise UnknownOrder(f"there is no order with row number {row_id}")
            stated = self._other_than_stated(names, dispatched, asked)
            self._database.execute(
                "INSERT INTO operator_facts (order_id, dispatched, asked, at) SELECT id, coalesce(:dispatched,"
                f" 'unknown'), CAST(:asked AS bigint), :at FROM {self._database.values_sql('ids', id=int)} AS v"
                " WHERE 1 = 1 ON CONFLICT (order_id) DO UPDATE SET at = excluded.at,"
                " dispatched = coalesce(:dispatched, operator_facts.dispatched),"
                " asked = coalesce(excluded.asked, operator_facts.asked)",
                {
                    "ids": as_parameter(names), "dispatched": dispatched and dispatched.value,
                    "asked": None if asked is None else int(asked),
                    "at": self._clock.now(),
                },
            )  # fmt: skip
            moved: set[int] = set()
            if dispatched is not None:
                moved |= self.change("dispatched", dict.fromkeys(names, dispatched.value))
            if asked is not None:
                reported = self._reported_requests(names)
                requests = {row_id: buyer_request(reported.get(row_id, "unknown"), int(asked)) for row_id in names}
                moved |= self.change("buyer_request", requests)
            if changes := moved | stated:
                changed = [names[row_id] for row_id in dict.fromkeys(ids) if row_id in changes]
                self._audit.append("facts", {"dispatched": dispatched, "asked": asked, "orders": changed})
        return len(moved)

    def set_note(self, ids: Sequence[int], note: str | None) -> int:
        """Write a note on orders in place of the one they have (None: none). Return how many changed.

        The audit, which nobody can shorten, has its SHA-256 alone.
        """
        with self._database.write():
            names: dict[int, str] = dict(
                self._database.query_in(
                    "SELECT o.id, o.order_id FROM orders o LEFT JOIN operator_facts f ON f.order_id = o.id"
                    " WHERE coalesce(f.note, '') <> ? AND o.id IN ({})",
                    ids,
                    [note or ""],
                )
            )
            if names:
                values = {"ids": as_parameter(names), "note": note, "at": self._clock.now()}
                rows = self._database.values_sql("ids", id=int)
                self._database.execute(
                    f"INSERT INTO operator_facts (order_id, note, at) SELECT v.id, CAST(:note AS text), :at FROM {rows}"
                    " AS v WHERE 1 = 1 ON CONFLICT (order_id) DO UPDATE SET at = excluded.at, note = excluded.note",
                    values,
                )
                self._database.execute(
                    f"UPDATE orders SET version = version + 1 WHERE id IN (SELECT v.id FROM {rows} AS v)",
                    {"ids": values["ids"]},
                )
                mark = None if note is None else digest(note.encode())  # the text may name a buyer
                self._audit.append("note", {"note": mark, "orders": sorted(names.values())})
        return len(names)

    def _reported_requests(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the buyer's request by the reports, of each order that has lines."""
        sql = f"SELECT l.order_id, {REPORTED_REQUEST} FROM lines l WHERE l.order_id IN ({{}}) GROUP BY l.order_id"
        return dict(self._database.query_in(sql, ids))
