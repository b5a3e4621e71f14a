"""The screen on a connected session: it says how old its data is, syncs, sends what is due, follows it, and never waits
for any of it.
"""

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from ordertui.amazon.spapi.operations import SEARCH_ORDERS
from ordertui.operations.config import AmazonConfig, Config
from ordertui.operations.session import Session, open_practice
from ordertui.operations.sync.credentials import ENVIRONMENT
from ordertui.operations.sync.quotas import StoredBuckets
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.screens.dialogs import FormScreen
from ordertui.tui.screens.outbox import OutboxScreen
from support.api import PATIENT, session
from support.pilot import idle, main, press, running, settled, table, text, until
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")


def said(pilot: Pilot[None]) -> str:
    """Every notification that is shown."""
    return "\n".join(one.message for one in pilot.app._notifications)


def batches(pilot: Pilot[None]) -> str:
    options = pilot.app.screen.query_one("#batches", OptionList)
    return "\n".join(str(options.get_option_at_index(i).prompt) for i in range(options.option_count))


def head(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#batch-head", Static).content)


async def synced(sim: Simulator, clock: FixedClock, folder: Path, count: int = 3) -> Session:
    for number in range(1, count + 1):
        sim.amazon.put(order(number, clock.now()))
    made = session(sim, folder, clock)
    await asyncio.to_thread(made.sync.sync)
    return made


async def test_the_screen_sends_and_follows_a_batch_by_itself(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    made = await synced(sim, clock, tmp_path, 1)
    plan = made.planner.plan(Action.CANCEL, [1])[0]
    batch = made.batches.commit(plan, typed=str(plan.typed_count)).id
    async with running(made) as pilot:
        assert text(pilot, "age") == "synced 2 min ago · quota 18 of 20 · TEST, not Amazon "
        assert sim.amazon.posts == []
        assert "1 held 15m" in text(pilot, "status")
        made.batches.release(batch)
        await until(pilot, lambda: sim.amazon.posts)
        clock.advance(120)
        await until(pilot, lambda: {row.state for row in made.batches.find()[0].rows} == {RowState.OK})
    assert len(sim.amazon.posts) == 1
    assert sim.calls.count("createFeed") == 1


async def test_the_outbox_says_what_happens_next_to_a_feed(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = await synced(sim, clock, tmp_path)
    sim.amazon.feed_outcomes.append("STUCK")
    for row_id in (1, 2):
        plan = made.planner.plan(Action.CANCEL, [row_id])[0]
        made.batches.release(made.batches.commit(plan, typed=str(plan.typed_count)).id)
    await asyncio.to_thread(made.dispatcher.run)
    async with running(made) as pilot:
        await until(pilot, lambda: "next look in 30s" in text(pilot, "status"))
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        first, second = batches(pilot).splitlines()
        assert "held" in first
        assert "held, waits" in first
        assert "next look in 30s" in second
        assert "It waits: batch 1, of the same kind, is on its way" in head(pilot)
        await press(pilot, "j")
        await until(pilot, lambda: "it waits in Amazon's queue" in head(pilot))
        assert "Quota left: createFeed 14 of 15, getFeeds 9 of 10." in head(pilot)
        assert "upload" not in head(pilot)
        clock.advance(7)
        await until(pilot, lambda: "next look in 23s" in batches(pilot))
        await press(pilot, "k", "r")
        await until(pilot, lambda: "Release batch 2" in str(pilot.app.screen.query(Static).first().content))
        asked = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert "1 order is sent to Amazon by the API" in asked
        assert "upload" not in asked
        await press(pilot, "escape", "escape")


async def test_the_key_syncs_while_the_keys_go_on(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = await synced(sim, clock, tmp_path, 5)
    book = StoredBuckets(made.context.store)
    for _ in range(25):
        book.change(SEARCH_ORDERS.name, lambda known: known.taken(clock.now()) if known else pytest.fail("no bucket"))
    sim.amazon.put(order(9, clock.now(), updated=clock.now()))
    gate = threading.Event()

    async def wait(seconds: float) -> None:
        if gate.is_set():
            clock.advance(int(seconds))
        else:
            await asyncio.sleep(0.02)

    made.sync.connection.sleep, made.sync.connection.step = wait, 1
    async with running(made) as pilot:
        await press(pilot, "I")
        await until(pilot, lambda: text(pilot, "age").startswith("syncing · next in 2"))
        assert "quota 0 of 20" in text(pilot, "age")
        assert "I stops" in text(pilot, "age")
        await press(pilot, "j", "j", "space")
        await settled(pilot)
        assert (table(pilot).cursor, len(table(pilot).marks)) == (3, 1), "keys do not wait for Amazon"
        await press(pilot, "I")
        await until(pilot, lambda: main(pilot).sync.run is None)
        assert "sync stopped: 0 orders came and are kept; I goes on from there" in said(pilot)
        assert sim.calls.count("searchOrders") == 2
        gate.set()
        await press(pilot, "I")
        await until(pilot, lambda: main(pilot).sync.run is None)
        await until(pilot, lambda: "+1 · R" in text(pilot, "status"))
        assert len(table(pilot).ids) == 5, "what came waits behind R while something is marked"
        assert "synced: 1 new order, 0 changed" in said(pilot)
        await press(pilot, "R")
        await until(pilot, lambda: len(table(pilot).ids) == 6)


async def test_escape_stops_a_call_that_hangs(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = await synced(sim, clock, tmp_path)
    made.sync.connection.timeouts = PATIENT
    sim.faults.add("searchOrders", "hang", 9)
    async with running(made) as pilot:
        await press(pilot, "I")
        await until(pilot, lambda: sim.calls.count("searchOrders") == 3)
        assert idle(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "sync stopped: 0 orders came" in said(pilot))
        assert main(pilot).sync.run is None
        assert text(pilot, "age").startswith("synced 2 min ago")
    sim.closing.set()


async def test_the_age_goes_on_by_itself(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = await synced(sim, clock, tmp_path)
    async with running(made, size=(80, 24)) as pilot:
        assert text(pilot, "age") == "synced 2 min ago · TEST "
        clock.advance(600)
        await until(pilot, lambda: text(pilot, "age") == "synced 12 min ago · TEST ")
    assert sim.calls.count("searchOrders") == 2, "nothing is called by looking"


async def test_the_settings_may_have_it_sync_by_itself(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    (await synced(sim, clock, tmp_path)).close()
    made = session(sim, tmp_path, clock, sync_minutes=10)
    async with running(made, toasts=True) as pilot:
        clock.advance(7 * 60)
        await until(pilot, lambda: text(pilot, "age").startswith("synced 9 min ago"))
        assert sim.calls.count("searchOrders") == 2
        clock.advance(60)
        await until(pilot, lambda: sim.calls.count("searchOrders") == 3)
        await until(pilot, lambda: text(pilot, "age").startswith("synced 2 min ago"))
        assert said(pilot) == "", "what changes nothing says nothing"
        sim.faults.add("searchOrders", "forbidden", 99)
        clock.advance(20 * 60)
        await until(pilot, lambda: "403" in said(pilot))
        calls = len(sim.calls)
        clock.advance(59)
        for _ in range(150):
            await pilot.pause(0.01)
        assert len(sim.calls) == calls, "what went wrong is given time"


OFF = AmazonConfig()
ON = AmazonConfig(profile="test", marketplaces=("US",), dispatch="api", sync_minutes=1)


@pytest.mark.parametrize(
    ("config", "practice", "read_only", "login", "words"),
    [
        (OFF, False, False, True, "set [amazon] profile in the settings"),
        (OFF, True, False, True, "this is a practice store: it is never connected to anything"),
        (ON, True, False, True, "this is a practice store: it is never connected to anything"),
        (ON, False, True, True, "opened read-only"),
        (ON, False, False, False, "no credentials for the profile test: `ordertui api login` asks for them"),
    ],
)
async def test_where_no_sync_is_possible_it_says_why_and_what_to_do(
    sim: Simulator,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: AmazonConfig,
    practice: bool,
    read_only: bool,
    login: bool,
    words: str,
) -> None:
    if not login:
        for name in ENVIRONMENT.values():
            monkeypatch.delenv(name)
        monkeypatch.setenv("ORDERTUI_CONFIG", str(tmp_path / "settings.toml"))
    (open_practice if practice else Session.open)(tmp_path / "orders.db", clock=clock, config=Config()).close()
    made = Session.open(tmp_path / "orders.db", clock=clock, config=Config(amazon=config), read_only=read_only)
    async with running(made) as pilot:
        await press(pilot, "I")
        await until(pilot, lambda: words in said(pilot))
    assert sim.calls == []


async def test_the_passphrase_is_asked_for_and_never_shown(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await synced(sim, clock, tmp_path)
    for name in ENVIRONMENT.values():
        monkeypatch.delenv(name)
    secrets = made.sync.connection.credentials
    secrets._file = tmp_path / "credentials-test.enc"
    secrets.ask = lambda: "correct horse"
    made.sync.account.login(
        client_id="sim-client",
        client_secret="sim-secret",
        refresh_token="sim-refresh",
        secret_issued_at=None,
        in_file=True,
    )
    secrets.ask = None
    async with running(made, toasts=True) as pilot:
        for word, then in (
            ("wrong", "cannot be opened with this passphrase"),
            ("correct horse", "synced: 0 new orders"),
        ):
            await press(pilot, "I")
            await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
            await until(pilot, lambda: pilot.app.screen.query(Input))
            field = pilot.app.screen.query_one(Input)
            assert field.password
            field.value = word
            await press(pilot, "enter")
            await until(pilot, partial(_says, pilot, then))
        assert "horse" not in said(pilot)
        calls = len(sim.calls)
        await press(pilot, "I")
        await until(pilot, lambda: len(sim.calls) > calls and main(pilot).sync.run is None)
        assert not isinstance(pilot.app.screen, FormScreen), "it is asked for once"
        assert "horse" not in said(pilot)


def _says(pilot: Pilot[None], words: str) -> bool:
    return words in said(pilot)
