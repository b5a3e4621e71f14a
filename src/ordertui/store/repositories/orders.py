"""Orders: found by a filter and sorted, as rows, and with their lines."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ordertui.orders.batch_state import OPEN_STATES, PENDING, open_action
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Program,
    Refunded,
    ReportKind,
    Verge,
    YesNo,
)
from ordertui.orders.money import Money
from ordertui.orders.order import LineAmounts, LinesKnown, Order, OrderLine, OrderRow
from ordertui.orders.text import spelling
from ordertui.store.engine.database import MAX_VALUES, Database, as_parameter, in_list, slices
from ordertui.store.engine.protocol import Row

from .derived_facts import (
    CURRENT,
    GOES_BACK,
    IS_UNSURE_SUM,
    LINES_KNOWN,
    MAY_BE_EXCHANGED,
    REASON,
    STANDS_TWICE,
    UNITS_SHIPPED,
    WITHOUT_DATE,
)
from .order_by import Sorting, order_by

if TYPE_CHECKING:
    from ordertui.rules.language.ast import Condition, Pattern

SituationGroup: TypeAlias = tuple[Sequence[str] | None, Sequence[int]]
"""Marketplaces that decide alike (None: all), and the numbers of the situations that fit there."""
ActionRanks: TypeAlias = "Sequence[tuple[Condition, int]]"
"""How much may be done with an order: the first condition that fits gives the rank, none gives 0."""
SituationLists: TypeAlias = Mapping[tuple[str, str], Sequence[SituationGroup]]
"""By field (`action` or `counts`) and value: where the policies say so. The store knows no policies."""


class Decisions(NamedTuple):
    """What `action:` and `counts:` are compiled from. The store knows no policies and no house rules."""

    situations: SituationLists = MappingProxyType({})
    denials: Mapping[Action, Condition] = MappingProxyType({})
    """The condition under which house rules deny an action. In it `action:` asks the situations alone."""
    by_rules_alone: bool = False
    """Whether `action:` asks the situations alone everywhere, and neither journal, lines nor house rules."""
    marked: Collection[int] = ()
    """Row numbers of the marked orders, for `marked`."""
    rest_cancelled: Collection[int] = ()
    """Of those of which refunds cancel all that is not shipped, for `rest-cancelled`."""
    marked_by: Mapping[Pattern, Collection[int]] = MappingProxyType({})
    """Of those that others marked, for `marked-by`, by what was typed."""


NO_DECISIONS = Decisions()
TALLY_SECONDS = 900
"""A time is tallied in slots of so many seconds: a day begins at a full quarter of an hour in every time zone."""
TALLIES = {
    "sku": "p.sku", "marketplace": "o.marketplace", "items": "o.items", "placed": f"o.purchased_at / {TALLY_SECONDS}",
    "ship_by": f"o.ship_by / {TALLY_SECONDS}",
}  # fmt: skip
"""Key to its SQL term."""
_ROW = (
    "o.id, o.order_id, o.marketplace, o.channel, o.status, o.purchased_at, o.ship_by, o.items, o.units_shipped,"
    " o.total,"
    " o.currency, o.dispatched, o.buyer_request, o.cancelled_by, o.refunded, o.replacement, o.business, o.prime,"
    " p.title,"
    " p.sku, o.open_action, o.version, o.at, o.sources, o.state,"
    f" {LINES_KNOWN}, o.amazon_counts, o.program, o.verge, o.named_at, o.missing_since,"
    f" (SELECT f.note FROM operator_facts f WHERE f.order_id = o.id), {REASON}"
    " FROM orders o LEFT JOIN products p ON p.id = o.product_id"
)
_CHANNELS = {one.value: one for one in Channel}
_STATUSES = {one.value: one for one in OrderStatus}
_DISPATCHED = {one.value: one for one in Dispatched}
_REQUESTS = {one.value: one for one in BuyerRequest}
_CANCELLERS = {one.value: one for one in CancelledBy}
_REFUND_WORDS = {one.value: one for one in Refunded}
_ANSWERS = {one.value: one for one in YesNo}
_PROGRAMS = {one.value: one for one in Program}
_VERGES = {one.value: one for one in Verge}
"""Words of the store to enum members: looking one up costs a quarter of calling the enum, and an order has ten."""
_SOURCE_BITS = tuple((kind, kind.bit) for kind in ReportKind)
REFUNDED = (
    "SELECT r.order_id, m.line, r.item_price, r.item_tax, r.shipping_price, r.shipping_tax, r.gift_wrap_price,"
    " r.gift_wrap_tax, r.item_promotion, r.ship_promotion, coalesce(r.quantity, 0),"
    f" CASE WHEN b.state IN {in_list(PENDING)} THEN 1 ELSE 0 END FROM refunds r JOIN batch_rows b"
    " ON b.batch = r.batch AND b.order_id = r.order_id"
    " JOIN lines m ON m.order_id = r.order_id AND (m.line = r.line OR m.item_id = r.item_id OR m.item_id ="
    " (SELECT n.item_id FROM lines n WHERE n.order_id = r.order_id AND n.line = r.line))"
    f" WHERE {GOES_BACK} AND r.order_id IN ({{}})"
)
"""What this store's refunds of some orders gave back, or are about to (last column: 1); `sum_refunds` sums it.

