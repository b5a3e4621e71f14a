"""The registry of report files: one ReportFormat for each kind.

To add a kind: append it to `orders.enums.ReportKind` and describe it in REPORT_FORMATS. Everything else (reading,
import order, file picker, messages) asks the description; `tests/amazon/reports/test_report_kind.py` names what is
missing.

The kind is told by the names in the header, never by the file's name or the order of columns (AMAZON.md h).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum, auto

import msgspec

from ordertui.orders.enums import ReportKind

COLUMNS: dict[str, tuple[str, ...]] = {
    "order_id": ("amazon-order-id", "order-id"),
    "item_id": ("order-item-id",),
    "channel": ("fulfillment-channel",),
    "sales_channel": ("sales-channel",),
    "status": ("order-status",),
    "item_status": ("item-status",),
    "purchased": ("purchase-date",),
    "ship_by": ("latest-ship-date", "promise-date"),
    "updated": ("last-updated-date",),
    "sku": ("sku",),
    "asin": ("asin",),
    "title": ("product-name",),
    "quantity": ("quantity-purchased", "quantity"),
    "shipped": ("quantity-shipped",),
    "currency": ("currency",),
    "item_price": ("item-price",),
    "item_tax": ("item-tax",),
    "shipping_price": ("shipping-price",),
    "shipping_tax": ("shipping-tax",),
    "gift_wrap_price": ("gift-wrap-price",),
    "gift_wrap_tax": ("gift-wrap-tax",),
    "item_promotion": ("item-promotion-discount",),
    "ship_promotion": ("ship-promotion-discount",),
    "requested": ("is-buyer-requested-cancellation",),
    "request_reason": ("buyer-requested-cancel-reason",),
    "replacement": ("is-replacement-order",),
    "business": ("is-business-order",),
    "prime": ("is-prime",),
    "item_promotion_id": ("item-promotion-id",),
    "ship_promotion_id": ("ship-promotion-id",),
}
"""Field to its possible column names; the first in the header is read. Buyers' names and addresses are never read."""
FIELDS = tuple(COLUMNS)
"""The fields that are read of an order report's row, in this order."""
FIELD_INDEX = {name: index for index, name in enumerate(FIELDS)}
AMOUNT_FIELDS = FIELDS[FIELD_INDEX["item_price"] : FIELD_INDEX["ship_promotion"] + 1]
READ_NAMES = frozenset(name for names in COLUMNS.values() for name in names)
"""Names of the columns that are read."""


class ReportContent(IntEnum):
    """What the rows of a file are, in the order in which files are imported.

    Known orders tell a Cancellation Rate report its marketplace, and a processing report answers for known batches.
    """

    ORDER_LINES = auto()
    """One order item in each row: `reader.read_orders`."""
    RATE_ENTRIES = auto()
    """One cancelled order in each row: `cancellation_rate.read_rate`."""
    FEED_RESULTS = auto()
    """Amazon's answer to a feed: `processing_report.parse_report`."""


class StatusSource(Enum):
    """Where the status of an order line is taken from."""

    COLUMNS = auto()
    """The row states channel, order status, item status and time of update."""
    UNITS_SHIPPED = auto()
    """The seller ships; the order is partially shipped when any unit is, else unshipped."""
    NOT_STATED = auto()
    """The seller ships; the report does not tell the status."""


class ReportFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of report file is recognised, read and named."""

    kind: ReportKind
    title: str
    """Amazon's name of the report, as the file picker and messages show it."""
    title_in_sentence: str = ""
    """The title with its article where a sentence needs one; empty: as `title`."""
    content: ReportContent
    identifying: tuple[tuple[str, ...], ...] = ()
    """The header must have one column of each group. The first of a group is the one asked for when none is there."""
    markers: tuple[bytes, ...] = ()
    """Lower-case texts one of which stands at the beginning of a file that has no header."""
    expected: tuple[str, ...] = ()
    """Columns whose absence is told to the operator; the file is read all the same."""
    status_source: StatusSource = StatusSource.NOT_STATED
    names_every_line: bool = False
    """Whether it names every line of an order that it names; else a plan warns of orders that only such reports name.

    An Unshipped report names the lines that are still to ship (AMAZON.md h).
    """
    may_show_buyer_requests: bool = False
    """Whether Amazon can add the column is-buyer-requested-cancellation; its absence is told."""


