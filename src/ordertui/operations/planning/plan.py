"""A plan and a batch as frozen values: what the preview shows is what the journal keeps and the outbox writes."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts


class PlanLine(msgspec.Struct, frozen=True):
    """One order line inside a plan row."""

    line: int
    order_item_id: str
    sku: str
    quantity: int
    refund: LineAmounts | None = None
    """Amounts to give back for this line, refund plans only."""
    cancelled: int = 0
    """Units never shipped that the refund cancels, refund plans only. Each makes the order count toward the rate."""


class PlannedOrder(msgspec.Struct, frozen=True):
    """One order that the plan takes in."""

    id: int
    order_id: str
    version: int
    reason: str
    """Amazon's reason code (`NoInventory`); empty for confirm and message."""
    rule: str
    counts: bool
    """Whether it counts toward the cancellation rate."""
    lines: tuple[PlanLine, ...]
    currency: str | None
    total: int | None
    """Minor units that the order loses (cancel) or gives back (refund); None when no report carried prices."""
    carrier: str = ""
    tracking: str = ""
    ship_date: str = ""
    note: str = ""


class ExcludedOrder(msgspec.Struct, frozen=True):
    """One order that the plan leaves out, and why."""

    id: int
    order_id: str
    rule: str
    why: str
    instead: str = ""
    nearest: str = ""
    """What would have to be otherwise: the nearest row that allows it, and the facts in the way."""


class RateFigure(msgspec.Struct, frozen=True):
    """The cancellation rate of one marketplace at one moment; an estimate."""

    marketplace: str
    days: int
    window_from: int
    window_to: int
    timezone: str
    orders: int
    cancelled: int
    """Counted cancellations; one whose canceller is unknown is in."""
    cancelled_at_least: int
    """Only those known to count: the range is `cancelled_at_least`..`cancelled`."""
    target: str
    """As text, exact: `0.025`."""
    headroom: int
    """How many more that count may be cancelled and stay under the target; 0 when over."""
    status: str
    """`ok`, `near`, `over`, `no orders`, `unknown`."""
    basis: str
    """How the window is dated, for people."""
    committed: int = 0
    """Of `cancelled`, those in held or sent batches of this store that no report shows as cancelled yet."""


class RateEffect(msgspec.Struct, frozen=True):
    """The rate before and after a plan."""

    before: RateFigure
    after: RateFigure


class MoneyEffect(msgspec.Struct, frozen=True):
    """A sum of one component in one currency, over all rows of a plan."""

    currency: str
    component: str
    minor: int


class PlanFile(msgspec.Struct, frozen=True):
    """A feed file of the plan: the very bytes that dispatch writes."""

    name: str
    feed_type: str
    upload: bool
    """True for the file the operator uploads; False for its XML twin."""
    content: bytes
    sha256: str


class Plan(msgspec.Struct, frozen=True):
    """A checked, frozen proposal for one action in one marketplace."""

    id: str
    action: Action
    marketplace: str
    created_at: int
    expires_at: int
    rows: tuple[PlannedOrder, ...]
    out: tuple[ExcludedOrder, ...]
    money: tuple[MoneyEffect, ...]
    unpriced: int
    """Rows whose amounts no report gave."""
    rates: tuple[RateEffect, ...]
    buyer_mails: int
    restock: str
    """What happens to the listing's stock, for people."""
    warnings: tuple[str, ...]
    typed_count: int | None
    """The number that must be typed to commit, when policy asks for it."""
    files: tuple[PlanFile, ...]
    hold_seconds: int
    practice: bool = False


class BatchRow(msgspec.Struct, frozen=True):
    """One plan row in the journal."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    code: str = ""
    """Amazon's error or warning code."""
    text: str = ""
    """Amazon's text, or what evidence would settle an unknown row."""


class Batch(msgspec.Struct, frozen=True):
    """A committed plan."""

    id: int
    action: Action
    marketplace: str
    state: BatchState
    created_at: int
    due_at: int
    """When the hold ends."""
    sent_at: int | None
    rows: tuple[BatchRow, ...]
    files: tuple[str, ...]
    """Paths written, after dispatch."""
    sha256: str
    """Of the upload file."""
    advice: str = ""
    """Where in Seller Central to upload which file, and what to bring back."""
    who: str = ""
    """Who committed it."""
    by_api: bool = False
    """It went, or goes, by the API: nothing of it is uploaded by hand."""
    next_at: int | None = None
    """By the API: when it goes on by itself (epoch seconds); None: not before something else happens."""
