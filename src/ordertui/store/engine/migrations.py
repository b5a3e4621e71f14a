"""Schema versions: one SQL file for each, applied once, in order, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from .errors import SchemaTooNew, StoreError

APPLICATION_ID = 0x6F747569
"""Marks the file as a store of this program (`otui`)."""
SCRIPTS = (
    "0001_tables.sql",
    "0002_holds_and_audit.sql",
    "0003_api.sql",
    "0004_order_digest.sql",
    "0005_open_action.sql",
    "0006_included_tax.sql",
    "0007_frozen_counts.sql",
    "0008_some_and_amazon_counts.sql",
    "0009_api_facts.sql",
    "0010_field_dates.sql",
    "0011_wishes.sql",
    "0012_rate_reports.sql",
    "0013_promotions_and_hands.sql",
    "0014_active_lines.sql",
    "0015_missing_orders.sql",
    "0016_written_uploaded.sql",
    "0017_verge.sql",
    "0018_import_undo.sql",
    "0019_uploaded_at.sql",
    "0020_cancelled_totals.sql",
    "0021_report_programs.sql",
    "0022_notes.sql",
    "0023_notifications.sql",
    "0024_policies.sql",
    "0025_approvals.sql",
    "0026_claims.sql",
    "0027_possible_totals.sql",
    "0028_accepted_items.sql",
    "0029_like_items.sql",
)
"""One per version: the first leads from nothing to version 1."""
LATEST = len(SCRIPTS)
MEND_KEY = "mend"
"""Key in `meta`: the version from which a store was migrated, until `importing.mend` looked at it."""
BEFORE = "before_migration"
"""The table that has the numbers of orders as they were before a migration, until then."""


def statements(name: str) -> Iterator[str]:
    """Yield the statements of one SQL file of this package."""
    text = (Path(__file__).parents[1] / "schema" / "sqlite" / name).read_text(encoding="utf-8")
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of the file; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, path: str) -> int:
    """Return the version, after checking that the file is a store that this program understands.

    Raises SchemaTooNew, or StoreError for another program's database.
    """
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    found = version(connection)
    if application != APPLICATION_ID:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application or found or tables:
            raise StoreError(f"{path} is a database of another program; choose another file with --store")
        return 0
    if found > LATEST:
        raise SchemaTooNew(path, found, LATEST)
    return found


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file to the latest version; all or nothing. Raises as `check` does."""
    if check(connection, path) == LATEST:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = check(connection, path)
        if before:
            _keep_numbers(connection, before)
        for number in range(before, LATEST):
            for statement in statements(SCRIPTS[number]):
                connection.execute(statement)
        if before:  # a new store gets them after its first import
            for statement in statements("read_indexes.sql"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LATEST}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _keep_numbers(connection: sqlite3.Connection, before: int) -> None:
    """Keep what orders came to, so that it can be told what the migration changed."""
    if connection.execute("SELECT 1 FROM orders LIMIT 1").fetchone() is None:
        return
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {BEFORE} AS SELECT id, total, currency, items, units_shipped FROM orders"
    )
    connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", (MEND_KEY, str(before)))