The item is what a refund names: lines with one order-item-id share what went back for any of them, also for a line that
is gone, or had another id then.
"""
_LINES = (
    f"SELECT l.order_id, l.line, l.item_id, p.sku, p.asin, p.title, l.quantity, {UNITS_SHIPPED}, l.status,"
    " l.currency, l.item_price, l.item_tax, l.shipping_price, l.shipping_tax, l.gift_wrap_price, l.gift_wrap_tax,"
    " l.item_promotion, l.ship_promotion, l.buyer_request, l.request_reason, l.item_promotion_id,"
    f" l.ship_promotion_id, CASE WHEN l.a_price = {WITHOUT_DATE} THEN 0 ELSE 1 END,"
    f" CASE WHEN {STANDS_TWICE} THEN 1 ELSE 0 END, CASE WHEN l.waits_at > (SELECT coalesce(o.a_status, o.at)"
    " FROM orders o WHERE o.id = l.order_id AND o.status IN ('cancelled', 'shipped')) THEN 1 ELSE 0 END,"
    f" CASE WHEN {MAY_BE_EXCHANGED} THEN 1 ELSE 0 END, CASE WHEN {IS_UNSURE_SUM} THEN 1 ELSE 0 END FROM lines l"
    " JOIN products p ON p.id = l.product_id WHERE l.order_id IN ({}) ORDER BY l.order_id, l.line"
)
_NOT_FBA = f"o.channel <> '{Channel.AMAZON}' AND "

RefundedSoFar = tuple[LineAmounts, int]
"""Amounts given back for a line, or on their way, and the units cancelled with them."""
NOTHING: RefundedSoFar = (LineAmounts(), 0)


class OrderRepository:
    """Reads orders. An order has two ids: its row number (`id`), and Amazon's order id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        condition: Condition | None = None,
        *,
        decisions: Decisions = NO_DECISIONS,
        sorting: Sorting = (("placed", False),),
        ranks: ActionRanks = (),
        limit: int | None = None,
        without_fba: bool = False,
    ) -> array[int]:
        """Return the row numbers of the orders that fit a condition (None: all), sorted; perhaps without those that
        Amazon ships.

        `decisions` must answer every `action:` and `counts:` of the condition and of `ranks`, which are needed when the
        orders are sorted by what may be done with them. Raises KeyError for an unknown sort key.
        """
        where, params = self._where(condition, decisions)
        order, more = order_by(sorting, *self._rank(ranks, decisions), whole=limit is None)
        sql = f"SELECT o.id FROM orders o WHERE {_NOT_FBA if without_fba else ''}{where} {order}"
        if limit is not None:
            sql += f" LIMIT {int(limit)} + 0"  # for a number alone, SQLite 3.53 sorts all orders
        found = array("q")
        for part in self._database.column(sql, params | more):
            found.extend(part)
        return found

    def count(
        self, condition: Condition | None = None, *, decisions: Decisions = NO_DECISIONS, without_fba: bool = False
    ) -> int:
        """Return how many orders fit a condition (None: all); see `find`."""
        where, params = self._where(condition, decisions)
        sql = f"SELECT count(*) FROM orders o WHERE {_NOT_FBA if without_fba else ''}{where}"
        return self._database.required(int, sql, params)

    def tally(
        self,
        key: str,
        condition: Condition | None = None,
        *,
        decisions: Decisions = NO_DECISIONS,
        limit: int | None = None,
        without_fba: bool = False,
    ) -> list[tuple[str | int | None, int]]:
        """Return each value of a key of TALLIES with how many of the orders that fit have it, most first; see `find`.

        An order with several SKUs counts for each of its current lines'. Raises KeyError.
        """
        where, params = self._where(condition, decisions)
        where = f"{_NOT_FBA if without_fba else ''}{where}"
        most = "" if limit is None else f" LIMIT {int(limit)}"
        term = TALLIES[key]
        source = f"{term}, count(*) FROM orders o WHERE {where}"
        if key == "sku":
            source = (
                f"{term}, count(DISTINCT l.order_id) FROM lines l JOIN products p ON p.id = l.product_id"
                f" WHERE l.order_id IN (SELECT o.id FROM orders o WHERE {where}) AND {CURRENT}"
            )
        sql = f"SELECT {source} GROUP BY {term} ORDER BY 2 DESC, 1 NULLS FIRST{most}"
        return [(value, count) for value, count in self._database.query(sql, params)]

    def fitting(
        self, ids: Iterable[int], condition: Condition, *, decisions: Decisions = NO_DECISIONS
    ) -> Iterator[int]:
        """Yield those of these orders that fit a condition, read a part at a time; see `find`."""
        where, params = self._where(condition, decisions)
        chosen = self._database.values_sql("chosen", id=int)
        sql = f"SELECT o.id FROM {chosen} AS v CROSS JOIN orders o WHERE o.id = v.id AND ({where})"
        for part in slices(ids, MAX_VALUES):
            for row in self._database.query(sql, {**params, "chosen": as_parameter(part)}):
                yield row[0]

    def waiting_for(self, skus: Iterable[str]) -> list[int]:
        """Return the orders of the seller's own shipping that wait for units of these SKUs, oldest first.

        Left out are those that the operator says were handed to the carrier, and those that a batch is about to cancel.
        """
        sql = (
            "SELECT o.id FROM products p JOIN lines l ON l.product_id = p.id JOIN orders o ON o.id = l.order_id"
            " WHERE o.channel = 'merchant' AND o.status IN ('unshipped', 'partially_shipped') AND o.dispatched <> 'yes'"
            f" AND NOT (coalesce(o.state, '') IN {in_list(OPEN_STATES)} AND coalesce(o.open_action, '') = 'cancel')"
            " AND p.sku IN ({})"
        )
        return sorted({row[0] for row in self._database.query_in(sql, skus)})

    def spelled_alike(self, skus: Collection[str]) -> list[str]:
        """Return other SKUs that differ from these in their spelling alone, and that orders wait for."""
        wanted = {spelling(sku) for sku in skus}
        others = {sku for (sku,) in self._database.query("SELECT sku FROM products")}.difference(skus)
        return sorted(sku for sku in others if spelling(sku) in wanted and self.waiting_for([sku]))

    def rows(self, ids: Iterable[int]) -> dict[int, OrderRow]:
        """Return rows by row number; unknown numbers are left out."""
        return {v[0]: _order_row(v) for v in self._database.query_in(f"SELECT {_ROW} WHERE o.id IN ({{}})", ids)}

    def get(self, ids: Iterable[int]) -> dict[int, Order]:
        """Return orders with their lines, by row number; unknown numbers are left out."""
        back, of_lines, rows = self._database.query_all_in(
            (REFUNDED, _LINES, f"SELECT {_ROW} WHERE o.id IN ({{}})"), ids
        )
        refunded, still_open = sum_refunds(back), sum_refunds(v for v in back if v[11])
        lines: dict[int, list[Row]] = {}
        for v in of_lines:
            lines.setdefault(v[0], []).append(v)
        found = {}
        for v in rows:
            found[v[0]] = Order(
                _order_row(v), v[22] or None, _order_lines(lines.get(v[0], ()), refunded, still_open), False,
                _sources(v[23]),
            )  # fmt: skip
        return found

    def order(self, order_id: str) -> Order | None:
        """Return an order by Amazon's order id; None when it is unknown."""
        row_id = self.id_of(order_id)
        return None if row_id is None else self.get([row_id]).get(row_id)

    def rest_cancelled(self) -> list[int]:
        """Return the row numbers of waiting orders of which refunds cancel all that is not shipped."""
        found = self._database.query(
            "SELECT DISTINCT o.id FROM refunds r JOIN orders o ON o.id = r.order_id JOIN batch_rows b"
            " ON b.batch = r.batch AND b.order_id = r.order_id WHERE r.quantity > 0"
            f" AND {GOES_BACK} AND o.status IN {in_list((OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED))}"
        )
        orders = self.get([row_id for (row_id,) in found])
        return [row_id for row_id, order in orders.items() if order.is_rest_cancelled]

    def id_of(self, order_id: str) -> int | None:
        """Return the row number of an order id; None when it is unknown."""
        return self._database.value(int, "SELECT id FROM orders WHERE order_id = ?", (order_id,))

    def ids_of(self, order_ids: Iterable[str]) -> dict[str, int]:
        """Return row numbers by order id; unknown ids are left out."""
        return dict(self._database.query_in("SELECT order_id, id FROM orders WHERE order_id IN ({})", order_ids))

    def existing(self, ids: Iterable[int]) -> list[int]:
        """Return those of these row numbers that are orders."""
        return [row[0] for row in self._database.query_in("SELECT id FROM orders WHERE id IN ({})", ids)]

    def left_out_by_reports(self, ids: Iterable[int]) -> set[int]:
        """Return those of these orders that wait and that a newer Unshipped report of their marketplace leaves out."""
        sql = (
            "SELECT o.id FROM orders o WHERE o.id IN ({}) AND +o.status IN ('unshipped', 'partially_shipped')"
            " AND +o.channel <> 'amazon' AND EXISTS (SELECT 1 FROM unshipped_reports u"
            " WHERE u.marketplace = o.marketplace AND u.as_of > coalesce(o.named_at, o.at))"
        )
        return {row[0] for row in self._database.query_in(sql, ids)}

    def marketplaces_of(self, order_ids: Iterable[str]) -> dict[str, str]:
        """Return marketplace codes by order id; unknown ids are left out."""
        sql = "SELECT order_id, marketplace FROM orders WHERE order_id IN ({})"
        return dict(self._database.query_in(sql, order_ids))

    def _where(self, condition: Condition | None, decisions: Decisions) -> tuple[str, dict[str, object]]:
        """Return the WHERE clause of a condition, without the word, and its parameters."""
        if condition is None:
            return "1 = 1", {}
        from .filter_sql import compile_filter  # the first orders on the screen need no filter language

        return compile_filter(condition, decisions, self._ids_sql)

    def _ids_sql(self, parameter: str) -> str:
        return self._database.engine.values_sql(parameter, {"id": int})

    def _rank(self, ranks: ActionRanks, decisions: Decisions) -> tuple[str, dict[str, object]]:
        """Return the rank of the first condition that an order fits, as SQL, and its parameters."""
        if not ranks:
            return "NULL", {}
        from .filter_sql import compile_ranks

        return compile_ranks(ranks, decisions, self._ids_sql)


