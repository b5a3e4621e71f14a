"""Our rate against Amazon's own report: planted differences are found with side and cause; none are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ordertui.amazon.reports import ReportError
from ordertui.amazon.reports.account_health import read_health
from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, iso_utc, parse_iso
from ordertui.orders.enums import Action
from support.reports import write
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

COLUMNS = ["Order Date", "Order ID", "Impacts Account Health"]


def made(folder: Path) -> Session:
    """100 orders: 1-3 cancelled, 4 officially asked for and then cancelled, 5 waiting, 6 in a batch, 7 an old
    cancellation.
    """
    session = open_session(folder)
    bring(session, folder, everything=[all_orders_row(n) for n in (4, 5, 6)],
          open_=[unshipped_row(4, "true"), unshipped_row(5), unshipped_row(6)])  # fmt: skip
    later = [all_orders_row(n, "Cancelled", updated=NOW - HOUR) for n in (1, 2, 3, 4)]
    later += [
        all_orders_row(7, "Cancelled", age=20 * DAY),
        all_orders_row(8, "Cancelled", fulfillment_channel="Amazon"),
    ]
    later += [all_orders_row(n, "Shipped") for n in range(100, 194)]
    bring(session, folder, everything=later)
    (plan,) = session.planner.plan(
        Action.CANCEL, [i for n in (6,) if (i := session.orders.id_of(order_id(n))) is not None]
    )
    session.batches.commit(plan, typed=str(plan.typed_count))
    return session


def report(folder: Path, rows: dict[int, str]) -> Path:
    return write(folder / "rate.txt", COLUMNS, [
        {"Order Date": iso_utc(NOW - DAY), "Order ID": order_id(n), "Impacts Account Health": word} for n,
        word in rows.items()
    ])  # fmt: skip


def test_planted_differences(tmp_path: Path) -> None:
    with made(tmp_path) as session:
        words = {1: "Yes", 2: "No", 4: "Yes", 5: "Yes", 7: "Yes", 8: "Yes", 99: "Yes"}
        (found,) = session.rate.compare(report(tmp_path, words), "US")
        causes = {int(d.what[-7:]): (d.ours, d.amazons, d.cause.split(":")[0], d.dispute) for d in found.differences}
        assert causes == {
            2: ("unknown", "does not count", "who cancelled was unknown here and was taken as counting", False),
            3: ("unknown", "not listed", "who cancelled is unknown here and taken as counting", False),
            4: ("not counted", "counts", "the buyer asked for it with Amazon's own button", True),
            5: ("not counted", "counts", "import fresh reports", False),
            6: (
                "yes",
                "not listed",
                "it is in a batch of yours that Amazon has not carried out, or that the report is older than",
                False,
            ),
            7: ("not counted", "counts", "it was placed 2026-11-03T14", False),
            8: ("not counted", "counts", "Amazon ships it (FBA)", True),
            99: ("not counted", "counts", "it is in no imported report", False),
        }
        assert (found.ours, found.amazons) == ((4, 100), (6, None))


def test_they_agree_after_the_import(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n, "Cancelled" if n < 4 else "Shipped") for n in range(1, 100)]
        bring(session, tmp_path, everything=rows)
        file = report(tmp_path, {1: "Yes", 2: "Yes", 3: "No"})
        session.imports.import_files([file], marketplace="US")
        (found,) = session.rate.compare(file, "US")
        assert found.differences == ()
        assert (found.ours, found.amazons) == ((2, 99), (2, None))


def test_comparing_changes_nothing(tmp_path: Path) -> None:
    with made(tmp_path) as session:
        before = (session.data_version(), session.rate.calculator.effects("US"))
        session.rate.compare(report(tmp_path, {1: "No"}), "US")
        assert (session.data_version(), session.rate.calculator.effects("US")) == before


def health(folder: Path, key: str = "preFulfillmentCancellationRate", **more: Any) -> Path:
    figure = {
        "reportingDateRange": {"reportingDateFrom": "2026-11-16T00:00Z", "reportingDateTo": "2026-11-22T23:59Z"},
        "orderCount": 100, "cancellationCount": 4, "status": "BAD", "rate": 0.04, "targetValue": 0.025,
        "targetCondition": "LESS_THAN",
    }  # fmt: skip
    path = folder / "health.json"
    path.write_text(
        json.dumps({"performanceMetrics": [{"marketplaceId": "ATVPDKIKX0DER", key: figure | more}]}), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("key", ["preFulfillmentCancellationRate", "prefulfillmentCancelRate"])
def test_account_health_in_both_spellings(tmp_path: Path, key: str) -> None:
    (figure,) = read_health(health(tmp_path, key))
    assert (figure.marketplace, figure.orders, figure.cancelled, figure.target) == ("US", 100, 4, 0.025)
    assert (figure.start, figure.end) == (parse_iso("2026-11-16T00:00:00Z"), parse_iso("2026-11-22T23:59:59Z"))


def test_account_health_over_amazons_own_days(tmp_path: Path) -> None:
    """The window of the report is Amazon's, to the second; batches under way are unknown to Amazon."""
    edge = parse_iso("2026-11-22T23:59:59Z")
    with open_session(tmp_path) as session:
        rows = [
            all_orders_row(n, "Cancelled" if n < 3 else "Shipped", purchase_date=iso_utc(edge - n * 60))
            for n in range(98)
        ]
        rows += [all_orders_row(200, "Shipped", purchase_date=iso_utc(edge + 1))]
        bring(session, tmp_path, everything=rows)
        (found,) = session.rate.compare(health(tmp_path))
        assert found.ours == (3, 98)
        causes = {d.what: (d.ours, d.amazons, d.cause.split(":")[0]) for d in found.differences}
        assert causes == {
            "orders": ("98", "100", "orders of these days are missing here"),
            "cancelled": ("3", "4", "Amazon counts orders that are not cancelled here"),
        }
        (same,) = session.rate.compare(
            health(tmp_path, orderCount=98, cancellationCount=2, rate=0.0204, targetValue=0.01)
        )
        causes = {d.what: (d.ours, d.amazons, d.cause.split(":")[0]) for d in same.differences}
        assert causes == {
            "cancelled": ("3", "2", "of some cancelled orders it is unknown here who cancelled them"),
            "target": ("0.025", "0.01", "Amazon's target for this account is another than the policy's"),
        }
        (odd,) = session.rate.compare(health(tmp_path, rate=0.5))
        assert odd.notes == ("Amazon's own numbers do not agree: 4 of 100 is not 0.5",)
        for orders, cancelled, rate in (
            (190, 1, 0.005),
            (190, 1, 0.0053),
            (3, 1, 0.333333),
            (100, 0, 0.0),
            (60, 1, 0.016666667535901),
        ):
            (rounded,) = session.rate.compare(
                health(tmp_path, orderCount=orders, cancellationCount=cancelled, rate=rate)
            )
            assert rounded.notes == (), rate
        for orders, cancelled, rate in ((190, 1, 0.006), (190, 1, 0.0054), (100, 1, 0.0)):
            (odd,) = session.rate.compare(health(tmp_path, orderCount=orders, cancellationCount=cancelled, rate=rate))
            assert odd.notes[0].startswith("Amazon's own numbers do not agree"), rate


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "ends in the middle"),
        ("{}", "no list performanceMetrics"),
        ('{"performanceMetrics": [1]}', r"performanceMetrics\[0\] is no object"),
        ('{"performanceMetrics": [{"marketplaceId": "X"}]}', "there is no marketplace 'X'"),
        ('{"performanceMetrics": [{"marketplaceId": "ATVPDKIKX0DER"}]}', "no cancellation rate"),
    ],
)
def test_a_broken_health_report(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "health.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError, match=words) as error:
        read_health(path)
    assert str(path) in str(error.value)


def test_another_report_is_refused(tmp_path: Path) -> None:
    with made(tmp_path) as session, pytest.raises(BadInput, match="no Cancellation Rate report"):
        session.rate.compare(tmp_path / "all.txt", "US")
