"""Importing rows straight into a store, and looking at all that is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ordertui.orders.clock import DAY, FixedClock, parse_iso
from ordertui.orders.report_row import ROW_FIELDS, ReportRow
from ordertui.store import Store
from ordertui.store.importing.import_session import ImportSession, ReportSource

NOW = parse_iso("2026-11-23T14:05:00Z")
CLOCK = FixedClock(NOW)


@dataclass(frozen=True)
class Report:
    """Rows of one report; `as_of` is the newest date in it."""

    kind: str
    rows: tuple[ReportRow, ...]
    as_of: int = NOW


def row(number: int = 1, **values: object) -> ReportRow:
    """A row of a report: only what is given is said, beside ids, marketplace, SKU and date."""
    known: dict[str, object] = {
        "line_no": 2,
        "order_id": f"113-{number:07d}-0000001",
        "marketplace": "US",
        "fact_at": NOW - DAY,
        "sku": "S",
    }
    return tuple((known | values).get(name) for name in ROW_FIELDS)


def deadline(_market: str, ship_by: int) -> int:
    """Ten days after the ship-by time."""
    return ship_by + 10 * DAY


def importer(
    store: Store,
    report: Report,
    *,
    slice_rows: int = 20_000,
    auto_cancel_at: Callable[[str, int], int | None] = deadline,
) -> ImportSession:
    """An import session for a report's rows."""
    source = ReportSource(report.kind, "a.txt", "0", report.as_of, has_request_column=True, marketplace=None)
    return store.imports.open(source, auto_cancel_at, slice_rows=slice_rows)


def finished(store: Store) -> list[bool]:
    """Whether each recorded import came to its end, oldest first."""
    return [bool(row[0]) for row in store.database.query("SELECT finished FROM imports ORDER BY id")]


def take(store: Store, report: Report, *, slice_rows: int = 20_000, batch: int = 7) -> tuple[int, int, int]:
    """Import a report; gives new, changed and unchanged orders."""
    with importer(store, report, slice_rows=slice_rows) as target:
        for start in range(0, len(report.rows), batch):
            target.add(report.rows[start : start + batch])
    return target.new, target.changed, target.unchanged


def stored(path: Path, reports: Iterable[Report], *, slice_rows: int = 20_000) -> dict[str, Any]:
    """A new store with these reports, dumped."""
    path.unlink(missing_ok=True)
    with Store.open(path, clock=CLOCK) as store:
        for report in reports:
            take(store, report, slice_rows=slice_rows)
    found = dump(path)
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return found


def dump(path: Path) -> dict[str, Any]:
    """All that a store says of orders and products: by Amazon's ids, without what depends on when and how often was
    imported (row numbers, versions, positions of lines).
    """
    connection = sqlite3.connect(path)
    try:
        orders = _table(connection, "orders")
        lines = _table(connection, "lines")
        products = {p["id"]: p for p in _table(connection, "products")}
    finally:
        connection.close()
    by_order: dict[object, list[Sequence[object]]] = {}
    for line in lines:
        product = products[line.pop("product_id")]
        line.pop("line")
        by_order.setdefault(line.pop("order_id"), []).append((product["marketplace"], product["sku"], *line.values()))
    out: dict[str, object] = {}
    for order in orders:
        own = by_order.pop(order.pop("id"))
        first = products[order.pop("product_id")]
        assert (first["marketplace"], first["sku"]) in [(line[0], line[1]) for line in own]
        order.pop("version")
        if order["status"] not in ("unshipped", "partially_shipped"):
            order.pop("named_at")  # asked of waiting orders alone; of others it may stand from an earlier moment
        out[str(order.pop("order_id"))] = (order, sorted(own, key=repr))
    assert not by_order, "lines without an order"
    out["products"] = sorted(
        (tuple(value for name, value in product.items() if name != "id") for product in products.values()), key=repr
    )
    return out


def _table(connection: sqlite3.Connection, name: str) -> list[dict[str, object]]:
    cursor = connection.execute(f"SELECT * FROM {name}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor]
