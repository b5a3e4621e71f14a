"""The rate of Seller Fulfilled Prime, against a slow count by hand; unknown as soon as one order's flag is."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, iso_utc
from ordertui.orders.enums import Action, CancelledBy
from ordertui.orders.order import OrderRow
from ordertui.rules.rate import RateStatus
from support.batches import send
from support.places import on_both
from support.reports import write
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row


def flagged(session: Session, folder: Path, flags: dict[int, str], requested: str = "false") -> None:
    """Import New orders that say of each order whether it is Prime."""
    rows = [{**unshipped_row(n, requested), "is-prime": flag} for n, flag in flags.items()]
    session.imports.import_files([write(folder / "prime.txt", list(rows[0]), rows)])


def prime_shop(folder: Path, count: int = 40) -> Session:
    """Orders 0 to `count`, all Prime, of which number 0 was cancelled."""
    session = open_session(folder)
    flagged(session, folder, dict.fromkeys(range(count), "true"))
    rows = [all_orders_row(n, "Cancelled" if n == 0 else "Unshipped", updated=NOW) for n in range(count)]
    bring(session, folder, everything=rows)
    return session


def test_the_rate_now_and_after_a_cancellation(tmp_path: Path) -> None:
    with prime_shop(tmp_path) as session:
        ids = [session.orders.id_of(order_id(n)) or 0 for n in (1, 2)]
        ((now, after),) = session.rate.calculator.prime.figures("US", ids)
        assert (now.orders, now.cancelled, now.at_least) == (40, 1, 0), "nobody knows who cancelled it"
        assert (after.cancelled, after.at_least, after.share) == (3, 2, Fraction(3, 40))
        assert (now.status, after.status) == (RateStatus.OVER, RateStatus.OVER)
        (plan,) = session.planner.plan(Action.CANCEL, ids)
        assert any(
            "takes the 7-day cancellation rate of Seller Fulfilled Prime from 1 of 40 (2.50 %, at most 0.5 %)"
            " to 3 of 40 (7.50 %, at most 0.5 %): over" in warning
            for warning in plan.warnings
        )
        session.batches.commit(plan, typed=str(plan.typed_count))
        ((held, again),) = session.rate.calculator.prime.figures("US", ids)
        assert (held.cancelled, held.at_least) == (3, 2) == (again.cancelled, again.at_least)
        metric = session.rate.related_metrics.of_marketplace("US")[-1]
        assert (metric.status, metric.share) == (RateStatus.OVER, Fraction(3, 40))
        assert "2 to 3 of 40" in metric.because


def test_a_cancellation_that_the_buyer_asked_for_counts_here(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n, "Shipped") for n in range(1, 10)]
        bring(session, tmp_path, everything=rows)
        flagged(session, tmp_path, {0: "true", **dict.fromkeys(range(1, 10), "false")}, requested="true")
        (plan,) = session.planner.plan(Action.CANCEL, [session.orders.id_of(order_id(0)) or 0])
        assert not any(row.counts for row in plan.rows), "not toward the cancellation rate"
        ((_, after),) = session.rate.calculator.prime.figures("US", [row.id for row in plan.rows])
        assert (after.cancelled, after.orders) == (1, 1)


@pytest.mark.parametrize("seed", range(6))
def test_a_slow_count_agrees(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    flags = {n: rng.choice(("true", "false")) for n in range(60)}
    ages = {n: rng.randrange(HOUR, 12 * DAY) for n in flags}
    status = {n: rng.choice(("Shipped", "Shipped", "Unshipped", "Cancelled")) for n in flags}
    services = {n: rng.choice(("", "", "Easy Ship", "Merchant")) for n in flags}
    with open_session(tmp_path) as session:
        rows = [{**unshipped_row(n, age=ages[n]), "is-prime": flags[n], "fulfilled-by": services[n]} for n in flags]
        session.imports.import_files([write(tmp_path / "prime.txt", list(rows[0]), rows)])
        bring(session, tmp_path, everything=[all_orders_row(n, status[n], age=ages[n], updated=NOW) for n in flags])
        start = session.rate.calculator.effects("US")[0].before.window_from
        mine = [n for n in flags if flags[n] == "true" and services[n] != "Easy Ship" and NOW - ages[n] >= start]
        gone = {n for n in mine if status[n] == "Cancelled"}
        marked = {n for n in mine if status[n] == "Unshipped" and rng.random() < 0.5}
        ids = [session.orders.id_of(order_id(n)) or 0 for n in marked]
        ((now, after),) = session.rate.calculator.prime.figures("US", ids)
        assert (now.orders, now.cancelled, now.at_least) == (len(mine), len(gone), 0)
        assert (after.cancelled, after.at_least) == (len(gone | marked), len(marked))
        assert not list(session.recount().run())


def test_one_order_of_which_nobody_knows_makes_it_unknown(tmp_path: Path) -> None:
    with prime_shop(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(99, "Shipped")])
        ((now, _),) = session.rate.calculator.prime.figures("US")
        assert (now.status, now.share) == (RateStatus.UNKNOWN, None)
        assert "of 1 order no report says whether they are Prime" in now.reason


def test_without_the_shipped_orders_there_is_no_rate(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        flagged(session, tmp_path, dict.fromkeys(range(5), "true"))
        ((now, _),) = session.rate.calculator.prime.figures("US")
        assert now.share is None
        assert "import the All Orders report" in now.reason


def rate_report(folder: Path, words: dict[int, str]) -> Path:
    """Amazon's report of the general rate: whether it counts these orders."""
    rows = [{"Order Date": iso_utc(NOW - DAY)[:10], "Order ID": order_id(n), "Impacts Account Health": words[n]}
            for n in words]  # fmt: skip
    return write(folder / "rate.txt", list(rows[0]), rows)


