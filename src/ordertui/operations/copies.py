"""A copy of a store acts on nothing, because the store that it is a copy of may have gone on.

A backup is marked as one. A file that was copied or restored is known by its place, by the note that the store keeps
beside itself of how far it came, or by folders of the outbox that it does not know (docs/decisions/0008-copies.md).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from ordertui.files import read_file, replace_file
from ordertui.orders.clock import iso_utc
from ordertui.orders.text import describe_json_error
from ordertui.store import Store, StoreError
from ordertui.store.repositories.identity import AuditHead

from .config import BESIDE_STORE
from .errors import Refused
from .outbox_folder import FOLDER, folders_in, known_outboxes, owner_of

NOTE_SUFFIX = "-newest"
"""Ends the name of the note beside the store's file."""
NOTE_BYTES = 4_096
"""A note has some 130."""


class CopyGuard:
    """Says whether a store may be a copy, and notes outside of it how far it came.

    `reader` returns the connection of the calling thread, `writer` the one that writes; `lost_line` says since when the
    server of the store cannot be reached, and is empty while it can.
    """

    def __init__(
        self,
        reader: Callable[[], Store],
        writer: Store,
        outbox: Path,
        *,
        is_practice: bool,
        lost_line: Callable[[], str] = lambda: "",
    ) -> None:
        place = writer.path
        self._store = reader
        self._writer = writer
        self._note = place.with_name(place.name + NOTE_SUFFIX)
        self._outbox = outbox
        self._is_practice = is_practice
        self._lost_line = lost_line

    def reason(self) -> str:
        """Return why the store may be a copy, for the operator; empty when it is none. A practice store never is."""
        mark = self._store().identity.move
        if mark is not None:
            return f"{mark}. This store may be looked at, and changes nothing"
        why = "" if self._is_practice else self._marks() or self.evidence()
        if not why:
            return ""
        return (
            f"this store may be an older copy: {why}. It commits and sends nothing, because batches may have left"
            " since: `ordertui store adopt` asks what happened, and makes it the store to work with"
        )

    def require_original(self) -> None:
        """Raise Refused when the store may be a copy, or its server cannot be reached.

        What was read from this machine's copy of a server's store may be behind: then the server itself is asked.
        """
        reason = self._lost_line() or self.reason()
        if reason and self._writer.is_shared and not self._lost_line():
            reason = CopyGuard(lambda: self._writer, self._writer, self._outbox, is_practice=self._is_practice).reason()
        if reason:
            raise Refused(reason)

    def _marks(self) -> str:
        """Return what the file itself says; empty when it says nothing."""
        identity = self._store().identity
        made = identity.backup_of
        if made is not None:
            return f"it is a backup of {iso_utc(made)}"
        return "its file was copied, restored, or moved to another disk" if identity.is_elsewhere() else ""

    def evidence(self) -> str:
        """Return what proves that the store went on elsewhere; empty without proof."""
        return self._later_work() or self._unknown_folders()

    def _later_work(self) -> str:
        identity, content = self._store().identity, b""
        try:
            content = read_file(self._note, NOTE_BYTES)
            noted = msgspec.json.decode(content, type=AuditHead)
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{self._note} says how far the store came, and cannot be read ({error.strerror})"
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            words = describe_json_error(content, error)
            return f"{self._note} says how far the store came, and cannot be read ({words})"
        if noted.store != identity.id:
            if not identity.has_unnamed_folders:
                return ""  # another store was at this place, such as one that was moved away
            return f"{self._note.name} beside it is a newer store's, and this one is as version 0.1 left it"
        if identity.has_record(noted):
            return ""
        return (
            f"{self._note.name} beside it names record {noted.record} of the audit, which this store does not have: a"
            " newer one was at work here"
        )

    def _unknown_folders(self) -> str:
        found = self.unknown_folders()
        if not found:
            return ""
        last = self._store().batches.last_id()
        return (
            f"the outbox has {found[-1].name}, and this store knows batches up to {last}; look at each such folder of"
            f" {found[-1].parent} in Seller Central, then move it away"
        )

    def unknown_folders(self) -> list[Path]:
        """Return the outbox folders of batches of this store that it does not know, by number."""
        store = self._store()
        identity = store.identity
        last = store.batches.last_id()
        found = []
        for outbox in known_outboxes(self._outbox, store):
            may_be_unnamed = identity.has_unnamed_folders and outbox == store.path.parent / BESIDE_STORE
            for path in folders_in(outbox):
                match = FOLDER.fullmatch(path.name)
                if match is None or int(match[1]) <= last:
                    continue
                if owner_of(match) == identity.id[:8] or (match[2] is None and may_be_unnamed):
                    found.append(path)
        return sorted(found, key=lambda path: int(path.name.partition("-")[0]))

    def note_progress(self) -> None:
        """Note beside the store how far it came. Called before anything leaves. Raises OSError.

        Within a transaction, so that an older note never replaces a newer one.
        """
        with self._writer.write(even_moved=True):
            self._write_note()

    def _write_note(self) -> None:
        replace_file(self._note, msgspec.json.encode(self._writer.identity.head()))

    def note_quietly(self) -> None:
        """Note it after what was kept, where nothing leaves: neither a full disk nor a lost line undoes that.

        A copy notes nothing. On a server it is one trip, without a transaction: another process of this machine may
        then have replaced the note of a moment before.
        """
        with suppress(OSError, StoreError):
            if self.reason():
                return
            if self._writer.is_shared:
                self._write_note()
            else:
                self.note_progress()
