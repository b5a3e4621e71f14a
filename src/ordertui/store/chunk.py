"""One chunk of an import: new orders built in one go, known ones merged by `merge.Record`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ordertui.orders.report_row import FACT_AT, ITEM_ID, PRICE, SKU, Row

from .database import slices
from .derive import LineFacts, buyer_request, cancelled_by, price_total, situation, summarise
from .merge import LINE_FIELDS, ORDER_FIELDS, Record, pack, unpack
from .products import Products
from .reads import KINDS

_MARKET, _CHANNEL, _STATUS, _ITEM_STATUS, _PURCHASED, _SHIP_BY, _ASIN, _TITLE, _QUANTITY, _SHIPPED, _CURRENCY = (
    3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15,
)  # fmt: skip
_REQUEST, _REASON, _REPLACEMENT, _BUSINESS, _PRIME = 24, 25, 26, 27, 28
_ENUM = frozenset({"channel", "status", "replacement", "business", "prime"})
_OLD_ORDER = (
    "id, marketplace, channel, status, purchased_at, ship_by, replacement, business, prime, dispatched, refunded, open_action,"
    " sources, at, ages"
)


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


class Line:
    """A line while it is merged."""

    __slots__ = ("fresh", "number", "product", "record", "touched")

    def __init__(self, number: int, product: int, record: Record, *, fresh: bool) -> None:
        self.number = number
        self.product = product
        self.record = record
        self.fresh = fresh
        self.touched = fresh

    def facts(self) -> LineFacts:
        """What sums are made of."""
        _, quantity, shipped, status, currency, price, request = self.record.fields
        total = None if price is None else price_total(price)
        return status, quantity, shipped, currency, total, request[0] if request else None

    def values(self, order: int) -> tuple[object, ...]:
        """The columns of `lines`."""
        item, quantity, shipped, status, currency, price, request = self.record.fields
        asked, reason = request or (None, None)
        return (
            order, self.number, self.product, item, quantity, shipped, status, currency, *(price or (None,) * 8),
            asked, reason or None, self.record.at, pack(self.record.ages),
        )  # fmt: skip


class Chunk:
    """Builds and merges the orders of one chunk."""

    def __init__(
        self, connection: sqlite3.Connection, products: Products, deadline: Callable[[str, int], int | None], kind: str
    ) -> None:
        self._connection = connection
        self._products = products
        self._deadline = deadline
        self._bit = 1 << KINDS.index(kind)

    def _product(self, row: Row) -> int:
        return self._products.number(row[_MARKET], row[SKU], row[_ASIN], row[_TITLE], row[FACT_AT])  # type: ignore[arg-type]

    def new(self, row_id: int, order_id: str, rows: Sequence[Row], impacts: int | None) -> NewOrder:
        """A new order from its rows."""
        if len(rows) == 1:
            row = rows[0]
            record = Record(order_fields(row), row[FACT_AT], {}, "order")  # type: ignore[arg-type]
            lines = [Line(1, self._product(row), Record(line_fields(row), row[FACT_AT], {}, "line"), fresh=True)]  # type: ignore[arg-type]
        else:
            record = _empty(len(ORDER_FIELDS), "order")
            lines = []
            for row in rows:
                record.merge(order_fields(row), row[FACT_AT])  # type: ignore[arg-type]
            self._merge_lines(lines, rows)
        f = record.fields
        sums = summarise([line.facts() for line in lines])
        channel, status, replacement = f[1] or "unknown", f[2] or "unknown", f[5] or "unknown"
        by = cancelled_by(status, impacts, False)
        number = situation(
            channel, status, sums.items, sums.units_shipped, "unknown", sums.request, by, "none", replacement
        )
        total, currency = (sums.total, sums.currency) if sums.total is not None and sums.currency else (None, None)
        due = self._deadline(f[0], f[4]) if f[4] is not None else None
        order = (
            row_id, order_id, f[0], channel, status, f[3], f[4], due, sums.items, sums.units_shipped, sums.cancelled_lines,
            total, currency, sums.request, by, replacement, f[6] or "unknown", f[7] or "unknown", number, lines[0].product,
            self._bit | (8 if impacts is not None else 0), record.at, pack(record.ages),
        )  # fmt: skip
        return NewOrder(order, [line.values(row_id) for line in lines])

    def merge(self, old: Sequence[tuple[int, str, list[Row]]], impacts: Mapping[str, int]) -> int:
        """Merge rows into known orders; gives how many orders changed."""
        changed = 0
        for part in slices(old):
            ids = [row_id for row_id, _, _ in part]
            heads = self._heads(ids)
            lines = self._lines(ids)
            asked = self._asked(ids)
            for row_id, order_id, rows in part:
                changed += self._merge_one(
                    row_id, rows, heads[row_id], lines[row_id], impacts.get(order_id), asked.get(row_id)
                )
        return changed

    def _heads(self, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
        found = self._connection.execute(
            f"SELECT {_OLD_ORDER} FROM orders WHERE id IN ({','.join('?' * len(ids))})", ids
        )
        return {v[0]: v for v in found}

    def _lines(self, ids: Sequence[int]) -> dict[int, list[Line]]:
        found: dict[int, list[Line]] = {row_id: [] for row_id in ids}
        for v in self._connection.execute(
            "SELECT order_id, line, product_id, item_id, quantity, quantity_shipped, status, currency, item_price, item_tax,"
            " shipping_price, shipping_tax, gift_wrap_price, gift_wrap_tax, item_promotion, ship_promotion, buyer_request,"
            f" request_reason, at, ages FROM lines WHERE order_id IN ({','.join('?' * len(ids))}) ORDER BY order_id, line",
            ids,
        ):
            price = None if v[8] is None else tuple(v[8:16])
            request = None if v[16] is None else (v[16], v[17] or "")
            record = Record([*v[3:8], price, request], v[18], unpack(v[19]), "line")
            found[v[0]].append(Line(v[1], v[2], record, fresh=False))
        return found

    def _asked(self, ids: Sequence[int]) -> dict[int, int]:
        found = self._connection.execute(
            f"SELECT order_id, asked FROM operator_facts WHERE asked IS NOT NULL AND order_id IN ({','.join('?' * len(ids))})",
            ids,
        )
        return dict(found.fetchall())

    def _merge_one(
        self,
        row_id: int,
        rows: Sequence[Row],
        head: tuple[Any, ...],
        lines: list[Line],
        impacts: int | None,
        asked: int | None,
    ) -> bool:
        fields = [
            None if name in _ENUM and value == "unknown" else value
            for name, value in zip(ORDER_FIELDS, head[1:9], strict=True)
        ]
        record = Record(fields, head[13], unpack(head[14]), "order")
        changed = touched = False
        for row in rows:
            values, moved = record.merge(order_fields(row), row[FACT_AT])  # type: ignore[arg-type]
            changed |= values
            touched |= moved
        first = lines[0].product if lines else None
        changed |= self._merge_lines(lines, rows)
        if head[12] & self._bit == 0:
            touched = True
        dirty = [line for line in lines if line.touched]
        if not (changed or touched or dirty):
            return False
        for line in dirty:
            self._write_line(row_id, line)
        self._write_order(row_id, record, head, lines, impacts, asked, changed)
        if first is None and lines:
            self._connection.execute("UPDATE orders SET product_id = ? WHERE id = ?", (lines[0].product, row_id))
        return changed

    def _merge_lines(self, lines: list[Line], rows: Sequence[Row]) -> bool:
        """Give each row its line: by item id, else the next free line of its SKU; gives whether a value changed."""
        changed = False
        used: set[int] = set()
        for row in rows:
            product = self._product(row)
            line = _matching(lines, used, product, row[ITEM_ID])
            at: Any = row[FACT_AT]
            if line is None:
                line = Line(len(lines) + 1, product, _empty(len(LINE_FIELDS), "line"), fresh=True)
                lines.append(line)
            used.add(line.number)
            values, moved = line.record.merge(line_fields(row), at)
            changed |= values or line.fresh
            line.touched |= moved
        return changed

    def _write_line(self, order: int, line: Line) -> None:
        v = line.values(order)
        if line.fresh:
            self._connection.execute(f"INSERT INTO lines VALUES ({','.join('?' * len(v))})", v)
            return
        self._connection.execute(
            "UPDATE lines SET item_id = ?, quantity = ?, quantity_shipped = ?, status = ?, currency = ?, item_price = ?, item_tax = ?,"
            " shipping_price = ?, shipping_tax = ?, gift_wrap_price = ?, gift_wrap_tax = ?, item_promotion = ?, ship_promotion = ?,"
            " buyer_request = ?, request_reason = ?, at = ?, ages = ? WHERE order_id = ? AND line = ?",
            (*v[3:], order, line.number),
        )

    def _write_order(
        self,
        row_id: int,
        record: Record,
        head: tuple[Any, ...],
        lines: Sequence[Line],
        impacts: int | None,
        asked: int | None,
        changed: bool,
    ) -> None:
        f: list[Any] = [
            value if name not in _ENUM or value is not None else "unknown"
            for name, value in zip(ORDER_FIELDS, record.fields, strict=True)
        ]
        market, channel, status, purchased, ship_by, replacement, business, prime = f
        sums = summarise([line.facts() for line in lines])
        dispatched, back, action, sources = head[9:13]
        by = cancelled_by(status, impacts, self._ours(row_id, action))
        request = buyer_request(sums.request, asked)
        number = situation(channel, status, sums.items, sums.units_shipped, dispatched, request, by, back, replacement)
        total, currency = (sums.total, sums.currency) if sums.total is not None and sums.currency else (None, None)
        due = self._deadline(market, ship_by) if ship_by is not None else None
        self._connection.execute(
            "UPDATE orders SET marketplace = ?, channel = ?, status = ?, purchased_at = ?, ship_by = ?, auto_cancel_at = ?, items = ?,"
            " units_shipped = ?, cancelled_lines = ?, total = ?, currency = ?, buyer_request = ?, cancelled_by = ?, replacement = ?,"
            " business = ?, prime = ?, situation = ?, sources = ?, at = ?, ages = ?, version = version + ? WHERE id = ?",
            (market, channel, status, purchased, ship_by, due, sums.items, sums.units_shipped, sums.cancelled_lines, total, currency,
             request, by, replacement, business, prime, number, sources | self._bit, record.at, pack(record.ages), int(changed), row_id),
        )  # fmt: skip
        self._confirm(row_id, status, action)

    def _ours(self, row_id: int, action: str | None) -> bool:
        """Whether a cancellation of this store's journal left for the order and was not refused."""
        if not action or not action.startswith("cancel:"):
            return False
        return action.partition(":")[2] in ("sent", "accepted", "ok", "unknown", "confirmed")

    def _confirm(self, row_id: int, status: str, action: str | None) -> None:
        """A report that shows what a batch asked for confirms the batch's row."""
        kind, _, state = (action or "").partition(":")
        if (kind, status) not in (("cancel", "cancelled"), ("confirm", "shipped")) or state not in (
            "sent",
            "accepted",
            "ok",
            "unknown",
        ):
            return
        self._connection.execute(
            "UPDATE batch_rows SET state = 'confirmed', is_open = 0 WHERE order_id = ? AND is_open = 1", (row_id,)
        )
        self._connection.execute(
            "UPDATE orders SET state = 'confirmed', open_action = ? WHERE id = ?", (f"{kind}:confirmed", row_id)
        )


def _empty(width: int, what: str) -> Record:
    return Record([None] * width, -1, {}, what)


def _matching(lines: Sequence[Line], used: set[int], product: int, item: object) -> Line | None:
    """The line a row is about, not yet used by this report."""
    free = [line for line in lines if line.number not in used and line.product == product]
    if item is not None:
        for line in free:
            if line.record.fields[0] == item:
                return line
        return next((line for line in free if line.record.fields[0] is None), None)
    return free[0] if free else None
