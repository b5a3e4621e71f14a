"""No statement of an import walks through orders or lines, neither right after the first fill nor with statistics."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ordertui.orders.clock import HOUR
from ordertui.orders.report_row import ReportRow
from ordertui.store import Store
from ordertui.store.engine.sqlite import sqlite_engine
from support.imports import CLOCK, NOW, Report, row, take
from support.places import store_at
from support.statements import server_scans


def walked(store: Store, report: Report, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Import a report; gives the statements whose program rewinds a cursor on orders, lines or one of their indexes.

    Not `orders_missing`: it holds only the orders that are asked for, those that an Unshipped report leaves out.
    """
    connection = sqlite_engine(store.database.engine).connection
    execute = store.database.execute
    seen: set[str] = set()
    found = []

    def explained(sql: str, params: Any = ()) -> int:
        if sql not in seen and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            seen.add(sql)
            roots = dict(
                connection.execute("SELECT rootpage, name FROM sqlite_master WHERE tbl_name IN ('orders', 'lines')")
            )
            cursors: dict[int, str] = {}
            for _, opcode, p1, p2, p3, *_ in connection.execute(f"EXPLAIN {sql}", params):
                if opcode in ("OpenRead", "OpenWrite") and p3 == 0 and p2 in roots:
                    cursors[p1] = roots[p2]
                elif opcode == "Rewind" and p1 in cursors and cursors[p1] != "orders_missing":
                    found.append(f"{cursors[p1]}: {sql}")
        return execute(sql, params)

    with monkeypatch.context() as patch:
        patch.setattr(store.database, "execute", explained)
        take(store, report)
    assert len(seen) > 15
    return found


def rows(first: int, **more: object) -> list[ReportRow]:
    ids = range(first, first + 60)
    return [row(n, sku=f"S{k}", quantity=1, ship_by=NOW + HOUR, **more) for n in ids for k in range(1, 2 + n % 3)]


REPORTS = (
    Report("all_orders", tuple(rows(30, status="shipped", item_status="shipped", fact_at=NOW))),
    Report(
        "unshipped",
        (
            *rows(50, marketplace="DE", fact_at=NOW),
            *(row(n, sku="S1", quantity=1, order_item_id=f"{n}", fact_at=NOW) for n in range(100, 120) for _ in (1, 2)),
        ),
    ),
    Report("all_orders", tuple(rows(30, status="shipped", item_status="shipped", fact_at=NOW))),
)


@pytest.mark.parametrize("has_statistics", [False, True])
def test_no_import_statement_walks_through_orders_or_lines(
    tmp_path: Path, has_statistics: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        assert walked(store, Report("all_orders", tuple(rows(1))), monkeypatch) == []
        if has_statistics:
            with store.write() as database:
                database.execute("ANALYZE")
        for report in REPORTS:
            assert walked(store, report, monkeypatch) == []


def explained(
    engine: Any, real: Callable[..., Any], seen: set[str], found: list[str], sql: str, params: Any = ()
) -> Any:
    """Run a statement; before, when it is the first of its text, note how the server would read all of a table."""
    if sql not in seen and engine.in_transaction and sql.startswith(("INSERT", "UPDATE", "DELETE", "SELECT")):
        seen.add(sql)
        found += server_scans(engine, sql, params, "orders", "lines")
    return real(sql, params)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("slice_rows", [20_000, 7])
def test_on_a_server_an_index_serves_each_statement(
    tmp_path: Path, engine: str, slice_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", tuple(rows(1))))
        there = store.database.engine
        seen: set[str] = set()
        found: list[str] = []
        for name in ("execute", "query"):
            monkeypatch.setattr(there, name, partial(explained, there, getattr(there, name), seen, found))
        for report in REPORTS:
            take(store, report, slice_rows=slice_rows)
    assert len(seen) > 50
    assert found == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_server_knows_how_much_is_kept_for_undoing_when_it_goes(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It last looked at these tables when they were empty, and would join 60,000 lines one by one."""
    monkeypatch.setattr("ordertui.store.importing.undo.KEPT_ORDERS", 50)
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", tuple(rows(1))), slice_rows=20)
        there = store.database.engine
        plans: list[str] = []
        run = there.execute

        def noted(sql: str, params: Any = ()) -> int:
            if sql.startswith("DELETE FROM import_lines"):
                plans.append(" ".join(line for (line,) in there.query(f"EXPLAIN {sql}", params)))
            return run(sql, params)

        monkeypatch.setattr(there, "execute", noted)
        take(store, Report("all_orders", tuple(rows(1, status="shipped", fact_at=NOW))), slice_rows=20)
    expected = [int(re.findall(r"rows=([0-9]+)", plan)[1]) for plan in plans]
    assert expected[0] > 20, plans
    assert len(expected) <= 2, "once, and once more at the end"


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_on_a_server_a_report_reads_no_more_orders_than_it_names(tmp_path: Path, engine: str) -> None:
    """In a larger store its planner found it cheaper to read all orders for each slice, ten times over.

    A table as small as this one it may rightly read once or twice.
    """
    status: dict[str, Any] = {"status": "shipped", "item_status": "shipped"}
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        query = store.database.query
        take(store, Report("all_orders", tuple(row(n, sku="S1", quantity=1, **status) for n in range(4_000))))
        read = (
            "SELECT CAST(sum(seq_tup_read) AS bigint), CAST(sum(idx_tup_fetch) AS bigint) FROM pg_stat_user_tables,"
            " pg_stat_force_next_flush() WHERE relname IN ('orders', 'lines') AND schemaname = current_schema()"
        )
        query(read)
        before = query(read)[0]
        status["fact_at"] = NOW
        later = [row(n, sku="S1", quantity=1, order_item_id=f"{n:014d}", **status) for n in range(3_000, 3_900)]
        take(store, Report("all_orders", tuple(later)))
        query(read)
        walked, looked_up = (now - then for now, then in zip(query(read)[0], before, strict=True))
    assert walked < 3 * 4_000
    assert looked_up < 40 * len(later)
