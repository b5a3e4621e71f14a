"""What must never be reached, sent or kept: a practice store stays apart, the test profile stays on this machine, and
no secret and no buyer is found in anything that is written or said.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.traceback import Traceback

from ordertui.amazon.spapi.errors import NotSent, SpApiError
from ordertui.cli.main import cli
from ordertui.operations.config import AmazonConfig, Config
from ordertui.operations.errors import OperationError, Refused, error_message
from ordertui.operations.session import Session, open_practice
from ordertui.operations.sync.buyer_messages import Message
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.screens.outbox import OutboxScreen
from support.api import session
from support.model_store import Floor, everything
from support.pilot import press, running, table, until
from support.shops import standard
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

# -- a practice store


@pytest.fixture
def practice(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Iterator[Session]:
    """A practice store under settings that let batches leave by the API, with credentials at hand."""
    amazon = AmazonConfig(profile="test", marketplaces=("US",), endpoint=sim.address, dispatch="api", sync_minutes=1)
    config = Config(merchant_id="A1SELLER", amazon=amazon)
    made = open_practice(tmp_path / "practice.db", clock=clock, config=config)
    standard(made, tmp_path)
    yield made
    made.close()


def commit(made: Session, *ids: int) -> int:
    plan = made.planner.plan(Action.CANCEL, ids)[0]
    return made.batches.commit(plan, typed=str(plan.typed_count)).id


def test_a_practice_batch_leaves_as_a_file_whatever_the_settings_say(practice: Session, sim: Simulator) -> None:
    batch = commit(practice, 1, 2)
    practice.batches.release(batch)
    (left,) = practice.dispatcher.run()
    assert [Path(name).name for name in left.files] == ["order-cancellation.txt", "order-cancellation.xml"]
    assert left.advice.startswith("PRACTICE: these orders are made up, upload nothing.")
    assert practice.notices.connection() == ""
    assert not practice.dispatcher.wait_for_feeds()
    assert sim.calls == []


EVERYTHING: dict[str, Callable[[Session], object]] = {
    "outlet": lambda made: made.dispatcher.feeds.run(),
    "send": lambda made: made.dispatcher.feeds.run(),
    "sync": lambda made: made.sync.sync(),
    "one order": lambda made: made.sync.sync_order("111-0000000-0000001"),
    "check": lambda made: made.sync.account.check(),
    "history": lambda made: made.sync.reports.import_history(30),
    "account health": lambda made: made.sync.reports.fetch_account_health(),
    "evidence": lambda made: made.sync.refunds.find_transactions("111-0000000-0000001"),
    "send a message": lambda made: made.sync.messages.send(
        Message("111-0000000-0000001", "US", "unexpectedProblem", "en-US", "Hello.")
    ),
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_nothing_of_a_practice_store_reaches_anybody(practice: Session, sim: Simulator, name: str) -> None:
    practice.batches.release(commit(practice, 1))
    with pytest.raises(Refused, match="practice store: it is never connected"):
        EVERYTHING[name](practice)
    assert sim.calls == []
    assert practice.batches.find()[0].state is BatchState.HELD


def test_the_command_line_submits_nothing_of_a_practice_store(
    practice: Session, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.batches.release(commit(practice, 1))
    practice.close()
    settings = tmp_path / "settings.toml"
    settings.write_text(
        'merchant_id = "A1SELLER"\n[amazon]\nprofile = "test"\nmarketplaces = ["US"]\ndispatch = "api"\n'
        f'endpoint = "{sim.address}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    monkeypatch.setenv("ORDERTUI_TEST_CLOCK", "1")
    start = ["--store", str(tmp_path / "practice.db"), "--as-of", "2026-11-23T14:05:00Z"]
    sent = CliRunner().invoke(cli, [*start, "dispatch", "--wait"])
    assert (sent.exit_code, "PRACTICE: these orders are made up" in sent.stderr) == (0, True)
    for words in (["sync"], ["api", "check"], ["api", "message", "111-0000000-0001001", "--yes"]):
        refused = CliRunner().invoke(cli, [*start, *words])
        assert (refused.exit_code, "practice store" in refused.stderr) == (3, True)
    assert sim.calls == []


async def test_the_screen_submits_nothing_of_a_practice_store(practice: Session, sim: Simulator) -> None:
    batch = commit(practice, 1)
    async with running(practice) as pilot:
        practice.batches.release(batch)
        await until(pilot, lambda: practice.batches.find()[0].state is BatchState.WRITTEN)
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        await press(pilot, "escape", "I")
        await until(pilot, lambda: any("practice store" in one.message for one in pilot.app._notifications))
        assert len(table(pilot).ids) == 100
    assert sim.calls == []


# -- the test profile


@pytest.fixture
def asked() -> Iterator[set[str]]:
    """Hosts that this process connects to, or asks a name server for, while the test runs."""
    hosts: set[str] = set()
    listening = [True]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not listening[0]:
            return
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            hosts.add(str(arguments[1][0]))
        elif event == "socket.getaddrinfo":
            hosts.add(str(arguments[0]))

    sys.addaudithook(hook)  # it cannot be taken away again
    yield hosts
    listening[0] = False


def test_the_test_profile_reaches_this_machine_and_nothing_else(
    sim: Simulator, clock: FixedClock, tmp_path: Path, asked: set[str]
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    everything(floor)
    wanted = {"createFeed", "confirmShipment", "createUnexpectedProblem", "listTransactions", "upload", "download"}
    assert wanted <= set(sim.calls), "the whole of it was done"
    assert asked == {"127.0.0.1"}


@pytest.mark.parametrize(
    "base", ["https://tortuga-prod-na.s3.us-east-1.amazonaws.com", "http://localhost:1", "http://10.0.0.1"]
)
def test_an_answer_cannot_lead_it_elsewhere(
    sim: Simulator, clock: FixedClock, tmp_path: Path, asked: set[str], base: str
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    batch = floor.commit(Action.CANCEL, 1)
    sim.handlers._base = lambda: base
    with pytest.raises(NotSent, match=r"reaches 127\.0\.0\.1 only"):
        floor.dispatch()
    assert floor.batch(batch).state is BatchState.HELD
    assert asked == {"127.0.0.1"}


# -- secrets and buyers

BUYER = ("Jane Doe", "Happy birthday", "Springfield", "97477")


def own(error: Exception) -> TracebackType | None:
    """The traceback without this test's own frame, whose variables plant what is searched for."""
    return error.__traceback__.tb_next if error.__traceback__ else None


