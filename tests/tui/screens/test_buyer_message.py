"""`m` walks through the texts for the buyers of the marked orders; which were copied is a fact of the order."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.screens import buyer_message
from ordertui.tui.screens.base import DialogKeys, Title
from ordertui.tui.screens.buyer_message import MessageScreen
from support.pilot import fake_copy, main, press, running, settled, until
from support.shops import order_id

THREE = [order_id(2), order_id(3), order_id(4)]


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was copied."""
    return fake_copy(monkeypatch, buyer_message)


async def opened(pilot: Pilot[None], session: Session, ids: list[str]) -> MessageScreen:
    main(pilot).table.marks.add(session.orders.ids_of(ids).values())
    await press(pilot, "m")
    await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, MessageScreen)
    return screen


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(Title).content)


def body(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#message-text", Static).content)


def asked(session: Session) -> None:
    session.facts.set_asked(list(session.orders.ids_of(THREE).values()), asked=True)


async def test_y_copies_remembers_and_goes_on(session: Session, clock: FixedClock, copies: list[str]) -> None:
    asked(session)
    async with running(session) as pilot:
        await opened(pilot, session, THREE)
        walked = []
        for number in range(1, 4):
            walked.append(title(pilot).split(" buyer of ")[1].split(" ")[0])
            assert title(pilot).startswith(f"Message {number} of 3 for the buyer of ")
            assert title(pilot).endswith(f" · {number - 1} of 3 copied")
            assert body(pilot) == session.messages.text(walked[-1])
            await press(pilot, "y")
            await settled(pilot)
        assert sorted(walked) == THREE
        assert copies == [session.messages.text(one) for one in walked]
        assert title(pilot).endswith(" · copied ✓ Nov 23 06:05 PST · 3 of 3 copied"), "it stays at the last"
        await press(pilot, "escape")
        clock.advance(3600)
        await opened(pilot, session, THREE)
        assert "copied ✓ Nov 23 06:05 PST · 3 of 3 copied" in title(pilot), "and after another time"
    for one in THREE:
        order = session.orders.get(one)
        assert order is not None
        assert "text for the buyer copied" in [text for _, text in session.orders.timeline(order)]


async def test_n_and_p_go_on_and_back_and_copy_nothing(session: Session, copies: list[str]) -> None:
    asked(session)
    async with running(session) as pilot:
        await opened(pilot, session, THREE)
        seen = []
        for key in ("n", "n", "n", "p", "p", "p"):
            await press(pilot, key)
            seen.append(title(pilot)[8])
        assert seen == ["2", "3", "3", "2", "1", "1"]
        assert copies == []
    assert session.messages.copied_at(THREE) == {}


async def test_an_order_without_a_message_says_why_and_is_not_copied(session: Session, copies: list[str]) -> None:
    asked(session)
    shipped = order_id(1)  # asked with Amazon's own button: no message is needed
    async with running(session) as pilot:
        await opened(pilot, session, [order_id(3), shipped])
        if shipped not in title(pilot):
            await press(pilot, "n")
        assert shipped in title(pilot)
        assert body(pilot).startswith("No message: ")
        assert "copy" not in pilot.app.screen.query_one(DialogKeys).render().plain
        await press(pilot, "y")
        assert copies == []
    assert session.messages.copied_at([shipped]) == {}


async def test_of_one_order_nothing_is_counted(session: Session, copies: list[str]) -> None:
    asked(session)
    async with running(session) as pilot:
        await opened(pilot, session, THREE[:1])
        assert title(pilot) == f"Message for the buyer of {order_id(2)}"
        await press(pilot, "y")
        await settled(pilot)
        assert title(pilot) == f"Message for the buyer of {order_id(2)} · copied ✓ Nov 23 06:05 PST"
        assert len(copies) == 1
