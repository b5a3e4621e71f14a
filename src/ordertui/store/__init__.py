"""The order book on disk: schema and migrations, import, views, aggregates, the journal and the audit (SQLite).

Nothing outside this package knows SQL or sqlite3. Money in minor units, times in UTC epoch seconds, enums as their words.
"""

from .attempts import NEVER_ARRIVED, Attempt, FeedBusy
from .audit import AuditEntry, AuditReport
from .database import Who
from .errors import (
    BatchMoved,
    Interrupted,
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
from .journal import FeedFile, NewRow, RefundLine
from .outcomes import Day, JournalBatch, JournalRow, KeptResult, Outcome, RefundRow, Word
from .rate_reads import Coming, Groups
from .reads import EVERY, UNDER_WAY, Cancelled, Tally
from .sorting import SORT_KEYS, Ranks
from .store import ImportRecord, Store

__all__ = [
    "EVERY",
    "NEVER_ARRIVED",
    "SORT_KEYS",
    "UNDER_WAY",
    "Attempt",
    "AuditEntry",
    "AuditReport",
    "BatchMoved",
    "Cancelled",
    "Coming",
    "Day",
    "FeedBusy",
    "FeedFile",
    "Groups",
    "ImportRecord",
    "Interrupted",
    "JournalBatch",
    "JournalRow",
    "KeptResult",
    "NewRow",
    "OpenAction",
    "Outcome",
    "OverRefund",
    "Ranks",
    "ReadOnlyStore",
    "RecallRefused",
    "RefundLine",
    "RefundRow",
    "SchemaTooNew",
    "Store",
    "StoreError",
    "StoreLocked",
    "Tally",
    "UnknownBatch",
    "UnknownOrder",
    "VersionChanged",
    "Who",
    "Word",
]
