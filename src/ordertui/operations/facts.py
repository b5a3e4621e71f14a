"""Facts about orders that no report tells and the operator knows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from ordertui.orders.enums import BuyerRequest, Dispatched
from ordertui.orders.order import OrderRow
from ordertui.orders.people import Permission

from .context import SessionContext
from .errors import BadInput
from .marks import UNDO_DEPTH

MOST_CHARACTERS = 500
"""Characters of a note."""


class FactChange(msgspec.Struct, frozen=True):
    """What was recorded of orders last, with what was known of each before, so that it can be taken back."""

    words: str
    """What was said, such as `the parcel left`."""
    dispatched: Dispatched | None
    """What was recorded of the parcels; None: a change of `asked`."""
    asked: bool | None
    before: tuple[tuple[int, Dispatched], ...] = ()
    """Row number and what was known of the parcel before, of each order that changed."""
    note: str | None = None
    """What was written; None: notes were removed, or not touched."""
    notes_before: tuple[tuple[int, str | None], ...] = ()
    """Row number and note before, of each order whose note changed."""

    @property
    def ids(self) -> list[int]:
        """Row numbers of the orders that changed."""
        return [row_id for row_id, _ in self.before or self.notes_before]


DISPATCHED_WORDS = {
    Dispatched.YES: "the parcel was handed to the carrier",
    Dispatched.NO: "the parcel is still here",
    Dispatched.UNKNOWN: "nobody knows where the parcel is",
}
ASKED_WORDS = {True: "the buyer asked by message", False: "the buyer did not ask by message"}


class FactService:
    """Records what the operator says of orders."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._changes: deque[FactChange] = deque(maxlen=UNDO_DEPTH)

    @property
    def last(self) -> FactChange | None:
        """What `undo` takes back next; None: nothing was recorded in this session, or all of it was taken back."""
        return self._changes[-1] if self._changes else None

    def set_dispatched(self, ids: Sequence[int], value: Dispatched) -> int:
        """Record whether parcels left. Return how many orders changed. Raises ReadOnly."""
        store = self._context.writer(Permission.RECORD)
        with store.write():
            before = tuple((row.id, row.dispatched) for row in self._rows(ids) if row.dispatched is not value)
            count = store.facts.set(ids, dispatched=value)
        if count:
            self._changes.append(FactChange(DISPATCHED_WORDS[value], value, None, before))
        return count

    def set_asked(self, ids: Sequence[int], asked: bool) -> int:
        """Record whether buyers asked by message to cancel. Return how many orders changed. Raises ReadOnly."""
        store = self._context.writer(Permission.RECORD)
        with store.write():
            before = tuple((row.id, row.dispatched) for row in self._rows(ids) if _says_asked(row) is not asked)
            count = store.facts.set(ids, asked=asked)
        if count:
            self._changes.append(FactChange(ASKED_WORDS[asked], None, asked, before))
        return count

    def set_note(self, ids: Sequence[int], text: str) -> int:
        """Write a note on orders in place of the one they have; an empty text removes it. Return how many changed.

        Raises BadInput when it is too long, and ReadOnly.
        """
        note = " ".join(text.split()) or None
        if note is not None and len(note) > MOST_CHARACTERS:
            raise BadInput(f"a note has at most {MOST_CHARACTERS} characters; this one has {len(note):,}")
        store = self._context.writer(Permission.RECORD)
        with store.write():
            before = tuple((row.id, row.note) for row in self._rows(ids) if row.note != note)
            count = store.facts.set_note(ids, note)
        if count:
            words = "note removed" if note is None else f"note: {note}"
            self._changes.append(FactChange(words, None, None, note=note, notes_before=before))
        return count

    def undo(self) -> int:
        """Take the newest change back, where it still stands, and return of how many orders. Raises ReadOnly."""
        store, last = self._context.writer(Permission.RECORD), self.last
        if last is None:
            return 0
        count = 0
        with store.write():
            rows = {row.id: row for row in self._rows(last.ids)}
            if last.notes_before:
                notes: dict[str | None, list[int]] = {}
                for row_id, note in last.notes_before:
                    if row_id in rows and rows[row_id].note == last.note:
                        notes.setdefault(note, []).append(row_id)
                count = sum(store.facts.set_note(ids, note) for note, ids in notes.items())
            elif last.dispatched is None:
                ids = [row_id for row_id, row in rows.items() if _says_asked(row) is last.asked]
                count = store.facts.set(ids, asked=not last.asked)
            else:
                for value in Dispatched:
                    ids = [
                        row_id
                        for row_id, known in last.before
                        if known is value and row_id in rows and rows[row_id].dispatched is last.dispatched
                    ]
                    count += store.facts.set(ids, dispatched=value) if ids else 0
        self._changes.pop()
        return count

    def _rows(self, ids: Sequence[int]) -> Iterable[OrderRow]:
        return self._context.writer(Permission.RECORD).orders.rows(ids).values()


def _says_asked(row: OrderRow) -> bool:
    """Return whether the operator recorded a message; what a report shows is not the operator's to change."""
    return row.buyer_request is BuyerRequest.MESSAGE
