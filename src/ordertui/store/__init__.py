"""The orders on disk: schema and migrations, imports, queries, the journal of batches, the audit log (SQLite).

Nothing outside this package knows SQL or sqlite3. Money is in minor units, times are UTC epoch seconds, enums are stored
as their values.
"""

from .audit import AuditEntry, AuditReport, Operator
from .errors import (
    BatchChanged,
    FeedBusy,
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
from .journal.records import (
    NEVER_ARRIVED,
    CommittedTotals,
    FeedFile,
    JournalBatch,
    JournalRow,
    KeptResult,
    NewRow,
    OperatorRuling,
    Outcome,
    RefundLine,
    RefundRow,
    Submission,
)
from .order_by import BY_ALLOWED_ACTION, SORT_KEYS
from .orders import ActionRanks, Decisions, SituationGroup, SituationLists
from .store import Store
from .tallies import OrderSum, OrderTallies, Tally

__all__ = [
    "BY_ALLOWED_ACTION",
    "NEVER_ARRIVED",
    "SORT_KEYS",
    "ActionRanks",
    "AuditEntry",
    "AuditReport",
    "BatchChanged",
    "CommittedTotals",
    "Decisions",
    "FeedBusy",
    "FeedFile",
    "Interrupted",
    "JournalBatch",
    "JournalRow",
    "KeptResult",
    "NewRow",
    "OpenAction",
    "Operator",
    "OperatorRuling",
    "OrderSum",
    "OrderTallies",
    "Outcome",
    "ReadOnlyStore",
    "RecallRefused",
    "RefundExceedsPayment",
    "RefundLine",
    "RefundRow",
    "SchemaTooNew",
    "SituationGroup",
    "SituationLists",
    "Store",
    "StoreError",
    "StoreLocked",
    "Submission",
    "Tally",
    "UnknownBatch",
    "UnknownOrder",
    "VersionChanged",
]
