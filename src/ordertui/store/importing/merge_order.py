"""Rows of a report joined into an order that is known: newer facts win, lines are told apart, sums are made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ordertui.orders.batch_state import POSSIBLY_DONE, UNCONFIRMED, OpenAction, open_action
from ordertui.orders.enums import Action, OrderStatus
from ordertui.orders.report_row import ASIN, FACT_AT, ITEM_ID, MARKETPLACE, QUANTITY, SKU, TITLE, ReportRow
from ordertui.store.derived_facts import (
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
from ordertui.store.field_merge import LINE_FIELDS, SHIPPED_FIELD, Record, pack, unpack

from .changeset import ImportChangeset, TableRow
from .fast_merge import merge_newer_report
from .new_order import money
from .products import Products
from .row_layout import line_fields, order_fields

EXISTING_ORDER_COLUMNS = (
    "order_id, id, marketplace, channel, status, purchased_at, ship_by, replacement, business, prime, dispatched, refunded, open_action,"
    " sources, at, ages, product_id, units_shipped, digest, state"
)
"""The columns of `orders` that joining needs; the first eight after the ids are ORDER_FIELDS."""
OPEN_ACTION, DIGEST, _STATE = 12, 18, 19
_ORDER_ID, _ID, _DISPATCHED, _REFUNDED, _SOURCES, _AT, _AGES, _PRODUCT, _UNITS = 0, 1, 10, 11, 13, 14, 15, 16, 17
_FACTS = slice(2, 10)
_SHOWS = {Action.CANCEL: OrderStatus.CANCELLED, Action.CONFIRM: OrderStatus.SHIPPED}
"""The status that shows that an action came through."""


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
    def stored(cls, v: TableRow) -> Line:
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

    def values(self, order: int) -> TableRow:
        """The columns of `lines`."""
        item, quantity, shipped, status, currency, price, request = self.record.fields
        asked, reason = request or (None, None)
        return (
            order, self.number, self.product, item, quantity, shipped, status, currency, *(price or (None,) * 8),
            asked, reason or None, self.record.at, pack(self.record.ages),
        )  # fmt: skip


class OrderMerger:
    """Joins rows into known orders; what it finds goes into lists of `ImportChangeset`."""

    def __init__(self, products: Products, source: int, changes: ImportChangeset, impacts: Mapping[str, int]) -> None:
        self._products = products
        self._source = source
        self._changes = changes
        self._impacts = impacts

    def merge_newer_report(
        self, rows: Sequence[ReportRow], digest: int, head: TableRow, stored: Sequence[TableRow], asked: int | None
    ) -> bool | None:
        """Join one order's rows as `join` does, when they are newer and name its lines in their order; None when they do not.

        Only for an order of which the import has named no line.
        """
        if head[_AGES] is not None:
            return None
        number = self._products.number
        products = [number(row[MARKETPLACE], row[SKU], row[ASIN], row[TITLE], row[FACT_AT]) for row in rows]  # type: ignore[arg-type]
        after = merge_newer_report(rows, products, head[_FACTS], head[_AT], stored)
        if after is None:
            return None
        sums = summarise(after.facts)
        changed = after.changed or sums.units_shipped != head[_UNITS]
        changes = self._changes
        (changes.unpriced_lines if after.unpriced else changes.changed_lines).extend(after.lines)
        product = head[_PRODUCT] if head[_PRODUCT] is not None else products[0]
        self._put(head, after.fields, after.at, after.ages, sums, product, asked, digest, changed=changed, moved=True)
        return changed

    def join(
        self,
        rows: Sequence[ReportRow],
        digest: int | None,
        head: TableRow,
        stored: Sequence[TableRow],
        used: set[int],
        asked: int | None,
    ) -> bool:
        """Join one order's rows. The numbers of their lines join `used`; gives whether a value changed."""
        fields = [None if value == "unknown" else value for value in head[_FACTS]]
        record = Record(fields, head[_AT], unpack(head[_AGES]))
        changed = moved = False
        before: tuple[object, object] | None = None
        for row in rows:
            facts = order_fields(row), row[FACT_AT]
            if facts != before:  # rows of one order repeat its facts
                values, dates = record.merge(*facts)  # type: ignore[arg-type]
                changed |= values
                moved |= dates
                before = facts
        first = not used
        lines = [Line.stored(v) for v in stored]
        changed |= self._join_lines(lines, rows, used)
        if not first or len(used) != len(rows) or max(used) != len(rows):
            digest = None  # it stands for the order's first lines
        sums = _sums(lines)
        changed = changed or bool(sums.units_shipped != head[_UNITS])
        row_id = head[_ID]
        for line in lines:
            if line.fresh:
                self._changes.new_lines.append(line.values(row_id))
            elif line.touched:
                self._changes.changed_lines.append((*line.values(row_id)[3:], row_id, line.number))
        product = head[_PRODUCT] if head[_PRODUCT] is not None or not lines else lines[0].product
        self._put(
            head,
            record.fields,
            record.at,
            pack(record.ages),
            sums,
            product,
            asked,
            digest,
            changed=changed,
            moved=moved,
        )
        return changed

    def _join_lines(self, lines: list[Line], rows: Sequence[ReportRow], used: set[int]) -> bool:
        """Give each row its line, which joins `used`; gives whether a value changed."""
        changed = False
        for row in rows:
            product = self._products.of(row)
            line = matching(lines, used, product, row[ITEM_ID], row[QUANTITY])
            at: Any = row[FACT_AT]
            if line is None:
                line = Line(len(lines) + 1, product, Record([None] * len(LINE_FIELDS), -1, {}), fresh=True)
                lines.append(line)
            used.add(line.number)
            values, moved = line.record.merge(line_fields(row), at)
            changed |= values or line.fresh
            line.touched |= moved
        return changed

    def _put(
        self,
        head: TableRow,
        fields: Sequence[Any],
        at: int,
        ages: str | None,
        sums: Sums,
        product: int | None,
        asked: int | None,
        digest: int | None,
        *,
        changed: bool,
        moved: bool,
    ) -> None:
        """Put down what is to be written of the order."""
        row_id, sources, changes = head[_ID], head[_SOURCES] | self._source, self._changes
        status = fields[2] or "unknown"
        if changed:
            market, channel, _, purchased, ship_by, replacement, business, prime = fields
            channel, replacement = channel or "unknown", replacement or "unknown"
            by = cancelled_by(
                status, self._impacts.get(head[_ORDER_ID]), _may_be_ours(open_action(head[OPEN_ACTION], head[_STATE]))
            )
            request = buyer_request(sums.request, asked)
            number = situation(
                channel,
                status,
                sums.items,
                sums.units_shipped,
                head[_DISPATCHED],
                request,
                by,
                head[_REFUNDED],
                replacement,
            )
            changes.changed_ids.append(row_id)
            changes.changed_orders.append(
                (market, channel, status, purchased, ship_by, sums.items, sums.units_shipped, sums.cancelled_lines, *money(sums), request,
                 by, replacement, business or "unknown", prime or "unknown", number, product, sources, at, ages, digest)
            )  # fmt: skip
            if status == "cancelled":
                changes.cancelled.append(head[_ORDER_ID])
        elif moved or sources != head[_SOURCES] or (head[DIGEST] is None and digest is not None):
            changes.dated_orders.append((sources, at, ages, digest, row_id))
        action = open_action(head[OPEN_ACTION], head[_STATE])
        if action is not None and action.state in UNCONFIRMED and _SHOWS.get(action.kind) == status:
            changes.shown.append((row_id, action.kind.value))


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


def _sums(lines: Sequence[Line]) -> Sums:
    """The sums over an order's lines."""
    shipped = units_shipped([line.shipping() for line in lines])
    return summarise([line.facts(units) for line, units in zip(lines, shipped, strict=True)])


def _may_be_ours(action: OpenAction | None) -> bool:
    """Return whether a cancellation of this store's journal left for the order and was not refused."""
    return action is not None and action.kind is Action.CANCEL and action.state in POSSIBLY_DONE