def test_nothing_kept_said_or_logged_holds_a_secret_or_a_buyer(
    sim: Simulator, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gift = order(7, clock.now(), asked=True)
    gift["orderItems"][0]["fulfillment"]["packing"] = {"giftOption": {"giftMessage": "Happy birthday, Jane Doe!"}}
    sim.amazon.put(gift)
    floor = Floor(sim, clock, tmp_path / "shop")
    said = everything(floor)
    drawn: set[tuple[str, type[Exception]]] = set()
    for where, fault in (
        ("login", "html503"), ("searchOrders", "html_body"), ("createFeed", "drop_after"), ("upload", "forbidden"),
        ("createUnexpectedProblem", "half_body"), ("listTransactions", "empty_object"),
        ("confirmShipment", "error500_after"),
    ):  # fmt: skip
        sim.faults.add(where, fault, 99)
        floor.commit(Action.CANCEL, 3) if where == "upload" else None
        floor.commit(Action.CONFIRM, 4) if where == "confirmShipment" else None
        for work in (
            lambda: floor.dispatch(7200),
            lambda: floor.made.sync.sync().notes,
            lambda: floor.made.sync.refunds.find_transactions(floor.order_id(1001)),
            lambda: floor.made.sync.messages.send(
                Message(floor.order_id(5), "US", "unexpectedProblem", "en-US", "Hello.")
            ),
        ):
            try:
                said.append(str(work()))
            except (SpApiError, OperationError) as error:
                said.append(error_message(error))
                if (where, type(error)) not in drawn:
                    drawn.add((where, type(error)))
                    console = Console(width=200, record=True, file=io.StringIO())
                    console.print(Traceback.from_exception(type(error), error, own(error), show_locals=True))
                    said.append(console.export_text())
        sim.faults.clear()
    said += (
        floor.notes
        + [one.advice for one in floor.made.batches.find()]
        + [str(one) for one in floor.made.batches.open_issues()]
    )
    said += [entry.payload for entry in floor.made.context.store.audit.entries()]
    said += [str(floor.made.orders.get(floor.order_id(7))), str(floor.made.dispatcher.feeds.list_submissions())]
    floor.made.close()
    kept = b"".join(path.read_bytes() for path in floor.folder.rglob("*") if path.is_file())
    everywhere = kept.decode("utf-8", "replace") + "\n".join(said) + caplog.text
    assert floor.order_id(7) in everywhere
    assert "Traceback" in everywhere
    assert sim.calls.count("createUnexpectedProblem") > 1
    tokens = list(sim.tokens)
    assert tokens
    found = [one for one in ("sim-secret", "sim-refresh", "SIGNED-", "Atza|", *BUYER, *tokens) if one in everywhere]
    assert found == []


def test_the_planted_words_would_be_found(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    """The search above looks at the very bytes: what is put in is found."""
    made = session(sim, tmp_path, clock)
    made.context.store.set_meta("leak", "Jane Doe")
    made.close()
    assert b"Jane Doe" in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_events_of_asyncio_hold_no_secret(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    """A stop in the middle of a call leaves no task behind that is reported with its arguments."""
    made = session(sim, tmp_path, clock)
    sim.faults.add("searchOrders", "hang", 9)
    reported: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(str(context)))
        found = await asyncio.to_thread(made.sync.sync, stop=lambda: "searchOrders" in sim.calls)
        assert found.stopped

    asyncio.run(run())
    sim.closing.set()
    assert reported == []
