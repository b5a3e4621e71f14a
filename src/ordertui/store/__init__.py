"""The order book on disk: schema and migrations, import, views, aggregates, the journal and the audit (SQLite).

Nothing outside this package knows SQL or sqlite3. Money in minor units, times in UTC epoch seconds, enums as their words.
"""

from .audit import AuditEntry, AuditReport
from .database import Operator
from .errors import (
    BatchChanged,
    Interrupted,
    OpenAction,
    ReadOnlyStore,
    RecallRefused,
    RefundExceedsPayment,
    SchemaTooNew,
    StoreError,
    StoreLocked,
    UnknownBatch,
    UnknownOrder,
    VersionChanged,
)
from .journal.batches import FeedFile, NewRow, RefundLine
from .journal.rows import CommittedTotals, JournalBatch, JournalRow, KeptResult, OperatorRuling, Outcome, RefundRow
from .journal.submissions import NEVER_ARRIVED, FeedBusy, Submission
from .order_by import SORT_KEYS, ActionRanks
from .orders import EVERY, UNDER_WAY, Cancelled, Tally
from .rates import Groups, PendingCancellation
from .store import ImportRecord, Store

__all__ = [
    "EVERY",
    "NEVER_ARRIVED",
    "SORT_KEYS",
    "UNDER_WAY",
    "ActionRanks",
    "AuditEntry",
    "AuditReport",
    "BatchChanged",
    "Cancelled",
    "CommittedTotals",
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
    "Operator",
    "OperatorRuling",
    "Outcome",
    "PendingCancellation",
    "ReadOnlyStore",
    "RecallRefused",
    "RefundExceedsPayment",
    "RefundLine",
    "RefundRow",
    "SchemaTooNew",
    "Store",
    "StoreError",
    "StoreLocked",
    "Submission",
    "Tally",
    "UnknownBatch",
    "UnknownOrder",
    "VersionChanged",
]
