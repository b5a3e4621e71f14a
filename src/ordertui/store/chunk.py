"""One chunk of an import: new orders built in one go, known ones left alone when nothing is new, else merged by `merge.Record`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ordertui.orders.report_row import FACT_AT, ITEM_ID, PRICE, SKU, Row

from .database import marks, slices
from .derive import (
    LineFacts,
    Shipping,
    Sums,
    buyer_request,
    cancelled_by,
    price_total,
    situation,
    summarise,
    units_shipped,
)
from .merge import LINE_FIELDS, ORDER_FIELDS, SHIPPED_FIELD, Record, pack, unpack
from .products import Products
from .reads import KINDS
from .seen import Seen

_MARKET, _CHANNEL, _STATUS, _ITEM_STATUS, _PURCHASED, _SHIP_BY, _ASIN, _TITLE, _QUANTITY, _SHIPPED, _CURRENCY = (
    3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15,
)  # fmt: skip
_REQUEST, _REASON, _REPLACEMENT, _BUSINESS, _PRIME = 24, 25, 26, 27, 28
_RATE_REPORT = 1 << KINDS.index("cancellation_rate")
NEW_ORDER = (
    "INSERT INTO orders (id, order_id, marketplace, channel, status, purchased_at, ship_by, auto_cancel_at, items, units_shipped,"
    " cancelled_lines, total, currency, buyer_request, cancelled_by, replacement, business, prime, situation, product_id, sources,"
    f" at, ages) VALUES ({marks(range(23))})"
)
_OLD_ORDER = (
    "SELECT id, marketplace, channel, status, purchased_at, ship_by, replacement, business, prime, dispatched, refunded, open_action,"
    " sources, at, ages, product_id, units_shipped FROM orders WHERE id IN ({})"
)
_CHANGED_ORDER = (
    "UPDATE orders SET marketplace = ?, channel = ?, status = ?, purchased_at = ?, ship_by = ?, auto_cancel_at = ?, items = ?,"
    " units_shipped = ?, cancelled_lines = ?, total = ?, currency = ?, buyer_request = ?, cancelled_by = ?, replacement = ?,"
    " business = ?, prime = ?, situation = ?, product_id = ?, sources = ?, at = ?, ages = ?, version = version + 1 WHERE id = ?"
)
_DATED_ORDER = "UPDATE orders SET sources = ?, at = ?, ages = ? WHERE id = ?"
_LINE = (
    "order_id, line, product_id, item_id, quantity, quantity_shipped, status, currency, item_price, item_tax, shipping_price,"
    " shipping_tax, gift_wrap_price, gift_wrap_tax, item_promotion, ship_promotion, buyer_request, request_reason, at, ages"
)
NEW_LINE = f"INSERT INTO lines ({_LINE}) VALUES ({marks(_LINE.split(','))})"
_OLD_LINE = f"SELECT {_LINE} FROM lines WHERE order_id IN ({{}}) ORDER BY order_id, line"
_CHANGED_LINE = f"UPDATE lines SET {', '.join(f'{name.strip()} = ?' for name in _LINE.split(',')[3:])} WHERE order_id = ? AND line = ?"
_LEFT = "('sent', 'accepted', 'ok', 'unknown')"


class NewOrder(NamedTuple):
    """Rows to insert for one order."""

    order: tuple[object, ...]
    lines: list[tuple[object, ...]]


def order_fields(row: Row) -> list[Any]:
    """A report row's facts of its order, in the order of ORDER_FIELDS."""
    return [
        row[_MARKET], row[_CHANNEL], row[_STATUS], row[_PURCHASED], row[_SHIP_BY], row[_REPLACEMENT], row[_BUSINESS], row[_PRIME],
    ]  # fmt: skip


def line_fields(row: Row) -> list[Any]:
    """A report row's facts of its line, in the order of LINE_FIELDS."""
    price = row[PRICE]
    return [
        row[ITEM_ID], row[_QUANTITY], row[_SHIPPED], row[_ITEM_STATUS], row[_CURRENCY],
        price if price[0] is not None else None,
        None if row[_REQUEST] is None else (row[_REQUEST], row[_REASON] or ""),
    ]  # fmt: skip


def line_facts(row: Row) -> LineFacts:
    """What sums over lines are made of, from a line that only this row names."""
    price: Any = row[PRICE]
    total = None if price[0] is None else price_total(price)
    return row[_ITEM_STATUS], row[_QUANTITY], row[_SHIPPED], row[_CURRENCY], total, row[_REQUEST]  # type: ignore[return-value]


