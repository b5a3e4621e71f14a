"""Read Amazon's account health report (JSON, GET_V2_SELLER_PERFORMANCE_REPORT): its own cancellation rate.

The published schema and its own example spell some keys differently (`preFulfillmentCancellationRate`,
`prefulfillmentCancelRate`); both are read (AMAZON.md a).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ordertui.files import MEBIBYTE, read_file
from ordertui.orders.clock import EARLIEST, LATEST
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import describe_json_error

from .errors import ReportError

SPELLINGS = ("prefulfillmentcancellationrate", "prefulfillmentcancelrate")
_BY_ID = {market.id: code for code, market in MARKETPLACES.items()}
_MAX_BYTES = MEBIBYTE
"""Amazon writes some kilobytes."""


class HealthFigure(msgspec.Struct, frozen=True):
    """Amazon's cancellation rate for one marketplace. A field is None when the report does not state it."""

    marketplace: str
    start: int | None
    """First second of Amazon's window (epoch)."""
    end: int | None
    """Last second of the last minute it names, as Amazon writes `T23:59Z`."""
    orders: int | None
    cancelled: int | None
    rate: float | None
    target: float | None
    status: str


def read_health(path: Path) -> list[HealthFigure]:
    """Return the figure of every marketplace in the report. Raises ReportError that names what is missing."""
    content = b""
    try:
        content = read_file(path, _MAX_BYTES)
        data = msgspec.json.decode(content)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReportError(f"{path} cannot be read: {describe_json_error(content, error)}") from error
    metrics = data.get("performanceMetrics") if isinstance(data, dict) else None
    if not isinstance(metrics, list):
        raise ReportError(f"{path} is no account health report: it has no list performanceMetrics")
    found = []
    for number, entry in enumerate(metrics):
        if not isinstance(entry, dict):
            raise ReportError(f"{path}: performanceMetrics[{number}] is no object")
        ident = entry.get("marketplaceId")
        code = _BY_ID.get(ident) if isinstance(ident, str) else None
        if ident is None:
            raise ReportError(f"{path}: performanceMetrics[{number}] names no marketplace")
        if code is None:
            raise ReportError(f"{path}: performanceMetrics[{number}]: there is no marketplace {ident!r}")
        metric = next((v for k, v in entry.items() if k.lower() in SPELLINGS), None)
        if isinstance(metric, dict):
            found.append(_make_figure(code, metric))
    if not found:
        raise ReportError(f"{path} has no cancellation rate (preFulfillmentCancellationRate) of any marketplace")
    return found


def _make_figure(code: str, metric: Mapping[str, Any]) -> HealthFigure:
    period = metric.get("reportingDateRange")
    period = period if isinstance(period, dict) else {}
    status = metric.get("status")
    return HealthFigure(
        marketplace=code,
        start=_parse_time(period.get("reportingDateFrom"), 0),
        end=_parse_time(period.get("reportingDateTo"), 59),
        orders=_count(metric.get("orderCount")),
        cancelled=_count(metric.get("cancellationCount")),
        rate=_number(metric.get("rate")),
        target=_number(metric.get("targetValue")),
        status=status if isinstance(status, str) else "",
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9 else None


def _parse_time(value: Any, seconds: int) -> int | None:
    """Return the epoch seconds of `2020-11-12T00:00Z`, at the given second of its minute when it has none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    epoch = int(moment.timestamp())
    if not EARLIEST <= epoch <= LATEST:
        return None
    return epoch + (seconds if value.count(":") == 1 else 0)
