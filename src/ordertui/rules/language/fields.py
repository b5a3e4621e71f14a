"""The fields that a filter may name, with kinds, closed values and aliases."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from ordertui.orders.batch_state import UNCONFIRMED, RowState
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Program,
    Refunded,
    Verge,
    YesNo,
)
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.situation import Confirmed

AWAITING_SHIPMENT = (OrderStatus.UNSHIPPED.value, OrderStatus.PARTIALLY_SHIPPED.value)
"""Statuses of an order with units still to ship: only these can be late or be cancelled by Amazon."""


class FieldKind(Enum):
    """Kinds of fields: how a value is parsed and compared."""

    CHOICE = auto()
    SITUATION = auto()
    """A closed list like CHOICE; the policy answers for the order's situation."""
    FLAG = auto()
    MONEY = auto()
    INTEGER = auto()
    PAST = auto()
    """A time in the past: a duration is an age."""
    FUTURE = auto()
    """A time in the future: a duration counts from now."""
    EXACT = auto()
    """Text that is matched whole; `*` is a wildcard."""
    CONTAINS = auto()
    """Text that is matched anywhere."""
    RATIO = auto()
    """A ratio such as `2.25%`."""


class Field(msgspec.Struct, frozen=True):
    """One field. `column` names the attribute of OrderRow and the column of table `orders`; empty: none."""

    name: str
    kind: FieldKind
    column: str
    help: str
    values: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Other spellings, each with the values it stands for."""
    examples: tuple[str, ...] = ()
    only_awaiting_shipment: bool = False
    """Whether only orders that await shipment can match."""
    least: int | None = None
    """Lowest possible number; None when there is none. Together with `most` it proves that a rule can never apply."""
    most: int | None = None
    is_always_known: bool = False
    """Whether the number is never unknown."""


def _choice(name: str, column: str, text: str, values: type[Enum], **aliases: tuple[str, ...]) -> Field:
    return Field(name, FieldKind.CHOICE, column, text, tuple(str(v.value) for v in values), aliases)


_YES = (BuyerRequest.OFFICIAL.value,)
_NO = (BuyerRequest.MESSAGE.value, BuyerRequest.NONE.value)
_DATES = ("last-7d", "today", "yesterday")
_AHEAD = ("2d", "24h", "today", "tomorrow", "unknown")

CONFIRMED = "confirmed"
"""No column: what decides, by the status and the units (`rules.situation.confirmed_of`)."""
REST_CANCELLED = "rest-cancelled"
"""No column: `orders.order.Order.is_rest_cancelled` says it of the few orders that it may be so of."""
MARKED, MARKED_BY = "marked", "marked-by"
"""The fields of the operator's marks, and of another person's. They are no facts of the order: no rule of a policy file
may ask for them.
"""
FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        _choice("status", "status", "Amazon's order status, as its newest report says", OrderStatus,
              canceled=("cancelled",)),
        _choice("confirmed", CONFIRMED, "how much of it was shipped, by its status or by the units of any report",
              Confirmed),
        _choice("channel", "channel", "who ships", Channel, mfn=("merchant",), fbm=("merchant",), afn=("amazon",),
              fba=("amazon",)),
        Field("marketplace", FieldKind.CHOICE, "marketplace", "marketplace code", tuple(MARKETPLACES), {"gb": ("UK",)}),
        _choice("dispatched", "dispatched", "whether the parcel left, as you said", Dispatched),
        Field("buyer-requested", FieldKind.CHOICE, "buyer_request", "whether the buyer asked with Amazon's own button",
              (), {"yes": _YES, "some": (BuyerRequest.SOME.value,), "no": _NO,
                   "unknown": (BuyerRequest.UNKNOWN.value,)}),
        _choice("request", "buyer_request", "how the buyer asked", BuyerRequest),
        Field("late", FieldKind.FLAG, "", "past its ship-by time and not shipped", ("yes", "no")),
        Field("total", FieldKind.MONEY, "total", "order total, in the order's own currency unless one is named",
              examples=("50", "50USD", "unknown"), least=0),
        Field("items", FieldKind.INTEGER, "items", "units ordered (`qty` and `units` too)",
              examples=("1", "unknown"), least=0),
        Field("placed", FieldKind.PAST, "purchased_at", "when it was ordered", examples=(*_DATES, "unknown")),
        Field("ship-by", FieldKind.FUTURE, "ship_by", "latest time to ship", examples=_AHEAD),
        Field("auto-cancel", FieldKind.FUTURE, "auto_cancel_at", "when Amazon cancels an order not confirmed",
              examples=_AHEAD, only_awaiting_shipment=True),
        Field("action", FieldKind.SITUATION, "situation", "what can be done with it (`can:refund` too)",
              tuple(a.value for a in Action)),
        Field("counts", FieldKind.SITUATION, "situation", "whether cancelling it counts toward the rate",
              ("yes", "no")),
        _choice("state", "state", "where its last action stands", RowState, failed=(RowState.ERROR.value,),
              unconfirmed=tuple(state.value for state in RowState if state in UNCONFIRMED)),
        _choice("journal", "open_action", "which action a batch took for it last, wherever it stands", Action),
        Field("sku", FieldKind.EXACT, "sku", "SKU of any item not cancelled, * is a wildcard"),
        Field("asin", FieldKind.EXACT, "asin", "ASIN of any item not cancelled, * is a wildcard"),
        Field("title", FieldKind.CONTAINS, "title", "words in the title of any item not cancelled"),
        Field("id", FieldKind.EXACT, "order_id", "order id, * is a wildcard"),
        _choice("prime", "prime", "Prime order", YesNo),
        _choice("program", "program", "Amazon's program that ships it", Program),
        _choice("business", "business", "Amazon Business order", YesNo),
        _choice("replacement", "replacement", "replacement order", YesNo),
        _choice("refunded", "refunded", "how much went back, or is in a refund that was sent", Refunded),
        Field(REST_CANCELLED, FieldKind.CHOICE, "",
              "refunds of this store cancel all of it that is not shipped", ("yes", "no")),
        _choice("cancelled-by", "cancelled_by", "who cancelled it", CancelledBy),
        Field("missing", FieldKind.CHOICE, "missing", "left out by a newer Unshipped report of its days",
              ("yes", "no")),
        Field("known", FieldKind.PAST, "named_at", "newest report that names it, of an order that awaits shipment",
              examples=_DATES, only_awaiting_shipment=True),
        _choice("verge", "verge", "what Amazon says it is about to do", Verge),
        _choice("amazon-counts", "amazon_counts", "whether Amazon's Cancellation Rate report counts it", YesNo),
        Field("note", FieldKind.CONTAINS, "note", "words in your note on the order"),
        Field("reason", FieldKind.CONTAINS, "reason", "words in the reason its last batch gave, or in Amazon's answer"),
        _choice("noted", "noted", "whether you wrote a note on it", YesNo),
        Field(MARKED, FieldKind.CHOICE, "", "marked by you", ("yes", "no")),
        Field(MARKED_BY, FieldKind.EXACT, "", "marked by somebody of the team, by login", examples=("ana",)),
    )
}  # fmt: skip

PLAN_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("batch-orders", FieldKind.INTEGER, "", "how many orders the batch takes in", examples=("25", "100"),
              least=1, is_always_known=True),
        Field("batch-total", FieldKind.MONEY, "", "what they come to; unknown when one has no price",
              examples=("1000USD", "unknown"), least=0),
        Field("day-orders", FieldKind.INTEGER, "",
              "orders committed or approved for the same action today, this batch included",
              examples=("50", "200"), least=1, is_always_known=True),
        Field("day-total", FieldKind.MONEY, "", "what they come to; unknown when one has no price",
              examples=("2000USD", "unknown"), least=0),
        Field("rate-after", FieldKind.RATIO, "",
              "cancellation rate after the batch, of the worst window, by the orders that are known",
              examples=("2%", "2.25%", "unknown"), least=0, most=1),
        Field("sku-cancels", FieldKind.INTEGER, "",
              "seller cancellations of one of its SKUs in the policy's days, this one included", examples=("2",),
              least=0, is_always_known=True),
        Field("sku-streak", FieldKind.INTEGER, "", "of these, how many in a row", examples=("2",), least=0,
              is_always_known=True),
    )
}  # fmt: skip
"""Fields about a whole batch: only house rules can use them."""
ALL_FIELDS = FIELDS | PLAN_FIELDS
NOT_IN_RULES = (REST_CANCELLED, MARKED, MARKED_BY)
"""Fields only for filters: no rule of a policy file, and no colour rule, may ask for them."""
FLAGS = ("late", MARKED, "noted", "missing", "buyer-requested", "prime", "business")
"""Fields that may be written without a value: `late` is `late:yes`."""

ORDERED = frozenset({FieldKind.MONEY, FieldKind.INTEGER, FieldKind.RATIO, FieldKind.PAST, FieldKind.FUTURE})
"""Kinds that `<` and `>` compare. Their fact may be missing; `:unknown` matches exactly that."""


SYNONYMS = {"can": "action", "qty": "items", "units": "items"}
"""Other names of fields: the word that the screen has for what they ask."""


def canonical_name(word: str) -> str:
    """Return the name of the field that a word of a filter means, if it means one."""
    name = word.lower().replace("_", "-")
    return SYNONYMS.get(name, name)


def field_names() -> tuple[str, ...]:
    """Return every field name, in the order in which help shows them."""
    return tuple(FIELDS)


def spellings(spec: Field) -> tuple[str, ...]:
    """Return every value that the field takes, or examples when its values are open."""
    known = (*spec.values, *spec.aliases)
    return known or spec.examples
