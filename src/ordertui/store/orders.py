"""Reading: views as ids, rows and orders by id, counts, and the sums that rates are made of."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from ordertui.orders.enums import (
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    ReportKind,
    YesNo,
)
from ordertui.orders.money import Money
from ordertui.orders.order import LineAmounts, Order, OrderLine, OrderRow

from .database import Database
from .derived_facts import Shipping, units_shipped
from .field_merge import SHIPPED_FIELD, unpack
from .order_by import ActionRanks, Sorting, order_by

EVERY = "1 = 1"
"""The WHERE clause that every order fits."""
_ROW = (
    "o.id, o.order_id, o.marketplace, o.channel, o.status, o.purchased_at, o.ship_by, o.items, o.units_shipped, o.total,"
    " o.currency, o.dispatched, o.buyer_request, o.cancelled_by, o.refunded, o.replacement, o.business, o.prime, p.title,"
    " p.sku, o.open_action, o.version, o.at, o.sources FROM orders o LEFT JOIN products p ON p.id = o.product_id"
)
UNDER_WAY = ("held", "sent", "accepted", "ok", "unknown")
"""States of a cancellation that is coming, or done without a report showing it."""
_PAID_BACK = "('held','sent','accepted','ok','unknown','confirmed')"
"""States of a refund row that count as given back: all but those that were recalled or that Amazon refused."""


RefundedSoFar = tuple[LineAmounts, int]
NOTHING: RefundedSoFar = (LineAmounts(), 0)


class Tally(NamedTuple):
    """Columns of `orders` that sums are made of."""

    id: int
    marketplace: str
    purchased_at: int | None
    situation: int
    total: int | None
    """Minor units of `currency`."""
    currency: str | None
    status: str
    cancelled_lines: int
    state: str | None
    open_action: str | None

    @property
    def on_its_way(self) -> bool:
        """Whether this store's own batch cancels it and no report shows that yet."""
        return self.state in UNDER_WAY and (self.open_action or "").startswith("cancel:") and self.status != "cancelled"


class Cancelled(IntEnum):
    """How much of an order is cancelled."""

    NO = 0
    YES = 1
    SOME_ITEM = 2


def as_row(v: tuple[Any, ...]) -> OrderRow:
    """An OrderRow from the columns of `_ROW`."""
    return OrderRow(
        v[0], v[1], v[2], Channel(v[3]), OrderStatus(v[4]), v[5], v[6], v[7], v[8],
        None if v[9] is None or v[10] is None else Money(v[9], v[10]),
        Dispatched(v[11]), BuyerRequest(v[12]), CancelledBy(v[13]), Refunded(v[14]), YesNo(v[15]), YesNo(v[16]), YesNo(v[17]),
        v[18], v[19] or None, v[20], v[21],
    )  # fmt: skip


def _lines(rows: Sequence[tuple[Any, ...]], returned: Mapping[tuple[int, int], RefundedSoFar]) -> tuple[OrderLine, ...]:
    """The lines of one order from the columns that `ReadsPart.orders` asks for."""
    shipped = units_shipped(
        [
            Shipping(v[8], v[6], v[7], v[20], None if v[7] is None else unpack(v[21]).get(SHIPPED_FIELD, v[20]))
            for v in rows
        ]
    )
    return tuple(
        OrderLine(
            v[1],
            v[2],
            v[3],
            v[4],
            v[5],
            v[6],
            units,
            OrderStatus(v[8] or "unknown"),
            v[9],
            None if v[10] is None else LineAmounts(*(part or 0 for part in v[10:18])),
            *returned.get((v[0], v[1]), NOTHING),
            BuyerRequest(v[18] or "unknown"),
            v[19],
        )
        for v, units in zip(rows, shipped, strict=True)
    )


