"""How a rate moves, against a slow recount from the lists: past days, today, the days to come, with and without a
marked set.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ordertui.operations.query.queues import AUTO_CANCEL, BY_KEY
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.tui.render.rate_report import Course, render_rate
from ordertui.tui.screens.rate import courses
from support.reports import write
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

from .test_lists import midnight, waiting_session


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_point_is_a_recount(tmp_path: Path, seed: int) -> None:
    """Orders over 45 days, over the end of daylight saving time too; half of the open ones marked, some with Amazon's
    own request.
    """
    rng = random.Random(seed)
    zone = MARKETPLACES["US"].zone
    now = int(datetime(2026, 11, 4, 9 + seed, tzinfo=ZoneInfo(zone)).timestamp())
    placed = {n: now - rng.randrange(60, 45 * DAY) for n in range(300)}
    status = {n: rng.choice(("Shipped", "Shipped", "Shipped", "Cancelled", "Unshipped")) for n in placed}
    asked = {n for n, word in status.items() if word == "Unshipped" and rng.random() < 0.3}
    with open_session(tmp_path, clock=FixedClock(now)) as session:
        more = {
            n: {"purchase_date": iso_utc(when), "last_updated_date": iso_utc(when + HOUR)} for n, when in placed.items()
        }
        open_ = [
            unshipped_row(
                n,
                "true" if n in asked else "false",
                purchase_date=iso_utc(placed[n]),
                promise_date=iso_utc(now + 9 * DAY),
            )
            for n in placed
            if status[n] == "Unshipped"
        ]
        bring(session, tmp_path, everything=[all_orders_row(n, status[n], **more[n]) for n in placed], open_=open_)
        marked = {n for n in placed if rng.random() < 0.5}
        ids = list(session.orders.ids_of(order_id(n) for n in marked).values())
        course = session.rate.trend.course("US", ids)
        assert [point.ahead for point in course] == list(range(-30, 7))
        today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
        limit, near = (
            session.eligibility.policies.of("US").values.rate_target,
            session.eligibility.policies.of("US").values.near,
        )
        for point in course:
            assert point.day == today + timedelta(days=point.ahead)
            start, end = midnight(now, zone, point.ahead - 6), midnight(now, zone, point.ahead + 1)
            inside = [n for n, when in placed.items() if start <= when < end]
            gone = [n for n in inside if status[n] == "Cancelled"]
            fresh = [n for n in inside if n in marked and status[n] == "Unshipped" and n not in asked]
            assert (point.cancelled, point.at_least) == (len(gone), 0), "no report says who cancelled"
            if point.ahead < 0:
                assert (point.orders, point.orders_left, point.after, point.rolls_off) == (
                    len(inside),
                    len(inside),
                    len(gone),
                    0,
                )
            else:
                all_now = sum(midnight(now, zone, -6) <= when for when in placed.values())
                assert (point.orders, point.orders_left) == (all_now, len(inside))
                assert point.after == len(gone) + len(fresh)
                assert point.rolls_off == sum(placed[n] < midnight(now, zone, point.ahead - 5) for n in gone)
            for count, word in ((point.cancelled, point.status), (point.after, point.after_status)):
                share = count / point.orders if point.orders else None
                assert word == (
                    "no orders"
                    if share is None
                    else "over"
                    if share >= limit
                    else "near"
                    if share >= near * limit
                    else "ok"
                )
        (effect,) = session.rate.calculator.effects("US", ids)
        point = course[30]
        assert (point.orders, point.cancelled, point.after) == (
            effect.before.orders,
            effect.before.cancelled,
            effect.after.cancelled,
        )


def test_what_amazon_cancels_by_itself_is_in_the_days_to_come(tmp_path: Path) -> None:
    """The same counts as the outlook; an order that is marked is cancelled once, not by Amazon too."""
    with waiting_session(tmp_path) as session:
        outlook = {day.day: day for day in session.rate.outlook.days("US")}
        course = [point for point in session.rate.trend.course("US") if point.ahead > 0]
        assert [(p.cancelled, p.auto_cancels, p.orders_left, p.rolls_off) for p in course] == [
            (day.cancelled, day.auto_cancels, day.orders, day.rolls_off) for day in (outlook[p.day] for p in course)
        ]
        assert course[2].auto_cancels == 4
        row_ids = [session.orders.id_of(order_id(n)) for n in (0, 2)]
        assert None not in row_ids
        after = [point for point in session.rate.trend.course("US", [i for i in row_ids if i]) if point.ahead > 0]
        assert after[2].cancelled == 4
        assert after[2].after == 3, (
            "number 0 counts as before; number 2 was asked for officially, so cancelling it saves one"
        )
        (plan,) = session.planner.plan(Action.CANCEL, [i for i in row_ids[:1] if i])
        session.batches.commit(plan, typed=str(plan.typed_count))
        held = {point.ahead: point for point in session.rate.trend.course("US")}
        assert (held[0].cancelled, held[0].at_least, held[3].cancelled) == (1, 1, 4)


def test_a_past_window_that_begins_before_the_oldest_order_is_left_out(tmp_path: Path) -> None:
    """As if a session had begun then: its rate would stand too high, of few orders."""
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(n, "Cancelled", age=n * DAY) for n in range(1, 13)])
        course = session.rate.trend.course("US")
        assert [point.ahead for point in course] == list(range(-6, 7)), (
            "day -12 begins the window that ends with day -6"
        )
        assert [point.orders for point in course if point.ahead < 0] == [7] * 6
        bring(session, tmp_path, everything=[all_orders_row(20, "Cancelled", age=60 * DAY)])
        assert [point.ahead for point in session.rate.trend.course("US")] == list(range(-30, 7))


def test_both_windows_of_india_and_a_shop_without_orders(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        assert {point.status for point in session.rate.trend.course("US")} == {"no orders"}
        bring(
            session, tmp_path, everything=[all_orders_row(n, "Shipped", market="IN", age=n * DAY) for n in range(1, 40)]
        )
        for effect in session.rate.calculator.effects("IN"):
            course = session.rate.trend.course("IN", days=effect.before.days)
            assert next(point for point in course if not point.ahead).orders == effect.before.orders
            assert course[-1].ahead == min(7, effect.before.days - 1)
    assert NOW


def test_what_amazon_is_about_to_cancel_is_in_the_days_to_come(tmp_path: Path) -> None:
    """Orders placed before the window change no rate of it, and are told all the same: as many as are at risk."""
    with open_session(tmp_path) as session:
        age = 12 * DAY
        due = [unshipped_row(n, age=age, promise_date=iso_utc(NOW - 7 * DAY + 12 * HOUR)) for n in range(6)]
        bring(session, tmp_path, everything=[all_orders_row(n, "Shipped") for n in range(50, 60)], open_=due)
        flagged = unshipped_row(7, promise_date=iso_utc(NOW + DAY)) | {"verge-of-cancellation": "true"}
        session.imports.import_files([write(tmp_path / "flagged.txt", tuple(flagged), [flagged])])
        assert len(session.rate.at_risk("US").ids) == 7 == session.orders.count(BY_KEY["auto_cancel"].filter)
        assert len(session.rate.at_risk("US").ids) == 7
        today, tomorrow = (point for point in session.rate.trend.course("US") if point.ahead in (0, 1))
        assert (today.due, today.auto_cancels) == (0, 0), "today's window ends now"
        assert (tomorrow.due, tomorrow.auto_cancels) == (7, 1)
        (effect,) = session.rate.calculator.effects("US")
        text = render_rate(Course(effect, tuple(session.rate.trend.course("US")), 7, 0), 110, 6).plain
        assert "Amazon cancels 7 in 24 h" in text
        assert "Tue Nov 24: of the 7 orders that Amazon cancels by then, 1 counts anew in this window" in text
        held = session.planner.plan(Action.CANCEL, session.rate.at_risk("US").ids[:3])[0]
        session.batches.commit(held, typed=str(held.typed_count))
        assert len(session.rate.at_risk("US").ids) == 4 == session.orders.count(BY_KEY["auto_cancel"].filter)
        assert not list(session.recount().run())


def test_what_was_overdue_long_ago_by_old_reports_is_unknown_and_not_at_risk(tmp_path: Path) -> None:
    """Panel, rate in full, days to come, queue and command say the same; a recount agrees."""
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        due = [unshipped_row(n, age=12 * DAY, promise_date=iso_utc(NOW - 7 * DAY + 12 * HOUR)) for n in range(6)]
        bring(session, tmp_path, everything=[all_orders_row(n, "Shipped") for n in range(50, 60)], open_=due)
        clock.advance(58 * DAY)
        found = session.rate.at_risk("US")
        assert (found.ids, found.outdated) == ([], 6)
        assert [(one.count, one.unknown) for one in session.orders.queues() if one.key == AUTO_CANCEL] == [(0, 6)]
        assert session.orders.find(queue=AUTO_CANCEL, filter_text="sku:SKU*").tolist() == []
        assert {point.due for point in session.rate.trend.course("US")} == {0}
        assert {day.auto_cancels for day in session.rate.outlook.days("US")} == {0}
        (course,) = courses(session, "US", ())
        text = render_rate(course, 110, 6).plain
        assert "in 24 h" not in text
        assert "? 6 past auto-cancel: outdated" in text
        assert not list(session.recount().run())
        at = {"promise_date": iso_utc(NOW - 7 * DAY + 12 * HOUR), "reporting_date": iso_utc(clock.now() - HOUR)}
        fresh = [unshipped_row(0, age=12 * DAY, **at)]
        bring(session, tmp_path, open_=fresh)
        found = session.rate.at_risk("US")
        assert (len(found.ids), found.outdated) == (1, 5), "a new report says that this one still waits"
        assert not list(session.recount().run())
