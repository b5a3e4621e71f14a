"""The order book on disk: schema and migrations, import, views, aggregates, the journal and the audit (SQLite).

Nothing outside this package knows SQL or sqlite3. Money in minor units, times in UTC epoch seconds, enums as their words.
"""

from .audit import AuditEntry, AuditReport
from .errors import (
    OpenAction,
    OverRefund,
    ReadOnlyStore,
    RecallRefused,
    SchemaTooNew,
    StoreError,
    StoreLocked,
    UnknownBatch,
    UnknownOrder,
    VersionChanged,
)
from .importer import Importer
from .journal import JournalBatch, JournalRow, NewRow, Outcome, RefundLine
from .reads import SORT_KEYS, UNDER_WAY, Cancelled, Tally
from .store import ImportRecord, Store

__all__ = [
    "SORT_KEYS",
    "UNDER_WAY",
    "AuditEntry",
    "AuditReport",
    "Cancelled",
    "ImportRecord",
    "Importer",
    "JournalBatch",
    "JournalRow",
    "NewRow",
    "OpenAction",
    "Outcome",
    "OverRefund",
    "ReadOnlyStore",
    "RecallRefused",
    "RefundLine",
    "SchemaTooNew",
    "Store",
    "StoreError",
    "StoreLocked",
    "Tally",
    "UnknownBatch",
    "UnknownOrder",
    "VersionChanged",
]
