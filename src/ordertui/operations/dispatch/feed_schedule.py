"""When a held batch may leave as a feed: one of a kind at a time, minutes apart, parts in order (SP-API.md 4)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from itertools import takewhile

from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.operations.limits import feed_limits
from ordertui.operations.sync.connection import retry_delay
from ordertui.orders.batch_state import IN_FLIGHT, NEVER_LEFT, BatchState, RowState, SubmissionState
from ordertui.orders.clock import iso_utc, lease_has_ended
from ordertui.store import JournalBatch, Store

from .shipment_call import submission_kind


class FeedSchedule:
    """The schedule of one store at one moment (`now`, epoch seconds). Make a new one after anything changed."""

    def __init__(self, store: Store, now: int, marketplaces: tuple[str, ...]) -> None:
        self._store = store
        self._now = now
        self._marketplaces = marketplaces

    @cached_property
    def _busy(self) -> dict[str, int]:
        """The batch on its way, by the kind of its submission."""
        return {one.feed_type: one.batch for one in self._store.submissions.find_open() if one.is_open}

    def due(self, released: Collection[int] = ()) -> list[JournalBatch]:
        """Return the batches whose hold has ended, or that were `released`, in the order of their commit."""
        held = [batch for batch in self._store.batches.find(open_only=True) if batch.state is BatchState.HELD]
        return sorted(
            (batch for batch in held if batch.due_at <= self._now or batch.id in released), key=lambda batch: batch.id
        )

    def waiting_reason(self, batch: JournalBatch) -> str:
        """Return why a due batch may not leave now; empty when it may."""
        why = self._obstacle(batch)
        free_at = 0 if why else self._free_at(batch)
        if self._now < free_at:
            minutes = feed_limits().gap_seconds.value // 60
            why = f"Amazon wants {minutes} minutes between two feeds of a kind; it may leave at {iso_utc(free_at)}"
        return why

    def leaves_at(self, batch: JournalBatch) -> int | None:
        """Return when a held batch leaves by itself (epoch seconds); None when something else must happen first.

        A batch that Amazon refused waits longer after each refusal; started by hand it is tried at once.
        """
        if self._obstacle(batch):
            return None
        mine = self._store.submissions.find(batch.id)
        refused = list(takewhile(lambda one: one.state is SubmissionState.REFUSED, mine))
        retry_at = self._wait_from(refused[0].started_at, retry_delay(len(refused))) if refused else 0
        return max(batch.due_at, self._free_at(batch), retry_at)

    def _free_at(self, batch: JournalBatch) -> int:
        """Return when Amazon takes another feed of the batch's kind (epoch seconds)."""
        kind = submission_kind(self._store, batch)
        if kind == CONFIRM_SHIPMENT.name:
            return 0
        last = self._store.submissions.last_begun(kind)
        return 0 if last is None else self._wait_from(last, feed_limits().gap_seconds.value)

    def _wait_from(self, begun_at: int, seconds: int) -> int:
        """Return when a wait ends that began then; 0 when it ended, or began before the clock was put back."""
        until = begun_at + seconds
        return 0 if lease_has_ended(until, self._now, seconds) else until

    def _obstacle(self, batch: JournalBatch) -> str:
        """Return what other than time keeps a batch from leaving; empty when nothing does."""
        if batch.marketplace not in self._marketplaces:
            return f"the settings connect {', '.join(self._marketplaces)}, not {batch.marketplace}"
        before = self._store.batches.predecessor(batch.id)
        if before is not None:
            why = self._part_obstacle(self._store.batches.get(before))
            if why:
                return why
        busy = self._busy.get(submission_kind(self._store, batch))
        return "" if busy is None else f"batch {busy}, of the same kind, is on its way"

    @staticmethod
    def _part_obstacle(part: JournalBatch) -> str:
        """Return why the next part of a split batch may not follow this one; empty when it may."""
        rows = [row for row in part.rows if row.state not in NEVER_LEFT]
        if any(row.state is RowState.HELD or row.state in IN_FLIGHT for row in rows):
            return f"the part before it, batch {part.id}, is not answered yet"
        unknown = sum(row.state is RowState.UNKNOWN for row in rows)
        failed = sum(row.state is RowState.ERROR for row in rows)
        if unknown or failed * 100 > len(rows) * feed_limits().wrong_percent.value:
            return (
                f"of the part before it, batch {part.id}, {failed:,} of {len(rows):,} orders failed and {unknown:,} are"
                " unknown: look at them first; undo takes this part back"
            )
        return ""
