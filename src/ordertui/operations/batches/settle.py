"""What is open after a batch left: rows whose outcome is unknown, late or contradicted, what would settle each, and the
operator's word, which is taken only when it is given in so many words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ordertui.amazon.atomic_files import write_atomic
from ordertui.operations.dispatch.file_dispatcher import folder_of
from ordertui.operations.errors import BadInput, NotConfirmed, Refused
from ordertui.operations.planning.plan import Batch
from ordertui.operations.results.evaluation import HOW_TO_SETTLE, OPERATOR_CODE
from ordertui.operations.values import Question
from ordertui.operations.waiting import waiting
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action, OrderStatus
from ordertui.store import JournalBatch, JournalRow, Outcome, Store

from .committer import as_batch

LONGEST_WHY = 500
SETTLED = "DO-NOT-UPLOAD.txt"
DO_NOT_UPLOAD = (
    "Orders of this batch were settled as not done, and may be tried again in a newer batch.\n"
    "Do NOT upload the files of this folder any more: Amazon would act twice."
)
EVIDENCE = {
    "unwritten": "free the disk or fix the folder's permissions; the next dispatch writes the same bytes",
    "stuck": "fetch the processing report and import it; if the file was never uploaded, upload it once now",
    "overpaid": "look at the order in Seller Central: if it was paid twice, ask the buyer or Amazon; refund nothing more",
}
BY_FEED = "it went by the API: `ordertui dispatch` looks at its feed; upload no file of it"
_EXPECTED = {Action.CANCEL: OrderStatus.CANCELLED, Action.CONFIRM: OrderStatus.SHIPPED}
_CONTRARY = {
    Action.CANCEL: (OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED),
    Action.CONFIRM: (OrderStatus.CANCELLED,),
}


def questions(store: Store, now: int) -> list[Question]:
    """What needs somebody, newest batch first. `now`: epoch seconds."""
    found: list[Question] = []
    for batch in store.batches.find(open_only=True):
        groups: dict[tuple[str, str], list[str]] = {}
        if batch.writing:
            groups["unwritten", "its files could not all be written"] = [row.order_id for row in batch.rows]
        for row, kind, why in _doubtful(store, batch, now):
            groups.setdefault((kind, why), []).append(row.order_id)
        for (kind, why), orders in groups.items():
            evidence = EVIDENCE.get(kind) or HOW_TO_SETTLE.get(batch.action, "")
            if kind == "stuck" and store.submissions.find(batch.id):
                evidence = BY_FEED
            since = batch.sent_at or batch.created_at
            found.append(Question(batch.id, batch.action, batch.marketplace, kind, tuple(orders), since, why, evidence))
    for batch_id, action, market, order_id, at, why in (*store.batches.overpaid(), *store.batches.twice_booked()):
        found.append(Question(batch_id, action, market, "overpaid", (order_id,), at, why, EVIDENCE["overpaid"]))
    return found


def _doubtful(store: Store, batch: JournalBatch, now: int) -> list[tuple[JournalRow, str, str]]:
    """(row, kind, why) of the rows of a batch that left and are not as they should be by now."""
    limits = waiting()
    out: list[tuple[JournalRow, str, str]] = []
    late = batch.sent_at is not None and now - batch.sent_at >= limits.stuck
    answered = store.batches.answered_at(batch.id)
    ids = store.orders.ids_of([row.order_id for row in batch.rows])
    orders = {row.order_id: row for row in store.orders.rows(ids.values()).values()}
    as_of = store.tallies.as_of() or 0
    for row in batch.rows:
        status = orders[row.order_id].status
        if row.state is RowState.UNKNOWN:
            out.append((row, "unknown", row.text))
        elif row.state in (RowState.SENT, RowState.ACCEPTED) and late and batch.sent_at is not None:
            out.append((row, "stuck", f"no processing report since it left at {iso_utc(batch.sent_at)}"))
        elif row.state is RowState.OK and batch.action in _EXPECTED:
            word = status.value.replace("_", " ")
            if status in _CONTRARY[batch.action]:
                out.append((row, "diverged", f"Amazon said done, but a report shows it as {word}"))
            elif answered is not None and as_of - answered >= limits.unconfirmed:
                out.append(
                    (row, "unconfirmed", f"Amazon said done, but reports of {iso_utc(as_of)} still show it as {word}")
                )
    return out


def settle(
    store: Store, outbox: Path, batch_id: int, order_ids: Sequence[str], *, done: bool, why: str, typed: str | None
) -> Batch:
    """Take the operator's word that these rows of a batch were done, or were not. `typed` is the number of orders.

    Done: a refund counts as paid; a cancellation or shipment still waits for a report. Not done: it failed, and may be
    tried again. Raises BadInput, NotConfirmed, Refused, StoreError.
    """
    orders = list(dict.fromkeys(order_ids))
    words = " ".join(why.split())
    if not orders:
        raise BadInput("name the orders to settle; none named never means all")
    if not words:
        raise BadInput("say why: what you looked at, and what it showed")
    if len(words) > LONGEST_WHY or not words.isprintable():
        raise BadInput(f"the reason must be plain text of at most {LONGEST_WHY} characters")
    if (typed or "").strip() != str(len(orders)):
        raise NotConfirmed(f"type the number of orders, {len(orders)}, to settle them by your word")
    batch = store.batches.get(batch_id)
    if not done and batch.writing:
        raise Refused(f"batch {batch_id} is still being written: run `ordertui dispatch` first")
    state = RowState.OK if done else RowState.ERROR
    text = f"{'done' if done else 'not done'}, by {store.audit.operator}: {words}"
    settled = store.batches.settle(batch_id, {one: Outcome(state, OPERATOR_CODE, text) for one in orders}, why=words)
    folder = folder_of(outbox, batch)
    if not done and folder.is_dir():
        write_atomic(folder, SETTLED, (DO_NOT_UPLOAD + "\n").encode("utf-8"))
    return as_batch(settled)