class Line:
    """A line while it is merged."""

    __slots__ = ("fresh", "number", "product", "record", "touched")

    def __init__(self, number: int, product: int, record: Record, *, fresh: bool) -> None:
        self.number = number
        self.product = product
        self.record = record
        self.fresh = fresh
        self.touched = fresh

    @classmethod
    def stored(cls, v: tuple[Any, ...]) -> Line:
        """A line from its columns."""
        price = None if v[8] is None else tuple(v[8:16])
        request = None if v[16] is None else (v[16], v[17] or "")
        return cls(v[1], v[2], Record([*v[3:8], price, request], v[18], unpack(v[19])), fresh=False)

    def facts(self, shipped: int | None) -> LineFacts:
        """What sums over lines are made of."""
        _, quantity, _, status, currency, price, request = self.record.fields
        total = None if price is None else price_total(price)
        return status, quantity, shipped, currency, total, request[0] if request else None

    def shipping(self) -> Shipping:
        """What the reports say of its way to the buyer."""
        record = self.record
        _, quantity, shipped, status, *_ = record.fields
        return Shipping(
            status, quantity, shipped, record.at, None if shipped is None else record.ages.get(SHIPPED_FIELD, record.at)
        )

    def values(self, order: int) -> tuple[object, ...]:
        """The columns of `lines`."""
        item, quantity, shipped, status, currency, price, request = self.record.fields
        asked, reason = request or (None, None)
        return (
            order, self.number, self.product, item, quantity, shipped, status, currency, *(price or (None,) * 8),
            asked, reason or None, self.record.at, pack(self.record.ages),
        )  # fmt: skip


