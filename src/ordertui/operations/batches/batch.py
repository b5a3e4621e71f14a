"""A committed plan as operations hand it out, what the journal takes of a plan, and how a file is uploaded."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import astuple

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import JournalBatch, NewRow, RefundLine

if TYPE_CHECKING:
    from ordertui.operations.planning.feed_builder import BuiltFile
    from ordertui.operations.planning.plan import Plan, PlannedOrder

NOT_WRITTEN = (
    "Its files are not all written yet, so there is nothing to upload: `ordertui todo` says why;"
    " the next dispatch writes them."
)


class DueStep(StrEnum):
    """What dispatch does next, in the words of the status line."""

    HOLD_ENDS = BatchState.HELD.value
    LEAVES = "leaves"
    NEXT_LOOK = "next look"
    TRIED_AGAIN = "tried again"


class Due(NamedTuple):
    """When dispatch has something to do next (epoch seconds), and what that is."""

    at: int
    step: DueStep


class Waiting(msgspec.Struct, frozen=True):
    """How many batches wait for something."""

    held: int = 0
    to_upload: int = 0
    """Written, and as far as is known not uploaded."""
    to_approve: int = 0
    is_inactive: bool = False
    """The store was moved or may be a copy: nothing is done in it, and what waits is not known here."""


class LastLook(NamedTuple):
    """A batch as it would leave now."""

    batch: JournalBatch
    """Without the rows that must not leave any more."""
    plan: Plan
    """As it was committed."""
    files: tuple[BuiltFile, ...]
    """Empty when nothing of it may leave."""
    approval: tuple[str, ...]
    """House rules that ask for an approval now."""
    warnings: tuple[str, ...]
    """What the other house rules say now."""


class Batch(JournalBatch, frozen=True, kw_only=True):
    """A batch of the journal with what to do next."""

    advice: str = ""
    """Where in Seller Central to upload which file, and what to bring back."""
    by_api: bool = False
    """It went, or goes, by the API: nothing of it is uploaded by hand."""
    next_at: int | None = None
    """By the API: when it goes on by itself (epoch seconds); None: not before something else happens."""
    withheld: str = ""
    """Why its file, which nobody uploaded, must not be uploaded; empty when nothing is known against it."""
    machine: str = ""
    """The other machine of a team that has its file to upload, and whose it is there, `vm1 (ann)`; empty: it is here.
    """
    retryable: int = 0
    """Refused orders that no later batch tries."""
    is_inactive: bool = False
    """The store was moved or may be a copy: nothing is done with it here; `advice` says why, and where it goes on."""


def is_of_others(batch: JournalBatch, login: str) -> bool:
    """Return whether somebody else is known to have committed a batch."""
    return batch.author not in ("", login)


def may_decide(batch: JournalBatch, login: str) -> bool:
    """Return whether a login may approve or reject a batch that waits, if its role may: not one's own, and with both
    logins known.
    """
    return bool(login) and is_of_others(batch, login)


def as_batch(batch: JournalBatch, advice: str = "") -> Batch:
    """Return the journal's batch as operations hand it out, as if no later batch tried its refused rows."""
    shown = NOT_WRITTEN if batch.is_writing else advice
    return Batch(*astuple(batch), advice=shown, retryable=batch.count(RowState.ERROR))


def journal_row(action: Action, row: PlannedOrder) -> NewRow:
    """Return a plan's row as the journal takes it."""
    refunds: tuple[RefundLine, ...] = ()
    if action is Action.REFUND:
        refunds = tuple(
            RefundLine(line.line, row.currency or "", line.refund, line.cancelled)
            for line in row.lines
            if line.refund is not None
        )
    cancels = action is Action.CANCEL or any(line.cancelled for line in row.lines)
    return NewRow(
        row.order_id,
        row.reason,
        row.currency,
        row.total,
        version=row.version,
        refunds=refunds,
        counts=row.counts if cancels else None,
    )


_PAGE = {
    Action.CANCEL: "Order Cancellation",
    Action.REFUND: "Adjustments (refunds)",
    Action.CONFIRM: "Shipping Confirmation",
}
_LATER = {
    Action.CANCEL: "An order is shown as confirmed when a later All Orders report says Cancelled.",
    Action.REFUND: "Refunds by file are paid at once. Do not upload the file twice: Amazon would pay twice.",
    Action.CONFIRM: "An order is shown as confirmed when a later All Orders report says Shipped.",
}
_TWO_FILES = "The .xml file beside it is the same batch for the Feeds API; upload one of the two, never both."


PRACTICE = "PRACTICE: these orders are made up, upload nothing. In a real store you would:"


def upload_instructions(batch: JournalBatch, *, practice: bool, machine: str = "") -> str:
    """Return what the operator does next with a batch that left as a file.

    `machine`: the other one that has the file; empty when it is this one.
    """
    later = _LATER.get(batch.action, "")
    if batch.state is BatchState.ANSWERED:
        return later
    market = MARKETPLACES.get(batch.marketplace)
    host = market.seller_central if market else "Seller Central"
    upload = next((name for name in batch.files if name.endswith(".txt")), "")
    page = _PAGE.get(batch.action, "")
    is_uploaded = batch.state is BatchState.UPLOADED
    first = f"1. On {machine}, upload {upload}" if machine else f"1. Upload {upload}"
    lines = [
        "1. Uploaded: do not upload it again." if is_uploaded else first,
        f"   The page is {host} > Orders > Upload order related files > {page}."
        if is_uploaded
        else f"   at {host} > Orders > Upload order related files > {page}, once.",
        "2. When Amazon is done with it, choose “View processing report” on the same page and save it.",
        f"3. Import it: key i on this batch in the outbox (o), or `ordertui results FILE --batch {batch.id}`.",
        later,
        *([] if is_uploaded else [_TWO_FILES]),
    ]
    return "\n".join([PRACTICE, *lines] if practice else lines)
