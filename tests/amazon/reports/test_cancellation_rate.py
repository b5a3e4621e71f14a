"""The Cancellation Rate report: three columns, whatever its delimiter, order and dates."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from ordertui.amazon.reports import RejectedRow, inspect, read_rate
from ordertui.amazon.reports.cancellation_rate import merge_rows, parse_order_date
from ordertui.orders.clock import parse_iso

ID = "113-0000001-0000009"


def rows(
    path: Path, content: str, marketplace: str | None = "US"
) -> tuple[list[tuple[object, ...]], list[RejectedRow]]:
    """Return the rows and rejects that are read of a file."""
    path.write_bytes(content.encode("utf-8-sig"))
    rejects: list[RejectedRow] = []
    return list(read_rate(inspect(path, marketplace=marketplace), rejects)), rejects


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_rows_are_read_and_bad_ones_listed(delimiter: str, tmp_path: Path) -> None:
    lines = [
        ["Order ID", "Impacts Account Health", "Order Date"],
        [ID, "Yes", '"Nov 20, 2026"' if delimiter == "," else "Nov 20, 2026"],
        [f'"{ID}"', "No", "2026-11-20T10:00:00Z"],
        ["\x1b[31m", "Yes", "2026-11-20"],
        [ID, "Perhaps", "2026-11-20"],
        [ID],
        [],
        [ID, "TRUE", "next week"],
    ]
    found, rejects = rows(tmp_path / "a.csv", "\r\n".join(delimiter.join(line) for line in lines))
    midnight = parse_iso("2026-11-20T08:00:00Z")
    assert found == [(2, ID, midnight, True), (3, ID, parse_iso("2026-11-20T10:00:00Z"), False), (8, ID, None, True)]
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (4, "order-id: '[31m' is no order id such as 113-0000001-0000001"),
        (5, "impacts-account-health: 'Perhaps' is neither Yes nor No"),
        (6, "the row has 1 values, the header has 3"),
    ]
    assert not any("\x1b" in reject.text for reject in rejects)


@pytest.mark.parametrize("end", ["", "\r"])
@pytest.mark.parametrize("last", ["Yes", "Yes\tBuyer", "Yes\t"])
def test_rows_without_a_line_end_between_them_are_left_out(last: str, end: str, tmp_path: Path) -> None:
    """The second was lost, and its order taken as not counting because no row named it."""
    header = "\t".join(["Order Date", "Order ID", "Impacts Account Health", "Reason"][: 3 + last.count("\t")])
    one, two, three = (f"2026-11-20\t113-000000{n}-0000009\t{last}" for n in (1, 2, 3))
    found, rejects = rows(tmp_path / "a.txt", f"{header}\n{one}{end}{two}\n{three}\n")
    assert [row[1] for row in found] == ["113-0000003-0000009"]
    (reject,) = rejects
    assert reject.reason == "the row goes on with another row: a line end is missing"


@pytest.mark.parametrize(
    ("text", "market", "iso"),
    [
        ("03/04/2026", "US", "2026-03-04T08:00:00Z"),
        ("03/04/2026", "UK", "2026-04-02T23:00:00Z"),
        ("2026-03-04", "JP", "2026-03-03T15:00:00Z"),
        ("04.03.2026", "DE", "2026-03-03T23:00:00Z"),
        ("4 Mar 2026", "UK", "2026-03-04T00:00:00Z"),
        ("2026/03/04", "JP", "2026-03-03T15:00:00Z"),
        ("2026-03-04T01:00:00+09:00", "JP", "2026-03-03T16:00:00Z"),
    ],
)
def test_dates_are_read_as_the_marketplace_writes_them(text: str, market: str, iso: str) -> None:
    assert parse_order_date(text, market) == parse_iso(iso)


def test_a_date_that_makes_no_sense_is_unknown() -> None:
    assert parse_order_date("31/31/2026", "US") is None
    assert parse_order_date("", "US") is None


def test_rows_of_one_order_are_one_in_any_sequence() -> None:
    """Yes and No of one order: it counts, and is named."""
    early, late = parse_iso("2026-11-20T08:00:00Z"), parse_iso("2026-11-21T08:00:00Z")
    given = [
        (2, ID, late, True),
        (3, ID, early, False),
        (4, ID[:-1] + "8", None, False),
        (5, ID[:-1] + "8", early, False),
    ]
    for sequence in permutations(given):
        found, contradicted = merge_rows(sequence)
        assert sorted(row[1:] for row in found) == [(ID[:-1] + "8", early, False), (ID, early, True)]
        assert contradicted == [ID]