def sum_refunds(rows: Iterable[Row]) -> dict[tuple[int, int], RefundedSoFar]:
    """Return what went back, or is about to, by row number and line, of the rows of REFUNDED."""
    sums: dict[tuple[int, int], RefundedSoFar] = {}
    for v in rows:
        key = (v[0], v[1])
        amounts, units = sums.get(key, NOTHING)
        sums[key] = (amounts.plus(LineAmounts(*v[2:10])), units + v[10])
    return sums


@cache
def _sources(bits: int) -> tuple[ReportKind, ...]:
    """Return the kinds of report that named an order."""
    return tuple(kind for kind, bit in _SOURCE_BITS if bits & bit)


def paid_amounts(parts: Row) -> LineAmounts | None:
    """Return what was paid, from the columns of COMPONENTS; None without a price, or when nobody can have paid that."""
    if parts[0] is None:
        return None
    found = LineAmounts(*parts) if None not in parts else LineAmounts(*(part or 0 for part in parts))
    return found if found.is_possible else None


def _order_row(v: Row) -> OrderRow:
    return OrderRow(
        v[0], v[1], v[2], _CHANNELS[v[3]], _STATUSES[v[4]], v[5], v[6], v[7], v[8],
        None if v[9] is None or v[10] is None else Money(v[9], v[10]),
        _DISPATCHED[v[11]], _REQUESTS[v[12]], _CANCELLERS[v[13]], _REFUND_WORDS[v[14]],
        _ANSWERS[v[15]], _ANSWERS[v[16]], _ANSWERS[v[17]],
        v[18], v[19] or None, open_action(v[20], v[24]), v[21], LinesKnown(v[25]), _ANSWERS[v[26]], _PROGRAMS[v[27]],
        _VERGES[v[28]], v[29], v[30], v[31], v[32],
    )  # fmt: skip


def _order_lines(
    rows: Sequence[Row],
    refunded: Mapping[tuple[int, int], RefundedSoFar],
    still_open: Mapping[tuple[int, int], RefundedSoFar],
) -> tuple[OrderLine, ...]:
    """Return the lines of one order from the columns that `OrderRepository.get` reads.

    `still_open`: what of `refunded` is not known to have gone back.
    """
    return tuple(
        OrderLine(
            v[1], v[2], v[3], v[4], v[5], v[6], v[7], _STATUSES[v[8] or "unknown"], v[9],
            paid_amounts(v[10:18]),
            *refunded.get((v[0], v[1]), NOTHING), _REQUESTS[v[18] or "unknown"], v[19], v[20], v[21],
            still_open.get((v[0], v[1]), NOTHING)[0].total, v[22] == 1, v[23] == 1, v[24] == 1,
            v[25] == 1, v[26] == 1,
        )
        for v in rows
    )  # fmt: skip
