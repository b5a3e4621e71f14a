"""A date that cannot be: refused when it comes in, and harmless when an older version let it into the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, parse_iso
from ordertui.orders.enums import Action, OrderStatus
from ordertui.rules.rate import RateStatus
from support.cli import Command
from support.reports import write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, open_session, unshipped_row

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


def test_a_clock_years_behind_makes_one_note_no_rate_and_no_age_and_can_be_set_right(tmp_path: Path) -> None:
    clock = FixedClock(NOW - 7 * 365 * DAY)
    files = [
        write(tmp_path / "all.txt", ALL_ORDERS, [all_orders_row(n) for n in range(1, 31)]),
        write(tmp_path / "open.txt", UNSHIPPED, [unshipped_row(n) for n in range(1, 31)]),
    ]
    with open_session(tmp_path / "shop", clock=clock) as session:
        done = session.imports.import_files(files)
        assert [sum("in the future" in note for note in one.notes) for one in done] == [1, 1]
        assert all("if this machine's clock is wrong, set it right" in "".join(one.notes) for one in done)
        assert {effect.before.status for effect in session.rate.calculator.effects("US", [])} == {RateStatus.UNKNOWN}
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find(limit=2))
        assert "no report tells from when it is" in plan.typed_why
        assert "1970" not in " ".join(plan.warnings)
        clock.moment = NOW
        assert session.imports.import_files(files)[0].changed == 30
        assert session.orders.as_of() == NOW - HOUR


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
