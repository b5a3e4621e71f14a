"""Why an action is not allowed: the reasons that have nothing to do with a policy, and what a denial says."""

from __future__ import annotations

import msgspec

from ordertui.orders.api_facts import PROGRAM_RULES
from ordertui.orders.enums import Action, OrderStatus, Program
from ordertui.orders.order import LinesKnown, lines_allow

BATCH_ACTIONS = (Action.CANCEL, Action.REFUND, Action.CONFIRM)
"""Actions that go into a batch. A message is text to copy: neither the journal nor item ids stand against it."""
AWAITING_SHIPMENT = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)


class Denial(msgspec.Struct, frozen=True):
    """Why an action is not allowed."""

    rule: str
    """Id of the row of the policy; `house ID`; `open`; `unread`, `program`, `parcel`, `like-items`, `item-id`, `price`,
    `refunded`, `lines`; of a plan also `amount`, `currency`, `reason`, `tracking` and others.
    """
    why: str
    source: str = ""
    """Empty for what a plan alone asks: amounts, tracking, a reason."""
    instead: Action | None = None
    because: str = ""
    """The fact or condition behind it, where the policy itself does not deny."""
    is_by_rules: bool = False
    """Whether the policy denies it, and not something about this order."""
    short: str = ""
    """`why` in two or three words, for the side pane."""


OPEN = "open"
"""Id of the denial of an order that a batch holds."""
JOURNAL_SOURCE = "the journal of this store"
API_SOURCE = "Amazon's API"
LINES_SOURCE = "Amazon's feeds name each item by its order-item-id; a refund needs what was paid"
NO_ITEM_ID = Denial(
    "item-id",
    "its order-item-id is unknown: import the Unshipped orders or New orders report",
    LINES_SOURCE,
    because="an order-item-id is unknown",
    short="item id unknown",
)
NO_PRICE = Denial(
    "price",
    "what was paid for it is unknown: import the New orders or All Orders report",
    LINES_SOURCE,
    because="no report says what was paid for it",
    short="price unknown",
)
NO_LINES = Denial(
    "lines", "no line of it is left to act on", LINES_SOURCE, because="every line is cancelled", short="no items left"
)
NOTHING_LEFT = Denial(
    "refunded",
    "nothing is known to be left: nothing was charged, or all that reports call paid has gone back or is on its way",
    LINES_SOURCE,
    because="nothing is left to give back",
    short="nothing to refund",
)


PARCEL_LEFT = Denial(
    "parcel",
    "Amazon shows that a parcel of it has left: confirm the shipment; the money goes back as a refund",
    "developer-docs, Orders API v2026-01-01: packages[].packageStatus",
    because="a package is in transit, shipped or delivered",
    short="parcel has left",
)
UNREAD = Denial(
    "unread",
    "Amazon's newest state of it cannot be read: look at it in Seller Central; `ordertui sync --order ID` reads it"
    " again",
    API_SOURCE,
    because="what is known of it may be old",
    short="cannot be read",
)
LIKE_AMOUNTS = Denial(
    "like-items",
    "several items of it are one SKU, and All Orders, which has no item ids, does not tell which of its amounts, units"
    " and states are whose: refund them in Seller Central, which shows what was paid for each",
    LINES_SOURCE,
    because="what is known of one item may be another's of its SKU",
    short="Seller Central only",
)
_LIKE_STATES = Denial(
    "like-items",
    "several items of it are one SKU, and All Orders, which has no item ids, does not tell which of them are cancelled"
    " or shipped: do it in Seller Central",
    LINES_SOURCE,
    because="what is known of one item may be another's of its SKU",
    short="Seller Central only",
)
_IN_SELLER_CENTRAL = {
    Action.CANCEL: "takes no cancellation from a feed: cancel it in Seller Central",
    Action.CONFIRM: "takes no shipment confirmation from a feed: schedule or confirm it in Seller Central",
}
MISSING, OUTDATED = "missing", "outdated"
"""Ids of the denials of orders that may not be unshipped any more, by a report's silence and by the time gone by."""
REPORT_SOURCE = "an Unshipped report lists all that is unconfirmed of the days it was asked for"
AUTO_CANCEL_SOURCE = "Amazon cancels an order that is not confirmed in time"


def lines_denial(action: Action, facts: LinesKnown, program: Program = Program.UNKNOWN) -> Denial | None:
    """Return why an order of which this is known does not allow an action, or None. `program` is named in the text."""
    if lines_allow(action, facts):
        return None
    if facts & LinesKnown.UNREAD:
        return UNREAD
    bar = {Action.CANCEL: LinesKnown.PROGRAM_BARS_CANCEL, Action.CONFIRM: LinesKnown.PROGRAM_BARS_CONFIRM}.get(action)
    if bar is not None and facts & bar:
        rule = PROGRAM_RULES.get(program)
        name = rule.name if rule else "its program"
        why = f"not by this program: {name} {_IN_SELLER_CENTRAL[action]}"
        return Denial(
            "program",
            why,
            rule.source if rule else LINES_SOURCE,
            because=f"program {program.value.replace('_', ' ')}",
            short="Seller Central only",
        )
    if action is Action.CANCEL and facts & LinesKnown.PARCEL_LEFT:
        return PARCEL_LEFT
    if not facts & LinesKnown.ACTIVE:
        return NO_LINES
    if action is Action.REFUND and facts & LinesKnown.EXCHANGEABLE:
        return LIKE_AMOUNTS
    if action is not Action.REFUND and facts & LinesKnown.STATES_EXCHANGEABLE:
        return _LIKE_STATES
    if action is Action.REFUND and not facts & LinesKnown.PRICED:
        return NO_PRICE
    return NO_ITEM_ID if facts & LinesKnown.MISSING_ID else NOTHING_LEFT
