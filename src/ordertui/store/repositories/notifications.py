"""Keep which alert was told to whom, so that each is told once whatever the number of processes that look.

An alert is noted as told in the transaction that begins its notification, before anything is sent. `SENDING` leads to
`SENT`, `FAILED` or `GIVEN_UP` when the sender notes how it went, and to `UNCLEAR` when it never did; `FAILED` leads
back to `SENDING`. A late note of how an unclear one went is taken.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ordertui.orders.clock import CLOCK_SLACK_SECONDS
from ordertui.orders.enums import AlertKind, NotificationState
from ordertui.store.engine.database import Database, as_parameter
from ordertui.store.engine.protocol import Row

_ENDED = "(until <= ? OR until > ?)"
"""The condition of `orders.clock.lease_has_ended` with the values of `_span`. It reads the index of open ones."""
_COLUMNS = "id, receiver, kind, state, content, attempts, at, until, note"


class Notification(msgspec.Struct, frozen=True):
    """One message to one receiver. Times are in epoch seconds."""

    id: int
    receiver: str
    kind: AlertKind
    state: NotificationState
    content: str
    """JSON; it holds no data of a buyer."""
    attempts: int
    at: int
    """When it was begun."""
    until: int | None
    """While it is sent: when the lease ends. When it failed: when it is tried again."""
    note: str
    """Why it failed; empty when it did not."""


class NotificationLog:
    """Begins notifications, notes how they went, and reads them. What changes something wants an open transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, receiver: str, alerts: Iterable[str]) -> dict[str, int]:
        """Return, of these keys of alerts, those the receiver was told or is being told, with the notification."""
        return dict(
            self._database.query_in(
                "SELECT alert, notification FROM told_alerts WHERE receiver = ? AND alert IN ({})", alerts, (receiver,)
            )
        )

    def recent(self, receiver: str, since: int) -> list[tuple[AlertKind, int]]:
        """Return the kind of each notification that was begun for a receiver since then, and when."""
        found = self._database.query(
            "SELECT kind, at FROM notifications WHERE receiver = ? AND at >= ? ORDER BY id", (receiver, since)
        )
        return [(AlertKind(kind), at) for kind, at in found]

    def begin(
        self, receiver: str, kind: AlertKind, content: str, alerts: Iterable[str], *, at: int, until: int
    ) -> Notification:
        """Note these alerts as told, by a new notification that the caller sends before the lease ends (`until`)."""
        ident = self._database.required(
            int,
            "INSERT INTO notifications (receiver, kind, state, content, attempts, at, until)"
            " VALUES (?, ?, ?, ?, 1, ?, ?) RETURNING id",
            (receiver, kind.value, NotificationState.SENDING.value, content, at, until),
        )
        self._database.execute(
            "INSERT INTO told_alerts (receiver, alert, notification) SELECT :receiver, v.alert, :id"
            f" FROM {self._database.values_sql('new', alert=str)} AS v",
            {"receiver": receiver, "id": ident, "new": as_parameter(alerts)},
        )
        return Notification(ident, receiver, kind, NotificationState.SENDING, content, 1, at, until, "")

    def failed(self, now: int, longest: int) -> list[Notification]:
        """Return those that failed and are to be tried again by now, oldest first. `longest`: the longest pause."""
        return self._read(
            f"WHERE {_ENDED} AND state = ? ORDER BY +id", *_span(now, longest), NotificationState.FAILED.value
        )

    def begin_again(self, failed: Notification, *, until: int) -> Notification | None:
        """Begin the next attempt of a failed one; None when another process was faster."""
        changed = self._database.execute(
            "UPDATE notifications SET state = ?, attempts = attempts + 1, until = ? WHERE id = ? AND state = ?"
            " AND attempts = ?",
            (NotificationState.SENDING.value, until, failed.id, NotificationState.FAILED.value, failed.attempts),
        )
        return self._read("WHERE id = ?", failed.id)[0] if changed else None

    def finish(
        self, sent: Notification, state: NotificationState, *, note: str = "", until: int | None = None
    ) -> Notification:
        """Note how an attempt went, unless a later one is under way; return the notification as it is now."""
        self._database.execute(
            "UPDATE notifications SET state = ?, note = ?, until = ? WHERE id = ? AND attempts = ? AND state IN (?, ?)",
            (state.value, note, until, sent.id, sent.attempts, NotificationState.SENDING.value,
             NotificationState.UNCLEAR.value),
        )  # fmt: skip
        return self._read("WHERE id = ?", sent.id)[0]

    def end_leases(self, now: int, seconds: int) -> int:
        """Mark as unclear those whose lease of so many seconds ended before the sender said how it went.

        Return how many.
        """
        return self._database.execute(
            f"UPDATE notifications SET state = ?, until = NULL WHERE {_ENDED} AND state = ?",
            (NotificationState.UNCLEAR.value, *_span(now, seconds), NotificationState.SENDING.value),
        )

    def find(self, since: int) -> list[Notification]:
        """Return the notifications that were begun since then, newest first."""
        return self._read("WHERE at >= ? ORDER BY id DESC", since)

    def get(self, idents: Iterable[int]) -> dict[int, Notification]:
        """Return notifications by number."""
        found = self._database.query_in(f"SELECT {_COLUMNS} FROM notifications WHERE id IN ({{}})", idents)
        return {row[0]: _notification(row) for row in found}

    def _read(self, tail: str, *params: object) -> list[Notification]:
        return [
            _notification(row) for row in self._database.query(f"SELECT {_COLUMNS} FROM notifications {tail}", params)
        ]


def _span(now: int, seconds: int) -> tuple[int, int]:
    """Return after when, and until when, a lease of so many seconds ends that has not ended."""
    return now, now + seconds + CLOCK_SLACK_SECONDS


def _notification(row: Row) -> Notification:
    return Notification(row[0], row[1], AlertKind(row[2]), NotificationState(row[3]), *row[4:])
