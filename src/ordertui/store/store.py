"""The store: one file, one writer, any number of readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ordertui.orders.clock import Clock

from .database import Operator
from .importing.cancellation_rate import RateReportPart
from .importing.cancelled_by import SaidPart
from .journal.submissions import AttemptsPart
from .maintenance import CarePart
from .products import SkuPart
from .rates import RateReadsPart

if TYPE_CHECKING:
    from .importing.import_session import Importer
    from .importing.merge_planner import Planner


class ImportRecord(msgspec.Struct, frozen=True):
    """One import of one file."""

    id: int
    kind: str
    path: str
    sha256: str
    marketplace: str | None
    as_of: int | None
    has_request_column: bool
    at: int
    rows: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    finished: bool


class Store(AttemptsPart, RateReportPart, SaidPart, RateReadsPart, SkuPart, CarePart):
    """Open with `Store.open`; `reader()` gives another connection for another thread."""

    @classmethod
    def open(cls, path: Path, *, clock: Clock, read_only: bool = False, who: Operator | None = None) -> Store:
        """Open a store file, making or migrating it when it may be written. Raises StoreError, SchemaTooNew."""
        store = cls(path, clock=clock, read_only=read_only, who=who)
        if not read_only:
            store.anchor_holds()
        return store

    def reader(self) -> Store:
        """A second connection that never writes and never waits for the writer."""
        return Store(self.path, clock=self.clock, read_only=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self, key: str) -> str | None:
        """A value kept with the store."""
        found: str | None = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return found

    def set_meta(self, key: str, value: str | None) -> None:
        """Keep a value with the store; None removes it."""
        with self.writing() as connection:
            if value is None:
                connection.execute("DELETE FROM meta WHERE key = ?", (key,))
            else:
                connection.execute(
                    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (key, value),
                )

    def importer(
        self,
        *,
        kind: str,
        path: str,
        sha256: str,
        as_of: int | None,
        has_request_column: bool,
        marketplace: str | None,
        auto_cancel_at: Callable[[str, int], int | None],
    ) -> Importer:
        """A context manager that takes report rows in; see `importer.Importer`. Raises ReadOnlyStore."""
        from .importing.import_session import Importer  # only a report needs it

        return Importer(
            self, kind=kind, path=path, sha256=sha256, as_of=as_of, has_request_column=has_request_column,
            marketplace=marketplace, auto_cancel_at=auto_cancel_at,
        )  # fmt: skip

    def has_orders(self) -> bool:
        """Whether there is any order."""
        return bool(self._query("SELECT 1 FROM orders LIMIT 1"))

    def planner(self, kind: str) -> Planner:
        """Works out what reports of a kind change, for the importer of another process that has this store open."""
        from .importing.merge_planner import Planner

        return Planner(self._connection, kind)

    def imports(self, limit: int | None = None) -> list[ImportRecord]:
        """Imports, newest first."""
        found = self._query(
            "SELECT id, kind, path, sha256, marketplace, as_of, has_request_column, at, row_count, new_orders, changed, unchanged,"
            " rejected, finished FROM imports ORDER BY id DESC" + (f" LIMIT {int(limit)}" if limit else "")
        )
        return [
            ImportRecord(
                v[0], v[1], v[2], v[3], v[4], v[5], bool(v[6]), v[7], v[8], v[9], v[10], v[11], v[12], bool(v[13])
            )
            for v in found
        ]

    def auto_cancel(self, ids: Iterable[int]) -> dict[int, int | None]:
        """When Amazon cancels these orders by itself, as kept at import."""
        return dict(self._query_in("SELECT id, auto_cancel_at FROM orders WHERE id IN ({})", ids))
