"""What is behind a rate, against slow recounts: lists, days over clock changes in six zones, outlook, forecast,
neighbours.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ordertui.operations.rate.figures import Dated
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, day_start, iso_utc
from ordertui.orders.enums import Action, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from support.batches import commit
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, bring, open_session, order_id, standard, unshipped_row

CHANGES = {
    "US": (2026, 11, 1), "UK": (2026, 10, 25), "DE": (2026, 3, 29), "AU": (2026, 10, 4), "JP": (2026, 10, 25),
    "BR": (2026, 2, 21),
}  # fmt: skip
"""A day on which clocks change in the marketplace's zone, or a day in a zone without changes."""


def midnight(when: int, zone: str, days: int) -> int:
    """Local midnight, the slow way."""
    local = datetime.fromtimestamp(when, ZoneInfo(zone)).date() + timedelta(days=days)
    return int(datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize("code", list(CHANGES))
def test_rates_over_a_clock_change(tmp_path: Path, code: str) -> None:
    zone = MARKETPLACES[code].zone
    change = int(datetime(*CHANGES[code], 12, tzinfo=ZoneInfo(zone)).timestamp())
    rng = random.Random(code)
    placed: dict[int, tuple[int, bool]] = {}
    rows = []
    for number in range(400):
        edge = midnight(change, zone, rng.randrange(-8, 9))
        when = edge + rng.choice((-1, 0, 1, rng.randrange(-DAY, DAY)))
        placed[number] = (when, rng.random() < 0.1)
        status = "Cancelled" if placed[number][1] else "Shipped"
        rows.append(
            all_orders_row(
                number, status, market=code, purchase_date=iso_utc(when), last_updated_date=iso_utc(when + HOUR)
            )
        )
    clock, taken = FixedClock(change), 0
    rows.sort(key=lambda row: str(row["last-updated-date"]))
    dates = sorted(when + HOUR for when, _ in placed.values())
    with open_session(tmp_path, clock=clock) as session:
        for step in range(-3, 9):
            for second in (-1, 0, 1, 7 * HOUR):
                now = clock.moment = midnight(change, zone, step) + second
                there = bisect_right(dates, now + DAY)  # later ones are refused: the clock would be wrong
                if there > taken:
                    path = write(tmp_path / "all.txt", ALL_ORDERS, rows[taken:there])
                    session.imports.import_files([path], marketplace=code)
                    taken = there
                start = midnight(now, zone, -6)
                inside = [n for n, (when, _) in placed.items() if start <= when <= now]
                gone = [n for n in inside if placed[n][1]]
                figure = session.rate.calculator.effects(code)[0].before
                assert (figure.window_from, figure.window_to) == (start, now)
                assert (figure.orders, figure.cancelled) == (len(inside), len(gone))
                begins = min(when for when, _ in placed.values())
                is_known = begins < midnight(start, zone, 1)
                assert bool(figure.reason) is (bool(inside) and not is_known), "the report begins within the window"
                assert (figure.status == "over") is (
                    bool(inside) and is_known and Fraction(len(gone), len(inside)) >= Fraction(figure.target)
                )
                tonight = [n for n in gone if placed[n][0] < midnight(now, zone, -5)]
                assert session.rate.calculator.rolls_off_tonight(code) == len(tonight)
                days = session.rate.calculator.days(code, 7)
                assert [day[1] for day in days] == [
                    sum(midnight(now, zone, d) <= placed[n][0] < midnight(now, zone, d + 1) for n in inside)
                    for d in range(-6, 1)
                ]
                outlook = session.rate.outlook.days(code)
                assert [d.orders for d in outlook] == [
                    sum(placed[n][0] >= midnight(now, zone, d - 6) for n in inside) for d in range(7)
                ]
                assert [d.rolls_off for d in outlook] == [day[2] for day in days]


def test_the_lists_are_the_figures(tmp_path: Path) -> None:
    """Shipped, cancelled by the seller, by the buyer, by someone unknown, an item cancelled, in a batch."""
    rows = [all_orders_row(n, "Shipped") for n in range(100, 160)]
    rows += [all_orders_row(n, "Cancelled") for n in (1, 2, 3)]
    rows += [all_orders_row(4, "Shipped", sku="A"), all_orders_row(4, "Shipped", sku="B", item_status="Cancelled")]
    rows += [all_orders_row(n) for n in (5, 6, 7)]
    rows += [
        all_orders_row(8, "Cancelled", age=20 * DAY, last_updated_date=iso_utc(NOW - HOUR)),
        all_orders_row(9, "Cancelled", fulfillment_channel="Amazon"),
    ]
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(5), unshipped_row(6, "true"), unshipped_row(7)])
        listed = [
            {"Order Date": "", "Order ID": order_id(n), "Impacts Account Health": word}
            for n, word in ((1, "Yes"), (2, "No"))
        ]
        session.imports.import_files(
            [write(tmp_path / "rate.txt", ["Order Date", "Order ID", "Impacts Account Health"], listed)],
            marketplace="US",
        )
        for plan in session.planner.plan(
            Action.CANCEL, [i for n in (5, 6) if (i := session.orders.id_of(order_id(n))) is not None]
        ):
            session.batches.commit(plan, typed=str(plan.typed_count))
        numerator = {e.order_id: e for e in session.rate.lists.listing("US")}
        assert {
            n: (numerator[order_id(n)].counts, numerator[order_id(n)].how, numerator[order_id(n)].rule)
            for n in (1, 3, 4, 5)
        } == {
            1: (YesNo.YES, "cancelled", "H8"),
            3: (YesNo.UNKNOWN, "cancelled", "H6"),
            4: (YesNo.UNKNOWN, "an item cancelled", ""),
            5: (YesNo.YES, "in a batch", "C2"),
        }
        assert len(numerator) == 4
        figure = session.rate.calculator.effects("US")[0].before
        assert figure.cancelled == len(numerator)
        assert figure.cancelled_at_least == sum(e.counts is YesNo.YES for e in numerator.values())
        denominator = session.rate.lists.listing("US", numerator=False)
        assert len(denominator) == figure.orders == 67
        assert {e.order_id for e in denominator if e.counts is not YesNo.NO} == set(numerator)
        month = session.rate.lists.listing("US", days=30)
        assert {e.order_id for e in month} - set(numerator) == {order_id(8)}
        dated = session.rate.lists.listing("US", dated=Dated.CANCELLATION)
        assert {e.order_id for e in dated} == {*numerator, order_id(8)}
        other = session.rate.calculator.effects("US", dated=Dated.CANCELLATION)[0].before
        assert (other.orders, other.cancelled) == (67, 5)
        assert "cancellations by the newest report" in other.basis
        assert "by order date" in figure.basis


