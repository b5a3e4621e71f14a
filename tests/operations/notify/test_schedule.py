"""When somebody is told: quiet hours over changes of the clock, what is told together, and once for each alert."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.operations.config import NotifyConfig, ReceiverConfig
from ordertui.operations.notify import service
from ordertui.operations.notify.alerts import FIRST, WORDS, Alert, alert_text
from ordertui.operations.notify.apprise_address import SendFailed
from ordertui.operations.notify.finder import AlertFinder
from ordertui.operations.notify.receivers import HookPayload
from ordertui.operations.notify.schedule import RETRY_SECONDS, group_by_kind, is_quiet, retry_at, waiting_reason
from ordertui.operations.notify.service import LEASE_SECONDS, Notifications
from ordertui.operations.session import Session
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, DAY, HOUR, FixedClock, parse_iso, to_local
from ordertui.orders.enums import AlertKind, NotificationState
from support.shops import NOW, open_session

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")
KINDS = st.sampled_from(list(AlertKind))


@given(
    now=st.one_of(
        st.integers(NOW, NOW + 400 * DAY),
        *(  # around changes of the clock: Berlin back and forward, New York back, Lord Howe by half an hour
            st.integers(parse_iso(at) - 3 * HOUR, parse_iso(at) + 3 * HOUR)
            for at in ("2026-10-25T01:00Z", "2027-03-28T01:00Z", "2026-11-01T06:00Z", "2027-04-03T15:00Z")
        ),
    ),
    zone=st.sampled_from(ZONES),
    begin=st.integers(0, 1439),
    length=st.integers(1, 1439),
)
def test_quiet_hours_go_by_the_clock_on_the_wall(now: int, zone: str, begin: int, length: int) -> None:
    def text(minute: int) -> str:
        return f"{minute // 60 % 24:02}:{minute % 60:02}"

    config = NotifyConfig(quiet_from=text(begin), quiet_to=text(begin + length), zone=zone)
    walls = {text((begin + passed) % 1440) for passed in range(length)}
    assert is_quiet(now, config) == (to_local(now, zone).strftime("%H:%M") in walls)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-25T00:10Z", True),  # 02:10, summer time
        ("2026-10-25T00:40Z", False),  # 02:40
        ("2026-10-25T01:10Z", True),  # 02:10 again, winter time
        ("2026-10-25T01:40Z", False),
        ("2027-03-28T00:59Z", True),  # 01:59; 02:00 to 03:00 is left out
        ("2027-03-28T01:00Z", False),  # 03:00
    ],
)
def test_an_hour_that_comes_twice_is_quiet_twice(at: str, expected: bool) -> None:
    config = NotifyConfig(quiet_from="22:00", quiet_to="02:30", zone="Europe/Berlin")
    assert is_quiet(parse_iso(at), config) is expected


@given(
    recent=st.lists(st.tuples(KINDS, st.integers(-2 * HOUR, 2 * HOUR)), max_size=20),
    kind=KINDS,
    gap=st.integers(0, 120),
    most=st.integers(1, 5),
    quiet=st.booleans(),
    urgent=st.frozensets(KINDS),
)
def test_one_more_never_breaks_gap_cap_or_quiet_hours(
    recent: list[tuple[AlertKind, int]], kind: AlertKind, gap: int, most: int, quiet: bool, urgent: frozenset[AlertKind]
) -> None:
    config = NotifyConfig(gap_minutes=gap, most_per_hour=most, zone="UTC", urgent=tuple(urgent))
    if quiet:
        config = replace(config, quiet_from="00:00", quiet_to="23:59")
    dated = [(one, NOW - age) for one, age in recent]
    allowed = waiting_reason(kind, config, dated, NOW) == ""
    known = [(one, age) for one, age in recent if age >= -CLOCK_SLACK_SECONDS]  # else the clock was put back since
    within_hour = len([age for _, age in known if age < HOUR])
    same = [age for one, age in known if one is kind]
    assert allowed == ((not quiet or kind in urgent) and within_hour < most and all(age >= gap * 60 for age in same))
    assert (waiting_reason(kind, config, dated, NOW, again=True) == "") == (not quiet or kind in urgent)


alerts = st.lists(
    st.builds(
        lambda kind, number, market: Alert(kind, (f"{kind}:{number}",), f"subject {number}", market),
        KINDS, st.integers(0, 12), st.sampled_from(("US", "DE", "")),
    ),
    max_size=40,
)  # fmt: skip


@given(alerts)
def test_grouping_loses_nothing_and_doubles_nothing(found: list[Alert]) -> None:
    groups = group_by_kind(found)
    assert sorted(one.keys for group in groups.values() for one in group) == sorted({one.keys for one in found})
    assert all(one.kind is kind for kind, group in groups.items() for one in group)
    assert list(groups) == [kind for kind in AlertKind if kind in groups]
    for group in groups.values():
        text = alert_text(group, "", NOW)
        assert text.count == len(group)
        assert text.first == tuple(one.subject for one in group[:FIRST])
        assert (f"and {len(group) - FIRST:,} more" in text.body) == (len(group) > FIRST)
        assert set(text.marketplaces) == {one.marketplace for one in group} - {""}


def test_every_kind_has_words() -> None:
    assert set(WORDS) == set(AlertKind)
    for kind in AlertKind:
        one, many = (
            alert_text([Alert(kind, (str(n),), "x") for n in range(count)], "Lamps", NOW) for count in (1, 1200)
        )
        assert one.title.startswith("Lamps: ")
        assert "{" not in one.title + many.title + one.body
        assert "1,200" in many.title or kind is AlertKind.SECRET_EXPIRING


def test_retries_grow_and_end() -> None:
    waits = [retry_at(attempts, 0) for attempts in range(1, len(RETRY_SECONDS) + 2)]
    known = [at for at in waits if at is not None]
    assert known == sorted(known)
    assert waits[-1] is None


# -- once for each alert, whatever happens


class Killed(BaseException):
    """SIGKILL, for the sender: nothing after it happens."""


class Receiver:
    """Takes, refuses, or sees its sender die before or after it took."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.taken: Counter[str] = Counter()

    def send(self, receiver: ReceiverConfig, payload: HookPayload, seconds: int, stop: Stop) -> None:
        outcome = self.outcomes.pop(0) if self.outcomes else "ok"
        if outcome == "fails":
            raise SendFailed("no")
        if outcome == "dies before":
            raise Killed
        self.taken.update(payload.first)
        if outcome == "dies after":
            raise Killed


