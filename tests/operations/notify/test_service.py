"""Alerts of a store, each told once to each receiver: by rule, in quiet hours, again after a failure."""

from __future__ import annotations

import os
import select
import shutil
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.amazon.spapi.secret import Secret
from ordertui.operations.config import AmazonConfig, NotifyConfig, ReceiverConfig
from ordertui.operations.errors import Refused, UnknownChoice
from ordertui.operations.notify import apprise_address, service
from ordertui.operations.notify.apprise_address import STOP_SECONDS, SendFailed
from ordertui.operations.notify.finder import FIRST, WORDS, Alert, AlertFinder, alert_text
from ordertui.operations.notify.receivers import HookPayload
from ordertui.operations.notify.service import (
    LEASE_SECONDS,
    RETRY_SECONDS,
    Notifications,
    group_by_kind,
    is_quiet,
    retry_at,
    waiting_reason,
)
from ordertui.operations.session import Session
from ordertui.operations.sync.credentials import ROTATION_DAYS, SECRET_ENTERED_KEY, SECRET_ISSUED_KEY
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, DAY, HOUR, FixedClock, parse_iso, to_local
from ordertui.orders.enums import Action, AlertKind, NotificationState
from ordertui.rules.language import MAX_CONDITIONS
from support import batches
from support.hooks import appending, failing, received, reopen
from support.places import on_both
from support.shops import NOW, all_orders_row, bring, open_session, order_id, standard, unshipped_row
from support.statements import noted

REQUEST = (AlertKind.BUYER_REQUEST,)


def shop(tmp_path: Path, clock: FixedClock, *receivers: ReceiverConfig, **more: object) -> Session:
    """Six waiting orders, the first one with a request, and 94 shipped ones."""
    made = open_session(tmp_path / "shop", clock=clock)
    standard(made, tmp_path)
    return reopen(made, tmp_path / "shop", clock, *receivers, **more)


def ask(session: Session, folder: Path, *numbers: int) -> None:
    """The buyers of these orders ask for a cancellation."""
    rows = [unshipped_row(n, "true", reporting_date="2026-11-23T14:00:00Z") for n in numbers]
    bring(session, folder, open_=rows)


def keys(session: Session, kind: AlertKind) -> list[str]:
    return [key for alert in session.notifications.collect() if alert.kind is kind for key in alert.keys]