class ReadsPart(Database):
    """The reading half of a store."""

    def view_ids(
        self,
        where: str = EVERY,
        params: Mapping[str, object] | None = None,
        sorting: Sorting = (("placed", False),),
        *,
        ranks: Callable[[], ActionRanks] = tuple,
        limit: int | None = None,
    ) -> array[int]:
        """Row numbers of the orders that fit, sorted; `ranks` is asked when they are sorted by what may be done. Raises
        KeyError for an unknown sort key."""
        order, more = order_by(sorting, ranks, whole=limit is None)
        sql = f"SELECT o.id FROM orders o WHERE {where} {order}"
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        found = array("q")
        for part in self._column(sql, {**(params or {}), **more}):
            found.extend(part)
        return found

    def count(self, where: str = EVERY, params: Mapping[str, object] | None = None) -> int:
        """How many orders fit."""
        return int(self._one(f"SELECT count(*) FROM orders o WHERE {where}", params or {}))

    def rows(self, ids: Iterable[int]) -> dict[int, OrderRow]:
        """Rows by row number; one that is not there is left out."""
        return {v[0]: as_row(v) for v in self._query_in(f"SELECT {_ROW} WHERE o.id IN ({{}})", ids)}

    def orders(self, ids: Iterable[int]) -> dict[int, Order]:
        """Orders with their lines, by row number."""
        wanted = list(ids)
        lines: dict[int, list[tuple[Any, ...]]] = {}
        returned = self._returned(wanted)
        for v in self._query_in(
            "SELECT l.order_id, l.line, l.item_id, p.sku, p.asin, p.title, l.quantity, l.quantity_shipped, l.status, l.currency,"
            " l.item_price, l.item_tax, l.shipping_price, l.shipping_tax, l.gift_wrap_price, l.gift_wrap_tax, l.item_promotion,"
            " l.ship_promotion, l.buyer_request, l.request_reason, l.at, l.ages FROM lines l"
            " JOIN products p ON p.id = l.product_id WHERE l.order_id IN ({}) ORDER BY l.order_id, l.line",
            wanted,
        ):
            lines.setdefault(v[0], []).append(v)
        found = {}
        for v in self._query_in(f"SELECT {_ROW} WHERE o.id IN ({{}})", wanted):
            sources = tuple(kind for kind in ReportKind if v[23] & kind.bit)
            found[v[0]] = Order(as_row(v), v[22] or None, _lines(lines.get(v[0], ()), returned), False, sources)
        return found

    def order(self, order_id: str) -> Order | None:
        """An order by Amazon's order id."""
        row_id = self.id_of(order_id)
        return None if row_id is None else self.orders([row_id]).get(row_id)

    def id_of(self, order_id: str) -> int | None:
        """The row number of an order id."""
        found: int | None = self._one("SELECT id FROM orders WHERE order_id = ?", (order_id,))
        return found

    def ids_of(self, order_ids: Iterable[str]) -> dict[str, int]:
        """Row numbers by order id; unknown ones are left out."""
        return dict(self._query_in("SELECT order_id, id FROM orders WHERE order_id IN ({})", order_ids))

    def _returned(self, ids: Sequence[int]) -> dict[tuple[int, int], RefundedSoFar]:
        """What has gone back, or is on its way, per order and line: amounts, and units cancelled with them."""
        sums: dict[tuple[int, int], RefundedSoFar] = {}
        for v in self._query_in(
            "SELECT r.order_id, r.line, r.item_price, r.item_tax, r.shipping_price, r.shipping_tax, r.gift_wrap_price,"
            " r.gift_wrap_tax, r.item_promotion, r.ship_promotion, coalesce(r.quantity, 0) FROM refunds r JOIN batch_rows b"
            f" ON b.batch = r.batch AND b.order_id = r.order_id WHERE b.state IN {_PAID_BACK} AND r.order_id IN ({{}})",
            ids,
        ):
            key = (v[0], v[1])
            amounts, units = sums.get(key, NOTHING)
            sums[key] = (amounts.plus(LineAmounts(*v[2:10])), units + v[10])
        return sums

    def situations_present(self) -> Sequence[int]:
        """The situation numbers that any order has; each is one jump in the index."""
        return self._kept("situations", self._jump_situations)

    def _jump_situations(self) -> tuple[int, ...]:
        found: list[int] = []
        number = self._one("SELECT min(situation) FROM orders")
        while number is not None:
            found.append(number)
            number = self._one("SELECT min(situation) FROM orders WHERE situation > ?", (number,))
        return tuple(found)

    def rate_tally(self, marketplace: str, start: int, end: int) -> list[tuple[int, Cancelled, int]]:
        """(situation, how much is cancelled, orders) of the seller's own shipments placed from `start` until before `end`."""
        found = self._query(
            "SELECT situation, CASE WHEN status = 'cancelled' THEN 1 WHEN cancelled_lines > 0 THEN 2 ELSE 0 END AS c, count(*)"
            " FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ? AND purchased_at < ?"
            " GROUP BY situation, c",
            (marketplace, start, end),
        )
        return [(situation, Cancelled(kind), count) for situation, kind, count in found]

    def tally(self, ids: Iterable[int]) -> list[Tally]:
        """What sums over these orders are made of."""
        sql = f"SELECT {', '.join(Tally._fields)} FROM orders WHERE id IN ({{}})"
        return [Tally(*row) for row in self._query_in(sql, ids)]

    def with_cancelled_units(self, ids: Iterable[int]) -> set[int]:
        """Those of these orders of which this store's refunds cancel, or cancelled, units."""
        sql = (
            "SELECT DISTINCT r.order_id FROM refunds r JOIN batch_rows b ON b.batch = r.batch AND b.order_id = r.order_id"
            f" WHERE r.quantity > 0 AND b.state IN {_PAID_BACK} AND r.order_id IN ({{}})"
        )
        return {row[0] for row in self._query_in(sql, ids)}

    def marketplaces(self) -> Sequence[str]:
        """Codes of the marketplaces that have orders, most orders first."""
        sql = "SELECT marketplace, count(*) AS n FROM orders GROUP BY marketplace ORDER BY n DESC, marketplace"
        return self._kept("marketplaces", lambda: tuple(row[0] for row in self._query(sql)))

    def as_of(self) -> int | None:
        """The newest date of any imported report."""
        found: int | None = self._one("SELECT max(as_of) FROM imports WHERE kind <> 'cancellation_rate'")
        return found

    def has_request_column(self) -> bool:
        """Whether any imported report had a column for buyers' requests."""
        return bool(self._one("SELECT max(has_request_column) FROM imports"))
