"""What others do reaches an open screen: previews, commits, approvals; many changes at once cost few pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations import claims as claims_module
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store.repositories.claims import CLAIM_SECONDS
from ordertui.store.repositories.work import WorkerRecord
from ordertui.tui.main.queue_counter import QueueCounter
from ordertui.tui.main.view_controller import ViewController
from ordertui.tui.screens.dialogs import FormScreen
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.plan_head import PlanHead
from ordertui.tui.screens.preview import PreviewScreen
from support import places
from support.batches import commit, session_of
from support.logins import let_in, sees_anew, session_as
from support.pilot import at_order, main, press, running, said, table, text, until
from support.shops import NOW, order_id

CHANGES = 200
"""In one burst."""


def lines(pilot: Pilot[None]) -> str:
    return "\n".join(table(pilot).render_line(y).text for y in range(1, 8))


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[str]:
    """Return a list that grows with each call of a method."""
    found: list[str] = []
    real = getattr(owner, name)

    def noted(self: object) -> None:
        found.append(name)
        real(self)

    monkeypatch.setattr(owner, name, noted)
    return found


def has_said(pilot: Pilot[None], what: str) -> bool:
    return what in said(pilot)


def note_of(session: Session, number: int) -> str | None:
    order = session.orders.get(order_id(number))
    return None if order is None else order.row.note


def head(screen: PreviewScreen) -> str:
    return "\n".join(line.plain for line in screen.query_one(PlanHead).lines(400, 100))


@pytest.fixture
def screen_and_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Session, Session, FixedClock]:
    """Ben's session, which a screen reads through the copy, and Ana's."""
    clock, path = FixedClock(NOW), tmp_path / "orders.db"
    session_of(tmp_path, clock, waiting=6, shipped=0).close()
    with Session.open(places.place(path), clock=clock) as owner:
        let_in(owner, ana=Role.AGENT, ben=Role.AGENT, vic=Role.VIEWER)
    return session_as("ben", path, clock, monkeypatch, copy=True), session_as("ana", path, clock, monkeypatch), clock


@places.on_both
async def test_others_previews_and_batches_are_on_the_screen_and_go_again(
    screen_and_other: tuple[Session, Session, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "RENEW_SECONDS", 0.05)
    ben, ana, clock = screen_and_other
    with ben, ana:
        async with running(ben, toasts=True) as pilot:
            await until(pilot, lambda: at_order(pilot, order_id(6)))
            ids = [found for n in (5, 6) if (found := ben.orders.id_of(order_id(n))) is not None]
            counted = count_calls(monkeypatch, QueueCounter, "count")
            open_preview = ana.claims.hold(Action.CANCEL, ids)
            assert open_preview is not None
            await until(pilot, lambda: "@ana" in lines(pilot))
            assert lines(pilot).count("@ana") == 2
            await until(pilot, lambda: "ana is looking at this since 06:05" in " ".join(text(pilot, "detail").split()))
            assert counted == [], "a preview is no change of orders"
            await press(pilot, "a", "x")
            await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
            preview = pilot.app.screen
            assert isinstance(preview, PreviewScreen)
            await until(pilot, lambda: "2 of these are in ana's open preview, since 06:05" in head(preview))
            await until(pilot, lambda: sees_anew(ana) or ana.claims.others)
            assert [(one.login, one.orders.count) for one in ana.claims.others] == [("ben", 6)]
            batch = commit(ana, Action.CANCEL, 6)  # a claim decides nothing, not Ben's either
            open_preview.release()
            await until(pilot, lambda: f"1 of these is in batch {batch} of ana by now" in head(preview))
            await until(pilot, lambda: "open preview" not in head(preview))
            await press(pilot, "escape", "M")
            await until(pilot, lambda: sees_anew(ana) or not ana.claims.others)
            await until(pilot, lambda: "◷ 15m @ana" in lines(pilot))
            await until(pilot, lambda: f"batch {batch} of ana" in " ".join(text(pilot, "detail").split()))
            await press(pilot, "o")
            await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
            await until(pilot, lambda: " by ana" in str(pilot.app.screen.query_one("#batch-head", Static).content))
            await press(pilot, "escape")
            await until(pilot, lambda: "1 / 6" in text(pilot, "rate"))
            ana.batches.recall(batch)  # the same orders are shown: rate and pane follow without a key
            await until(pilot, lambda: "0 / 6" in text(pilot, "rate"))
            await until(pilot, lambda: "batch" not in text(pilot, "detail"))
            dies = ana.claims.hold(Action.CANCEL, ids[:1])
            assert dies is not None
            await until(pilot, lambda: "@ana can" in lines(pilot) or "@ana c" in lines(pilot))
            monkeypatch.setattr(claims_module.HeldClaim, "_try", lambda *_: None)  # its screen is killed
            clock.advance(CLAIM_SECONDS + 1)
            await until(pilot, lambda: "@ana" not in lines(pilot))


@places.on_both
async def test_a_burst_of_changes_costs_few_pictures_and_keys_go_on(
    screen_and_other: tuple[Session, Session, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, ana, _ = screen_and_other
    read = count_calls(monkeypatch, ViewController, "refresh_external_changes")
    with ben, ana:
        row = ana.orders.id_of(order_id(1))
        assert row is not None
        async with running(ben) as pilot:
            for number in range(CHANGES):
                ana.facts.set_note([row], f"note {number}")
                if number % 50 == 0:
                    await pilot.press("j")
                    await until(pilot, partial(at_order, pilot, order_id(5 - number // 50)))
            await until(pilot, lambda: note_of(ben, 1) == f"note {CHANGES - 1}")
            await until(pilot, lambda: main(pilot)._version == ben.data_version())
            assert 1 <= len(read) <= CHANGES // 10, "each picture shows what came since the one before"
            shown = len(read)
            work = ana.context.store.work
            work.begin(WorkerRecord("box-1", "box", NOW, NOW))
            work.beat("box-1", {}, silent_seconds=60)
            await pilot.pause(1.0)
            assert len(read) == shown


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_role_is_asked_for_before_anything_else(
    screen_and_other: tuple[Session, Session, FixedClock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    ben, ana, clock = screen_and_other
    assert engine == "postgresql"
    commit(ana, Action.CANCEL, 1)
    ben.close()
    with ana, session_as("vic", tmp_path / "orders.db", clock, monkeypatch, copy=True) as vic:
        async with running(vic, toasts=True) as pilot:
            await press(pilot, "enter", "x")
            await until(pilot, lambda: "vic, as a viewer, may not commit a batch" in said(pilot))
            await press(pilot, "o")
            await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
            for key, what in (("u", "may not undo a held batch"), ("r", "may not let a batch leave")):
                await press(pilot, key)
                await until(pilot, partial(has_said, pilot, what))
                assert isinstance(pilot.app.screen, OutboxScreen), key
            assert not isinstance(pilot.app.screen, FormScreen)
