"""A date that cannot be: refused when it comes in, and harmless when an older version let it into the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.orders.enums import OrderStatus
from support.cli import Command
from support.shops import NOW, open_session

HEAD = (
    "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\tsku\t"
    "quantity\tcurrency\titem-price\n"
)
ORDER = "113-0000001-0000001"


def report(folder: Path, name: str, updated: str, status: str = "Unshipped", purchased: str = "") -> Path:
    path = folder / name
    placed = purchased or "2026-11-20T10:00:00+00:00"
    path.write_text(f"{HEAD}{ORDER}\t{placed}\t{updated}\t{status}\tMerchant\tAmazon.com\tS\t1\tUSD\t10.00\n")
    return path


@pytest.mark.parametrize(
    "date",
    ["9999-12-31T23:59:59-14:00", "2101-01-01T00:00:00+00:00", "0001-01-01T00:00:00+14:00",
     "1994-12-31T23:59:59+00:00"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["updated", "purchased"])
def test_a_date_out_of_range_is_named_and_unknown(tmp_path: Path, date: str, column: str) -> None:
    files = {
        "updated": report(tmp_path, "u.txt", date),
        "purchased": report(tmp_path, "p.txt", "2026-11-21T10:00:00+00:00", purchased=date),
    }
    with open_session(tmp_path / "shop", clock=FixedClock(NOW)) as session:
        (found,) = session.imports.import_files([files[column]])
        assert (found.rejected, found.unread) == (0, 1)
        assert "is no date" in found.rejects[0].reason
        order = session.orders.get(ORDER)
        assert order is not None
        assert (order.row.purchased_at is None) == (column == "purchased")


def status_of(session: Session) -> OrderStatus:
    order = session.orders.get(ORDER)
    assert order is not None
    return order.row.status


def test_a_last_update_in_the_future_freezes_nothing(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_session(tmp_path / "shop", clock=clock) as session:
        (found,) = session.imports.import_files([report(tmp_path, "1.txt", "2099-01-01T00:00:00+00:00")])
        assert any("in the future" in note and "2099" in note for note in found.notes), found.notes
        assert status_of(session) is OrderStatus.UNSHIPPED
        as_of = session.orders.as_of()
        assert as_of is None or as_of <= NOW
        session.imports.import_files([report(tmp_path, "2.txt", "2026-11-22T10:00:00+00:00", "Shipped")])
        assert status_of(session) is OrderStatus.SHIPPED


def test_a_day_of_the_machines_clock_is_forgiven(tmp_path: Path) -> None:
    with open_session(tmp_path / "shop", clock=FixedClock(NOW)) as session:
        session.imports.import_files([report(tmp_path, "1.txt", "2026-11-24T10:00:00+00:00")])
        assert session.orders.as_of() == parse_iso("2026-11-24T10:00:00Z")


def test_a_store_that_has_such_dates_is_listed_and_shown(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("import", report(tmp_path, "1.txt", "2026-11-21T10:00:00+00:00"))
    for bad in (253_402_351_199, -(2**62), 2**62):
        with sqlite3.connect(command.store) as store:
            store.execute("UPDATE orders SET purchased_at = ?, ship_by = ?, at = ?", (bad, bad, bad))
        for args in (["list"], ["list", "--sort", "ship_by"], ["list", "--filter", "ship-by:next-2d"], ["show", ORDER],
                     ["rate"], ["list", "--format", "csv"]):  # fmt: skip
            assert command.run(*args).code in (0, 2), args
