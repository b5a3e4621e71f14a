"""Where in Seller Central a feed file is uploaded, and what to bring back (AMAZON.md c, d, e)."""

from __future__ import annotations

from ordertui.orders.batch_state import BatchState
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import JournalBatch

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


def upload_instructions(batch: JournalBatch, *, practice: bool) -> str:
    """Return what the operator does next with a batch that left as a file."""
    later = _LATER.get(batch.action, "")
    if batch.state is BatchState.ANSWERED:
        return later
    market = MARKETPLACES.get(batch.marketplace)
    host = market.seller_central if market else "Seller Central"
    upload = next((name for name in batch.files if name.endswith(".txt")), "")
    page = _PAGE.get(batch.action, "")
    is_uploaded = batch.state is BatchState.UPLOADED
    lines = [
        "1. Uploaded: do not upload it again." if is_uploaded else f"1. Upload {upload}",
        f"   The page is {host} > Orders > Upload order related files > {page}."
        if is_uploaded
        else f"   at {host} > Orders > Upload order related files > {page}, once.",
        "2. When Amazon is done with it, choose “View processing report” on the same page and save it.",
        f"3. Import it: key i on this batch in the outbox (o), or `ordertui results FILE --batch {batch.id}`.",
        later,
        *([] if is_uploaded else [_TWO_FILES]),
    ]
    return "\n".join([PRACTICE, *lines] if practice else lines)
