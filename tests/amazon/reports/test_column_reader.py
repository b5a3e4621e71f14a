"""Rows read many at once are those read one by one, whatever stands in their cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.amazon.reports import ReportInfo, RowBatch, inspect, read_orders
from ordertui.amazon.reports.column_reader import ColumnReader
from ordertui.orders.report_row import MARKETPLACE
from support.reports import COLUMNS, cells, write

ODD = {
    "sales-channel": ["Amazon.com", "Amazon.de", "Non-Amazon US", "amazon.co.jp", "", "Amazon.zz", '"Amazon.com"'],
    "order-id": ["113-0000001-0000001", '"113-0000001-0000001"', " 113-0000001-0000001", "1.13E+16", ""],
    "order-item-id": ["000000000000001", "", "1E5", "x", '"12"'],
    "purchase-date": [
        "2026-11-20T10:00:00+00:00", "2026-11-20T02:00:00-08:00", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00",
        "2026-11-20",
        "2026-11-20T10:00:00.75+00:00", "1995-06-01T00:00:00+00:00", "1994-06-01T00:00:00+00:00", "", "soon",
        '"2026-11-20T10:00:00Z"',
    ],
    "last-updated-date": ["2026-11-21T12:30:00+00:00", "2026-11-21T12:30:01+09:00", "", "0001-01-01T00:00:00+14:00"],
    "promise-date": ["2026-11-25T07:59:59+00:00", "", "9999-12-31T23:59:59-12:00"],
    "order-status": ["Unshipped", "Shipped", "shipped - refused", "Strange", ""],
    "item-status": ["Unshipped", "Shipped", "", "Strange"],
    "fulfillment-channel": ["Merchant", "Amazon", "", "Somebody"],
    "sku": ["A-1", "001E5", '"A"', "", " A "],
    "product-name": ["Pan", 'Pan 12" x 12"', '"Pan ""X"""', "Pan\x07", ""],
    "quantity": ["1", "007", "", "many", "1.0"],
    "quantity-purchased": ["1", "", "-1"],
    "quantity-shipped": ["0", "1", "", "?"],
    "currency": ["USD", "JPY", "EUR", "", "usd", "$"],
    "item-price": ["20.50", "20", "20.5", "", ".50", "20.505", "-1", "1234567890123.00", "20.", "٢.٥٠", "1,5",
        '"1.50"'],
    "item-tax": ["1.64", "", "0", "0.0", "-0.0"],
    "ship-promotion-discount": ["1.00", "-1.00", ""],
    "is-business-order": ["true", "false", "", "perhaps"],
    "is-buyer-requested-cancellation": ["true", "false", "", "perhaps"],
    "buyer-requested-cancel-reason": ["late", ""],
}  # fmt: skip
some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def odd_cells(draw: st.DrawFn, kind: str, often: int) -> dict[str, str]:
    """Return a row in which about one cell in `often` is odd."""
    row = cells(kind, draw(st.integers(1, 5)))
    for name, values in ODD.items():
        if draw(st.integers(1, often)) == 1:
            value = draw(st.sampled_from(values))
            for known in ("order-id", "amazon-order-id") if name == "order-id" else (name,):
                if known in row:
                    row[known] = value
    return row


@st.composite
def reports(draw: st.DrawFn, kind: str) -> tuple[list[str], list[dict[str, str]], list[str]]:
    """Columns, rows, and lines that are put among them as they are."""
    optional = [
        "promise-date",
        "last-updated-date",
        "sku",
        "currency",
        "item-price",
        "quantity-shipped",
        "is-prime",
        "sales-channel",
    ]
    left_out = draw(st.sets(st.sampled_from(optional), max_size=2)) - (
        {"promise-date"} if kind == "unshipped" else set()
    )
    columns = [name for name in COLUMNS[kind] if name not in left_out]
    often = draw(st.sampled_from([3, 40, 400]))
    rows = [odd_cells(draw, kind, often) for _ in range(draw(st.integers(1, 12)))]
    lines = draw(st.lists(st.sampled_from(["", "\t\t", "a\tb", "\t".join(["x"] * (len(columns) + 3))]), max_size=2))
    return columns, rows, lines