class Chunk:
    """Builds and merges the orders of one chunk. `seen` lives as long as the import."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        products: Products,
        deadline: Callable[[str, int], int | None],
        kind: str,
        seen: Seen,
    ) -> None:
        self._connection = connection
        self._products = products
        self._deadline = deadline
        self._bit = 1 << KINDS.index(kind)
        self._seen = seen
        self._changed_orders: list[tuple[object, ...]] = []
        self._dated_orders: list[tuple[object, ...]] = []
        self._new_lines: list[tuple[object, ...]] = []
        self._changed_lines: list[tuple[object, ...]] = []
        self.confirmed: list[tuple[int, str, str]] = []
        """(batch, order id, state before) of rows that this chunk's orders confirmed."""

    def _product(self, row: Row) -> int:
        return self._products.number(row[_MARKET], row[SKU], row[_ASIN], row[_TITLE], row[FACT_AT])  # type: ignore[arg-type]

    def _line(self, order: int, number: int, row: Row) -> tuple[object, ...]:
        """The columns of `lines` for a line that only this row names."""
        (_, _, item, market, _, _, status, _, _, at, sku, asin, title, quantity, shipped, currency, a, b, c, d, e, f, g, h,
         request, reason, _, _, _) = row  # fmt: skip
        return (
            order, number, self._products.number(market, sku, asin, title, at), item, quantity, shipped, status, currency,  # type: ignore[arg-type]
            a, b, c, d, e, f, g, h, request, reason if request is not None else None, at, None,
        )  # fmt: skip

    def new(self, row_id: int, order_id: str, rows: Sequence[Row], impacts: int | None) -> NewOrder:
        """A new order from its rows; each row is a line of its own."""
        lines = [self._line(row_id, number, row) for number, row in enumerate(rows, 1)]
        self._seen.add(row_id, len(lines))
        fields = order_fields(rows[0])
        at: Any = rows[0][FACT_AT]
        ages: str | None = None
        if len(rows) > 1 and any(row[FACT_AT] != at or order_fields(row) != fields for row in rows):
            record = _merged(rows)
            fields, at, ages = record.fields, record.at, pack(record.ages)
        market, channel, status, purchased, ship_by, replacement, business, prime = fields
        channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
        sums = summarise([line_facts(row) for row in rows])
        by = cancelled_by(status, impacts, False)
        number = situation(
            channel, status, sums.items, sums.units_shipped, "unknown", sums.request, by, "none", replacement
        )
        due = self._deadline(market, ship_by) if ship_by is not None else None
        order = (
            row_id, order_id, market, channel, status, purchased, ship_by, due, sums.items, sums.units_shipped, sums.cancelled_lines,
            *_money(sums), sums.request, by, replacement, business or "unknown", prime or "unknown", number, lines[0][2],
            self._bit | (0 if impacts is None else _RATE_REPORT), at, ages,
        )  # fmt: skip
        return NewOrder(order, lines)

    def merge(self, old: Sequence[tuple[int, str, list[Row]]], impacts: Mapping[str, int]) -> int:
        """Merge rows into known orders; gives how many orders changed."""
        changed = 0
        for part in slices(old):
            ids = [row_id for row_id, _, _ in part]
            heads = {v[0]: v for v in self._connection.execute(_OLD_ORDER.format(marks(ids)), ids)}
            lines: dict[int, list[tuple[Any, ...]]] = {row_id: [] for row_id in ids}
            for v in self._connection.execute(_OLD_LINE.format(marks(ids)), ids):
                lines[v[0]].append(v)
            asked = self._asked(ids)
            for row_id, order_id, rows in part:
                changed += self._merge_one(rows, heads[row_id], lines[row_id], impacts.get(order_id), asked.get(row_id))
            self._write()
        return changed

    def _asked(self, ids: Sequence[int]) -> dict[int, int]:
        found = self._connection.execute(
            f"SELECT order_id, asked FROM operator_facts WHERE asked IS NOT NULL AND order_id IN ({marks(ids)})", ids
        )
        return dict(found.fetchall())

    def _merge_one(
        self,
        rows: Sequence[Row],
        head: tuple[Any, ...],
        stored: list[tuple[Any, ...]],
        impacts: int | None,
        asked: int | None,
    ) -> bool:
        row_id = head[0]
        used = self._seen.lines(row_id)
        if not used and self._nothing_new(rows, head, stored):
            self._seen.add(row_id, len(rows))
            return False
        fields = [None if value == "unknown" else value for value in head[1:9]]
        record = Record(fields, head[13], unpack(head[14]))
        changed = moved = False
        before: tuple[object, object] | None = None
        for row in rows:
            facts = order_fields(row), row[FACT_AT]
            if facts != before:  # rows of one order repeat its facts
                values, dates = record.merge(*facts)  # type: ignore[arg-type]
                changed |= values
                moved |= dates
                before = facts
        lines = [Line.stored(v) for v in stored]
        changed |= self._merge_lines(lines, rows, used)
        sums = _sums(lines)
        changed = changed or bool(sums.units_shipped != head[16])
        self._seen.add_all(row_id, used)
        for line in lines:
            if line.fresh:
                self._new_lines.append(line.values(row_id))
            elif line.touched:
                self._changed_lines.append((*line.values(row_id)[3:], row_id, line.number))
        sources = head[12] | self._bit
        if changed:
            self._change_order(row_id, record, head, lines, sums, sources, impacts, asked)
        elif moved or sources != head[12]:
            self._dated_orders.append((sources, record.at, pack(record.ages), row_id))
        if head[11]:
            self._confirm(row_id, record.fields[2], head[11])
        return changed

    def _nothing_new(self, rows: Sequence[Row], head: tuple[Any, ...], stored: list[tuple[Any, ...]]) -> bool:
        """Whether the store holds just what these rows say, of the same date: the usual case when a file comes again."""
        if head[14] is not None or len(rows) != len(stored) or not head[12] & self._bit:
            return False
        row_id, at, known = head[0], head[13], head[1:9]
        for row, line in zip(rows, stored, strict=True):
            facts = (
                row[_MARKET], row[_CHANNEL] or "unknown", row[_STATUS] or "unknown", row[_PURCHASED], row[_SHIP_BY],
                row[_REPLACEMENT] or "unknown", row[_BUSINESS] or "unknown", row[_PRIME] or "unknown",
            )  # fmt: skip
            if row[FACT_AT] != at or facts != known or self._line(row_id, line[1], row) != line:
                return False
        return True

    def _merge_lines(self, lines: list[Line], rows: Sequence[Row], used: set[int]) -> bool:
        """Give each row its line, which joins `used`; gives whether a value changed."""
        changed = False
        for row in rows:
            product = self._product(row)
            line = matching(lines, used, product, row[ITEM_ID], row[_QUANTITY])
            at: Any = row[FACT_AT]
            if line is None:
                line = Line(len(lines) + 1, product, _empty(len(LINE_FIELDS)), fresh=True)
                lines.append(line)
            used.add(line.number)
            values, moved = line.record.merge(line_fields(row), at)
            changed |= values or line.fresh
            line.touched |= moved
        return changed

    def _change_order(
        self,
        row_id: int,
        record: Record,
        head: tuple[Any, ...],
        lines: Sequence[Line],
        sums: Sums,
        sources: int,
        impacts: int | None,
        asked: int | None,
    ) -> None:
        market, channel, status, purchased, ship_by, replacement, business, prime = record.fields
        channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
        dispatched, back, action = head[9:12]
        by = cancelled_by(status, impacts, _ours(action))
        request = buyer_request(sums.request, asked)
        number = situation(channel, status, sums.items, sums.units_shipped, dispatched, request, by, back, replacement)
        due = self._deadline(market, ship_by) if ship_by is not None else None
        product = head[15] if head[15] is not None or not lines else lines[0].product
        self._changed_orders.append(
            (market, channel, status, purchased, ship_by, due, sums.items, sums.units_shipped, sums.cancelled_lines, *_money(sums),
             request, by, replacement, business or "unknown", prime or "unknown", number, product, sources, record.at, pack(record.ages), row_id)
        )  # fmt: skip

    def _confirm(self, row_id: int, status: str | None, action: str) -> None:
        """A report that shows what a batch asked for confirms the batch's row."""
        kind, _, state = action.partition(":")
        if (kind, status) not in (("cancel", "cancelled"), ("confirm", "shipped")) or state not in (
            "sent",
            "accepted",
            "ok",
            "unknown",
        ):
            return
        self.confirmed += self._connection.execute(
            "SELECT r.batch, o.order_id, r.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
            f" WHERE r.order_id = ? AND r.action = ? AND r.state IN {_LEFT}",
            (row_id, kind),
        ).fetchall()
        self._connection.execute(
            f"UPDATE batch_rows SET state = 'confirmed', is_open = 0 WHERE order_id = ? AND action = ? AND state IN {_LEFT}",
            (row_id, kind),
        )
        self._connection.execute(
            "UPDATE orders SET state = 'confirmed', open_action = ? WHERE id = ?", (f"{kind}:confirmed", row_id)
        )

    def _write(self) -> None:
        """Write what was merged."""
        for statement, values in (
            (NEW_LINE, self._new_lines),
            (_CHANGED_LINE, self._changed_lines),
            (_CHANGED_ORDER, self._changed_orders),
            (_DATED_ORDER, self._dated_orders),
        ):
            if values:
                self._connection.executemany(statement, values)
                values.clear()


