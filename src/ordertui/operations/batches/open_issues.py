"""Rows of batches whose outcome is unknown, late or contradicted by a report, or that keep their batch from leaving,
and what would settle each.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ordertui.operations.limits import operation_limits
from ordertui.operations.results.evaluation import HOW_TO_SETTLE
from ordertui.orders.batch_state import IN_FLIGHT, BatchState, RowState, is_contradicted
from ordertui.orders.clock import DAY, time_of
from ordertui.orders.enums import Action, OrderStatus
from ordertui.orders.order import LinesKnown
from ordertui.store import JournalBatch, JournalRow, Store

EVIDENCE = {
    "unread": (
        "look at it in Seller Central; `ordertui sync --order ORDER-ID` reads it again, `ordertui undo ORDER-ID` takes"
        " it out"
    ),
    "unwritten": "free the disk or fix the folder's permissions; the next dispatch writes the same bytes",
    "stuck": "fetch the processing report and import it; if the file was never uploaded, upload it once now",
    "no_upload": (
        "if it was uploaded, fetch the processing report and import it; else look at the orders in Seller Central, and"
        " settle those that are not done"
    ),
    "overpaid": (
        "look at the order in Seller Central: if it was paid twice, ask the buyer or Amazon; refund nothing more"
    ),
}
KIND_WORDS = {
    "unread": "in an unreadable state",
    "unwritten": "not written yet",
    "no_upload": "not to be uploaded",
    "stuck": "without an answer",
    "unknown": "outcome unknown",
    "diverged": "contradicted by a report",
    "unconfirmed": "not confirmed yet",
    "overpaid": "perhaps paid twice",
}
"""What a kind says of its orders, for people; commands and JSON name the kind itself."""
NOT_YET = ", a time that this machine's clock has not reached"
BY_FEED = "it went by the API: `ordertui dispatch` looks at its feed; upload no file of it"
ELSEWHERE = "let that machine finish, or wait some minutes; then a dispatch here writes the same bytes"


class OpenIssue(msgspec.Struct, frozen=True):
    """Orders of a batch that left, or that waits though its hold is over, and why somebody must look at them."""

    batch: int
    action: Action
    marketplace: str
    kind: str
    """`unread`, `unwritten`, `no_upload`, `stuck`, `unknown`, `diverged`, `unconfirmed`, `overpaid`."""
    orders: tuple[str, ...]
    since: int
    """When the batch left, or was committed (epoch seconds)."""
    why: str
    evidence: str
    """What would settle it, for people."""

    @property
    def words(self) -> str:
        """What the kind says of the orders, for people."""
        return KIND_WORDS[self.kind]


_EXPECTED = {Action.CANCEL: OrderStatus.CANCELLED, Action.CONFIRM: OrderStatus.SHIPPED}


def open_issues(store: Store, now: int, withheld: Mapping[int, str]) -> list[OpenIssue]:
    """Return what somebody must look at, newest batch first.

    `now`: epoch seconds; `withheld`: why files that nobody uploaded must not be, by batch.
    """
    found: list[OpenIssue] = []
    for batch in store.batches.find(open_only=True):
        groups: dict[tuple[str, str], list[str]] = {}
        if batch.is_writing:
            is_free = store.journal.leases.is_free(batch.id)
            why = "its files are not all written yet" if is_free else "another machine has not written all its files"
            groups["unwritten", why] = [row.order_id for row in batch.rows]
        if batch.id in withheld:
            groups["no_upload", withheld[batch.id]] = batch.orders_in(RowState.WRITTEN)
        for row, kind, why in _doubtful(store, batch, now):
            if kind == "stuck" and batch.id in withheld:
                continue  # it says that the file may be uploaded
            groups.setdefault((kind, why), []).append(row.order_id)
        for (kind, why), orders in groups.items():
            evidence = EVIDENCE.get(kind) or HOW_TO_SETTLE.get(batch.action, "")
            by_word = {
                "diverged": f"if it was not done, `ordertui settle {batch.id} ORDER-ID... --not-done` says so",
                "unknown": f"`ordertui settle {batch.id} ORDER-ID... --done`, or `--not-done`, says what you found",
            }
            if kind in by_word:
                evidence = f"{evidence}; {by_word[kind]}"
            if kind == "stuck" and store.submissions.find(batch.id):
                evidence = BY_FEED
            elif kind == "stuck" and batch.state is BatchState.UPLOADED:
                evidence = (
                    "fetch the processing report and import it; if the file was not uploaded after all, `ordertui"
                    f" uploaded {batch.id} --undo` says so"
                )
            if kind == "unwritten" and not store.journal.leases.is_free(batch.id):
                evidence = ELSEWHERE
            since = batch.sent_at or batch.created_at
            found.append(
                OpenIssue(batch.id, batch.action, batch.marketplace, kind, tuple(orders), since, why, evidence)
            )
    overpaid = {
        (one.batch, one.order_id): one
        for one in (
            *store.journal.wishes.find_done_twice(),
            *store.refunds.find_overpaid(),
            *store.refunds.find_booked_twice(),
        )
    }
    for one in overpaid.values():
        market, evidence = one.marketplace, EVIDENCE["overpaid"]
        found.append(
            OpenIssue(one.batch, one.action, market, "overpaid", (one.order_id,), one.sent_at, one.why, evidence)
        )
    return found


def _doubtful(store: Store, batch: JournalBatch, now: int) -> list[tuple[JournalRow, str, str]]:
    """Return (row, kind, why) of the rows of a batch that are not in the state they should be in by now."""
    limits = operation_limits()
    out: list[tuple[JournalRow, str, str]] = []
    sent, answered = batch.sent_at, store.results.answered_at(batch.id)
    late = sent is not None and (now - sent >= limits.stuck_seconds or _not_yet(sent, now))
    ids = store.orders.ids_of([row.order_id for row in batch.rows])
    orders = {row.order_id: row for row in store.orders.rows(ids.values()).values()}
    as_of = store.tallies.as_of() or 0
    for row in batch.rows:
        status = orders[row.order_id].status
        if row.state is RowState.HELD:
            is_due = batch.state is BatchState.HELD and batch.due_at <= now
            if is_due and orders[row.order_id].lines_known & LinesKnown.UNREAD:
                out.append((row, "unread", "its newest state cannot be read, and its batch waits for that"))
        elif row.state is RowState.UNKNOWN:
            out.append((row, "unknown", row.text))
        elif row.state in IN_FLIGHT and late and sent is not None:
            at = time_of(sent, now) + (NOT_YET if _not_yet(sent, now) else "")
            is_written = row.state is RowState.WRITTEN
            why = f"written at {at}, and nobody said that it was uploaded" if is_written else f"no report since {at}"
            out.append((row, "stuck", why))
        elif row.state is RowState.OK and batch.action in _EXPECTED:
            word = status.value.replace("_", " ")
            if is_contradicted(batch.action, row.state, status):
                out.append((row, "diverged", f"Amazon said done, but a report shows it as {word}"))
            elif answered is not None and _not_yet(answered, now):
                why = f"Amazon said done, at {time_of(answered, now)}{NOT_YET}; look whether reports show it"
                out.append((row, "unconfirmed", why))
            elif answered is not None and as_of - answered >= limits.unconfirmed_seconds:
                seen = time_of(as_of, now)
                out.append((row, "unconfirmed", f"Amazon said done, but reports of {seen} still show it as {word}"))
    return out


def _not_yet(at: int, now: int) -> bool:
    """Return whether something was done when the clock stood far ahead: its time has not come, and may not for years.

    How long ago it was nobody knows, so it is looked at now.
    """
    return at > now + DAY
