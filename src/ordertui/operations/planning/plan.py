"""A plan as a frozen value: what the preview shows is what the journal keeps and dispatch sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

import msgspec

from ordertui.operations.rate.budget import BudgetUse
from ordertui.operations.rate.figures import RateEffect
from ordertui.orders.clock import LATEST_MOMENT
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Moment = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MOMENT)]
"""Epoch seconds that every part of the program can show; a plan file with others is refused."""
MOST_HOLD_SECONDS = 366 * 86_400


class PlanLine(msgspec.Struct, frozen=True):
    """One order line inside a plan row."""

    line: int
    order_item_id: str
    sku: str
    quantity: int
    refund: LineAmounts | None = None
    """Amounts to give back for this line, refund plans only."""
    cancelled: int = 0
    """Units never shipped that the refund cancels, refund plans only. Each makes the order count toward the rate,
    unless the buyer asked for this line with Amazon's own button.
    """
    reason: str = ""
    """The reason code of this line; empty: that of its order."""
    item_promotion_id: str = ""
    """Id of the promotion that `refund` takes off the item price; empty: unknown, or none is taken off."""
    ship_promotion_id: str = ""
    ordered: int = 0
    """Units of the whole line, for people; 0 where it is not said. `quantity` is a part of them where it is less."""


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


class MoneyEffect(msgspec.Struct, frozen=True):
    """A sum of one component in one currency, over all rows of a plan."""

    currency: str
    component: str
    minor: int


class PlanFile(msgspec.Struct, frozen=True):
    """A feed file of the plan. Its bytes follow from the rows (`feed_builder`); the checksum pins them."""

    name: str
    feed_type: str
    upload: bool
    """True for the file the operator uploads; False for its XML twin."""
    size: int
    """Bytes."""
    sha256: str


class Plan(msgspec.Struct, frozen=True):
    """A checked, frozen proposal for one action in one marketplace."""

    id: str
    action: Action
    marketplace: str
    created_at: Moment
    expires_at: Moment
    rows: Sequence[PlannedOrder]
    """A tuple; many are packed (`orders.packed.PackedList`)."""
    out: Sequence[ExcludedOrder]
    money: tuple[MoneyEffect, ...]
    unpriced: int
    """Rows whose amounts no report gave."""
    rates: tuple[RateEffect, ...]
    buyer_mails: int
    restock: str
    """What happens to the listing's stock, for people."""
    warnings: tuple[str, ...]
    typed_count: int | None
    """The number that must be typed to commit, when policy asks for it; `typed_why` says what asks for it."""
    files: tuple[PlanFile, ...]
    hold_seconds: Annotated[int, msgspec.Meta(ge=0, le=MOST_HOLD_SECONDS)]
    """Shown in the preview. What counts is the policy in force at the commit."""
    practice: bool = False
    store: str = ""
    """Id of the store that it was made in; only that one takes it."""
    typed_why: tuple[str, ...] = ()
    """Why the number must be typed, for people. What counts is the policy in force at the commit."""
    budgets: tuple[BudgetUse, ...] = ()
    """The seller's own budgets of counting cancellations, with this plan; empty without any."""
    approval: tuple[str, ...] = ()
    """House rules that let the batch wait for somebody else's approval, for people; empty: none does."""
    seal: str = ""
    """What `seal_of` gave when the plan was made: what it tells a reader may not change until it is committed."""


def seal_of(plan: Plan) -> str:
    """Return 12 hex digits over what a plan tells its reader beside what it does: money, rates, warnings, notes, who is
    out.
    """
    shown = (plan.money, plan.unpriced, plan.rates, plan.buyer_mails, plan.restock, plan.warnings)
    budgets = (plan.budgets,) if plan.budgets else ()
    found = sha256(b"[")
    _update(found, plan.out)
    found.update(b"," + msgspec.json.encode((*shown, *budgets, plan.typed_why, plan.approval))[1:-1] + b",")
    _update(found, (row.note for row in plan.rows))
    found.update(b"]")
    return found.hexdigest()[:12]


def plan_id(action: Action, marketplace: str, created_at: int, rows: Iterable[PlannedOrder]) -> str:
    """Return the id of a plan: 12 hex digits over all that it would do. Notes, which are words for people, are not."""
    found = sha256(msgspec.json.encode((action, marketplace, created_at))[:-1] + b",")
    _update(found, (msgspec.structs.replace(row, note="") for row in rows))
    found.update(b"]")
    return found.hexdigest()[:12]


def _update(digest: Hash, values: Iterable[object]) -> None:
    """Hash values as one JSON array, piece by piece."""
    mark = b"["
    for value in values:
        digest.update(mark + msgspec.json.encode(value))
        mark = b","
    digest.update(b"[]" if mark == b"[" else b"]")
