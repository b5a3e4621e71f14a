"""The merge of report rows into a known order: newer facts win, rows are matched to lines, sums are computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ordertui.orders.batch_state import POSSIBLY_DONE, UNCONFIRMED, open_action
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
from ordertui.store.field_merge import LINE_FIELDS, SHIPPED_FIELD, FieldRegister, pack, unpack

from .changeset import ImportChangeset, TableRow
from .fast_merge import merge_newer_report
from .new_order import money
from .products import Products
from .row_layout import line_fields, order_fields

EXISTING_ORDER_COLUMNS = (
    "order_id, id, marketplace, channel, status, purchased_at, ship_by, replacement, business, prime, dispatched,"
    " refunded, open_action,"
    " sources, at, ages, product_id, units_shipped, digest, state, amazon_counts"
)
"""The columns of `orders` that joining needs; the first eight after the ids are ORDER_FIELDS."""
OPEN_ACTION, DIGEST, _STATE, _AMAZON = 12, 18, 19, 20
_ORDER_ID, _ID, _DISPATCHED, _REFUNDED, _SOURCES, _AT, _FIELD_DATES, _PRODUCT, _UNITS = 0, 1, 10, 11, 13, 14, 15, 16, 17
_FACTS = slice(2, 10)
_SHOWS = {Action.CANCEL: OrderStatus.CANCELLED, Action.CONFIRM: OrderStatus.SHIPPED}
"""The status that shows that an action came through."""


class MergedLine:
    """One line of an order while rows are merged into it."""

    __slots__ = ("is_new", "number", "product", "register", "touched")

    def __init__(self, number: int, product: int, register: FieldRegister, *, is_new: bool) -> None:
        self.number = number
        self.product = product
        self.register = register
        self.is_new = is_new
        self.touched = is_new
        """Whether the line is to be written."""

    @classmethod
    def stored(cls, v: TableRow) -> MergedLine:
        """Return a line from the columns LINE_COLUMNS."""
        price = None if v[8] is None else tuple(v[8:16])
        request = None if v[16] is None else (v[16], v[17] or "")
        return cls(v[1], v[2], FieldRegister([*v[3:8], price, request], v[18], unpack(v[19])), is_new=False)

    def facts(self, shipped: int | None) -> LineFacts:
        """Return the facts of the line, for the sums over lines."""
        _, quantity, _, status, currency, price, request = self.register.fields
        total = None if price is None else price_total(price)
        return status, quantity, shipped, currency, total, request[0] if request else None

    def shipping(self) -> Shipping:
        """Return how far the line has been shipped, by the reports."""
        register = self.register
        _, quantity, shipped, status, *_ = register.fields
        shipped_at = None if shipped is None else register.field_dates.get(SHIPPED_FIELD, register.at)
        return Shipping(status, quantity, shipped, register.at, shipped_at)

    def values(self, order: int) -> TableRow:
        """Return the columns LINE_COLUMNS."""
        item, quantity, shipped, status, currency, price, request = self.register.fields
        asked, reason = request or (None, None)
        return (
            order, self.number, self.product, item, quantity, shipped, status, currency, *(price or (None,) * 8),
            asked, reason or None, self.register.at, pack(self.register.field_dates),
        )  # fmt: skip


class _OrderState(NamedTuple):
    fields: Sequence[Any]
    """In the order of ORDER_FIELDS."""
    at: int
    field_dates: str | None
    sums: Sums
    product: int | None
    """The product of its first line."""
    digest: int | None
    changed: bool
    """Whether a value changed."""
    moved: bool
    """Whether the date of a field changed."""


class OrderMerger:
    """Merges rows into known orders, and adds what is to be written to a changeset."""

    def __init__(self, products: Products, source: int, changes: ImportChangeset, impacts: Mapping[str, int]) -> None:
        self._products = products
        self._source = source
        self._changes = changes
        self._impacts = impacts

    def merge_newer_report(
        self, rows: Sequence[ReportRow], digest: int, head: TableRow, stored: Sequence[TableRow], asked: int | None
    ) -> bool | None:
        """Do what `merge` does when the rows are newer and list the lines in order; return None when they do not.

        Only for an order of which the import has named no line.
        """
        if head[_FIELD_DATES] is not None:
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
        merged = _OrderState(after.fields, after.at, after.field_dates, sums, product, digest, changed, moved=True)
        self._add_order(head, merged, asked)
        return changed

    def merge(
        self,
        rows: Sequence[ReportRow],
        digest: int | None,
        head: TableRow,
        stored: Sequence[TableRow],
        used: set[int],
        asked: int | None,
    ) -> bool:
        """Merge the rows of one order; return whether a value changed. Adds the numbers of their lines to `used`.

        `asked` is the operator's note that the buyer asked in a message, None without a note.
        """
        fields = [None if value == "unknown" else value for value in head[_FACTS]]
        register = FieldRegister(fields, head[_AT], unpack(head[_FIELD_DATES]))
        changed = moved = False
        before: tuple[object, object] | None = None
        for row in rows:
            facts = order_fields(row), row[FACT_AT]
            if facts != before:  # rows of one order repeat its facts
                has_changed, has_moved = register.merge(*facts)  # type: ignore[arg-type]
                changed |= has_changed
                moved |= has_moved
                before = facts
        first = not used
        lines = [MergedLine.stored(v) for v in stored]
        changed |= self._merge_lines(lines, rows, used)
        if not first or len(used) != len(rows) or max(used) != len(rows):
            digest = None  # it stands for the order's first lines
        sums = _sums(lines)
        changed = changed or bool(sums.units_shipped != head[_UNITS])
        row_id = head[_ID]
        for line in lines:
            if line.is_new:
                self._changes.new_lines.append(line.values(row_id))
            elif line.touched:
                self._changes.changed_lines.append((*line.values(row_id)[3:], row_id, line.number))
        product = head[_PRODUCT] if head[_PRODUCT] is not None or not lines else lines[0].product
        dates = pack(register.field_dates)
        merged = _OrderState(register.fields, register.at, dates, sums, product, digest, changed, moved)
        self._add_order(head, merged, asked)
        return changed

    def _merge_lines(self, lines: list[MergedLine], rows: Sequence[ReportRow], used: set[int]) -> bool:
        """Merge each row into its line, whose number is added to `used`; return whether a value changed."""
        changed = False
        for row in rows:
            product = self._products.of(row)
            line = match_line(lines, used, product, row[ITEM_ID], row[QUANTITY])
            at: Any = row[FACT_AT]
            if line is None:
                register = FieldRegister([None] * len(LINE_FIELDS), -1, {})
                line = MergedLine(len(lines) + 1, product, register, is_new=True)
                lines.append(line)
            used.add(line.number)
            values, moved = line.register.merge(line_fields(row), at)
            changed |= values or line.is_new
            line.touched |= moved
        return changed

    def _add_order(self, head: TableRow, merged: _OrderState, asked: int | None) -> None:
        row_id, sources, changes = head[_ID], head[_SOURCES] | self._source, self._changes
        fields, at, field_dates, sums, product, digest, changed, moved = merged
        status = fields[2] or "unknown"
        action = open_action(head[OPEN_ACTION], head[_STATE])
        if changed:
            market, channel, _, purchased, ship_by, replacement, business, prime = fields
            channel, replacement = channel or "unknown", replacement or "unknown"
            # a cancellation of this store's journal left for the order and was not refused
            ours = action is not None and action.kind is Action.CANCEL and action.state in POSSIBLY_DONE
            by = cancelled_by(status, self._impacts.get(head[_ORDER_ID]), ours=ours)
            request = buyer_request(sums.request, asked)
            number = situation(
                (channel, status, sums.items, sums.units_shipped, head[_DISPATCHED], request, by, head[_REFUNDED],
                 replacement, head[_AMAZON])
            )  # fmt: skip
            changes.changed_ids.append(row_id)
            changes.changed_orders.append(
                (market, channel, status, purchased, ship_by, sums.items, sums.units_shipped, sums.cancelled_lines,
                 *money(sums), request, by, replacement, business or "unknown", prime or "unknown", number, product,
                 sources, at, field_dates, digest)
            )  # fmt: skip
            if status == "cancelled":
                changes.cancelled.append(head[_ORDER_ID])
        elif moved or sources != head[_SOURCES] or (head[DIGEST] is None and digest is not None):
            changes.dated_orders.append((sources, at, field_dates, digest, row_id))
        if action is not None and action.state in UNCONFIRMED and _SHOWS.get(action.kind) == status:
            changes.shown.append((row_id, action.kind.value))


def match_line(
    lines: Sequence[MergedLine], used: set[int], product: int, item: object, quantity: object
) -> MergedLine | None:
    """Return the line that a row is about, among those that this report has not named yet; None for a new line.

    It has the row's item id, else its SKU, and then the row's quantity if one has.
    """
    if len(lines) == 1 and not used:  # nearly all orders have one line
        (line,) = lines
        fits = line.product == product and (item is None or line.register.fields[0] in (item, None))
        return line if fits else None
    free = [line for line in lines if line.number not in used and line.product == product]
    if item is not None:
        for line in free:
            if line.register.fields[0] == item:
                return line
        free = [line for line in free if line.register.fields[0] is None]
    for line in free:
        if line.register.fields[1] == quantity:
            return line
    return free[0] if free else None


def _sums(lines: Sequence[MergedLine]) -> Sums:
    shipped = units_shipped([line.shipping() for line in lines])
    return summarise([line.facts(units) for line, units in zip(lines, shipped, strict=True)])
