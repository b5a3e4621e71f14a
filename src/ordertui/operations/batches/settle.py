"""Record the operator's word on rows that left: done, or not done. It needs a reason and the typed count."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.files import write_atomic
from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, EvidenceAgainst, NotConfirmed, Refused
from ordertui.operations.outbox_folder import folder_of
from ordertui.operations.results.evaluation import OPERATOR_CODE
from ordertui.orders.batch_state import RowState
from ordertui.orders.people import Permission
from ordertui.store import Outcome

from .batch import Batch, as_batch
from .proofs import proofs_against

MOST_PROOFS = 5
"""Pieces of evidence that an error lists."""
MAX_REASON_LENGTH = 500
WARNING_FILE = "DO-NOT-UPLOAD.txt"
DO_NOT_UPLOAD = (
    "Orders of this batch were settled as not done, and may be tried again in a newer batch.\n"
    "Do NOT upload the files of this folder any more: Amazon would act twice."
)


class OperatorWord(msgspec.Struct, frozen=True):
    """What the operator says became of rows."""

    done: bool
    why: str
    typed: str | None
    """Must be the number of orders."""
    against: Sequence[str] = ()
    """Names of the evidence that the operator knows and goes against."""


def settle(context: SessionContext, batch_id: int, order_ids: Sequence[str], word: OperatorWord) -> Batch:
    """Record that these rows of a batch were done, or were not.

    Done: a refund counts as paid; a cancellation or shipment still waits for a report. Not done: it failed, and may be
    tried again. Evidence at hand beats a word that does not name it. Raises BadInput, NotConfirmed, EvidenceAgainst,
    Refused, StoreError.
    """
    store, done = context.writer(Permission.SETTLE), word.done
    orders = list(dict.fromkeys(order_ids))
    if not orders:
        raise BadInput("name the orders to settle; none named never means all")
    reason = check_reason(word.why)
    if (word.typed or "").strip() != str(len(orders)):
        raise NotConfirmed(f"type the number of orders, {len(orders)}, to settle them by your word")
    batch = store.batches.get(batch_id)
    if not done and batch.is_writing:
        raise Refused(f"batch {batch_id} is still being written: run `ordertui dispatch` first")
    state = RowState.OK if done else RowState.ERROR
    text = f"{'done' if done else 'not done'}, by {store.audit.operator}: {reason}"
    outcomes = {one: Outcome(state, OPERATOR_CODE, text) for one in orders}
    folder = folder_of(context.outbox_directory, batch, store)
    with store.write():  # no report comes between the look at the evidence and the word
        proofs = proofs_against(store, batch, orders, done=done)
        unnamed = [one for one in proofs if one.name not in word.against]
        if unnamed:
            names = list(dict.fromkeys(one.name for one in unnamed))
            texts = "; ".join(one.text for one in unnamed[:MOST_PROOFS])
            raise EvidenceAgainst(
                f"{texts}. Your word goes against that: look again, and name it ({', '.join(names)}) to settle all the"
                " same",
                names,
            )
        if proofs:
            reason = f"{reason} (against {', '.join(dict.fromkeys(one.name for one in proofs))})"
        # the word counts only when the warning beside the files could be written too
        settled = store.results.settle(batch_id, outcomes, why=reason)
        if not done and folder.is_dir():
            write_atomic(folder, WARNING_FILE, (DO_NOT_UPLOAD + "\n").encode("utf-8"))
    return as_batch(settled)


def check_reason(why: str) -> str:
    """Return the operator's reason on one line. Raises BadInput."""
    reason = " ".join(why.split())
    if not reason:
        raise BadInput("say why: what you looked at, and what it showed")
    if len(reason) > MAX_REASON_LENGTH or not reason.isprintable():
        raise BadInput(f"the reason must be plain text of at most {MAX_REASON_LENGTH} characters")
    return reason