def matching(lines: Sequence[Line], used: set[int], product: int, item: object, quantity: object) -> Line | None:
    """The line a row is about, not yet named by this report: by item id, else one of its SKU, with its quantity if there is."""
    if len(lines) == 1 and not used:  # nearly all orders have one line
        (line,) = lines
        fits = line.product == product and (item is None or line.record.fields[0] in (item, None))
        return line if fits else None
    free = [line for line in lines if line.number not in used and line.product == product]
    if item is not None:
        for line in free:
            if line.record.fields[0] == item:
                return line
        free = [line for line in free if line.record.fields[0] is None]
    for line in free:
        if line.record.fields[1] == quantity:
            return line
    return free[0] if free else None


def _merged(rows: Sequence[Row]) -> Record:
    """The order's facts by rows that differ."""
    record = _empty(len(ORDER_FIELDS))
    for row in rows:
        record.merge(order_fields(row), row[FACT_AT])  # type: ignore[arg-type]
    return record


def _sums(lines: Sequence[Line]) -> Sums:
    """The sums over an order's lines."""
    shipped = units_shipped([line.shipping() for line in lines])
    return summarise([line.facts(units) for line, units in zip(lines, shipped, strict=True)])


def _empty(width: int) -> Record:
    return Record([None] * width, -1, {})


def _money(sums: Sums) -> tuple[int | None, str | None]:
    """Total and currency, both or neither."""
    return (sums.total, sums.currency) if sums.total is not None and sums.currency else (None, None)


def _ours(action: str | None) -> bool:
    """Whether a cancellation of this store's journal left for the order and was not refused."""
    kind, _, state = (action or "").partition(":")
    return kind == "cancel" and state in ("sent", "accepted", "ok", "unknown", "confirmed")
