"""What each person of a team marked: read by the others on request, and changed by nobody else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from ordertui.orders.people import Permission
from ordertui.store import StoreError

from .context import SessionContext
from .errors import BadInput
from .marks import Marks

PAUSE_SECONDS = 1.0
"""Marks that change all the time are written to the server so often at most."""
CLOSE_SECONDS = 1.0
"""How long the end of a session waits until the last marks are on the server."""
NEEDS_SERVER = "the store is a file: what its user marked is the only set there is"


class PersonMarks(msgspec.Struct, frozen=True):
    """The orders that a person of the team has marked, as the server last got them."""

    login: str
    at: int
    """When it changed last, epoch seconds by the server's clock."""
    orders: Marks


class TeamMarks:
    """Shows this person's marks to the team, and theirs to this person. A store in a file has one person's."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._wanted: bytes | None = None
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def publish(self, marks: Marks) -> None:
        """Write these marks to the server soon, by a thread; nothing happens where nobody else could see them."""
        if not self._context.store.is_shared or self._context.refusal(Permission.COMMIT):
            return
        with self._lock:
            self._wanted = marks.packed()
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="marks", daemon=True)
                self._thread.start()

    def _write(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._thread = None
                    return
            with suppress(StoreError):  # out of reach: the next change of the marks tells them
                self._context.store.shared_marks.put(self._context.person.name, wanted)
            self._is_closing.wait(PAUSE_SECONDS)

    def everybody(self) -> Sequence[PersonMarks]:
        """Return who has marked orders, by login. Raises BadInput for a store in a file, StoreError."""
        if not self._context.store.is_shared:
            raise BadInput(NEEDS_SERVER)
        found = self._context.reader().shared_marks.all()
        people = (PersonMarks(login, at, Marks.unpacked(orders)) for login, at, orders in found)
        return [one for one in people if one.orders]

    def of(self, login: str) -> PersonMarks:
        """Return what somebody marked. Raises BadInput when nobody of that login has marks, StoreError."""
        people = self.everybody()
        for same in (str, str.casefold):  # the server tells Ana from ana; who types need not
            for one in people:
                if same(one.login) == same(login):
                    return one
        if not people:
            raise BadInput(f"{login} has marked nothing, and nobody else has")
        raise BadInput(f"{login} has marked nothing; who has: {', '.join(one.login for one in people)}")

    def close(self) -> None:
        """Wait a moment until what was marked last is on the server."""
        self._is_closing.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)
