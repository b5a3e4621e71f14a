"""Orders and their lines, as all packages exchange them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntFlag
from typing import Protocol, TypeVar

import msgspec

from .batch_state import OpenAction
from .enums import (
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
from .money import Money

COMPONENTS = (
    "item_price", "item_tax", "shipping_price", "shipping_tax", "gift_wrap_price", "gift_wrap_tax", "item_promotion",
    "ship_promotion",
)  # fmt: skip
"""Names of the money components of a line, in the order of the payment adjustment file. Promotions are positive amounts
that were taken off; a line's total is the first six less the last two.
"""


MIN_ITEM_ID, MAX_ITEM_ID = 14, 16
"""Digits of an order-item-id. Amazon's old schema says 14, item ids of 2025 have 15, and leading zeros matter."""


class LineAmounts(msgspec.Struct, frozen=True):
    """Amounts of one line for its whole quantity, in minor units of one currency."""

    item_price: int = 0
    item_tax: int = 0
    shipping_price: int = 0
    shipping_tax: int = 0
    gift_wrap_price: int = 0
    gift_wrap_tax: int = 0
    item_promotion: int = 0
    ship_promotion: int = 0

    @property
    def total(self) -> int:
        """Amount that the buyer pays for the line: prices and taxes less promotions."""
        prices = self.item_price + self.shipping_price + self.gift_wrap_price
        taxes = self.item_tax + self.shipping_tax + self.gift_wrap_tax
        return prices + taxes - self.item_promotion - self.ship_promotion

    @property
    def is_possible(self) -> bool:
        """Whether a buyer can have paid this. Promotions above all there is to pay are not: then nothing is known."""
        return self.total >= 0

    def minus(self, other: LineAmounts) -> LineAmounts:
        """Return these amounts less `other`, component by component."""
        return LineAmounts(*(getattr(self, name) - getattr(other, name) for name in COMPONENTS))

    def plus(self, other: LineAmounts) -> LineAmounts:
        """Return these amounts plus `other`, component by component."""
        return LineAmounts(  # written out: five times as fast, and asked for each line of a plan
            self.item_price + other.item_price,
            self.item_tax + other.item_tax,
            self.shipping_price + other.shipping_price,
            self.shipping_tax + other.shipping_tax,
            self.gift_wrap_price + other.gift_wrap_price,
            self.gift_wrap_tax + other.gift_wrap_tax,
            self.item_promotion + other.item_promotion,
            self.ship_promotion + other.ship_promotion,
        )


UNDATED_PRICE = (
    "what was paid is known from New Orders reports alone, which date no row: where two disagree, the lower price is"
    " kept; import All Orders, which decides"
)
"""What to say of an order with a line whose price is not dated (`OrderLine.is_price_dated`)."""


class OrderLine(msgspec.Struct, frozen=True):
    """One item of an order. A field that no report gave is None."""

    line: int
    """Position within the order, from 1; stable across imports."""
    order_item_id: str | None
    """Amazon's order-item-id (text; leading zeros matter). None when only an All Orders report named the line."""
    sku: str
    asin: str | None
    title: str | None
    quantity: int | None
    quantity_shipped: int | None
    status: OrderStatus
    currency: str | None
    paid: LineAmounts | None
    """Amounts that the buyer paid; None when no report states prices, or what they come to is below zero."""
    refunded: LineAmounts
    """Amounts refunded, or sent to be refunded, by this store's own journal."""
    units_cancelled: int
    """Units never shipped that these refunds cancel (`quantity-cancelled` of the payment adjustment)."""
    buyer_request: BuyerRequest
    request_reason: str | None
    item_promotion_id: str | None = None
    """Amazon's id of the promotion on the price; None when no report gives one, or several add up."""
    ship_promotion_id: str | None = None
    refund_open: int = 0
    """Minor units of `refunded` that are not known to have gone back: held, sent, or of unknown outcome."""
    is_price_dated: bool = True
    """Whether a report or call that dates what it says gave `paid`; New Orders reports do not."""
    may_stand_twice: bool = False
    """Whether it may be another line's item, under another SKU and title: that has an item id, and it has none."""
    is_listed_as_waiting: bool = False
    """Whether its order is cancelled or shipped, and an Unshipped report newer than that lists it."""

    may_be_exchanged: bool = False
    """Whether its amounts, units or status may be another item's of its SKU: All Orders has no item ids."""
    is_unsure_sum: bool = False
    """Whether even what it and the others of its SKU come to together is unknown."""

    @property
    def is_active(self) -> bool:
        """Whether anything of it is still wanted: it is not cancelled, and not of zero units."""
        return self.status is not OrderStatus.CANCELLED and self.quantity != 0

    @property
    def has_usable_id(self) -> bool:
        """Whether a feed can name it: Amazon's item ids have 14 to 16 digits."""
        return self.order_item_id is not None and MIN_ITEM_ID <= len(self.order_item_id) <= MAX_ITEM_ID

    @property
    def units_waiting(self) -> int | None:
        """Units that are neither confirmed shipped nor cancelled; None when no report says how many were shipped."""
        if self.quantity is None or self.quantity_shipped is None:
            return None
        return max(0, self.quantity - self.quantity_shipped - self.units_cancelled)


