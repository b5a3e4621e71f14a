"""Killed at every step, and several at once: one message for each alert at most, and never silently none."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ordertui.operations.config import Config, ReceiverConfig
from ordertui.operations.notify.service import LEASE_SECONDS
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import AlertKind, NotificationState
from support import places
from support.at_once import at_once
from support.hooks import appending, received, reopen
from support.places import on_both
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row

WORKER = Path(__file__).parents[2] / "support" / "notify_worker.py"
REQUEST = (AlertKind.BUYER_REQUEST,)


def asked(folder: Path, clock: FixedClock, *numbers: int) -> Session:
    """A store whose orders' buyers ask for a cancellation."""
    session = open_session(folder, clock=clock)
    rows = [all_orders_row(n) for n in numbers]
    bring(session, folder, everything=rows, open_=[unshipped_row(n, "true") for n in numbers])
    return session


@pytest.mark.parametrize(
    ("step", "at_once", "in_the_end"),
    [
        ("begin", None, NotificationState.DELIVERED),  # nothing was noted: the next one tells it
        ("send", NotificationState.SENDING, NotificationState.UNCLEAR),
        ("command", NotificationState.SENDING, NotificationState.UNCLEAR),
        ("finish", NotificationState.SENDING, NotificationState.UNCLEAR),
    ],
)
def test_a_sender_killed_at_a_step(
    step: str, at_once: NotificationState | None, in_the_end: NotificationState, tmp_path: Path, clock: FixedClock
) -> None:
    file, mark = tmp_path / "got", tmp_path / "mark"
    asked(tmp_path, clock, 1).close()
    command = ("sh", "-c", f"cat >> '{file}'; touch '{mark}'; sleep 0.3", str(mark))
    place = str(places.place(tmp_path / "orders.db"))
    done = subprocess.run([sys.executable, str(WORKER), place, str(NOW), step, *command], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    session = open_session(tmp_path, clock=clock)
    assert [one.state for one in session.notifications.recent()] == ([] if at_once is None else [at_once])
    session = reopen(session, tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    for seconds in (0, LEASE_SECONDS, HOUR, HOUR):
        clock.advance(seconds)
        session.notifications.send_due()
    assert [one.state for one in session.notifications.recent()] == [in_the_end]
    assert len(received(file)) == (0 if step == "send" else 1)


@on_both
def test_several_at_once_tell_it_once(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "got"
    session = asked(tmp_path, clock, 1, 2, 3)
    session = reopen(session, tmp_path, clock, ReceiverConfig("team", appending(file), kinds=REQUEST))
    config: Config = session.config
    session.close()
    place, together = places.place(tmp_path / "orders.db"), threading.Barrier(4)

    def tell() -> None:
        with Session.open(place, clock=clock, config=config) as mine:
            mine.notifications.collect()
            together.wait(30)  # each has seen that nothing was told yet
            mine.notifications.send_due()

    at_once(*[tell] * 4)
    (got,) = received(file)
    assert got["count"] == 3
