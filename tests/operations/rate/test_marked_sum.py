"""How long what marked orders come to stands by itself: kept until then, it is what would be worked out anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.operations.config import Config
from ordertui.operations.errors import Stopped
from ordertui.operations.marks import IdSet
from ordertui.operations.rate.marked_sum import MarkedSum
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, day_start, iso_utc
from ordertui.orders.marketplace import zone_of
from ordertui.store.engine.database import Database
from ordertui.store.engine.protocol import Params, Row
from support.profile import LONG
from support.random_days import ORDERS, POLICIES, RULES, STEPS, Placed, Step, days_of
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row

HOPS = 8
"""Times that each example goes on to the moment until which its sum stood."""
COUNTING_FROM_NOW = ("placed:last-2d", "late", "auto-cancel<3d")


def deadlines(session: Session) -> Iterator[int]:
    """Yield all moments at which anything about an order may change by itself, whether sums know of it or not."""
    for row in session.orders.rows(session.orders.find()).values():
        values = session.eligibility.policy(row.marketplace).values
        due, latest = session.eligibility.deadline(row), session.eligibility.latest_deadline(row)
        for moment in (row.purchased_at, row.ship_by, due, latest, row.named_at, row.missing_since):
            if moment is not None:
                yield from (moment, moment + values.old_hours * HOUR, moment + values.auto_cancelled_hours * HOUR)
        yield day_start(session.clock.now(), zone_of(row.marketplace), 1)


@given(
    ORDERS, STEPS, POLICIES, st.frozensets(st.integers(0, 5)), st.sampled_from((0, 0, 2 * HOUR, 30 * HOUR)), st.data()
)
@settings(max_examples=1_000 if LONG else 60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_kept_is_what_would_be_worked_out_anew(
    orders: list[Placed],
    steps: list[Step],
    policy: tuple[str, list[int]],
    unmarked: frozenset[int],
    early: int,
    data: st.DataObject,
) -> None:
    """`early`: seconds by which the clock is behind, so that orders are dated after now."""
    with TemporaryDirectory() as name:
        folder, clock = Path(name), FixedClock(NOW - early)
        with days_of(folder, clock, orders, policy) as days:
            session = days.session
            for step in steps:
                days.go(step)
            ids, sums = session.orders.find(), session.rate.marked
            marked = IdSet(row_id for place, row_id in enumerate(ids) if place not in unmarked)
            counts_from_now = any(RULES[number][0] in COUNTING_FROM_NOW for number in policy[1])
            for _ in range(HOPS):
                now = clock.now()
                until, kept = sums.next_change(now), sums.of(marked)
                assert until > now
                if counts_from_now and ids:
                    assert until <= (now // 60 + 1) * 60
                    clock.moment = now + 6 * HOUR
                    continue
                near = {moment + by for moment in deadlines(session) for by in (-1, 0, 1, 2)}
                within = sorted(moment for moment in near | {until - 1} if now <= moment < until)
                looked_at = data.draw(st.lists(st.sampled_from(within), max_size=6, unique=True)) if within else []
                for moment in (*looked_at, until - 1, data.draw(st.integers(now, until - 1))):
                    clock.moment = moment
                    assert sums.of(marked) == kept, f"worked out at {now}, other at {moment}, kept until {until}"
                clock.moment = until


def _sum_of_all(session: Session) -> Callable[[], MarkedSum]:
    marked = IdSet(session.orders.find())
    return lambda: session.rate.marked.of(marked)


def _assert_stands_until(session: Session, clock: FixedClock, moment: int) -> None:
    """Assert that the sum of all orders stands until this very second, and is another one from then on."""
    sum_now = _sum_of_all(session)
    before = sum_now()
    assert session.rate.marked.next_change(clock.now()) == moment
    clock.moment = moment - 1
    assert sum_now() == before
    clock.moment = moment
    assert sum_now() != before


def test_an_order_dated_after_now_enters_the_window_in_its_second(tmp_path: Path, clock: FixedClock) -> None:
    with open_session(tmp_path, clock=clock) as session:
        bring(session, tmp_path, everything=[all_orders_row(1, age=-HOUR)], open_=[unshipped_row(1, age=-HOUR)])
        _assert_stands_until(session, clock, NOW + HOUR)


def test_an_order_leaves_the_window_at_its_marketplaces_midnight(tmp_path: Path, clock: FixedClock) -> None:
    zone = zone_of("US")
    last = day_start(NOW, zone, -6)
    age = NOW - last - HOUR
    with open_session(tmp_path, clock=clock) as session:
        bring(session, tmp_path, everything=[all_orders_row(1, age=age)], open_=[unshipped_row(1, age=age)])
        _assert_stands_until(session, clock, day_start(NOW, zone, 1))


@pytest.mark.parametrize("is_named_late", [False, True])
def test_a_waiting_order_becomes_doubtful_a_second_after_its_limits(
    tmp_path: Path, clock: FixedClock, is_named_late: bool
) -> None:
    """The later one of two limits decides: so long after Amazon cancels it, and after a report named it."""
    with open_session(tmp_path, clock=clock) as session:
        bring(session, tmp_path, everything=[all_orders_row(1)], open_=[unshipped_row(1)])
        (row,) = session.orders.rows(session.orders.find()).values()
        values, due = session.eligibility.policy("US").values, session.eligibility.deadline(row)
        assert due is not None
        moment = due + values.auto_cancelled_hours * HOUR + 1
        clock.moment = moment - 3 * HOUR
        if is_named_late:
            named = iso_utc(clock.now() - HOUR)
            bring(session, tmp_path, open_=[unshipped_row(1, reporting_date=named)])
            (row,) = session.orders.rows(session.orders.find()).values()
            assert row.named_at is not None
            assert row.named_at > NOW
            moment = max(moment, row.named_at + values.old_hours * HOUR + 1)
            clock.moment = moment - HOUR
        _assert_stands_until(session, clock, moment)


@pytest.mark.parametrize(("when", "is_by_the_minute"), [("placed<2d", True), ("late", True), ("placed:today", False)])
def test_a_house_rule_that_counts_from_now_is_read_anew_each_minute(
    tmp_path: Path, clock: FixedClock, when: str, is_by_the_minute: bool
) -> None:
    (tmp_path / "house.toml").write_text(
        f'[[rule]]\nid = "r"\nwhen = "{when}"\neffect = "deny"\nwhy = "so"\naction = "cancel"\n', encoding="utf-8"
    )
    config = Config(policy_file=str(tmp_path / "house.toml"))
    with Session.open(tmp_path / "orders.db", clock=clock, config=config) as session:
        bring(session, tmp_path, everything=[all_orders_row(1)])
        until = NOW // 60 * 60 + 60 if is_by_the_minute else day_start(NOW, zone_of("US"), 1)
        assert session.rate.marked.next_change(NOW) == until


def test_without_orders_it_stands_for_the_day(tmp_path: Path, clock: FixedClock) -> None:
    with open_session(tmp_path, clock=clock) as session:
        assert NOW < session.rate.marked.next_change(NOW) <= NOW + DAY


def test_a_sum_is_given_up_between_any_two_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no order may be cancelled, and each that is partly shipped is read for its refund."""
    for module in ("engine.database", "repositories.rates", "repositories.orders"):
        monkeypatch.setattr(f"ordertui.store.{module}.MAX_VALUES", 4)
    monkeypatch.setattr("ordertui.operations.marks.RUN_BYTES", 1)
    with open_session(tmp_path) as session:
        partly = [unshipped_row(n, quantity_purchased=2, quantity_shipped=1) for n in range(1, 41)]
        bring(session, tmp_path, everything=[all_orders_row(n, quantity=2) for n in range(1, 41)], open_=partly)
        ids = session.orders.find()
        whole, steps, stop_at = session.rate.marked.of(IdSet(ids)), list[str](), 0
        assert whole.impact.cancellable == 0
        assert any(one.gain.cancelled for one in whole.gains["US"]), "refunds of them count"
        real = Database.query

        def query(self: Database, sql: str, params: Params = ()) -> list[Row]:
            if "json_each" in sql:
                steps.append("read")
            return real(self, sql, params)

        def check() -> None:
            steps.append("check")
            if steps.count("check") == stop_at:
                raise Stopped("another set is marked")

        monkeypatch.setattr(Database, "query", query)
        for number in range(1, 1_000):
            steps.clear()
            stop_at = number
            try:
                assert session.rate.marked.of(IdSet(ids, check)) == whole
            except Stopped:
                assert steps[-1] == "check"
                continue
            break
        assert number > 20, "six looks in each of several rounds"
        runs = [len(run.split()) for run in " ".join(steps).split("check")]
        assert max(runs) <= 6, "8 row numbers lie between two looks: two slices of 4, in up to three statements each"