def waiting_session(folder: Path) -> Session:
    """Twelve orders that wait, four of them with a deadline: two overdue, one within the day, one in three days; and
    100 shipped.
    """
    session = open_session(folder)
    policy = session.eligibility.policies.of("US")
    deadlines = {}
    for hours in range(24 * 30):
        ship_by = NOW - hours * HOUR
        due = policy.auto_cancel_at(ship_by)
        assert due is not None
        deadlines[due - NOW] = ship_by
    pick = [
        next(ship_by for left, ship_by in sorted(deadlines.items()) if low < left < high)
        for low, high in ((-3 * DAY, 0), (-2 * DAY, 0), (19 * HOUR, 23 * HOUR), (60 * HOUR, 75 * HOUR))
    ]
    rows = [all_orders_row(n) for n in range(12)] + [
        all_orders_row(1000 + n, "Shipped", age=2 * DAY) for n in range(100)
    ]
    open_ = [unshipped_row(n, "true" if n == 2 else "false", promise_date=iso_utc(pick[n])) for n in range(4)]
    open_ += [unshipped_row(n) for n in range(4, 12)]
    bring(session, folder, everything=rows, open_=open_)
    return session


def test_what_amazon_is_about_to_cancel(tmp_path: Path) -> None:
    with waiting_session(tmp_path) as session:
        (effect,) = session.rate.outlook.forecast("US")
        assert (effect.before.cancelled, effect.after.cancelled, effect.after.orders) == (0, 3, 112)
        assert effect.after.status == "over"
        outlook = session.rate.outlook.days("US")
        assert [d.auto_cancels for d in outlook][:2] == [2, 3]
        assert outlook[3].auto_cancels == 4
        assert (outlook[0].orders, outlook[0].cancelled, outlook[0].rolls_off_orders) == (112, 2, 0)
        assert (outlook[5].orders, outlook[5].rolls_off_orders, outlook[5].status) == (12, 12, "over")
        assert (outlook[6].orders, outlook[6].status) == (0, "no orders")
        held = cancel_first(session)
        (after,) = session.rate.outlook.forecast("US")
        assert (after.before.cancelled, after.after.cancelled) == (held, 3)


def cancel_first(session: Session) -> int:
    """Put an overdue order into a batch: it is counted once, as committed."""
    row_id = session.orders.id_of(order_id(0))
    assert row_id is not None
    (plan,) = session.planner.plan(Action.CANCEL, [row_id])
    return len(session.batches.commit(plan, typed=str(plan.typed_count)).rows)


def test_neighbours_are_unknown_because(tmp_path: Path) -> None:
    with waiting_session(tmp_path) as session:
        late, later, tracking, delivery, prime = session.rate.related_metrics.of_marketplace("US")
        assert [(m.name, m.days, m.target, m.status) for m in (late, later, tracking, delivery, prime)] == [
            ("late shipment rate", 10, "0.04", "unknown"),
            ("late shipment rate", 30, "0.04", "unknown"),
            ("valid tracking rate", 30, "0.95", "unknown"),
            ("on-time delivery rate", 14, "0.9", "unknown"),
            ("Seller Fulfilled Prime cancellation rate", 7, "0.005", "unknown"),
        ]
        assert [m.sign for m in (late, tracking, delivery, prime)] == ["<", ">", ">=", "<="]
        assert (late.orders, late.at_least) == (112, 4)
        assert "no report says when a shipment was confirmed" in late.because
        assert "tracking numbers" in tracking.because


