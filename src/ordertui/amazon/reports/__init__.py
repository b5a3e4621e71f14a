"""Reports that a seller downloads, read as streams: Unshipped orders, New orders, All Orders, Cancellation Rate."""

from ordertui.orders.enums import ReportKind

from .cancellation_rate import read_rate
from .encoding import ENCODINGS
from .errors import AmbiguousEncoding, InspectionStopped, MarketplaceNeeded, ReportError, UnknownReport
from .inspect import detect_kind, inspect
from .model import RateRow, RejectedRow, ReportInfo, RowBatch
from .reader import read_orders
from .report_kind import REPORT_FORMATS, ReportContent
from .unnamed_orders import UnnamedOrders

__all__ = [
    "ENCODINGS", "REPORT_FORMATS", "AmbiguousEncoding", "InspectionStopped", "MarketplaceNeeded", "RateRow",
    "RejectedRow", "ReportContent", "ReportError", "ReportInfo", "ReportKind", "RowBatch", "UnknownReport",
    "UnnamedOrders", "detect_kind", "inspect", "read_orders", "read_rate",
]  # fmt: skip
