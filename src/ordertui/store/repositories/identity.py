"""Which store this is: its id, where its bytes are, whether it is a backup, and how far its audit goes.

docs/decisions/0008-copies.md says why each of these is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from ordertui.store.engine.database import Database
from ordertui.store.engine.moved import MoveMark, read_mark
from ordertui.store.engine.protocol import MOVE_KEY, STORE_ID_KEY

PLACE_KEY, BACKUP_KEY, UNNAMED_KEY = "store:place", "store:backup", "store:unnamed"


def new_id() -> str:
    """Return an id that no other store has: 16 hex digits."""
    return os.urandom(8).hex()


class AuditHead(msgspec.Struct, frozen=True):
    """The newest record of a store's audit: how far the store came."""

    store: str
    """Id of the store."""
    record: int
    """0 before the first record."""
    hash: str


class StoreIdentity:
    """Keeps what tells a store from its copies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self) -> None:
        """Give a store that has no id one, and remember where its bytes are.

        A store that has orders already was made by version 0.1, whose outbox folders do not name their store.
        """
        if self.id:
            return
        with self._database.write():
            if self.id:  # another process was faster
                return
            if self._database.query("SELECT 1 FROM imports LIMIT 1"):
                self._database.set_meta(UNNAMED_KEY, "1")
            self._database.set_meta(STORE_ID_KEY, new_id())
            self._database.set_meta(PLACE_KEY, self._database.engine.location())

    @property
    def id(self) -> str:
        """16 hex digits; empty before the store was first opened for writing."""
        return self._get(STORE_ID_KEY)

    @property
    def move(self) -> MoveMark | None:
        """The move that left this store, or fills it; None without one."""
        found = self._get(MOVE_KEY)
        return read_mark(found) if found else None

    def mark_move(self, mark: MoveMark) -> None:
        """Note a move in the open transaction; from then on nothing else writes."""
        self._database.set_meta(MOVE_KEY, msgspec.json.encode(mark).decode())

    @property
    def backup_of(self) -> int | None:
        """When this file was made as a backup of another one (epoch seconds); None for one that was not."""
        found = self._get(BACKUP_KEY)
        return int(found) if found else None

    @property
    def has_unnamed_folders(self) -> bool:
        """Whether outbox folders that name no store may be this store's."""
        return self._get(UNNAMED_KEY) == "1"

    def is_elsewhere(self) -> bool:
        """Return whether the bytes are not where the store was last at work: copied, restored, or moved to a disk.

        What the engine or the system cannot tell is not compared.
        """
        before, now = self._get(PLACE_KEY).split(":"), self._database.engine.location().split(":")
        return any(a and b and a != b for a, b in zip(before, now, strict=False))

    def head(self) -> AuditHead:
        """Return the newest record of the audit."""
        ((store, record, chained),) = self._database.query(
            "SELECT (SELECT value FROM meta WHERE key = ?), coalesce((SELECT max(id) FROM audit), 0),"
            " coalesce((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), '')",
            (STORE_ID_KEY,),
        )
        return AuditHead(store or "", record, chained)

    def has_record(self, head: AuditHead) -> bool:
        """Return whether this store's audit has the record, with the same hash."""
        if not head.record:
            return True
        if not 0 < head.record < 1 << 63:  # no number of a record
            return False
        return self._database.value(str, "SELECT hash FROM audit WHERE id = ?", (head.record,)) == head.hash

    def renew(self) -> str:
        """Make this the original of a store of its own, in the open transaction; return its new id."""
        made = new_id()
        self._database.set_meta(STORE_ID_KEY, made)
        self._database.set_meta(PLACE_KEY, self._database.engine.location())
        self._database.execute("DELETE FROM meta WHERE key IN (?, ?, ?)", (BACKUP_KEY, UNNAMED_KEY, MOVE_KEY))
        return made

    def take_over(self, values: Mapping[str, str]) -> None:
        """Become the store with these values of `meta`, at this place, in the open transaction."""
        kept = {key: value for key, value in values.items() if key not in (MOVE_KEY, BACKUP_KEY)}
        kept[PLACE_KEY] = self._database.engine.location()
        self._database.execute("DELETE FROM meta")
        self._database.fill("meta", ("key", "value"), sorted(kept.items()))

    def _get(self, key: str) -> str:
        return self._database.meta(key) or ""
