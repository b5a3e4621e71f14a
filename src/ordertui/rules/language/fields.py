"""The fields a filter may name: kind, closed values, aliases. The program owns this list; a filter cannot add to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from ordertui.orders.batch_state import UNCONFIRMED, RowState
from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.marketplace import MARKETPLACES

WAITING = (OrderStatus.UNSHIPPED.value, OrderStatus.PARTIALLY_SHIPPED.value)
"""Statuses of an order that still has something to ship: only these can be late or be cancelled by Amazon."""


class Kind(Enum):
    """How a field's value is read and compared."""

    CHOICE = auto()
    SITUATION = auto()
    """A closed list like CHOICE, answered by the policy for the order's situation."""
    FLAG = auto()
    MONEY = auto()
    WHOLE = auto()
    PAST = auto()
    """A time that has passed: a duration is an age."""
    FUTURE = auto()
    """A time to come: a duration is counted from now."""
    EXACT = auto()
    """Text matched whole, `*` is a wildcard."""
    CONTAINS = auto()
    """Text matched anywhere."""
    SHARE = auto()
    """A rate, as `2.25%`."""


class Field(msgspec.Struct, frozen=True):
    """One field. `column` names the attribute of OrderRow and the column of table `orders`; empty when neither holds it."""

    name: str
    kind: Kind
    column: str
    help: str
    values: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Other spellings of a value, and what they stand for."""
    examples: tuple[str, ...] = ()
    waiting_only: bool = False
    """Whether only orders that still wait for shipment can match."""


def _choice(name: str, column: str, text: str, values: type[Enum], **aliases: tuple[str, ...]) -> Field:
    return Field(name, Kind.CHOICE, column, text, tuple(str(v.value) for v in values), aliases)


_YES = (BuyerRequest.OFFICIAL.value,)
_NO = (BuyerRequest.MESSAGE.value, BuyerRequest.NONE.value)
_DATES = ("last-7d", "today", "yesterday")
_AHEAD = ("2d", "24h", "today", "tomorrow", "unknown")

FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        _choice("status", "status", "Amazon's order status", OrderStatus, canceled=("cancelled",)),
        _choice(
            "channel",
            "channel",
            "who ships",
            Channel,
            mfn=("merchant",),
            fbm=("merchant",),
            afn=("amazon",),
            fba=("amazon",),
        ),
        Field("marketplace", Kind.CHOICE, "marketplace", "marketplace code", tuple(MARKETPLACES), {"gb": ("UK",)}),
        _choice("dispatched", "dispatched", "whether the parcel left, as you said", Dispatched),
        Field(
            "buyer-requested",
            Kind.CHOICE,
            "buyer_request",
            "whether the buyer asked with Amazon's own button",
            (),
            {"yes": _YES, "no": _NO, "unknown": (BuyerRequest.UNKNOWN.value,)},
        ),
        _choice("request", "buyer_request", "how the buyer asked", BuyerRequest),
        Field("late", Kind.FLAG, "", "past its ship-by time and not shipped", ("yes", "no")),
        Field(
            "total",
            Kind.MONEY,
            "total",
            "order total, in the order's own currency unless one is named",
            examples=("50", "50USD", "unknown"),
        ),
        Field("items", Kind.WHOLE, "items", "units ordered", examples=("1", "unknown")),
        Field("placed", Kind.PAST, "purchased_at", "when it was ordered", examples=(*_DATES, "unknown")),
        Field("ship-by", Kind.FUTURE, "ship_by", "latest time to ship", examples=_AHEAD),
        Field(
            "auto-cancel",
            Kind.FUTURE,
            "auto_cancel_at",
            "when Amazon cancels an order not confirmed",
            examples=_AHEAD,
            waiting_only=True,
        ),
        Field("action", Kind.SITUATION, "situation", "what the policy allows", tuple(a.value for a in Action)),
        Field("counts", Kind.SITUATION, "situation", "whether cancelling it counts toward the rate", ("yes", "no")),
        _choice(
            "state",
            "state",
            "where its last action stands",
            RowState,
            failed=(RowState.ERROR.value,),
            unconfirmed=tuple(state.value for state in RowState if state in UNCONFIRMED),
        ),
        Field("sku", Kind.EXACT, "sku", "SKU of any line, * is a wildcard"),
        Field("asin", Kind.EXACT, "asin", "ASIN of any line, * is a wildcard"),
        Field("title", Kind.CONTAINS, "title", "words in the title of any line"),
        Field("id", Kind.EXACT, "order_id", "order id, * is a wildcard"),
        _choice("prime", "prime", "Prime order", YesNo),
        _choice("business", "business", "Amazon Business order", YesNo),
        _choice("replacement", "replacement", "replacement order", YesNo),
        _choice("refunded", "refunded", "how much went back", Refunded),
        _choice("cancelled-by", "cancelled_by", "who cancelled it", CancelledBy),
    )
}

PLAN_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("batch-orders", Kind.WHOLE, "", "how many orders the batch takes in", examples=("25", "100")),
        Field("batch-total", Kind.MONEY, "", "what they come to; unknown when one has no price", examples=("1000USD", "unknown")),
        Field("day-orders", Kind.WHOLE, "", "orders committed for the same action today, this batch included", examples=("50", "200")),
        Field("day-total", Kind.MONEY, "", "what they come to; unknown when one has no price", examples=("2000USD", "unknown")),
        Field("rate-after", Kind.SHARE, "", "cancellation rate after the batch, of the worst window", examples=("2%", "2.25%")),
        Field("sku-cancels", Kind.WHOLE, "", "seller cancellations of one of its SKUs in the policy's days, this one included",
              examples=("2",)),
        Field("sku-streak", Kind.WHOLE, "", "of these, how many in a row", examples=("2",)),
    )
}  # fmt: skip
"""Facts of a whole batch: only house rules can ask for them."""
ALL_FIELDS = FIELDS | PLAN_FIELDS
FLAGS = ("late", "buyer-requested", "prime", "business")
"""Fields that stand alone: `late` is `late:yes`."""

NULLABLE = frozenset({Kind.MONEY, Kind.WHOLE, Kind.PAST, Kind.FUTURE})
"""Kinds whose fact may be missing; for these `:unknown` asks for just that."""


def field_names() -> tuple[str, ...]:
    """Every field name, in the order help shows them."""
    return tuple(FIELDS)


def spellings(spec: Field) -> tuple[str, ...]:
    """Every word that the field takes as a value, or examples when its values are open."""
    known = (*spec.values, *spec.aliases)
    return known or spec.examples