class HasActive(Protocol):
    """A line that knows whether anything of it is still wanted, such as `OrderLine`."""

    @property
    def is_active(self) -> bool:
        """Whether it is neither cancelled nor of zero units."""


SomeLine = TypeVar("SomeLine", bound=HasActive)


def current_lines(status: OrderStatus, lines: Sequence[SomeLine]) -> Sequence[SomeLine]:
    """Return the lines by which an order of this status is found and shown: those of which anything is still wanted.

    All where none is, or the order is cancelled: it is still found by what it held. In SQL: `derived_facts.CURRENT`.
    """
    if status is OrderStatus.CANCELLED:
        return lines
    return [line for line in lines if line.is_active] or lines


class LinesKnown(IntFlag):
    """Facts of an order that a feed needs: of its active lines (those not cancelled), its program and its parcels."""

    ACTIVE = 1
    """The order has an active line."""
    MISSING_ID = 2
    """An active line has no order-item-id that a feed can name."""
    HAS_ID = 4
    """An active line has an order-item-id."""
    PRICED = 8
    """The payment for an active line is known."""
    REFUNDABLE = 16
    """An active line has an order-item-id and a known payment that is not wholly refunded."""
    PROGRAM_BARS_CANCEL = 32
    """Its program takes no cancellation from a feed."""
    PROGRAM_BARS_CONFIRM = 64
    """Its program takes no confirmation of a shipment from a feed."""
    PARCEL_LEFT = 128
    """Amazon shows that a parcel of it is with the carrier or with the buyer."""
    UNREAD = 256
    """Its newest state came by the API and could not be read."""
    EXCHANGEABLE = 512
    """What is known of an active line may be another item's of its SKU."""
    STATES_EXCHANGEABLE = 1024
    """Of items of one SKU it is not known which ones are cancelled or shipped."""
    BARS = PROGRAM_BARS_CANCEL | PROGRAM_BARS_CONFIRM | PARCEL_LEFT | UNREAD
    COMPLETE = ACTIVE | HAS_ID | PRICED | REFUNDABLE
    """Every action finds its lines."""


LINES_NEEDED: Mapping[Action, tuple[LinesKnown, LinesKnown]] = {
    Action.CANCEL: (
        LinesKnown.ACTIVE
        | LinesKnown.MISSING_ID
        | LinesKnown.PROGRAM_BARS_CANCEL
        | LinesKnown.PARCEL_LEFT
        | LinesKnown.STATES_EXCHANGEABLE
        | LinesKnown.UNREAD,
        LinesKnown.ACTIVE,
    ),
    Action.REFUND: (LinesKnown.REFUNDABLE | LinesKnown.UNREAD, LinesKnown.REFUNDABLE),
    Action.CONFIRM: (
        LinesKnown.HAS_ID | LinesKnown.PROGRAM_BARS_CONFIRM | LinesKnown.STATES_EXCHANGEABLE | LinesKnown.UNREAD,
        LinesKnown.HAS_ID,
    ),
}
"""For each action the facts that it looks at, and the ones that must be set.

A cancellation names every item of the order (AMAZON.md c); a refund and a confirmation name at least one. What a
program does not take, a parcel that left, and states that may be exchanged or cannot be read must not be set:
`orders.api_facts` says which programs.
"""


