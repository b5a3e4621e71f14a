"""What did not go through while batches left: rows that Amazon refused, that are unknown, and batches held again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ordertui.orders.batch_state import RowState
from ordertui.orders.text import pluralize
from ordertui.store import Store

_WORDS = {RowState.ERROR: "refused by Amazon", RowState.UNKNOWN: "unknown", RowState.LEFT_OUT: "left out"}


class FailureWatch:
    """Compares the batches of a store before a dispatch, when it is made, with what they are later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = {batch.id for batch in store.batches.find(open_only=True)}
        self._rows = self._failed_rows(self._open)
        self._refused = store.submissions.never_arrived()

    def sentences(self) -> list[str]:
        """Return one sentence for each batch of which something did not go through since; none when all did."""
        batches = self._open | {batch.id for batch in self._store.batches.find(open_only=True)}
        counts = Counter((batch, state) for batch, _, state in self._failed_rows(batches) - self._rows)
        found = [
            f"batch {batch}: {pluralize(count)} {_WORDS[state]}" for (batch, state), count in sorted(counts.items())
        ]
        held_again = sorted({batch for _, batch in self._store.submissions.never_arrived() - self._refused})
        return found + [f"batch {batch}: Amazon did not take it; it is held again" for batch in held_again]

    def unanswered(self) -> list[str]:
        """Return one sentence for each batch that is at Amazon, or may be, without an answer."""
        found = sorted({one.batch for one in self._store.submissions.find_open() if one.is_open})
        return [f"batch {batch} is not answered yet; the next `ordertui dispatch --wait` goes on" for batch in found]

    def _failed_rows(self, batches: Iterable[int]) -> set[tuple[int, str, RowState]]:
        return {
            (number, row.order_id, row.state)
            for number in batches
            for row in self._store.batches.get(number).rows
            if row.state in _WORDS
        }
