"""Which machine writes the files of a batch of a store on a server, and until when no other one may.

The file to upload gets its name only after the server took down that it is written. So a machine that died before has
nothing that could be uploaded, and another one may write it when the lease has ended.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from ordertui.files import FileConflict, read_file, write_atomic
from ordertui.orders.clock import Clock, lease_has_ended
from ordertui.store.engine.database import Database

LEASE_KEY = "writer:"
"""Begins the key in `meta` of a batch's lease."""
LEASE_SECONDS = 15 * 60
"""How long a machine that says nothing keeps its lease, by the server's clock. Writing a batch takes a second."""
MACHINE_SUFFIX = "-machine"
"""Ends the name of the file with this machine's id, beside its other files of the store."""


class WriterLease(msgspec.Struct, frozen=True):
    """A machine's lease of a batch."""

    machine: str
    """Its id: a name may be that of several."""
    host: str
    """Its name."""
    until: int
    """When the lease ends (epoch seconds)."""


class WriterLeases:
    """Leases of the machines that share a store; a store in a file has none, and everybody there may write."""

    def __init__(self, database: Database, clock: Clock, host: str) -> None:
        self._database = database
        self._clock = clock
        self._host = host
        self._machine = _machine_id(database.engine.files) if database.engine.is_shared else ""
        """This machine's id; empty until it first takes a lease or opens the store to write."""

    @property
    def machine(self) -> str:
        """This machine's id, a part of the name of a file that waits for its own; empty for a store in a file."""
        return self._machine

    def take(self, batch_id: int) -> bool:
        """Give this machine the lease of a batch, or renew it, in the open transaction; False: another one has it."""
        if not self._database.engine.is_shared:
            return True
        if not self.is_free(batch_id):
            return False
        if not self._machine:
            self._machine = _make_machine_id(self._database.engine.files)
        lease = WriterLease(self._machine, self._host, self._clock.now() + LEASE_SECONDS)
        self._database.set_meta(f"{LEASE_KEY}{batch_id}", msgspec.json.encode(lease).decode())
        return True

    def is_free(self, batch_id: int) -> bool:
        """Return whether this machine may write a batch."""
        found = self._find(batch_id) if self._database.engine.is_shared else None
        return found is None or found.machine == self._machine or self._has_ended(found)

    def may_name(self, batch_id: int, machine: str) -> bool:
        """Return whether a file that a machine wrote may get its name now.

        That machine has the lease, and it is this one or has said nothing until its lease ended. Another machine sees
        such a file only in an outbox that both share.
        """
        found = self._find(batch_id)
        if found is None or found.machine != machine:
            return False
        return machine == self._machine or self._has_ended(found)

    def release(self, batch_id: int) -> None:
        """End the lease, in the open transaction: every file has its name, or none may be uploaded any more."""
        self._database.set_meta(f"{LEASE_KEY}{batch_id}", None)

    def unnamed(self) -> dict[int, str]:
        """Return the batches whose file to upload has no name yet, by number, with the machine that has it."""
        found = self._database.query(
            f"SELECT key, value FROM meta WHERE key LIKE '{LEASE_KEY}%' ORDER BY length(key), key"
        )
        return {
            int(key.removeprefix(LEASE_KEY)): msgspec.json.decode(value, type=WriterLease).host for key, value in found
        }

    def _has_ended(self, lease: WriterLease) -> bool:
        return lease_has_ended(lease.until, self._clock.now(), LEASE_SECONDS)

    def _find(self, batch_id: int) -> WriterLease | None:
        found = self._database.meta(f"{LEASE_KEY}{batch_id}")
        return None if found is None else msgspec.json.decode(found, type=WriterLease)

    def prepare(self) -> None:
        """Give this machine its id while nothing depends on it, so that a disk that is full later is in no way."""
        if self._database.engine.is_shared and not self._machine:
            with suppress(OSError):
                self._machine = _make_machine_id(self._database.engine.files)


def _machine_id(files: Path) -> str:
    """Return the id of this machine's folder of the store; empty without one. Nothing is written."""
    try:
        return read_file(files.with_name(files.name + MACHINE_SUFFIX), 64).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _make_machine_id(files: Path) -> str:
    """Give this machine's folder of the store an id, unless it has one, and return it. Raises OSError."""
    with suppress(FileConflict):  # it has one, which is other bytes
        write_atomic(files.parent, files.name + MACHINE_SUFFIX, os.urandom(8).hex().encode())
    return read_file(files.with_name(files.name + MACHINE_SUFFIX), 64).decode("ascii", "replace").strip()
