"""`!` shows what was said before, with times; Ctrl+C says in words what leaves the program."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.screens import dialogs
from ordertui.tui.screens.message_log import MessageLogScreen
from support.pilot import fake_copy, main, press, running, said, until


async def test_messages_can_be_read_again_newest_first(session: Session, clock: FixedClock) -> None:
    async with running(session) as pilot:
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageLogScreen))
        assert "No message was shown yet." in _words(pilot.app.screen)
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        main(pilot).notify("first [b]one[/b]")
        clock.advance(61)
        main(pilot).notify("second", severity="error")
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageLogScreen))
        words = _words(pilot.app.screen)
        assert "06:06:01 PST  ✗ second\n06:05:00 PST    first [b]one[/b]" in words


async def test_without_messages_there_is_nothing_to_copy(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = fake_copy(monkeypatch, dialogs)
    async with running(session, toasts=True) as pilot:
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageLogScreen))
        await press(pilot, "y")
        await until(pilot, lambda: said(pilot) == "there is nothing to copy")
        assert copied == []


async def test_the_log_keeps_the_last_two_hundred(session: Session) -> None:
    async with running(session) as pilot:
        for number in range(250):
            main(pilot).notify(f"number {number}.")
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageLogScreen))
        words = _words(pilot.app.screen)
        assert words.count("number") == 200
        assert "number 50." in words
        assert "number 49." not in words


async def test_of_few_rows_two_messages_hide_no_half(session: Session) -> None:
    async with running(session, size=(60, 15), toasts=True) as pilot:
        main(pilot).notify("the disk is full", severity="warning")
        await until(pilot, lambda: said(pilot) == "the disk is full")
        main(pilot).notify("2 marked")
        await until(pilot, lambda: said(pilot) == "2 marked (! lists what was said before)")
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageLogScreen))
        assert "the disk is full" in _words(pilot.app.screen)


async def test_of_more_rows_a_warning_stays_its_time(session: Session) -> None:
    async with running(session, size=(80, 24), toasts=True) as pilot:
        main(pilot).notify("the disk is full", severity="warning")
        main(pilot).notify("2 marked")
        await until(pilot, lambda: said(pilot) == "the disk is full\n2 marked")


async def test_ctrl_c_says_in_words_what_leaves(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        await press(pilot, "ctrl+c")
        await until(pilot, lambda: said(pilot) == "q on the main screen leaves, ctrl+q leaves at once")


def _words(screen: object) -> str:
    assert isinstance(screen, MessageLogScreen)
    return "\n".join(str(one.content) for one in screen.query(Static))
