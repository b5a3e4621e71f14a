"""When Amazon cancels orders by itself: stored times, by the policy in force."""

from __future__ import annotations

from collections.abc import Callable

from ordertui.orders.enums import OrderStatus
from ordertui.store.engine.database import Database, as_parameter, in_list

AutoCancelAt = Callable[[str, int], int | None]
"""From a marketplace and a ship-by time to Amazon's cancellation; epoch seconds, None: unknown."""
_WAITING = f"ship_by IS NOT NULL AND status IN {in_list((OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED))}"


class Deadlines:
    """Keeps the column `auto_cancel_at` of waiting orders in step with the policy. An import writes it too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def are_stale(self, auto_cancel_at: AutoCancelAt) -> bool:
        """Return whether the oldest waiting order of any marketplace has another time than the policy gives it."""
        found = self._database.query(
            f"SELECT o.marketplace, o.ship_by, o.auto_cancel_at FROM (SELECT min(id) AS id FROM orders WHERE {_WAITING}"
            " GROUP BY marketplace) m JOIN orders o ON o.id = m.id"
        )
        return any(auto_cancel_at(marketplace, ship_by) != at for marketplace, ship_by, at in found)

    def refresh(self, auto_cancel_at: AutoCancelAt) -> int:
        """Compute the time of every waiting order again, because the policy changed; return how many differ."""
        with self._database.write():
            pairs = self._database.query(f"SELECT DISTINCT marketplace, ship_by FROM orders WHERE {_WAITING}")
            times = [(code, ship_by, auto_cancel_at(code, ship_by)) for code, ship_by in pairs]
            values = self._database.values_sql("new", marketplace=str, ship_by=int, at=int)
            return self._database.execute(
                f"UPDATE orders SET auto_cancel_at = v.at FROM {values} AS v WHERE orders.marketplace = v.marketplace"
                f" AND orders.ship_by = v.ship_by AND {_WAITING.replace('ship_by IS', 'orders.ship_by IS')}"
                " AND orders.auto_cancel_at IS DISTINCT FROM v.at",
                {"new": as_parameter(times)},
            )
