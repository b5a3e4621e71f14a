"""Watch the states of money change: triggers of the database log each change, whichever code made it."""

from __future__ import annotations

from pathlib import Path

from ordertui.orders.batch_state import (
    BATCH_TRANSITIONS,
    ROW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    BatchState,
    RowState,
    SubmissionState,
)
from ordertui.store import Store

from .shops import quick_connection

ALLOWED: dict[str, set[tuple[str, str]]] = {
    "batch_rows": {(a, b) for a, following in ROW_TRANSITIONS.items() for b in following},
    "batches": {(a, b) for a, following in BATCH_TRANSITIONS.items() for b in following},
    "feed_attempts": {(a, b) for a, following in SUBMISSION_TRANSITIONS.items() for b in following},
}
KINDS: dict[str, type[RowState | BatchState | SubmissionState]] = {
    "batch_rows": RowState,
    "batches": BatchState,
    "feed_attempts": SubmissionState,
}


def watch_states(path: Path) -> None:
    """Log from now on each change of a state in the store at `path`."""
    connection = quick_connection(path)
    connection.execute("CREATE TABLE state_log (place TEXT, before TEXT, after TEXT, UNIQUE (place, before, after))")
    for table in ALLOWED:
        connection.execute(
            f"CREATE TRIGGER {table}_state AFTER UPDATE OF state ON {table} WHEN OLD.state <> NEW.state"
            f" BEGIN INSERT OR IGNORE INTO state_log VALUES ('{table}', OLD.state, NEW.state); END"
        )
    connection.commit()
    connection.close()


def assert_states_moved_as_allowed(store: Store) -> None:
    """Every change that was logged is one of the transitions of `batch_state`."""
    for table, before, after in store.database.query("SELECT place, before, after FROM state_log"):
        kind = KINDS[table]
        assert (kind(before), kind(after)) in ALLOWED[table], f"{table}: {before} became {after}"