def test_premium_shipping_in_australia_has_a_target_that_is_not_known(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(1, "Shipped", market="AU"), all_orders_row(2, "Shipped")])
        found = {code: session.rate.related_metrics.of_marketplace(code)[-1] for code in ("AU", "US")}
        premium = found["AU"]
        assert (premium.name, premium.target, premium.status, premium.orders) == (
            "Premium Shipping cancellation rate", "unknown", "unknown", 1)  # fmt: skip
        assert "Premium Shipping" not in found["US"].name


def test_days_without_any_known_order_are_named(tmp_path: Path) -> None:
    """Reports of some days only: nobody can tell whether the shop sold nothing on the others."""
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(n, "Shipped", age=n * DAY) for n in (1, 2, 5, 6)])
        assert session.rate.calculator.effects("US")[0].before.silent_days == ("2026-11-19", "2026-11-20")
        bring(session, tmp_path, everything=[all_orders_row(n, "Shipped", age=n * DAY) for n in (3, 4)])
        assert session.rate.calculator.effects("US")[0].before.silent_days == ()


def test_asking_again_reads_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once counted, a rate, its days and a what-if come from the kept counts until the store changes."""
    from ordertui.store.repositories.rates import RateQueries

    asked = []
    plain = RateQueries.count_placed

    def counted(self: RateQueries, *args: object) -> object:
        asked.append(args)
        return plain(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(RateQueries, "count_placed", counted)
    with open_session(tmp_path) as session:
        ids = standard(session, tmp_path)
        session.rate.calculator.effects("US")
        first = len(asked)
        assert 0 < first <= 7
        for _ in range(5):
            assert session.rate.calculator.effects("US", ids)[0].after.cancelled == 5
            session.rate.calculator.days("US", 7)
            session.rate.calculator.rolls_off_tonight("US")
        assert len(asked) == first
        session.facts.set_asked(ids[1:2], True)
        session.rate.calculator.effects("US")
        assert len(asked) > first


def test_an_order_of_the_future_is_not_counted_before_its_time(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        bring(session, tmp_path, everything=[all_orders_row(1, "Shipped"), all_orders_row(2, "Shipped", age=-60)])
        assert session.rate.calculator.effects("US")[0].before.orders == 1
        clock.advance(61)
        assert session.rate.calculator.effects("US")[0].before.orders == 2


@pytest.mark.parametrize("dated", list(Dated))
def test_the_forecast_counts_an_order_of_before_the_window_by_its_cancellation_alone(
    tmp_path: Path, dated: Dated
) -> None:
    with open_session(tmp_path) as session:
        policy = session.eligibility.policies.of("US")
        due = (policy.auto_cancel_at(NOW - hours * HOUR) for hours in range(24 * 30))
        ago = next(hours for hours, at in enumerate(due) if at is not None and NOW < at < NOW + 12 * HOUR)
        late = unshipped_row(1, age=25 * DAY, promise_date=iso_utc(NOW - ago * HOUR))
        rows = [all_orders_row(100 + n, "Shipped", age=n * DAY // 4) for n in range(120)]
        bring(session, tmp_path, everything=[all_orders_row(1, age=25 * DAY), *rows], open_=[late])
        (forecast,) = session.rate.outlook.forecast("US", dated)
        newly = dated is Dated.CANCELLATION
        assert forecast.after.cancelled - forecast.before.cancelled == newly


@pytest.mark.parametrize("dated", list(Dated))
def test_the_outlook_begins_with_the_rate_that_is_dated_alike(tmp_path: Path, dated: Dated) -> None:
    """Orders of 3, 9 and 20 days ago, cancelled today or some days ago: by their own dates each is counted by hand."""
    gone = {n: (age * DAY, ago * DAY) for n, (age, ago) in enumerate(product((3, 9, 20), (0, 1, 2, 5, 8))) if ago < age}
    with open_session(tmp_path) as session:
        rows = [all_orders_row(100 + n, "Shipped", age=n * DAY // 4) for n in range(100)]
        rows += [
            all_orders_row(n, "Cancelled", age=age, last_updated_date=iso_utc(NOW - ago - HOUR))
            for n, (age, ago) in gone.items()
        ]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(50, age=DAY)])
        commit(session, Action.CANCEL, 50)
        (effect,) = session.rate.calculator.effects("US", dated=dated)
        (forecast,) = session.rate.outlook.forecast("US", dated)
        assert forecast.before == effect.before
        outlook = session.rate.outlook.days("US", dated)
        assert (outlook[0].orders, outlook[0].cancelled) == (effect.before.orders, effect.before.cancelled)
        assert outlook[0].status == effect.before.status
        dates = [NOW - (age if dated is Dated.ORDER else ago + HOUR) for age, ago in gone.values()]
        zone = "America/Los_Angeles"
        for ahead, day in enumerate(outlook):
            first, after = (day_start(NOW, zone, ahead + offset) for offset in (-6, -5))
            held = ahead < 6 or dated is Dated.CANCELLATION
            assert day.cancelled == sum(first <= at <= NOW for at in dates) + held, ahead
            assert day.rolls_off == sum(first <= at < after for at in dates), ahead
