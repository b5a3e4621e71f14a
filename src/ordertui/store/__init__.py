"""The order book: schema and migrations, imports, queries, the journal of batches, the audit log.

Nothing outside this package knows SQL, and only `engine` in it knows which database there is. Money is in minor units,
times are UTC epoch seconds, enums are stored as their values.
"""

from .engine.errors import (
    ActionAlreadyOpen,
    ApprovalRefused,
    BatchChanged,
    FeedBusy,
    Interrupted,
    ReadOnlyStore,
    RecallRefused,
    RefundExceedsPayment,
    SchemaTooNew,
    ServerUnreachable,
    StoreError,
    StoreLocked,
    UnknownBatch,
    UnknownOrder,
    VersionChanged,
)
from .journal.records import (
    Approval,
    CommittedTotals,
    FeedFile,
    JournalBatch,
    JournalRow,
    KeptResult,
    NewRow,
    OperatorRuling,
    Outcome,
    RefundLine,
    RefundProblem,
    RefundRow,
    Submission,
)
from .repositories.audit import MESSAGE_COPIED, AuditEntry, AuditReport, Operator
from .repositories.order_by import BY_ALLOWED_ACTION, SORT_KEYS
from .repositories.orders import TALLY_SECONDS, ActionRanks, Decisions, SituationGroup, SituationLists
from .repositories.tallies import OrderSum, OrderTallies, Tally
from .store import Store

__all__ = [
    "BY_ALLOWED_ACTION", "MESSAGE_COPIED", "SORT_KEYS", "TALLY_SECONDS", "ActionAlreadyOpen", "ActionRanks", "Approval",
    "ApprovalRefused",
    "AuditEntry", "AuditReport",
    "BatchChanged", "CommittedTotals", "Decisions", "FeedBusy", "FeedFile", "Interrupted", "JournalBatch",
    "JournalRow", "KeptResult", "NewRow", "Operator", "OperatorRuling", "OrderSum", "OrderTallies", "Outcome",
    "ReadOnlyStore", "RecallRefused", "RefundExceedsPayment", "RefundLine", "RefundProblem", "RefundRow",
    "SchemaTooNew", "ServerUnreachable", "SituationGroup", "SituationLists", "Store",
    "StoreError", "StoreLocked", "Submission", "Tally",
    "UnknownBatch", "UnknownOrder", "VersionChanged",
]  # fmt: skip
