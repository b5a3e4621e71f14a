"""Every kind of report file has its description, and all that reads files takes it from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.amazon.reports import REPORT_FORMATS, ReportContent, UnknownReport, detect_kind, inspect
from ordertui.amazon.reports.report_kind import COLUMNS, ReportFormat, StatusSource, closest_kind, recognize
from ordertui.orders.enums import ReportKind

NO_FILE = {ReportKind.API_ORDERS}
"""Kinds that do not come as a file."""


def lacks(kind: ReportKind) -> list[str]:
    """Return what a kind's description lacks, as text."""
    one = REPORT_FORMATS.get(kind)
    if one is None:
        return ["an entry in REPORT_FORMATS"]
    found = [] if one.title else ["a title"]
    if not one.identifying and not one.markers:
        found.append("identifying columns or markers")
    if one.content is ReportContent.ORDER_LINES:
        known = {name for names in COLUMNS.values() for name in names}
        found += [f"a field in COLUMNS that reads {name}" for name in sorted({*one.expected} - known)]
        if not any(set(group) <= set(COLUMNS["order_id"]) for group in one.identifying):
            found.append("the order id among the identifying columns")
        if one.status_source is StatusSource.COLUMNS and "order-status" not in one.expected:
            found.append("order-status among the expected columns")
    return found


@pytest.mark.parametrize("kind", [kind for kind in ReportKind if kind not in NO_FILE])
def test_every_kind_of_file_is_described(kind: ReportKind) -> None:
    assert lacks(kind) == []


def test_no_description_is_left_over() -> None:
    assert set(REPORT_FORMATS) == set(ReportKind) - NO_FILE
    assert len({one.title for one in REPORT_FORMATS.values()}) == len(REPORT_FORMATS)


@pytest.mark.parametrize("one", REPORT_FORMATS.values(), ids=lambda one: one.kind.value)
def test_a_kind_is_recognized_by_what_identifies_it(one: ReportFormat) -> None:
    header = [group[0] for group in one.identifying]
    assert recognize(header, b" ".join(one.markers[:1])) is one.kind
    for name in header:
        assert recognize([other for other in header if other != name], b"") is not one.kind


def test_the_closest_kind_names_what_is_lacking() -> None:
    assert closest_kind(["order-id", "order-date"]) == ("the Cancellation Rate report", ["impacts-account-health"])
    assert closest_kind(["name"]) is None


def test_only_these_name_every_line_of_an_order() -> None:
    whole = {kind for kind, one in REPORT_FORMATS.items() if one.names_every_line}
    assert whole == {ReportKind.ALL_ORDERS, ReportKind.NEW_ORDERS}


def test_bits_are_stored_and_stay() -> None:
    assert {kind.value: kind.bit for kind in ReportKind} == {
        "unshipped": 1, "new_orders": 2, "all_orders": 4, "cancellation_rate": 8, "api_orders": 16,
        "processing_report": 32,
    }  # fmt: skip


def test_a_processing_report_is_a_kind_and_no_order_report(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_text("Feed Processing Summary:\n\tNumber of records processed\t\t1\n")
    assert detect_kind(path) is ReportKind.PROCESSING_REPORT
    with pytest.raises(UnknownReport, match="ordertui results"):
        inspect(path)
