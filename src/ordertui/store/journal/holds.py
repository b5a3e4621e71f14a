"""The end of a hold, measured by the monotonic clock so that setting the wall clock moves none."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import LATEST_MOMENT, Clock, MonotonicReading, monotonic_reading
from ordertui.store.engine.database import Database

from .records import JournalBatch


class HoldTimer:
    """Computes when holds end. The monotonic clock counts within one start of the machine only."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def end_after(self, seconds: int) -> MonotonicReading | None:
        """Return the reading of the monotonic clock in so many seconds; None when the clock has none."""
        now = monotonic_reading(self._clock)
        return None if now is None else MonotonicReading(now.boot, now.seconds + seconds)

    def with_due_times(self, batches: list[JournalBatch]) -> list[JournalBatch]:
        """Return the batches with `due_at` as the monotonic clock has it."""
        monotonic = monotonic_reading(self._clock)
        if monotonic is None:
            return batches
        now = self._clock.now()
        return [
            msgspec.structs.replace(one, due_at=_due_at(one.due_at, one.hold_end, monotonic, now))
            if one.state is BatchState.HELD
            else one
            for one in batches
        ]

    def ends(self, batch_id: int | None = None) -> dict[int, int]:
        """Return when the hold of each held batch ends (epoch seconds), by batch number, or of one batch alone."""
        sql = f"SELECT id, due_at, hold_boot, hold_mark FROM batches WHERE state = '{BatchState.HELD}'"
        one = ("", ()) if batch_id is None else (" AND id = ?", (batch_id,))
        monotonic, now = monotonic_reading(self._clock), self._clock.now()
        found = {}
        for batch, due_at, boot, mark in self._database.query(sql + one[0], one[1]):
            end = MonotonicReading(boot, mark) if boot and mark is not None else None
            end_at = due_at if monotonic is None else _due_at(due_at, end, monotonic, now)
            found[batch] = min(end_at, LATEST_MOMENT)
        return found

    def anchor(self) -> None:
        """Tie holds that began before this start of the machine to its monotonic clock.

        The wall clock is believed this once. When it shows a time before the commit, the whole hold begins again.
        """
        monotonic = monotonic_reading(self._clock)
        if monotonic is None:
            return
        sql = f"SELECT id, created_at, due_at FROM batches WHERE state = '{BatchState.HELD}' AND hold_boot <> ?"
        if not self._database.query(sql, (monotonic.boot,)):
            return
        now = self._clock.now()
        with self._database.write():
            for batch_id, created_at, due_at in self._database.query(sql, (monotonic.boot,)):
                left = due_at - now if now >= created_at else due_at - created_at
                self._database.execute(
                    "UPDATE batches SET hold_boot = ?, hold_mark = ? WHERE id = ?",
                    (monotonic.boot, monotonic.seconds + max(left, 0), batch_id),
                )


def hold_columns(end: MonotonicReading | None) -> tuple[str, int | None]:
    """Return `hold_boot` and `hold_mark` as the table has them."""
    return ("", None) if end is None else (end.boot, end.seconds)


def _due_at(due_at: int, end: MonotonicReading | None, monotonic: MonotonicReading, now: int) -> int:
    """Return when a hold ends: by the monotonic clock if it has run since `end` was read, else the stored `due_at`."""
    if end is None or end.boot != monotonic.boot:
        return due_at
    measured = now + end.seconds - monotonic.seconds
    return due_at if abs(measured - due_at) <= 1 else min(measured, LATEST_MOMENT)  # both count whole seconds
