"""Past imports of report files, and what undoing each would do now."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ordertui.orders.batch_state import NEVER_LEFT
from ordertui.orders.enums import ReportKind
from ordertui.orders.text import pluralize
from ordertui.store.engine.database import Database, in_list
from ordertui.store.engine.errors import StoreError
from ordertui.store.engine.protocol import LARGEST_ID

_SHOWN = 3


class UndoEffect(msgspec.Struct, frozen=True):
    """What undoing an import does to the orders that it names."""

    removed: tuple[tuple[int, str], ...] = ()
    """(row number, order id) of orders that no other report named: they go."""
    restored: tuple[int, ...] = ()
    """Row numbers of orders that go back to what they were before it."""
    changed: int = 0
    """How many of these it had changed."""
    kept: tuple[tuple[str, str], ...] = ()
    """(order id, why) of orders that stay as they are."""

    @property
    def is_none(self) -> bool:
        """Whether all orders stay as they are."""
        return bool(self.kept) and not self.removed and not self.restored


class PastImport(msgspec.Struct, frozen=True):
    """An import of a report file, and what undoing it would do now."""

    number: int
    kind: str
    path: str
    at: int
    """When it was made (epoch seconds)."""
    new: int
    """Orders that were not known before it."""
    changed: int
    refusal: str
    """Why it cannot be undone, whatever its orders are; empty when it can."""
    effect: UndoEffect = UndoEffect()

    @property
    def can_be_undone(self) -> bool:
        """Whether it can, for one of its orders at least."""
        return not self.refusal and not self.effect.is_none


def kept_by_reason(kept: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the ids of the orders that stay, by the reason why."""
    groups: dict[str, list[str]] = {}
    for order_id, reason in kept:
        groups.setdefault(reason, []).append(order_id)
    return groups


def kept_text(kept: Iterable[tuple[str, str]]) -> str:
    """Return why orders stay: `named again by import 7: 12 orders (113-..., 113-..., 113-... and 9 more)`."""
    return "; ".join(
        f"{reason}: {pluralize(len(ids))} ({', '.join(ids[:_SHOWN])}"
        f"{f' and {len(ids) - _SHOWN:,} more' if len(ids) > _SHOWN else ''})"
        for reason, ids in kept_by_reason(kept).items()
    )


class ImportHistory:
    """Reads what was imported, and what is kept of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, count: int) -> list[PastImport]:
        """Return the newest imports of report files, newest first, each with what undoing it would do now."""
        found = self._database.query(
            "SELECT id, kind, path, at, new_orders, changed, undo, after_batch FROM imports WHERE kind <> ?"
            " ORDER BY id DESC LIMIT ?",
            (ReportKind.API_ORDERS.value, count),
        )
        imports = []
        for number, kind, path, at, new, changed, undo, after_batch in found:
            refusal = undo or self._committed_text(number, after_batch)
            effect = UndoEffect() if refusal else self.effect(number)
            imports.append(PastImport(number, kind, path, at, new, changed, refusal, effect))
        return imports

    def get(self, number: int) -> tuple[str, int, str]:
        """Return path and time of an import, and why it cannot be undone (empty: it can). Raises StoreError."""
        query = self._database.query
        known = min(number, LARGEST_ID)  # no import comes to that one
        found = query("SELECT path, at, undo, after_batch FROM imports WHERE id = ?", (known,))
        if not found:
            newest = query("SELECT id, path FROM imports WHERE undo = '' ORDER BY id DESC LIMIT 5")
            listed = "; ".join(f"{one} ({name})" for one, name in newest) or "none"
            raise StoreError(f"there is no import {number}; the newest that can be undone: {listed}")
        path, at, undo, after_batch = found[0]
        return path, at, undo or self._committed_text(number, after_batch)

    def _committed_text(self, number: int, after_batch: int) -> str:
        """Return which of its orders were committed after an import; empty when none was."""
        committed = self._database.query(
            "SELECT o.order_id, r.batch FROM import_orders u CROSS JOIN batch_rows r CROSS JOIN orders o"
            f" WHERE u.import = ? AND r.order_id = u.order_id AND r.batch > ? AND r.state NOT IN {in_list(NEVER_LEFT)}"
            " AND o.id = u.order_id ORDER BY r.batch, r.pos",
            (number, after_batch),
        )
        if not committed:
            return ""
        (order_id, batch), more = committed[0], len(committed) - 1
        text = f"after it order {order_id} was committed in batch {batch}"
        if more:
            text = f"after it order {order_id} and {more:,} more were committed, the first in batch {batch}"
        return f"{text}; while the batch is held, `u` on the screen or `ordertui undo {batch}` takes it back"

    def effect(self, number: int) -> UndoEffect:
        """Return what undoing an import does to each order that it names."""
        removed, restored, kept, changed = [], [], [], 0
        for row_id, order_id, is_new, has_lines, later, is_stated, batch in self._database.query(
            "SELECT o.id, o.order_id, u.is_new, (SELECT 1 FROM import_lines l WHERE l.entry = u.id LIMIT 1),"
            " (SELECT x.import FROM import_orders x WHERE x.order_id = u.order_id"
            " AND x.id > u.id ORDER BY x.id DESC LIMIT 1), (SELECT 1 FROM operator_facts f WHERE f.order_id = o.id),"
            " (SELECT max(r.batch) FROM batch_rows r WHERE r.order_id = o.id)"
            " FROM import_orders u CROSS JOIN orders o WHERE u.import = ? AND o.id = u.order_id ORDER BY u.id",
            (number,),
        ):
            if later is not None:
                kept.append((order_id, f"named again by import {later}"))
            elif not is_new:
                restored.append(row_id)
                changed += has_lines is not None
            elif batch is not None:
                kept.append((order_id, f"new with it, and in the record of batch {batch}"))
            elif is_stated is not None:
                kept.append((order_id, "new with it, and you stated facts of it since"))
            else:
                removed.append((row_id, order_id))
        return UndoEffect(tuple(removed), tuple(restored), changed, tuple(kept))