def all_of(batches: Iterator[RowBatch]) -> tuple[list[object], list[object], int, set[str]]:
    """Rows, rejects, rows left out and odd words of a whole file."""
    rows: list[object] = []
    rejects: list[object] = []
    ignored, odd = 0, set[str]()
    for batch in batches:
        rows += batch.rows
        rejects += batch.rejects
        ignored += batch.ignored
        odd |= set(batch.unknown_words)
    return rows, rejects, ignored, odd


def one_by_one(info: ReportInfo) -> tuple[list[object], list[object], int, set[str]]:
    """Read a report without the column reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ColumnReader, "read", lambda *_: None)
        return all_of(read_orders(info))


@pytest.mark.parametrize("kind", sorted(COLUMNS))
@some
@given(data=st.data())
def test_many_at_once_gives_the_same_as_one_by_one(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    columns, rows, lines = data.draw(reports(kind))
    path = write(tmp_path / "a.txt", columns, rows)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("".join(line + "\n" for line in lines) + "\t".join(rows[0].get(name, "") for name in columns))
    info = inspect(path, marketplace="US")
    straight = one_by_one(info)
    assert all_of(read_orders(info)) == straight
    piece = data.draw(st.integers(1, 5))
    assert all_of(read_orders(info, group_lines=piece, block_bytes=data.draw(st.integers(300, 3_000)))) == straight


@pytest.mark.parametrize("kind", sorted(COLUMNS))
@pytest.mark.parametrize("piece", [1, 2, 100])
def test_a_row_without_a_marketplace_has_that_of_its_order(kind: str, piece: int, tmp_path: Path) -> None:
    """Wherever a group or a block ends: the second row of an order is never of no marketplace, or of another."""
    rows = [cells(kind, number) for number in (1, 1, 1, 2)]
    for row in rows[1:]:
        row["sales-channel"] = ""
    info = inspect(write(tmp_path / "a.txt", COLUMNS[kind], rows), marketplace="US")
    straight = one_by_one(info)
    assert [row[MARKETPLACE] for row in straight[0] if isinstance(row, tuple)] == ["US", "US", "US", None]
    for block in (300, 100_000):
        assert all_of(read_orders(info, group_lines=piece, block_bytes=block)) == straight


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_each_odd_cell_alone_gives_the_same_as_one_by_one(kind: str, tmp_path: Path) -> None:
    for name, values in ODD.items():
        for value in values:
            rows = [cells(kind, number) for number in (1, 2, 3)]
            rows[1] |= {known: value for known in (name, f"amazon-{name}") if known in rows[1]}
            info = inspect(write(tmp_path / "a.txt", COLUMNS[kind], rows), marketplace="US")
            assert all_of(read_orders(info)) == one_by_one(info), (name, value)


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_sound_rows_are_all_read_many_at_once(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_many = ColumnReader.read
    found: list[bool] = []

    def noted(self: ColumnReader, number: int, lines: list[str]) -> object:
        rows = read_many(self, number, lines)
        found.append(rows is not None)
        return rows

    monkeypatch.setattr(ColumnReader, "read", noted)
    rows = [
        cells(kind, n, item_price="", item_tax="", currency="") if n % 3 == 0 else cells(kind, n) for n in range(1, 41)
    ]
    path = write(tmp_path / "a.txt", COLUMNS[kind], [*rows, cells(kind, 99, sales_channel="Non-Amazon")])
    text = path.read_text(encoding="utf-8").splitlines()
    text[5] = text[5].rsplit("\t", 1)[0]  # one field short
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    got, rejects, ignored, _ = all_of(read_orders(inspect(path), group_lines=7))
    assert (len(got), rejects, ignored) == (40, [], 1)
    assert len(found) == 6
    assert all(found)
