"""What the services of one session share: the connections of its store, the clock, the settings and the folders."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from ordertui.orders.clock import Clock
from ordertui.orders.people import Permission, Person
from ordertui.store import Store

from .config import Config, outbox_folder
from .errors import ReadOnly, RoleRefused, error_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ordertui.store.copy import CopyState, LocalCopy

    from .copies import CopyGuard
    from .policies import ActivePolicies


class SessionContext:
    """One open store with everything that every service needs.

    Reading is safe from any thread: each thread gets its own connection, so a long count never holds up the screen.
    """

    def __init__(self, store: Store, clock: Clock, config: Config, *, is_practice: bool) -> None:
        self.store = store
        """The connection that writes. Services that may run in a read-only session ask `writer` for it instead."""
        self.clock = clock
        self.config = config
        self.is_practice = is_practice
        self.is_read_only = store.read_only
        self.directory = store.path.parent
        self.merchant_id = config.merchant_id or "MERCHANT-ID"
        """Stands in the header of the XML feeds; a placeholder where the settings have none."""
        self.copy: LocalCopy | None = None
        """The copy that is read in the place of a store on a server; None: what is read is the store itself."""
        self.lost: CopyState | None = None
        """Of the copy that is read because the server could not be reached when the session began."""
        self._threads = threading.local()
        self._readers: list[Store] = []
        self._lock = threading.Lock()

    def reader(self) -> Store:
        """Return the calling thread's own connection for reading."""
        reader: Store | None = getattr(self._threads, "reader", None)
        if reader is None:
            reader = self.store.reader() if self.copy is None else self.copy.reader()
            self._threads.reader = reader
            with self._lock:
                self._readers.append(reader)
        return reader

    def catch_up(self) -> None:
        """Update the copy to what the server has now; nothing where the store itself is read. Raises StoreError.

        Inside a transaction of the store, which keeps everybody else from changing it, what is read is then current.
        """
        if self.copy is not None:
            self.copy.follow()

    def read_copy(self, progress: Callable[[int, int], None]) -> None:
        """Read a store on a server from a copy on this machine, which is filled or updated first.

        `progress` is called with the rows done, and in all. Nothing happens for a store in a file, nor while a store
        that may not be written has no log of its changes. Raises StoreError.
        """
        if not self.store.is_shared:
            return
        from ordertui.store.copy import open_copy

        self.copy = open_copy(self.store, self.clock, progress, error_message)
        if self.copy is not None:
            threading.Thread(target=self.copy.watch, name="local copy", daemon=True).start()

    @property
    def is_line_lost(self) -> bool:
        """Whether the server of the store cannot be reached, as far as is known: then nothing is sent."""
        return self.copy_state is not None and self.copy_state.lost_since is not None

    @property
    def copy_state(self) -> CopyState | None:
        """How far the copy is that is read in the place of a store on a server; None where the store itself is."""
        return self.lost if self.copy is None else self.copy.state

    @cached_property
    def person(self) -> Person:
        """Who is at work here, as the store's server knows it, and the role; for a file, an owner."""
        return self.store.person()

    def role_refusal(self, permission: Permission) -> str:
        """Return why the role of who is at work does not allow something; an empty text when it does.

        Without a server nobody can say so: then nothing is written anyway.
        """
        return "" if self.lost is not None else self.person.refusal(permission)

    def refusal(self, permission: Permission) -> str:
        """Return why this may not be done here, for the operator; an empty text when it may.

        What an order allows is the verdict's answer.
        """
        is_refused = self.is_read_only and permission is not Permission.LOOK
        return self.role_refusal(permission) or (str(ReadOnly()) if is_refused else "")

    def require(self, permission: Permission) -> None:
        """Raise RoleRefused when the role of who is at work does not allow it, ReadOnly when nothing may be written."""
        refusal = self.role_refusal(permission)
        if refusal:
            raise RoleRefused(refusal)
        if self.refusal(permission):
            raise ReadOnly

    def writer(self, permission: Permission) -> Store:
        """Return the connection that writes, for something that is allowed. Raises RoleRefused, ReadOnly."""
        self.require(permission)
        return self.store

    def close(self) -> None:
        """Close every connection; closing twice is harmless."""
        with self._lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        if self.copy is not None:
            self.copy.close()
        self.store.close()

    @cached_property
    def outbox_directory(self) -> Path:
        """Where the files of new batches go."""
        return outbox_folder(self.config, self.directory, is_practice=self.is_practice)

    @cached_property
    def copies(self) -> CopyGuard:
        """Says whether the store may be a copy of one that went on."""
        from .copies import CopyGuard

        return CopyGuard(
            self.reader,
            self.store,
            self.outbox_directory,
            is_practice=self.is_practice,
            lost_line=lambda: "" if self.copy_state is None else self.copy_state.lost_text(),
        )

    @property
    def is_api_dispatch(self) -> bool:
        """Whether batches leave by the API; those of a practice store never do, whatever the settings say."""
        return self.config.amazon.dispatch == "api" and not self.is_practice

    @property
    def export_directory(self) -> Path | None:
        """The folder that exported files must stay in, because their orders are made up; None: they may go anywhere."""
        return self.directory if self.is_practice else None

    @cached_property
    def active_policies(self) -> ActivePolicies:
        """The policies in force, read and checked before the first decision and not before the first orders are shown.

        Raises PolicyError, BadInput.
        """
        from .policies import load_active_policies

        return load_active_policies(self.config, self.reader(), self.store, self.clock)