@pytest.fixture(scope="module")
def open_store(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return open_session(tmp_path_factory.mktemp("notify"), clock=FixedClock(NOW))


class Finder:
    """Finds what a test put there."""

    def __init__(self) -> None:
        self.found: list[Alert] = []

    def find(self) -> list[Alert]:
        return self.found


def telling(session: Session, finder: Finder, name: str) -> Notifications:
    """The notifications of a store with one receiver and other alerts."""
    receivers = (ReceiverConfig(name, ("x",)),)
    session.context.config = replace(
        session.context.config, notify=NotifyConfig(receivers=receivers, most_per_hour=1_000, gap_minutes=0)
    )
    return Notifications(session.context, session.orders, cast(AlertFinder, finder))


def test_more_orders_of_a_batch_are_told_again_and_fewer_are_not(
    open_store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder, receiver = Finder(), Receiver()
    told = telling(open_store, finder, "more")
    monkeypatch.setattr(service, "send", receiver.send)
    counts = []
    for orders in ("ab", "a", "ab", "abc", "bc", "", "abc"):
        finder.found = [Alert(AlertKind.BATCH_FAILED, tuple(orders), f"{len(orders)} orders")] if orders else []
        told.send_due()
        counts.append(sum(receiver.taken.values()))
    assert counts == [1, 1, 1, 2, 2, 2, 2]
    assert receiver.taken == {"2 orders": 1, "3 orders": 1}


OUTCOMES = st.lists(st.sampled_from(("ok", "fails", "dies before", "dies after")), max_size=4)
STEPS = st.lists(
    st.tuples(st.lists(st.integers(0, 4), max_size=5), OUTCOMES, st.sampled_from((0, 60, 300, LEASE_SECONDS, HOUR))),
    min_size=1, max_size=6,
)  # fmt: skip
NAMES = iter(range(1_000_000))


@given(STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_alert_is_taken_at_most_once_and_never_lost_without_a_trace(
    open_store: Session, steps: list[tuple[list[int], list[str], int]]
) -> None:
    """Senders die and receivers refuse in any order; alerts come and go. Told twice: never."""
    name = f"r{next(NAMES)}"
    context, now = open_store.context, cast(FixedClock, open_store.clock)
    receiver = Receiver()
    finder = Finder()
    told = telling(open_store, finder, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "send", receiver.send)

        def run(outcomes: list[str]) -> None:
            receiver.outcomes = list(outcomes)
            with suppress(Killed):
                told.send_due()

        for numbers, outcomes, seconds in steps:
            finder.found = [Alert(list(AlertKind)[n % 3], (f"{n}",), f"{n}") for n in numbers]
            run(outcomes)
            assert all(count == 1 for count in receiver.taken.values())
            now.advance(seconds)
        for _ in range(2 + len(RETRY_SECONDS)):  # in the end nobody dies, and everything is taken
            now.advance(2 * HOUR)
            run([])
    log = context.reader().notifications
    states = {one.id: one.state for one in log.find(0) if one.receiver == name}
    seen = log.told(name, [str(n) for n in range(5)])
    assert set(states.values()) <= {NotificationState.DELIVERED, NotificationState.UNCLEAR}
    for key, ident in seen.items():  # taken, or known not to be known
        assert receiver.taken[key] == 1 or states[ident] is NotificationState.UNCLEAR
    assert {key for alert in finder.found for key in alert.keys} <= set(seen)
    assert set(receiver.taken) <= set(seen)
