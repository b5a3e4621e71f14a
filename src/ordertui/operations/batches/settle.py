"""Record the operator's word on rows that left: done, or not done. It needs a reason and the typed count, and names
the evidence that says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, CountNotTyped, EvidenceAgainst, Refused
from ordertui.operations.long_runs import changing
from ordertui.operations.outbox_folder import folder_of
from ordertui.operations.results.bookings import confirming_bookings, kept_bookings, may_match
from ordertui.operations.results.evaluation import OPERATOR_CODE, ReportEvidence, accepted_by
from ordertui.operations.results.reconciler import ResultReconciler
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import iso_utc
from ordertui.orders.money import format_money
from ordertui.orders.people import Permission
from ordertui.store import JournalBatch, Outcome, Store

from .batch import Batch, as_batch
from .upload import BY_HAND, obstacle_text, warn_in


class Proof(msgspec.Struct, frozen=True):
    """One piece of evidence about one row."""

    name: str
    """What the operator names it by: the beginning of a report's hash, or the id of a booking."""
    is_done: bool
    text: str


def proofs_against(
    store: Store,
    batch: JournalBatch,
    reports: Sequence[ReportEvidence],
    order_ids: Collection[str],
    *,
    done: bool,
) -> list[Proof]:
    """Return the evidence that the operator's word goes against. `reports`: what each report of the batch says.

    A report that says of some items of a row that they were done, and of others that they were refused, goes against
    either word. A row that is said to be not done: every report that says done, and every booking that may be its own,
    whatever else was said. A row that is said to be done: reports that say refused, when nothing says done.
    """
    found: dict[str, list[Proof]] = {order_id: [] for order_id in order_ids}
    for report in reports:
        for order_id in order_ids:
            outcome = report.outcomes.get(order_id)
            if outcome is not None and not outcome.accepted and outcome.state in (RowState.OK, RowState.ERROR):
                is_done = outcome.state is RowState.OK
                word = "was done" if is_done else f"was refused ({outcome.code or outcome.text})"
                name = report.sha256[:8]
                found[order_id].append(Proof(name, is_done, f"report {name} says that {order_id} {word}"))
    for row in store.refunds.find():
        if row.batch == batch.id and row.order_id in found:
            used = confirming_bookings(store, row.order_id)
            for one in kept_bookings(store, row.order_id):
                if one.ident not in used and may_match(row, one):
                    money = format_money(one.minor, one.currency)
                    text = f"Amazon booked {money} back for {row.order_id} on {iso_utc(one.posted)} ({one.ident})"
                    found[row.order_id].append(Proof(one.ident, True, text))
    against = [
        Proof(name, not done, f"report {name} says that only {count} of the items of {order_id} went through")
        for report in reports
        for order_id in order_ids
        if (name := report.sha256[:8]) and (count := len(accepted_by([report], order_id)))
    ]
    for proofs in found.values():
        is_done = any(one.is_done for one in proofs)
        against += [one for one in proofs if one.is_done is not done and is_done is not done]
    return against


UNWARNED, FILES = "unwarned", "files"
"""Names of evidence that is in a batch's folder."""
UNWARNED_TEXT = (
    "{folder} cannot be written ({why}), so no warning can stand beside its file, which must not be uploaded then. To"
    " settle it all the same, name it (unwarned)."
)
MOST_PROOFS = 5
"""Pieces of evidence that an error lists."""
MAX_REASON_LENGTH = 500


class OperatorStatement(msgspec.Struct, frozen=True):
    """What the operator says became of rows."""

    done: bool
    why: str
    typed: str | None
    """Must be the number of orders."""
    against: Sequence[str] = ()
    """Names of the evidence that the operator knows and goes against."""