@on_both
def test_each_alert_is_told_once(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    sent = session.notifications.send_due()
    assert [one.state for one in sent] == [NotificationState.DELIVERED]
    assert session.notifications.send_due() == []
    clock.advance(HOUR)
    assert session.notifications.send_due() == []
    (got,) = received(file)
    assert got["kind"] == "buyer_request"
    assert got["title"] == "A buyer asked to cancel an order"
    assert got["first"] == [f"US {order_id(1)} (official)"]
    assert (got["count"], got["marketplaces"], got["attempt"], got["urgent"]) == (1, ["US"], 1, False)


def test_a_receiver_that_fails_makes_no_other_wait_for_its_others(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "order"
    bad, good = (("sh", "-c", f"echo {name} >> '{file}'; exit {code}") for name, code in (("bad", 1), ("good", 0)))
    two = (AlertKind.BUYER_REQUEST, AlertKind.FILE_TO_UPLOAD)
    session = shop(tmp_path, clock, ReceiverConfig("bad", bad, kinds=two), ReceiverConfig("good", good, kinds=two))
    batches.send(session, Action.CANCEL, 2)
    session.notifications.send_due()
    assert file.read_text(encoding="utf-8").split() == ["bad", "good", "good", "bad"]
    ask(session, tmp_path, 3)
    clock.advance(max(RETRY_SECONDS[0], 600))
    session.notifications.send_due()
    assert file.read_text(encoding="utf-8").split()[4:] == ["bad", "good", "bad", "bad"]


def test_a_filter_chooses_of_however_many(tmp_path: Path, clock: FixedClock) -> None:
    """With ids beside it, of many orders or of one, a filter would be longer than any may be."""
    numbers = range(20, 120)
    long = " or ".join(["sku:SKU-2*", "sku:SKU-3*", *["none"] * (MAX_CONDITIONS - 2)])
    receivers = [
        ReceiverConfig(name, appending(tmp_path / name), kinds=REQUEST, filter=text)
        for name, text in (("all", ""), ("tens", "sku:SKU-2*"), ("long", long))
    ]
    session = shop(tmp_path, clock, *receivers)
    bring(session, tmp_path, everything=[all_orders_row(n) for n in numbers])
    bring(session, tmp_path, open_=[unshipped_row(n, "true") for n in numbers])
    session.notifications.send_due()
    counts = {one.name: received(tmp_path / one.name)[0]["count"] for one in receivers}
    assert counts == {"all": 101, "tens": 10, "long": 20}
    ask(session, tmp_path, 4)
    clock.advance(HOUR)
    assert [one.receiver for one in session.notifications.send_due()] == ["all"]


def test_many_of_a_kind_are_one_message(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    session.notifications.send_due()
    bring(session, tmp_path, everything=[all_orders_row(n) for n in range(20, 30)])
    bring(session, tmp_path, open_=[unshipped_row(n, "true") for n in range(20, 30)])
    clock.advance(60)
    assert session.notifications.send_due() == []  # within the gap: told together
    waits = {one.waits for one in session.notifications.status() if one.told is None}
    assert waits == {"told together with what comes within 10 min"}
    clock.advance(600)
    session.notifications.send_due()
    got = received(file)[1]
    assert (got["count"], len(got["first"])) == (10, 5)
    assert got["title"] == "Buyers asked to cancel 10 orders"
    assert "and 5 more" in got["body"]
    assert len(received(file)) == 2


def test_what_fails_is_tried_again_with_the_same_id(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", failing(), kinds=REQUEST))
    (first,) = session.notifications.send_due()
    assert (first.state, first.note) == (NotificationState.FAILED, "the command ended with 3")
    assert session.notifications.send_due() == []
    session = reopen(session, tmp_path / "shop", clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    clock.advance(RETRY_SECONDS[0])
    (again,) = session.notifications.send_due()
    assert (again.state, again.attempts, again.id) == (NotificationState.DELIVERED, 2, first.id)
    assert received(file)[0]["attempt"] == 2
    assert session.notifications.send_due() == []


def test_a_receiver_that_never_takes_it_is_given_up(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock, ReceiverConfig("team", failing(), kinds=REQUEST))
    found = session.notifications.send_due()
    for seconds in RETRY_SECONDS:
        clock.advance(seconds - 1)
        assert session.notifications.send_due() == []
        clock.advance(1)
        found += session.notifications.send_due()
    assert [one.attempts for one in found] == list(range(1, len(RETRY_SECONDS) + 2))
    assert found[-1].state is NotificationState.GIVEN_UP
    clock.advance(DAY)
    assert session.notifications.send_due() == []
    assert [one.told.state for one in session.notifications.status() if one.told] == [NotificationState.GIVEN_UP]


def test_a_sender_that_died_leaves_it_unclear(tmp_path: Path, clock: FixedClock) -> None:
    """Begun and never finished: nobody sends it again, and the list says that it is not known."""
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    store = session.context.store
    (key,) = keys(session, AlertKind.BUYER_REQUEST)
    with store.write():
        begun = store.notifications.begin(
            "team", AlertKind.BUYER_REQUEST, "{}", [key], at=NOW, until=NOW + LEASE_SECONDS
        )
    assert session.notifications.send_due() == []
    assert session.notifications.recent()[0].state is NotificationState.SENDING
    clock.advance(LEASE_SECONDS)
    assert session.notifications.send_due() == []
    assert session.notifications.recent()[0].state is NotificationState.UNCLEAR
    assert received(file) == []
    with store.write():  # it lived after all
        assert store.notifications.finish(begun, NotificationState.DELIVERED).state is NotificationState.DELIVERED


def test_a_clock_that_is_put_back_holds_no_notification_up(tmp_path: Path, clock: FixedClock) -> None:
    """A sender that died and a receiver that failed, both in what is the future now."""
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    store = session.context.store
    (key,) = keys(session, AlertKind.BUYER_REQUEST)
    with store.write():
        content = '{"title": "t", "body": "b", "count": 1, "first": [], "marketplaces": []}'
        later = {"at": NOW + DAY, "until": NOW + DAY + LEASE_SECONDS}
        failed = store.notifications.begin("team", AlertKind.BUYER_REQUEST, content, [key], **later)
        store.notifications.finish(failed, NotificationState.FAILED, note="no", until=NOW + DAY + 60)
        store.notifications.begin("team", AlertKind.BUYER_REQUEST, content, ["other"], **later)
    with noted(store) as notes:
        assert [one.state for one in session.notifications.send_due()] == [NotificationState.DELIVERED]
    assert notes.scans("notifications", "told_alerts") == []
    assert [one.state for one in store.notifications.find(0)] == [
        NotificationState.UNCLEAR, NotificationState.DELIVERED,
    ]  # fmt: skip


def test_a_late_note_of_an_earlier_attempt_changes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock)
    log = session.context.store.notifications
    with session.context.store.write():
        first = log.begin("team", AlertKind.BUYER_REQUEST, "{}", ["a"], at=NOW, until=NOW + 1)
        log.finish(first, NotificationState.FAILED, until=NOW)
        second = log.begin_again(first, until=NOW + 9)
        assert second is not None
        assert log.begin_again(first, until=NOW + 9) is None
        log.finish(first, NotificationState.GIVEN_UP)
    assert log.find(0) == [second]


def test_rules_choose_by_kind_marketplace_and_filter(tmp_path: Path, clock: FixedClock) -> None:
    names = ("all", "us", "de", "sku", "batches")
    files = {name: tmp_path / name for name in names}
    rules = {
        "all": {"kinds": REQUEST}, "us": {"kinds": REQUEST, "marketplaces": ("US",)},
        "de": {"kinds": REQUEST, "marketplaces": ("DE",)}, "sku": {"kinds": REQUEST, "filter": "sku:SKU-2"},
        "batches": {"kinds": (AlertKind.FILE_TO_UPLOAD,)},
    }  # fmt: skip
    receivers = [ReceiverConfig(name, appending(files[name]), **rules[name]) for name in names]  # type: ignore[arg-type]
    session = shop(tmp_path, clock, *receivers)
    session.notifications.send_due()
    assert {name for name in names if received(files[name])} == {"all", "us"}
    clock.advance(HOUR)
    bring(session, tmp_path, open_=[unshipped_row(2, "true", reporting_date="2026-11-23T15:00:00Z")])
    session.notifications.send_due()
    assert received(files["sku"])[0]["first"] == [f"US {order_id(2)} (official)"]
    batch = batches.send(session, Action.CANCEL, 2)
    session.notifications.send_due()
    assert received(files["batches"])[0]["first"] == [f"batch {batch} (cancel, US, 1 order)"]


def test_quiet_hours_hold_back_what_is_not_urgent(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    quiet = {"quiet_from": "14:00", "quiet_to": "17:00", "zone": "UTC"}
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file)), **quiet)
    session.notifications.send_due()
    assert [one["kind"] for one in received(file) if one["kind"] == "buyer_request"] == []
    clock.advance(3 * HOUR)
    session.notifications.send_due()
    assert [one["kind"] for one in received(file) if one["kind"] == "buyer_request"] == ["buyer_request"]


def test_quiet_hours_hold_back_a_further_attempt(tmp_path: Path, clock: FixedClock) -> None:
    file, quiet = tmp_path / "got", {"quiet_from": "14:06", "quiet_to": "17:00", "zone": "UTC"}
    session = shop(tmp_path, clock, ReceiverConfig("team", failing(), kinds=REQUEST), **quiet)
    assert [one.state for one in session.notifications.send_due()] == [NotificationState.FAILED]
    receiver = ReceiverConfig("team", appending(file), kinds=REQUEST)
    session = reopen(session, tmp_path / "shop", clock, receiver, **quiet)
    clock.advance(RETRY_SECONDS[0])
    assert session.notifications.send_due() == []
    clock.advance(3 * HOUR)
    assert [one.state for one in session.notifications.send_due()] == [NotificationState.DELIVERED]


def test_the_cap_of_an_hour_holds(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file)), most_per_hour=1)
    for number in (2, 3):
        batches.send(session, Action.CANCEL, number)
    assert len(session.notifications.send_due()) == 1
    for minutes in range(0, 59, 11):
        clock.advance(11 * 60 if minutes else 0)
        session.notifications.send_due()
    assert len(received(file)) == 1
    clock.advance(HOUR)
    session.notifications.send_due()
    assert len(received(file)) == 2