def prime(session: Session) -> tuple[int, int]:
    ((now, _),) = session.rate.calculator.prime.figures("US")
    return now.at_least, now.cancelled


def row_of(session: Session, number: int) -> OrderRow:
    (row,) = session.orders.rows(session.orders.ids_of([order_id(number)]).values()).values()
    return row


@on_both
def test_a_report_that_does_not_count_an_order_settles_the_general_rate_alone(tmp_path: Path) -> None:
    with prime_shop(tmp_path) as session:
        assert prime(session) == (0, 1)
        session.imports.import_files([rate_report(tmp_path, {0: "No"})])
        assert session.rate.calculator.effects("US")[0].before.cancelled == 0
        assert prime(session) == (0, 1), "the seller may have cancelled it because the buyer asked"
        session.context.store.imports.add_cancelled_by([(order_id(0), "buyer", NOW)])
        assert prime(session) == (0, 0), "the account names the buyer"
        session.context.store.imports.add_cancelled_by([(order_id(0), "seller", NOW + 1)])
        assert (prime(session), row_of(session, 0).cancelled_by) == ((1, 1), CancelledBy.SELLER)
        assert session.rate.calculator.effects("US")[0].before.cancelled == 0


@on_both
def test_what_this_store_cancelled_stays_the_sellers(tmp_path: Path) -> None:
    """Also when the report is read before All Orders shows it, read again, and taken back."""
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n, "Unshipped") for n in range(10)]
        bring(session, tmp_path, everything=rows)
        flagged(session, tmp_path, dict.fromkeys(range(10), "true"), requested="true")
        send(session, Action.CANCEL, 0, 1)
        report = rate_report(tmp_path, {0: "No", 1: "No"})
        bring(session, tmp_path, everything=[all_orders_row(0, "Cancelled", updated=NOW)])
        for _ in range(2):
            session.imports.import_files([report])
            assert prime(session) == (2, 2)
            assert row_of(session, 0).cancelled_by is CancelledBy.SELLER
        bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", updated=NOW)])
        assert (prime(session), row_of(session, 1).cancelled_by) == ((2, 2), CancelledBy.SELLER)
        assert session.rate.calculator.effects("US")[0].before.cancelled == 0
        for one in session.context.store.rate_reports.find():
            session.context.store.rate_reports.undo(one.id)
        assert (prime(session), row_of(session, 0).cancelled_by) == ((2, 2), CancelledBy.SELLER)
        assert not list(session.recount().run())