REPORT_FORMATS: dict[ReportKind, ReportFormat] = {
    one.kind: one
    for one in (
        ReportFormat(
            kind=ReportKind.CANCELLATION_RATE,
            title="Cancellation Rate",
            title_in_sentence="the Cancellation Rate report",
            content=ReportContent.RATE_ENTRIES,
            identifying=(("order-id",), ("order-date",), ("impacts-account-health",)),
        ),
        ReportFormat(
            kind=ReportKind.ALL_ORDERS,
            title="All Orders",
            content=ReportContent.ORDER_LINES,
            identifying=(("amazon-order-id",), ("order-status",)),
            expected=(
                "last-updated-date", "order-status", "fulfillment-channel", "sales-channel", "sku", "quantity",
                "currency", "item-price",
            ),
            status_source=StatusSource.COLUMNS,
            names_every_line=True,
        ),
        ReportFormat(
            kind=ReportKind.UNSHIPPED,
            title="Unshipped orders",
            content=ReportContent.ORDER_LINES,
            identifying=(
                ("order-id",),
                ("order-item-id", "sku"),
                ("promise-date", "quantity-to-ship", "days-past-promise", "reporting-date"),
            ),
            expected=(
                "order-item-id", "promise-date", "quantity-purchased", "quantity-shipped", "sku", "sales-channel",
                "is-buyer-requested-cancellation",
            ),
            status_source=StatusSource.UNITS_SHIPPED,
            may_show_buyer_requests=True,
        ),
        ReportFormat(
            kind=ReportKind.NEW_ORDERS,
            title="New orders",
            content=ReportContent.ORDER_LINES,
            identifying=(("order-id",), ("order-item-id", "sku"), ("item-price", "payments-date")),
            expected=("order-item-id", "quantity-purchased", "sku", "currency", "item-price", "sales-channel"),
            names_every_line=True,
            may_show_buyer_requests=True,
        ),
        ReportFormat(
            kind=ReportKind.PROCESSING_REPORT,
            title="processing report",
            content=ReportContent.FEED_RESULTS,
            markers=(b"feed processing summary", b"processingreport", b"<amazonenvelope"),
        ),
    )
}  # fmt: skip
"""In the order in which a header is compared: a header that fits two kinds is of the first."""


def normalize_name(name: str) -> str:
    """Return a header cell for comparison: lower case, spaces and underscores as hyphens, no quotes."""
    return name.strip().strip('"').strip().lower().replace(" ", "-").replace("_", "-")


def recognize(header: Sequence[str], beginning: bytes) -> ReportKind | None:
    """Return the kind of a file by its normalized header, else by markers in its first bytes; None if unknown."""
    names = set(header)
    for one in REPORT_FORMATS.values():
        if one.identifying and all(names.intersection(group) for group in one.identifying):
            return one.kind
    start = beginning[:400].lower()
    return next((one.kind for one in REPORT_FORMATS.values() if any(mark in start for mark in one.markers)), None)


def closest_kind(header: Sequence[str]) -> tuple[str, list[str]] | None:
    """Return the title of the report that an unknown header resembles most, and the columns it lacks; None: no one."""
    names = set(header)
    needed = {one.title_in_sentence or one.title: [group[0] for group in one.identifying] for one in _with_header()}
    title = max(needed, key=lambda one: len(names.intersection(needed[one])) / len(needed[one]))
    lacking = [name for name in needed[title] if name not in names]
    return (title, lacking) if len(lacking) < len(needed[title]) else None


def titles_with_header() -> list[str]:
    """Return the titles of reports that are known by their header, in the order of ReportKind."""
    known = _with_header()
    return [one.title for kind in ReportKind for one in known if one.kind is kind]


def _with_header() -> list[ReportFormat]:
    return [one for one in REPORT_FORMATS.values() if one.identifying]


def column_positions(header: Sequence[str]) -> tuple[int | None, ...]:
    """Return for each of FIELDS the index of its column in the header, or None."""
    found = {name: index for index, name in reversed(list(enumerate(header)))}
    return tuple(next((found[name] for name in COLUMNS[field] if name in found), None) for field in FIELDS)


def missing_columns(kind: ReportKind, header: Sequence[str]) -> tuple[str, ...]:
    """Return the expected columns that the header lacks."""
    return tuple(name for name in REPORT_FORMATS[kind].expected if name not in header)