def lines_allow(action: Action, facts: LinesKnown) -> bool:
    """Return whether a feed can name the lines that an action needs. `facts` are those of the order's lines."""
    if action not in LINES_NEEDED:
        return True
    looked_at, needed = LINES_NEEDED[action]
    return facts & looked_at == needed


class OrderFlags(msgspec.Struct, frozen=True):
    """What one report says of one order beside its lines."""

    verge: Verge = Verge.UNKNOWN
    """The worse of its items."""
    program: Program = Program.UNKNOWN
    prime: YesNo = YesNo.UNKNOWN
    """YES: a column calls it Seller Fulfilled Prime."""


class OrderRow(msgspec.Struct, frozen=True):
    """The facts of an order without its lines, for table, plans and rules."""

    id: int
    """Row number in the store; never reused, never shown."""
    order_id: str
    marketplace: str
    channel: Channel
    status: OrderStatus
    purchased_at: int | None
    ship_by: int | None
    """Latest time to ship, epoch seconds; None when no report states it."""
    items: int | None
    """Units ordered, summed over all lines; None when no report states them, or like items are of several reports."""
    units_shipped: int | None
    total: Money | None
    dispatched: Dispatched
    buyer_request: BuyerRequest
    cancelled_by: CancelledBy
    refunded: Refunded
    replacement: YesNo
    business: YesNo
    prime: YesNo
    title: str | None
    """Title of the first current line (`current_lines`)."""
    sku: str | None
    """SKU of that line."""
    open_action: OpenAction | None
    """The journal's open row for this order, else its last one that was not taken back; None without any."""
    version: int
    """Increases with every change of the order; a plan records it, and a commit compares it."""
    lines_known: LinesKnown = LinesKnown.COMPLETE
    amazon_counts: YesNo = YesNo.UNKNOWN
    """Whether Amazon's Cancellation Rate report counts its cancellation; unknown: no report covers it."""
    program: Program = Program.UNKNOWN
    verge: Verge = Verge.UNKNOWN
    named_at: int | None = None
    """Date of the newest report that says something of it, epoch seconds."""
    missing_since: int | None = None
    """Date of the newest Unshipped report that should name it and does not; None: there is none."""
    note: str | None = None
    """The operator's note; None: there is none."""
    reason: str | None = None
    """The reason that its last batch gave for it, with Amazon's answer to that; None: no batch took it."""

    @property
    def noted(self) -> YesNo:
        """Whether the operator wrote a note on it."""
        return YesNo.YES if self.note is not None else YesNo.NO

    @property
    def missing(self) -> YesNo:
        """Whether a newer Unshipped report of its time leaves it out, so that it cannot be unshipped any more."""
        return YesNo.NO if self.missing_since is None else YesNo.YES


class ListedFacts(msgspec.Struct, frozen=True):
    """Facts of one order for a list."""

    other_skus: int = 0
    """Different SKUs of its current lines (`current_lines`) besides the one that its row names."""
    batch: int | None = None
    """Number of the batch whose row is the order's open action; None without one."""
    hold_ends: int | None = None
    """When its hold ends, epoch seconds; None when it is not held, or its hold has not begun."""
    reason: str = ""
    """The reason it was given in that batch."""
    answer: str = ""
    """Amazon's code and text about it; empty before an answer."""
    awaits_approval: bool = False
    """Whether its batch waits for somebody's approval."""
    author: str = ""
    """Login of who committed it, unless it is the one who looks."""


NOTHING_LISTED = ListedFacts()


class Order(msgspec.Struct, frozen=True):
    """An order with its lines."""

    row: OrderRow
    updated_at: int | None
    """Amazon's last-updated time, or the newest date of the reports that named the order; epoch seconds."""
    lines: tuple[OrderLine, ...]
    refunds_known: bool
    """Whether a source could have shown refunds. No report does: then only this store's own refunds are known."""
    sources: tuple[ReportKind, ...]
    """Kinds of report that have named this order."""

    @property
    def is_rest_cancelled(self) -> bool:
        """Whether this store's refunds cancel every unit of a waiting order that is not shipped.

        Units of which no report says that they were shipped are taken as not shipped.
        """
        if self.row.status not in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED):
            return False
        left = [
            (1 if line.quantity is None else line.quantity) - (line.quantity_shipped or 0) - line.units_cancelled
            for line in self.lines
            if line.is_active
        ]
        return any(line.units_cancelled for line in self.lines) and not any(units > 0 for units in left)
