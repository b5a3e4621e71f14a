"""Facts of an order that only Amazon's API gives, beside those that order reports have too.

No buyer's data: the reason of a cancellation is kept where it is one of Amazon's own, and dropped where it is free
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from .enums import Channel, Program, YesNo
from .money import format_money
from .order import LinesKnown, OrderRow

_OWN_OPERATIONS = (
    "developer-docs, Orders API v2026-01-01 (`programs`), Easy Ship API and updateShipmentStatus: these orders are"
    " scheduled, confirmed and cancelled by their own operations"
)
_READ_ALIKE = f"{_OWN_OPERATIONS}. That this program is like Easy Ship in it is the cautious reading."
_BOTH = LinesKnown.PROGRAM_BARS_CANCEL | LinesKnown.PROGRAM_BARS_CONFIRM


class ProgramRule(msgspec.Struct, frozen=True):
    """What a program does not take from a feed or from confirmShipment, with where that was read."""

    name: str
    bars: LinesKnown
    source: str
    checked: str = "2026-11-26"
    """The day on which the source was read."""


PROGRAM_RULES = {
    Program.EASY_SHIP: ProgramRule("Amazon Easy Ship", _BOTH, _OWN_OPERATIONS),
    Program.SHIP_PLUS: ProgramRule("Ship+", _BOTH, _READ_ALIKE),
    Program.DELIVERY_BY_AMAZON: ProgramRule("Delivery by Amazon", _BOTH, _READ_ALIKE),
    Program.PICKUP: ProgramRule("in-store pickup", LinesKnown.PROGRAM_BARS_CONFIRM, _OWN_OPERATIONS),
}
"""A program that is not here bars nothing. An order keeps what its program bars when a report names it, so a change
here needs a schema step: decision 0019.
"""

_PROGRAMS = {
    "AMAZON_EASY_SHIP": Program.EASY_SHIP,
    "FBM_SHIP_PLUS": Program.SHIP_PLUS,
    "DELIVERY_BY_AMAZON": Program.DELIVERY_BY_AMAZON,
    "IN_STORE_PICK_UP": Program.PICKUP,
}
KNOWN_PROGRAMS = frozenset(_PROGRAMS) | {
    "AMAZON_BAZAAR", "AMAZON_BUSINESS", "AMAZON_HAUL", "INVOICE_BY_AMAZON", "PREMIUM", "PREORDER", "PRIME",
}  # fmt: skip
"""Values of `programs` in Amazon's model of 2026-01-01."""

LEFT_STATUSES = frozenset({"IN_TRANSIT", "SHIPPED", "DELIVERED"})
"""States of a package that has left the seller."""

_REASON_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,39}")
_REASONS = frozenset({
    "order created by mistake", "item(s) would not arrive on time", "shipping cost too high", "item price too high",
    "found cheaper somewhere else", "need to change shipping address", "need to change shipping speed",
    "need to change billing address", "need to change payment method", "changed my mind", "other",
})  # fmt: skip
"""Reasons that Amazon's own list offers to buyers (order reports of 2026); any other text is a person's."""


def amazon_reason(text: str) -> str:
    """Return the reason where it is a code or one of Amazon's own list; empty for free text, which is not kept."""
    given = " ".join(text.split())
    return given if _REASON_CODE.fullmatch(given) or given.casefold().rstrip(".") in _REASONS else ""


def program_of(names: Iterable[str]) -> Program:
    """Return the program that decides among those that Amazon names; NONE when none of them does."""
    given = set(names)
    return next((program for name, program in _PROGRAMS.items() if name in given), Program.NONE)


SELLER_FULFILLED_PRIME = (
    "Seller Fulfilled Prime: each cancellation by you counts toward the separate Prime rate, even when the buyer asked"
    " for it; refunds after the order are up to Amazon"
)
"""Source: Seller Central help 202072550; `operations.rate.prime_rate` calculates the rate."""
AMAZON_BUSINESS = (
    "Amazon Business: no page of Amazon's says whether cancelling these differs; check in Seller Central first"
)
"""AMAZON.md names Business orders among those to be warned of, and no page that says what is special about them."""
SHIPPED_BY_AMAZON = (Program.EASY_SHIP, Program.DELIVERY_BY_AMAZON)
"""Programs whose parcels Amazon delivers: no Seller Fulfilled Prime."""


def is_seller_fulfilled_prime(row: OrderRow) -> bool:
    """Return whether the seller ships it as a Prime order, by what is known."""
    return row.prime is YesNo.YES and row.channel is not Channel.AMAZON and row.program not in SHIPPED_BY_AMAZON


def program_bars(program: Program) -> LinesKnown:
    """Return what a program does not take."""
    rule = PROGRAM_RULES.get(program)
    return LinesKnown(0) if rule is None else rule.bars


class Parcel(msgspec.Struct, frozen=True, omit_defaults=True):
    """One package of an order, as Amazon shows it."""

    reference: str
    """`packageReferenceId`: the seller's number of the parcel within its order."""
    status: str = ""
    """Amazon's word, such as `IN_TRANSIT`; empty: not said."""
    carrier: str = ""
    tracking: str = ""
    shipped_at: int | None = None
    """When it was handed over (epoch seconds)."""

    @property
    def has_left(self) -> bool:
        """Whether Amazon says that it is with the carrier, or with the buyer."""
        return self.status in LEFT_STATUSES


class ItemCancellation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cancellation of one item: asked for, carried out or both."""

    item_id: str
    requester: str = ""
    """Who asked, in Amazon's word; empty: nobody, or not said."""
    is_requested: bool = False
    request_reason: str = ""
    cancelled_by: str = ""
    """Who carried it out, in Amazon's word; empty: it was not, or not said."""
    reason: str = ""


class TotalDifference(msgspec.Struct, frozen=True):
    """An item or order of which Amazon's own total is not what its parts come to, in minor units of `currency`."""

    stated: int
    """Amazon's total (`proceedsTotal` of an item, `grandTotal` of an order)."""
    parts: int
    """What its prices, taxes, fees and discounts come to, or its items and a delivery tip."""
    currency: str

    def __str__(self) -> str:
        """Return it as a clause."""
        stated, parts = format_money(self.stated, self.currency), format_money(self.parts, self.currency)
        return f"Amazon's own total is {stated}, its parts come to {parts}"


class ApiFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the API says of one order beyond its rows."""

    at: int
    """When Amazon last updated the order (epoch seconds)."""
    programs: tuple[str, ...] = ()
    """Amazon's names of all its programs."""
    deliver_by: int | None = None
    """Latest promised delivery (epoch seconds)."""
    parcels: tuple[Parcel, ...] = ()
    cancellations: tuple[ItemCancellation, ...] = ()
    units_waiting: dict[str, int] = {}
    """Order item id to units that remain to be shipped, where Amazon says so."""
    differing_totals: dict[str, TotalDifference] = {}
    """By order item id. What such an item cost is not certain, so it is not refunded in full."""
    differing_grand_total: TotalDifference | None = None
    """Of the whole order, against its items; then the order is not refunded in full."""

    @property
    def program(self) -> Program:
        """The program that decides what may be done."""
        return program_of(self.programs)

    @property
    def bars(self) -> LinesKnown:
        """What stands against feeds about the order."""
        left = LinesKnown.PARCEL_LEFT if any(one.has_left for one in self.parcels) else LinesKnown(0)
        return program_bars(self.program) | left