def settle(
    context: SessionContext,
    batch_id: int,
    order_ids: Sequence[str],
    word: OperatorStatement,
    stop: Callable[[], bool] = lambda: False,
) -> Batch:
    """Record that these rows of a batch were done, or were not.

    Done: a refund counts as paid; a cancellation or shipment still waits for a report. Not done: it failed, and may be
    tried again, but for the items of a refund that a report says were paid while others were refused. Evidence at hand
    beats a word that does not name it. Raises BadInput, CountNotTyped, EvidenceAgainst, Refused, StoreError, Stopped.
    """
    done = word.done
    orders = list(dict.fromkeys(order_ids))
    if not orders:
        raise BadInput("name the orders to settle; none named never means all")
    reason = check_reason(word.why)
    if (word.typed or "").strip() != str(len(orders)):
        raise CountNotTyped(f"type the number of orders, {len(orders)}, to settle them by your word", len(orders))
    state = RowState.OK if done else RowState.ERROR
    text = f"{'done' if done else 'not done'}, by {context.store.audit.operator}: {reason}"
    with changing(
        context, Permission.SETTLE, stop
    ) as store:  # no report comes between the look at the evidence and the word
        batch = store.batches.get(batch_id)
        folder = folder_of(context.outbox_directory, batch, store)
        reports = ResultReconciler(store).evidence_of(batch_id)
        proofs = proofs_against(store, batch, reports, orders, done=done)
        is_given_up = batch.is_writing and not done
        if is_given_up:
            _check_given_up(store, batch, orders)
            proofs += _proofs_of_files(batch, folder)
        unnamed = [one for one in proofs if one.name not in word.against]
        if unnamed:
            names = list(dict.fromkeys(one.name for one in unnamed))
            texts = "; ".join(one.text for one in unnamed[:MOST_PROOFS])
            raise EvidenceAgainst(
                f"{texts}. Your word goes against that: look again, and name it ({', '.join(names)}) to settle all the"
                " same",
                names,
            )
        known = list(dict.fromkeys(one.name for one in proofs))
        if UNWARNED in word.against:
            known.append(UNWARNED)
        if known:
            reason = f"{reason} (against {', '.join(known)})"
        if is_given_up:
            store.journal.give_up_writing(batch_id)
        outcomes = {
            one: Outcome(state, OPERATOR_CODE, text, () if done else accepted_by(reports, one)) for one in orders
        }
        settled = store.results.settle(batch_id, outcomes, why=reason)
        if settled.state is BatchState.WRITTEN and not settled.is_writing:
            try:
                warn_in(folder, obstacle_text(batch_id, BY_HAND))
            except OSError as error:  # the word counts without the warning only when that is known
                if UNWARNED not in word.against:
                    raise EvidenceAgainst(
                        UNWARNED_TEXT.format(folder=folder, why=error.strerror), [UNWARNED]
                    ) from error
    return as_batch(settled)


def _check_given_up(store: Store, batch: JournalBatch, orders: Collection[str]) -> None:
    """Raise Refused unless nobody writes the batch any more once these orders are settled as not done."""
    if not store.journal.leases.is_free(batch.id):
        raise Refused(f"batch {batch.id} is being written by another machine: let it finish, or wait some minutes")
    left = set(batch.orders_in(RowState.WRITTEN)) - set(orders)
    if left:
        raise Refused(
            f"batch {batch.id} is still being written, and its file names all its orders: run `ordertui dispatch`"
            f" first, or name those too that are not named ({', '.join(sorted(left)[:MOST_PROOFS])})"
        )


def _proofs_of_files(batch: JournalBatch, folder: Path) -> list[Proof]:
    """Return what speaks for that somebody may have a file of a batch that is not all written."""
    names = [Path(name).name for name in batch.files]
    there = [name for name in names if os.path.lexists(folder / name)]
    if not there and folder.is_dir():
        return []
    missing = ", ".join(name for name in names if name not in there)
    if not there:
        text = f"{folder} is not there, and what may be in it ({missing}) cannot be seen"
    elif missing:
        text = f"{folder} has {', '.join(there)}, but not {missing}: what is there may have been uploaded"
    else:
        text = f"{folder} has {', '.join(there)}: what is there may have been uploaded"
    return [Proof(FILES, True, text)]


def check_reason(why: str) -> str:
    """Return the operator's reason on one line. Raises BadInput."""
    reason = " ".join(why.split())
    if not reason:
        raise BadInput("say why: what you looked at, and what it showed")
    if len(reason) > MAX_REASON_LENGTH or not reason.isprintable():
        raise BadInput(f"the reason must be plain text of at most {MAX_REASON_LENGTH} characters")
    return reason
