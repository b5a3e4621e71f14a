"""Write the rows of a plan as the bytes of its feed files: pure, so that what is previewed is what is written."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec

from ordertui.amazon import feeds
from ordertui.orders.enums import Action
from ordertui.store.engine.kept_files import LEVEL, as_kept, kept_pieces

from .plan import Plan, PlanFile, PlanLine, PlannedOrder

FILE_NAMES = {
    Action.CANCEL: "order-cancellation", Action.REFUND: "payment-adjustment", Action.CONFIRM: "shipping-confirmation",
}  # fmt: skip
ROWS_AT_ONCE = 1_000
"""Orders whose bytes are made and checked at a time."""


def first_message_id(plan_id: str) -> int:
    """Return the MessageID of a plan's first XML message.

    It is derived from the plan, so that a report of another batch names other messages.
    """
    return (int(plan_id[:6], 16) + 1) * 100_000 + 1


class BuiltFile(msgspec.Struct, frozen=True):
    """A feed file with its bytes, as the store keeps them."""

    file: PlanFile
    kept: bytes
    """Compressed when it is large; see `store.engine.kept_files`."""

    @property
    def content(self) -> bytes:
        """The whole file."""
        return b"".join(kept_pieces(self.kept))


class FeedRows(msgspec.Struct, frozen=True):
    """Rows that leave together, and what their feed says of all of them."""

    plan_id: str
    action: Action
    marketplace: str
    rows: Sequence[PlannedOrder]
    merchant_id: str


def feed_rows(plan: Plan, merchant_id: str) -> FeedRows:
    """Return all rows of a plan."""
    return FeedRows(plan.id, plan.action, plan.marketplace, plan.rows, merchant_id)


def build_feed_files(source: FeedRows, between: Callable[[], None] = lambda: None) -> tuple[BuiltFile, ...]:
    """Return the flat file to upload, and the XML feed that says the same; nothing without rows, and for messages.

    Both are held against what Amazon takes (`feeds.check_flat_file`, `feeds.check_feed`). `between` is called now and
    then, and may raise. Raises FeedError.
    """
    pressed = zlib.compressobj(LEVEL), zlib.compressobj(LEVEL)
    kept: tuple[list[bytes], list[bytes]] = ([], [])

    def keep(place: int, content: bytes) -> None:
        kept[place].append(pressed[place].compress(content))

    files = _describe(source.action, _parts(source, between), keep)
    whole = [b"".join((*parts, one.flush())) for parts, one in zip(kept, pressed, strict=True)]
    return tuple(BuiltFile(file, as_kept(content, file.size)) for file, content in zip(files, whole, strict=False))


def describe_feed_files(source: FeedRows, between: Callable[[], None] = lambda: None) -> tuple[PlanFile, ...]:
    """Return what `build_feed_files` makes, without the bytes: only those of few orders at a time are in memory."""
    return _describe(source.action, _parts(source, between))


def _parts(source: FeedRows, between: Callable[[], None]) -> Iterator[tuple[bytes, bytes]]:
    """Yield both files part by part: each part is made and checked as a whole file, and joined without its frame."""
    action, marketplace, rows, merchant_id = source.action, source.marketplace, source.rows, source.merchant_id
    if action is Action.MESSAGE:
        return
    number = first_message_id(source.plan_id)
    promotions = action is Action.REFUND and any(feeds.takes_promotion_off(item) for item in _refunds(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        between()
        if action is Action.CANCEL:
            cancels = _cancels(part)
            flat = feeds.cancellation_flat(cancels, marketplace=marketplace)
            xml = feeds.acknowledgement_xml(cancels, merchant_id, number, marketplace=marketplace)
        elif action is Action.REFUND:
            refunds = list(_refunds(part))
            flat = feeds.adjustment_flat(refunds, marketplace=marketplace, with_promotions=promotions)
            xml = feeds.adjustment_xml(refunds, merchant_id, number, marketplace=marketplace)
        else:
            shipments = _shipments(part)
            flat = feeds.fulfillment_flat(shipments, marketplace=marketplace)
            xml = feeds.fulfillment_xml(shipments, merchant_id, number, marketplace=marketplace)
        between()
        feeds.check_flat_file(flat, action, marketplace)
        feeds.check_feed(xml, feeds.MESSAGE_TYPES[action])
        number += len(part)
        is_first, is_last = start == 0, start + len(part) == len(rows)
        yield (
            flat if is_first else feeds.without_header(flat, action),
            feeds.part_of_feed(xml, is_first=is_first, is_last=is_last),
        )


def _describe(
    action: Action,
    parts: Iterable[tuple[bytes, bytes]],
    keep: Callable[[int, bytes], None] = lambda _place, _content: None,
) -> tuple[PlanFile, ...]:
    """Return the names, sizes and checksums of both files; none without parts. `keep` takes their bytes: which of the
    two, and a part of it.
    """
    sums, sizes = (sha256(), sha256()), [0, 0]
    for part in parts:
        for place, content in enumerate(part):
            sums[place].update(content)
            sizes[place] += len(content)
            keep(place, content)
    if not sizes[0]:
        return ()
    name, kind = FILE_NAMES[action], feeds.FEED_TYPES[action]
    return (
        PlanFile(f"{name}.txt", kind.flat, True, sizes[0], sums[0].hexdigest()),
        PlanFile(f"{name}.xml", kind.xml, False, sizes[1], sums[1].hexdigest()),
    )


def feed_problem(action: Action, marketplace: str, row: PlannedOrder) -> str:
    """Return why Amazon would refuse a row, or an empty text; one bad order must not stop a whole plan."""
    try:
        if action is Action.CANCEL:
            feeds.validate_items(_cancels([row]), marketplace)
        elif action is Action.REFUND:
            feeds.validate_items(_refunds([row]), marketplace)
        elif action is Action.CONFIRM:
            feeds.validate_items(_shipments([row]), marketplace)
    except feeds.FeedError as error:
        return str(error)
    return ""


def _cancels(rows: Sequence[PlannedOrder]) -> list[feeds.CancelItem]:
    return [
        feeds.CancelItem(row.order_id, line.order_item_id, line.reason or row.reason)
        for row in rows
        for line in row.lines
    ]


def _refunds(rows: Iterable[PlannedOrder]) -> Iterator[feeds.RefundItem]:
    return (_refund(row, line) for row in rows for line in row.lines)


def _shipments(rows: Sequence[PlannedOrder]) -> list[feeds.ShipItem]:
    return [shipment(row, line) for row in rows for line in row.lines]


def flat_file_records(rows: Sequence[PlannedOrder]) -> list[tuple[str, str]]:
    """Return (order id, order item id) of each data row of the flat file; a processing report counts them from 1."""
    return [(row.order_id, line.order_item_id) for row in rows for line in row.lines]


def _refund(row: PlannedOrder, line: PlanLine) -> feeds.RefundItem:
    assert line.refund is not None, "a refund row has amounts on each line"
    return feeds.RefundItem(
        row.order_id, line.order_item_id, row.reason, row.currency or "", line.refund, line.cancelled,
        line.item_promotion_id, line.ship_promotion_id,
    )  # fmt: skip


def shipment(row: PlannedOrder, line: PlanLine) -> feeds.ShipItem:
    """Return a line of an order whose parcel left, as the feeds write it."""
    code, name = feeds.carrier_code(row.carrier)
    return feeds.ShipItem(
        order_id=row.order_id,
        item_id=line.order_item_id,
        quantity=line.quantity,
        ship_date=row.ship_date,
        carrier_code=code,
        carrier_name=name,
        tracking=row.tracking,
        method="",
    )
