"""`ordertui rate` and what stands behind it, as a seller asks for it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.reports import write
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "orders.db"
    with Session.open(path, clock=FixedClock(NOW), config=Config()) as session:
        rows = [all_orders_row(n, "Cancelled" if n < 3 else "Shipped") for n in range(100)]
        bring(session, tmp_path, everything=[*rows, all_orders_row(500)], open_=[unshipped_row(500, "true")])
        bring(session, tmp_path, everything=[all_orders_row(500, "Cancelled", updated=NOW)])
    return path


def ask(store: Path, *words: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(cli, ["--store", str(store), "--as-of", "2026-11-23T14:05:00Z", "rate", *words])
    return found.exit_code, found.stdout, found.stderr


def test_the_range(store: Path) -> None:
    code, out, err = ask(store, "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["cancelled"] == 3
    assert "between 0 and 3 of 101 count; of 3 it is unknown who cancelled" in err


def test_numerator_and_denominator(store: Path) -> None:
    rows = json.loads(ask(store, "--list", "numerator", "--format", "json")[1])
    assert [(r["order_id"], r["counts"], r["rule"]) for r in rows] == [(order_id(n), "unknown", "H6") for n in range(3)]
    rows = json.loads(ask(store, "--list", "denominator", "--format", "json")[1])
    assert len(rows) == 101
    assert len(json.loads(ask(store, "--list", "denominator", "--days", "1", "--format", "json")[1])) == 0


def test_dated_by_cancellation(store: Path) -> None:
    code, out, _ = ask(store, "--dated", "cancellation", "--format", "json")
    assert code == 0
    assert "cancellations by the newest report" in json.loads(out)[0]["basis"]


def test_outlook_and_neighbours(store: Path) -> None:
    code, out, err = ask(store, "--outlook", "--format", "json")
    assert (code, len(json.loads(out))) == (0, 7)
    assert "0 that Amazon cancels by itself within 24 h take 3 to 3 of 101: over" in err
    code, out, _ = ask(store, "--neighbours", "--format", "json")
    assert [(r["metric"], r["rate"]) for r in json.loads(out)] == [
        ("late shipment rate", "unknown"),
        ("late shipment rate", "unknown"),
        ("valid tracking rate", "unknown"),
        ("on-time delivery rate", "unknown"),
        ("Seller Fulfilled Prime cancellation rate", "unknown"),
    ]
    assert json.loads(out)[0]["target"] == "< 0.04"
    assert "< 4 %" in ask(store, "--neighbours", "--format", "table")[1], "a percentage reads the same everywhere"


def test_reconcile_and_dispute(store: Path, tmp_path: Path) -> None:
    columns = ["Order Date", "Order ID", "Impacts Account Health"]
    listed = [{"Order Date": "", "Order ID": order_id(n), "Impacts Account Health": "Yes"} for n in (0, 1, 2, 500)]
    file = write(tmp_path / "rate.txt", columns, listed)
    code, out, err = ask(store, "--reconcile", str(file), "--marketplace", "US", "--format", "json")
    assert code == 0
    assert [(r["what"], r["dispute"]) for r in json.loads(out)] == [(order_id(500), True)]
    assert "1 disagreement, 1 to dispute" in err
    assert "--dispute --format csv gives the list" in err
    code, out, _ = ask(store, "--reconcile", str(file), "--marketplace", "US", "--dispute", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["cause"] == "the buyer asked for it with Amazon's own button"


@pytest.mark.parametrize(
    "words",
    [
        ("--list", "numerator", "--outlook"),
        ("--dispute",),
        ("--days", "3"),
        ("--if-cancel", "late", "--neighbours"),
        ("--dated", "cancellation", "--budget"),
        ("--dated", "cancellation", "--neighbours"),
    ],
)
def test_what_does_not_go_together(store: Path, words: tuple[str, ...]) -> None:
    code, out, err = ask(store, *words)
    assert (code, out) == (2, "")
    assert "give only one of" in err or "goes with" in err


@pytest.mark.parametrize("requested", ["true", "false"])
def test_show_says_of_a_refund_that_cancels_units_what_its_plan_says(tmp_path: Path, requested: str) -> None:
    path = tmp_path / "orders.db"
    with Session.open(path, clock=FixedClock(NOW), config=Config()) as session:
        partly = unshipped_row(1, requested, quantity_purchased=3, quantity_shipped=1, quantity_to_ship=2)
        everything = [all_orders_row(1, "PartiallyShipped", quantity=3)]
        bring(session, tmp_path, everything=everything, open_=[partly, unshipped_row(2)])
        shipped = all_orders_row(2, "Shipped", updated=NOW)
        bring(session, tmp_path, everything=[shipped])
        ids = [session.orders.id_of(order_id(n)) or 0 for n in (1, 2)]
        plans = session.planner.plan(Action.REFUND, ids, PlanChoices(reason="NoInventory"))
        counts = {row.order_id: row.counts for plan in plans for row in plan.rows}
    assert counts == {order_id(1): requested == "false", order_id(2): False}
    for name, is_counted in counts.items():
        words = ["--store", str(path), "--as-of", "2026-11-23T14:05:00Z", "show", name, "--format", "json"]
        shown = {one["action"]: one for one in json.loads(CliRunner().invoke(cli, words).stdout)["actions"]}
        assert shown["refund"]["allowed"]
        assert shown["refund"]["counts"] == ("yes" if is_counted else "no")
