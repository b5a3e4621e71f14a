"""The screen of a store on a server reads its copy: keys ask the server nothing, and go on when the line is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ordertui.messages import CHINESE
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store.engine.postgres import PostgresEngine
from support import places
from support.batches import commit, session_of
from support.logins import let_in, session_as
from support.pilot import commit_preview, press, preview, running, settled, table, text, until
from support.server import Server
from support.shops import NOW
from support.walks import build_shop, english_in, lines, walk

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
TRIPS = (
    "query",
    "stream",
    "execute",
    "execute_many",
    "fill",
    "begin",
    "commit",
    "query_all",
    "begin_snapshot",
    "together",
)
TRIP_SECONDS = 0.02


@pytest.fixture
def screen_session(tmp_path: Path) -> Iterator[Session]:
    session_of(tmp_path, waiting=40, shipped=40).close()
    with Session.open(
        places.place(tmp_path / "orders.db"), clock=FixedClock(NOW), config=Config(), copy=lambda *_: None
    ) as session:
        yield session


async def test_keys_cost_no_trip_to_a_server_that_is_far_away_and_a_commit_twelve(
    screen_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in TRIPS:
        real = getattr(PostgresEngine, name)

        def far(self: PostgresEngine, *args: Any, _real: Any = real, _name: str = name) -> Any:
            if not self._is_piped:  # else it is sent with others, in one trip
                if threading.current_thread().name not in ("local copy", "marks", "claim"):  # no key waits for these
                    asked.append(_name)
                time.sleep(TRIP_SECONDS)
            return _real(self, *args)

        monkeypatch.setattr(PostgresEngine, name, far)
    async with running(screen_session) as pilot:
        asked.clear()
        view = table(pilot)
        await settled(pilot)
        renders, fetches = view.renders, view.row_cache.fetches
        await press(pilot, "j")
        await settled(pilot)
        assert (view.renders - renders, view.row_cache.fetches - fetches) == (2, 0), "painted as in a file"
        await press(pilot, "j", "space", "ctrl+d", "G", "g", "tab", "1", "2", "s", "escape", "k")
        await pilot.pause(1.5)
        assert asked == []
        assert "copy in step" in text(pilot, "age")
        await press(pilot, "2", "space")
        screen = await preview(pilot)
        await settled(pilot)
        (order,) = screen.plan.rows
        asked.clear()
        await commit_preview(pilot, asked=screen.plan.typed_count is not None)
        await until(pilot, lambda: [b.rows[0].order_id for b in screen_session.batches.find()] == [order.order_id])
        until_kept, after = asked[: asked.index("commit") + 1], asked[asked.index("commit") + 1 :]
        assert "together" in until_kept
        assert 5 <= len(until_kept) <= 12, until_kept
        assert set(after) <= {"begin_snapshot", "query", "query_all"}, "the copy is updated, and nothing else"


async def test_a_lost_line_is_on_the_screen_and_keys_go_on(
    screen_session: Session, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    async with running(screen_session) as pilot:
        assert "copy in step" in text(pilot, "age")
        server.stop("immediate")
        try:
            await until(pilot, lambda: "NO LINE" in text(pilot, "age"))
            assert "cannot be reached since" in text(pilot, "notes")
            before = table(pilot).cursor_row
            await press(pilot, "j", "j")
            await until(pilot, lambda: table(pilot).cursor_row not in (None, before))
        finally:
            server.start()
        await until(pilot, lambda: "copy in step" in text(pilot, "age"))
        assert "cannot be reached" not in text(pilot, "notes")
        with Session.open(places.place(tmp_path / "orders.db"), clock=FixedClock(NOW), config=Config()) as other:
            batch = commit(other, Action.CANCEL, 1)
        await until(pilot, lambda: [one.id for one in screen_session.batches.find()] == [batch])


async def test_no_state_of_a_teams_screen_shows_english_on_a_chinese_one(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer's, of a store in which others work: in step, behind, without a line, and each dialog in that state."""
    monkeypatch.setattr("ordertui.store.copy.local_copy.RETRY_SECONDS", 0.1)
    clock, names, found = FixedClock(NOW), ("viewer", "agent", "owner", "connection is bad: connection"), list[str]()
    with build_shop(tmp_path, clock) as shop:
        let_in(shop, viewer=Role.VIEWER)
        with session_as("viewer", tmp_path / "shop" / "orders.db", clock, monkeypatch, copy=True) as seen:
            async with running(seen, (120, 40), language=CHINESE) as pilot:

                async def look(state: str) -> None:
                    async for keys in walk(pilot, ["", "2 enter", "x", "o", "o u", "P", "3", "N"]):
                        shown = [*lines(pilot), *(one.message for one in pilot.app._notifications)]
                        found.extend(f"{state}, {keys}: {one}" for one in english_in(shown, names=names))

                await until(pilot, lambda: "副本已同步" in text(pilot, "age"))
                await look("in step")
                server.stop("immediate")
                try:
                    await until(pilot, lambda: "连接中断" in text(pilot, "age"))
                    await look("no line")
                finally:
                    server.start()
                await until(pilot, lambda: "副本已同步" in text(pilot, "age"))
    assert found == [], "\n".join(found)
