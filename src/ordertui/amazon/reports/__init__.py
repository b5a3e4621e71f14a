"""Reports that a seller downloads, read as streams: Unshipped orders, New orders, All Orders, Cancellation Rate."""

from .cancellation_rate import read_rate
from .encoding import ENCODINGS
from .errors import AmbiguousEncoding, MarketplaceNeeded, ProcessingReportGiven, ReportError, UnknownReport
from .inspect import Stopped, detect_kind, inspect
from .model import RateRow, RejectedRow, ReportInfo, RowBatch
from .reader import read
from .report_kind import ReportKind

__all__ = [
    "ENCODINGS",
    "AmbiguousEncoding",
    "MarketplaceNeeded",
    "ProcessingReportGiven",
    "RateRow",
    "RejectedRow",
    "ReportError",
    "ReportInfo",
    "ReportKind",
    "RowBatch",
    "Stopped",
    "UnknownReport",
    "detect_kind",
    "inspect",
    "read",
    "read_rate",
]