def test_batches_in_every_state_that_needs_somebody(tmp_path: Path, clock: FixedClock) -> None:
    session = batches.session_of(tmp_path, clock, waiting=4)
    refused, silent = batches.send(session, Action.CANCEL, 1, 2), batches.send(session, Action.CANCEL, 3)
    assert keys(session, AlertKind.FILE_TO_UPLOAD) == [f"file_to_upload:{silent}", f"file_to_upload:{refused}"]
    session.results.take_in([batches.answer(session, tmp_path, refused, {1})], refused)
    assert keys(session, AlertKind.BATCH_FAILED) == [f"batch_failed:{refused}:{order_id(1)}"]
    clock.advance(2 * DAY)
    assert f"batch_stuck:{silent}:stuck:{order_id(3)}" in keys(session, AlertKind.BATCH_STUCK)


def test_refused_orders_are_told_until_a_later_batch_tries_them(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = batches.session_of(tmp_path, clock, waiting=3)
    batch = batches.send(session, Action.CANCEL, 1, 2, 3)
    session = reopen(session, tmp_path, clock, ReceiverConfig("team", appending(file)))
    session.results.take_in([batches.answer(session, tmp_path, batch, {1, 2})], batch)
    session.notifications.send_due()
    failed = [one["first"] for one in received(file) if one["kind"] == "batch_failed"]
    assert failed == [[f"batch {batch} (cancel, US, 2 orders)"]]
    again = session.batches.retry(batch)[0]
    session.batches.commit(again, typed=str(len(again.rows)))
    assert keys(session, AlertKind.BATCH_FAILED) == []


def test_the_rate_is_told_once_a_day_while_it_is_over(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock)
    assert keys(session, AlertKind.RATE_OVER) == keys(session, AlertKind.RATE_NEAR) == []
    rows = [all_orders_row(2000 + n, "Cancelled", age=2 * DAY) for n in range(1, 7)]
    bring(session, tmp_path, everything=rows)
    (today,) = keys(session, AlertKind.RATE_OVER)
    clock.advance(DAY)
    (tomorrow,) = keys(session, AlertKind.RATE_OVER)
    assert today != tomorrow
    (alert,) = [one for one in session.notifications.collect() if one.kind is AlertKind.RATE_OVER]
    assert alert.subject == "US, 7 days: 5.66 % of 106 orders, target 2.5 %"


def test_the_client_secret_is_told_at_each_step(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock)
    session.context.store.set_meta(SECRET_ISSUED_KEY, str(NOW))
    session.context.config = replace(session.config, amazon=AmazonConfig(profile="test"))
    told = []
    for days in (0, 149, 150, 172, 173, 178, 179, 180, 190):
        clock.moment = NOW + days * DAY
        told += [(days, key.rsplit(":", 1)[1]) for key in keys(session, AlertKind.SECRET_EXPIRING)]
    assert ROTATION_DAYS == 180
    assert told == [(150, "30"), (172, "30"), (173, "7"), (178, "7"), (179, "1"), (180, "0"), (190, "0")]


def test_a_secret_of_unknown_age_expires_at_the_latest(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock)
    session.context.config = replace(session.config, amazon=AmazonConfig(profile="test"))
    assert any("secret's age" in line for line in session.notifications.unknowns())
    session.context.store.set_meta(SECRET_ENTERED_KEY, str(NOW))
    assert session.notifications.unknowns() == []
    clock.advance(180 * DAY)
    (alert,) = [one for one in session.notifications.collect() if one.kind is AlertKind.SECRET_EXPIRING]
    assert alert.subject == "it expired on 2027-05-22 at the latest"


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path, clock: FixedClock) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    hangs = ReceiverConfig("team", ("sh", "-c", f"exec 3> '{pipe}'; sleep 60 & sleep 60"), kinds=REQUEST)
    session = shop(tmp_path, clock, hangs, command_seconds=1)
    (found,) = session.notifications.send_due()
    assert (found.state, found.note) == (NotificationState.FAILED, "the command did not end within 1 s")
    assert select.select([reader], [], [], 10)[0], "a pipe ends when everybody who could write into it has ended"
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_command_ends_with_the_worker_and_is_unclear(tmp_path: Path, clock: FixedClock) -> None:
    begun = tmp_path / "begun"
    command = ("sh", "-c", f"touch '{begun}'; sleep 60")
    session = shop(tmp_path, clock, ReceiverConfig("team", command, kinds=REQUEST))
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(begun.exists())
        return asked[-1]

    (found,) = session.notifications.send_due(stop)
    assert asked.count(True) <= 2, "it ended as soon as it was told to"
    assert STOP_SECONDS <= 0.5, "and it asks some times a second"
    assert (found.state, "not known" in found.note) == (NotificationState.UNCLEAR, True)
    clock.advance(DAY)
    assert session.notifications.send_due() == [], "it may have arrived: it is not sent again"