def test_each_marketplace_is_asked_of_its_own_orders_alone(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All orders were gone through for each one: with five marketplaces a million marks took six times as long."""
    markets = ("US", "DE", "JP", "US", "CA", "US")
    with open_session(tmp_path, clock=clock) as session:
        rows = [(n, markets[n % len(markets)], DAY * (n % 40)) for n in range(1, 61)]
        bring(
            session,
            tmp_path,
            everything=[all_orders_row(n, market=market, age=age) for n, market, age in rows],
            open_=[unshipped_row(n, market=market, age=age) for n, market, age in rows if n % 3],
        )
        marked = IdSet(session.orders.find()[4:])
        calculator = session.rate.calculator
        expected = {code: calculator.gains(code, marked) for code, _ in calculator.impact(marked).markets}
        asked: dict[str, set[int]] = {}
        gains = calculator.gains

        def noted(marketplace: str, ids: IdSet) -> object:
            asked[marketplace] = set(ids)
            return gains(marketplace, ids)

        monkeypatch.setattr(calculator, "gains", noted)
        found = session.rate.marked.of(marked).gains
        places = {row.id: row.marketplace for row in session.orders.rows(marked).values()}
    assert found == expected
    assert set(found) == {"US", "DE", "JP", "CA"}
    assert asked == {code: {one for one in marked if places[one] == code} for code in found}


def test_who_sums_up_is_asked_whether_to_go_on_as_often_as_there_are_orders(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks at the stop the store is asked about a few of the orders, whatever their number."""
    monkeypatch.setattr("ordertui.operations.marks.RUN_BYTES", 1)
    for module in ("rates", "tallies", "orders"):
        monkeypatch.setattr(f"ordertui.store.repositories.{module}.MAX_VALUES", 8)
    monkeypatch.setattr("ordertui.store.engine.database.MAX_VALUES", 8)
    (tmp_path / "house.toml").write_text(
        '[[rule]]\nid = "r"\nwhen = "total>1"\neffect = "deny"\nwhy = "so"\naction = "cancel"\n', encoding="utf-8"
    )
    config, longest = Config(policy_file=str(tmp_path / "house.toml")), []
    for count in (40, 160):
        folder = tmp_path / str(count)
        folder.mkdir()
        with Session.open(folder / "orders.db", clock=clock, config=config) as session:
            rows = [(n, ("US", "DE", "JP")[n % 3]) for n in range(1, count + 1)]
            bring(
                session,
                folder,
                everything=[all_orders_row(n, market=market) for n, market in rows],
                open_=[unshipped_row(n, market=market) for n, market in rows],
            )
            session.rate.marked.of(IdSet(session.orders.find()))  # what is read once, whatever is marked
            steps = ""

            def looked() -> None:
                nonlocal steps
                steps += "|"

            def asked(database: Database, sql: str, params: Params = (), query: Any = Database.query) -> list[Row]:
                nonlocal steps
                steps += "."
                found: list[Row] = query(database, sql, params)
                return found

            with monkeypatch.context() as patch:
                patch.setattr(Database, "query", asked)
                session.rate.marked.of(IdSet(session.orders.find(), looked))
            longest.append(max(map(len, steps.split("|"))))
            assert steps.count(".") > count / 8, "the store was asked about some at a time"
    assert longest[0] == longest[1] < 20
