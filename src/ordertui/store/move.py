"""A store moved whole to another place: from a file to a server, back, or to another of its kind.

Both stores are marked first, so that nothing else writes into either. Rows are copied in the order of their keys, some
at a time, each part in one transaction: what is interrupted goes on after the last row that is there. The new store
keeps the id, the row numbers and the audit; it becomes a store in its last transaction, after all was compared.
"""

from __future__ import annotations

from collections.abc import Callable

from ordertui.orders.batch_state import SubmissionState
from ordertui.orders.clock import Clock

from .engine.errors import StoreError, StoreMoved
from .engine.moved import MoveMark
from .engine.protocol import STORE_ID_KEY
from .engine.table_layout import TableLayout, table_layouts
from .store import Store

ROWS_AT_ONCE, CONTENTS_AT_ONCE = 20_000, 50
"""Rows copied in one transaction; fewer where each has the bytes of a file."""
_MODULUS = 2**31 - 1
"""Sums are of remainders, so that those of 2 ** 32 rows fit into 64 bits."""
Progress = Callable[[int, int], None]


class StoreMove:
    """Moves `source` into `target`, which is empty or was filled by an earlier attempt.

    `names` are the two places as messages and marks name them.
    """

    def __init__(self, source: Store, target: Store, clock: Clock, names: tuple[str, str]) -> None:
        self._source = source
        self._target = target
        self._clock = clock
        self._names = names
        self._tables = [table for table in table_layouts() if table.name != "meta"]

    @property
    def is_begun(self) -> bool:
        """Whether an earlier attempt has marked the source. Raises StoreMoved when it went elsewhere."""
        mark = self._source.identity.move
        if mark is None:
            return False
        if mark.is_done or mark.target != self._names[1]:
            raise StoreMoved(str(mark))
        return True

    def begin(self) -> None:
        """Mark both stores. Raises StoreError when the target has something, or the source is at work."""
        store, (source, target) = self._source.identity.id, self._names
        mark = MoveMark(store, source, target, self._clock.now())
        with self._target.write(even_moved=True) as database:
            found = self._target.identity.move
            if found is None and self._is_filled():
                return
            if found is not None and (not found.is_target or found.store != store):
                raise StoreError(f"{target} cannot take the store: {found}")
            if found is None:
                self._require_empty()
                database.execute("DELETE FROM meta")
                self._target.identity.mark_move(MoveMark(store, source, target, mark.at, is_target=True))
        if self.is_begun:
            return
        with self._source.write(even_moved=True):
            self._require_at_rest()
            self._source.audit.append("store.moving", {"to": target})
            self._source.identity.mark_move(mark)

    def copy(self, progress: Progress) -> None:
        """Copy what the target does not have; `progress` is called with the rows done and the rows in all."""
        if self._is_filled():
            return
        counts = [self._count(self._source, table) for table in self._tables]
        done, total = sum(self._count(self._target, table) for table in self._tables), sum(counts)
        self._target.database.set_bulk(True)
        for table in self._tables:
            size = CONTENTS_AT_ONCE if "BLOB" in table.columns.values() else ROWS_AT_ONCE
            while count := self._copy_part(table, size):
                done += count
                progress(done, total)
        self._target.database.set_bulk(False)
        self._target.database.engine.follow_ids()
        self._target.database.create_read_indexes()

    def _copy_part(self, table: TableLayout, size: int) -> int:
        """Copy the rows after the last one that is there; two processes at once copy none twice."""
        names, order = ", ".join(table.columns), ", ".join(table.key)
        backward = ", ".join(f"{name} DESC" for name in table.key)
        with self._target.write(even_moved=True) as database:
            if self._is_filled():  # by another process
                return 0
            last = database.query(f"SELECT {order} FROM {table.name} ORDER BY {backward} LIMIT 1")
            after = last[0] if last else None
            rows = self._source.database.query(
                f"SELECT {names} FROM {table.name} {table.after_key(after)} ORDER BY {order} LIMIT {size}", after or ()
            )
            if rows:
                database.fill(table.name, tuple(table.columns), rows)
        return len(rows)

    def finish(self) -> None:
        """Compare the stores, open the target, and leave the source. Raises StoreError when they differ."""
        if not self._is_filled():
            self._compare()
            values = {row[0]: row[1] for row in self._source.database.query("SELECT key, value FROM meta")}
            with self._target.write(even_moved=True):
                if not self._is_filled():
                    self._target.identity.take_over(values)
                    self._target.audit.append("store.moved", {"from": self._names[0]})
        with self._source.write(even_moved=True):
            mark = MoveMark(self._source.identity.id, *self._names, self._clock.now(), is_done=True)
            self._source.identity.mark_move(mark)

    def _compare(self) -> None:
        for table in self._tables:
            here, there = self._sums(self._source, table), self._sums(self._target, table)
            for what, one, other in zip(_sum_names(table), here, there, strict=True):
                if one != other:
                    raise StoreError(
                        f"{table.name} differs in {what}: {one} in {self._names[0]}, {other} in {self._names[1]};"
                        " the move was not finished: move into an empty place"
                    )
        report = self._target.audit.verify()
        if not report.ok or report.head != self._source.identity.head().hash:
            raise StoreError(
                f"the audit of {self._names[1]} does not hold ({report.why or 'another newest record'}); the move was"
                " not finished"
            )

    def _sums(self, store: Store, table: TableLayout) -> tuple[int, ...]:
        parts = ["count(*)"]
        for name, kind in table.columns.items():
            value = f"{name} % {_MODULUS}"
            if kind != "INTEGER":
                value = f"length({store.database.engine.bytes_sql(name) if kind == 'TEXT' else name})"
            parts += [f"count({name})", f"CAST(coalesce(sum({value}), 0) AS bigint)"]
        return tuple(int(value) for value in store.database.query(f"SELECT {', '.join(parts)} FROM {table.name}")[0])

    def _count(self, store: Store, table: TableLayout) -> int:
        return store.database.required(int, f"SELECT count(*) FROM {table.name}")

    def _is_filled(self) -> bool:
        """Whether an earlier attempt finished the target, and came no further."""
        source = self._source.identity
        return (
            source.move is not None
            and self._target.meta(STORE_ID_KEY) == source.id
            and self._target.identity.move is None
            and self._target.identity.has_record(source.head())
        )

    def _require_empty(self) -> None:
        for table in self._tables:
            if self._target.database.query(f"SELECT 1 FROM {table.name} LIMIT 1"):
                raise StoreError(f"{self._names[1]} has a store in it; move into an empty place")

    def _require_at_rest(self) -> None:
        """Raise StoreError while something is leaving: it would go on leaving, and the new store would do it again."""
        database, source = self._source.database, self._names[0]
        if database.query("SELECT 1 FROM batches WHERE writing = 1"):
            raise StoreError(f"{source} has a batch whose files are not all written; `ordertui dispatch` first")
        for batch_id, host in self._source.journal.leases.unnamed().items():
            raise StoreError(
                f"{source} has a file to upload of batch {batch_id} that {host} wrote and gave no name yet: `ordertui"
                f" dispatch` there, or `ordertui settle {batch_id}` when that machine is gone"
            )
        if database.query("SELECT 1 FROM feed_attempts WHERE state = ?", (SubmissionState.SUBMITTING.value,)):
            raise StoreError(f"{source} has a feed that is being submitted; wait, or `ordertui dispatch` first")


def _sum_names(table: TableLayout) -> list[str]:
    """Return what each of the sums counts, for the operator."""
    return ["its rows", *(f"{part} of {name}" for name in table.columns for part in ("the values", "the sum"))]
