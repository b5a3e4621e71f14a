"""Evidence at hand of what became of the rows of a batch, which the operator's word may go against only by name."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from ordertui.operations.results.bookings import confirming_bookings, kept_bookings, may_match
from ordertui.operations.results.reconciler import ResultReconciler
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import iso_utc
from ordertui.orders.money import format_money
from ordertui.store import JournalBatch, Store


class Proof(msgspec.Struct, frozen=True):
    """One piece of evidence about one row."""

    name: str
    """What the operator names it by: the beginning of a report's hash, or the id of a booking."""
    is_done: bool
    text: str


def proofs_against(store: Store, batch: JournalBatch, order_ids: Collection[str], *, done: bool) -> list[Proof]:
    """Return the evidence that the operator's word goes against.

    A row that is said to be not done: every report that says done, and every booking that may be its own, whatever else
    was said. A row that is said to be done: reports that say refused, when nothing says done.
    """
    found: dict[str, list[Proof]] = {order_id: [] for order_id in order_ids}
    for report in ResultReconciler(store).evidence_of(batch.id):
        for order_id in order_ids:
            outcome = report.outcomes.get(order_id)
            if outcome is not None and outcome.state in (RowState.OK, RowState.ERROR):
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
    against: list[Proof] = []
    for proofs in found.values():
        is_done = any(one.is_done for one in proofs)
        against += [one for one in proofs if one.is_done is not done and is_done is not done]
    return against
