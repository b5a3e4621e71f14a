"""Trying again: a new plan with only the rows of a batch that failed, by Amazon's report or the operator's word."""

from __future__ import annotations

import msgspec

from ordertui.operations.errors import Refused
from ordertui.operations.planning.order_planner import choices_of
from ordertui.operations.planning.plan import ExcludedOrder, Plan, seal_of
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.planning.planner import Planner
from ordertui.orders.batch_state import RowState
from ordertui.orders.text import pluralize
from ordertui.store import Store

RULE = "retry"
WHY = {
    RowState.HELD: "it is still held: it has not left",
    RowState.RECALLED: "it was undone and never left",
    RowState.LEFT_OUT: "it was left out at the last check and never left",
    RowState.WRITTEN: "its file is written, and nobody said that it was uploaded",
    RowState.UPLOADED: "Amazon's answer is not here yet",
    RowState.SENT: "Amazon's answer is not here yet",
    RowState.ACCEPTED: "Amazon's answer is not here yet",
    RowState.OK: "Amazon's answer says that it is done",
    RowState.UNKNOWN: "what became of it is unknown: it is never sent again by itself; settle it first",
    RowState.CONFIRMED: "a report shows that it is done",
}


def retry_plans(store: Store, planner: Planner, batch_id: int) -> tuple[Plan, ...]:
    """Return the failed rows of a batch as plans, checked as any other, with the batch's own reasons and amounts.

    Of a refund that failed in part only the items that Amazon refused: the others were paid. Every other row is listed
    as left out. Raises UnknownBatch, Refused when nothing of it may be tried again.
    """
    batch = store.batches.get(batch_id)
    old = decode(store.batches.plan_bytes(batch_id))
    later = store.batches.later_tries(batch_id)
    states = {row.order_id: row.state for row in batch.rows}
    accepted = store.refunds.accepted_lines(batch_id)
    again, out = [], []
    for row in old.rows:
        state = states[row.order_id]
        if state is not RowState.ERROR:
            out.append(ExcludedOrder(row.id, row.order_id, RULE, WHY[state]))
        elif row.order_id in later:
            out.append(ExcludedOrder(row.id, row.order_id, RULE, f"batch {later[row.order_id]} tried it again already"))
        elif left := [line for line in row.lines if line.line not in accepted.get(row.order_id, ())]:
            again.append(msgspec.structs.replace(row, lines=tuple(left)))
        else:
            out.append(ExcludedOrder(row.id, row.order_id, RULE, "reports say of each of its items that it is done"))
    if not again:
        raise Refused(f"no row of batch {batch_id} may be tried again: {_sum(out)}")
    plans = planner.plan(old.action, [row.id for row in again], choices_of(old.action, again))
    found = [msgspec.structs.replace(plan, out=(*plan.out, *out)) for plan in plans]
    return tuple(msgspec.structs.replace(plan, seal=seal_of(plan)) for plan in found)


def _sum(out: list[ExcludedOrder]) -> str:
    counts: dict[str, int] = {}
    for one in out:
        counts[one.why] = counts.get(one.why, 0) + 1
    return "; ".join(f"{pluralize(count)}: {why}" for why, count in counts.items())
