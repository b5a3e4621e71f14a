"""Reports that a seller downloads, read as streams: Unshipped orders, New orders, All Orders, Cancellation Rate."""

from .encoding import ENCODINGS
from .errors import AmbiguousEncoding, MarketplaceNeeded, ProcessingReportGiven, ReportError, UnknownReport
from .kinds import ReportKind
from .looking import Stopped, glance, inspect
from .rate_report import read_rate
from .reading import read
from .values import RateRow, Reject, ReportInfo, RowBatch

__all__ = [
    "ENCODINGS",
    "AmbiguousEncoding",
    "MarketplaceNeeded",
    "ProcessingReportGiven",
    "RateRow",
    "Reject",
    "ReportError",
    "ReportInfo",
    "ReportKind",
    "RowBatch",
    "Stopped",
    "UnknownReport",
    "glance",
    "inspect",
    "read",
    "read_rate",
]