def test_apprise_is_not_waited_for_at_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    release, begun = threading.Event(), threading.Event()

    def hang(*_args: object, **_more: object) -> None:
        begun.set()
        release.wait(20)

    monkeypatch.setattr(apprise_address, "post", hang)
    with pytest.raises(apprise_address.SendUnclear):
        apprise_address.post_until(begun.is_set, Secret("json://x"), "title", "body", is_urgent=False)
    release.set()


def test_a_command_that_is_not_there_and_one_that_does_not_read(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(
        tmp_path, clock, ReceiverConfig("gone", (str(tmp_path / "no such"),), kinds=REQUEST),
        ReceiverConfig("deaf", (sys.executable, "-c", "import os; os.close(0)"), kinds=REQUEST),
    )  # fmt: skip
    gone, deaf = session.notifications.send_due()
    assert gone.note == "the command cannot be started: No such file or directory"
    assert deaf.state is NotificationState.DELIVERED


def test_a_practice_store_tells_nobody(tmp_path: Path, clock: FixedClock) -> None:
    session = open_session(tmp_path / "practice", clock=clock, practice=True)
    with pytest.raises(Refused, match="practice"):
        session.notifications.send_due()
    with pytest.raises(Refused, match="practice"):
        session.notifications.test()


def test_a_copy_tells_nobody(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    shop(tmp_path, clock).close()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(tmp_path / "shop" / "orders.db", tmp_path / "elsewhere")
    copy = open_session(tmp_path / "elsewhere", clock=clock)
    copy = reopen(copy, tmp_path / "elsewhere", clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    with pytest.raises(Refused, match="copy"):
        copy.notifications.send_due()
    assert copy.notifications.recent() == []
    assert not file.exists()


def test_a_test_notes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = shop(tmp_path, clock, ReceiverConfig("team", appending(file)), ReceiverConfig("gone", failing()))
    assert session.notifications.test("team") == [("team", "")]
    assert session.notifications.test() == [("team", ""), ("gone", "the command ended with 3")]
    assert received(file)[0]["is_test"] is True
    assert session.notifications.recent() == []
    with pytest.raises(UnknownChoice, match="team, gone"):
        session.notifications.test("nobody")


ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")
KINDS = st.sampled_from(list(AlertKind))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
