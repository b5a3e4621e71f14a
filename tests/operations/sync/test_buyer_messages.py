"""Messages and evidence: what Amazon allows, shown first, sent once, never asking a buyer to cancel."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.widgets import Static

from ordertui.cli.main import cli
from ordertui.operations.errors import BadInput, OperationError, Refused
from ordertui.operations.limits import message_limits
from ordertui.operations.session import Session
from ordertui.operations.sync.buyer_messages import check_text
from ordertui.orders.clock import FixedClock
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order
from ordertui.rules.policy.policy import load_policies
from ordertui.tui.screens.buyer_message import MessageScreen
from ordertui.tui.screens.dialogs import ConfirmScreen
from support.api import session
from support.at_once import at_once
from support.pilot import press, running, settled, table, until
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

TEXT = "You can refuse the parcel when it is delivered."
SHIPPED = "113-0000000-0000002"


@pytest.fixture
def made(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Session:
    sim.amazon.put(order(1, clock.now()))
    found = session(sim, tmp_path, clock)
    found.sync.sync()
    sim.amazon.put(order(2, clock.now(), "SHIPPED", updated=clock.now()))
    clock.advance(300)
    found.sync.sync()
    return found


def known(made: Session, number: int) -> Order:
    found = made.orders.get(f"113-0000000-{number:07d}")
    assert found is not None
    return found


def send(made: Session, number: int = 2) -> str:
    return made.sync.messages.send(made.sync.messages.preview(known(made, number), TEXT, "en"))


def test_it_is_shown_and_then_sent_once(made: Session, sim: Simulator) -> None:
    shown = made.sync.messages.preview(known(made, 2), TEXT, "en")
    assert (shown.kind, shown.language, shown.text, shown.is_wrong_language) == (
        "unexpectedProblem",
        "en-US",
        TEXT,
        False,
    )
    assert sim.amazon.messages == []
    calls = len(sim.calls)
    assert made.sync.messages.send(shown).startswith("a message went at")
    assert sim.amazon.messages == [(SHIPPED, "unexpectedProblem", TEXT)]
    assert sim.calls[calls:] == ["login", "createUnexpectedProblem"], (
        "just what was shown is sent, and nothing asked anew"
    )
    again: Callable[[], object]
    for again in (lambda: made.sync.messages.send(shown), lambda: send(made)):
        with pytest.raises(Refused, match="a message went at"):
            again()
    assert len(sim.amazon.messages) == 1


def test_it_is_recorded_without_its_text(made: Session, sim: Simulator) -> None:
    send(made)
    said = "".join(entry.payload for entry in made.context.store.audit.entries())
    assert "refuse the parcel" not in said
    assert sha256(TEXT.encode()).hexdigest() in said
    (event,) = [text for _, text in made.orders.timeline(known(made, 2)) if "message" in text]
    assert event.startswith("message to the buyer by template unexpectedProblem: a message went at")
    assert "chain unbroken" in made.audit.verify()


def test_only_what_amazon_allows(made: Session, sim: Simulator) -> None:
    sim.amazon.allowed_messages = ["confirmDeliveryDetails"]
    assert made.sync.messages.preview(known(made, 2), TEXT).kind == "confirmDeliveryDetails"
    sim.amazon.allowed_messages = ["confirmOrderDetails", "warranty"]
    none = made.sync.messages.preview(known(made, 2), TEXT)
    assert (none.kind, "allows no template" in none.about) == ("", True)
    with pytest.raises(Refused, match="allows no message that fits"):
        made.sync.messages.send(none)
    assert sim.amazon.messages == []


def test_nothing_before_the_shipment_is_confirmed(made: Session, sim: Simulator) -> None:
    with pytest.raises(Refused, match="not confirmed"):
        send(made, 1)
    assert sim.amazon.messages == []
    assert "getMessagingActionsForOrder" not in sim.calls


def test_no_text_ever_asks_a_buyer_to_cancel() -> None:
    policies = load_policies(now=lambda: 0)
    languages = set()
    for code in MARKETPLACES:
        policy = policies.of(code)
        languages.add(policy.message_language)
        check_text(policy.message_text("refuse_parcel"))
        with pytest.raises(Refused, match="never asked to cancel"):
            check_text(policy.message_text("ask_to_request"))
    assert languages == {"en", "de", "ja"}


@pytest.mark.parametrize(
    "text",
    [
        "Please CANCEL the order.", "Bitte stornieren Sie.", "Merci d'annuler", "Por favor, anule el pedido",
        "Annulla l'ordine", "Siparişi iptal edin", "注文をキャンセルしてください",
        "Avbeställ gärna", "Anuluj zamówienie",
    ],
)  # fmt: skip
def test_a_text_that_speaks_of_cancelling_is_not_sent(made: Session, sim: Simulator, text: str) -> None:
    calls = len(sim.calls)
    with pytest.raises(Refused, match="never asked to cancel"):
        made.sync.messages.preview(known(made, 2), text)
    assert sim.calls[calls:] == []


@pytest.mark.parametrize("text", ["", "x" * 2001, "write to me@example.com", "<b>hello</b>"])
def test_a_text_that_amazon_would_refuse(made: Session, text: str) -> None:
    with pytest.raises(BadInput, match=f"{message_limits().longest.value:,}"):
        made.sync.messages.preview(known(made, 2), text)


def test_a_text_in_another_language_is_warned_of(made: Session) -> None:
    found = made.sync.messages.preview(known(made, 2), TEXT, "de")
    assert found.is_wrong_language
    assert "the buyer's language: en-US, but the text is in de" in found.about


@pytest.mark.parametrize("fault", ["drop_after", "error500_after", "html503", "empty502", "drop"])
def test_an_unclear_answer_is_said_and_nothing_is_written_again(made: Session, sim: Simulator, fault: str) -> None:
    sim.faults.add("createUnexpectedProblem", fault)
    with pytest.raises(OperationError, match="not clear whether the message went"):
        send(made)
    with pytest.raises(Refused, match="may have gone"):
        send(made)
    assert sim.calls.count("createUnexpectedProblem") == 1
    assert len(sim.amazon.messages) == fault.endswith("_after")
    assert any("may have gone" in text for _, text in made.orders.timeline(known(made, 2)))


def test_a_crash_in_the_middle_sends_nothing_again(
    made: Session, sim: Simulator, monkeypatch: pytest.MonkeyPatch, clock: FixedClock, tmp_path: Path
) -> None:
    shown = made.sync.messages.preview(known(made, 2), TEXT)
    with monkeypatch.context() as patch:
        patch.setattr("ordertui.operations.sync.buyer_messages.TEMPLATES", {})  # as a kill right before the call
        with pytest.raises(KeyError):
            made.sync.messages.send(shown)
    made.close()
    again = session(sim, tmp_path, clock)
    with pytest.raises(Refused, match="may have gone"):
        again.sync.messages.send(shown)
    again.sync.messages.mark_not_sent(SHIPPED)
    with pytest.raises(Refused, match="nothing to settle"):
        again.sync.messages.mark_not_sent(SHIPPED)
    again.sync.messages.send(shown)
    assert len(sim.amazon.messages) == 1
    events = [text for _, text in again.orders.timeline(known(again, 2)) if "message" in text]
    assert ["by the operator's word" in one for one in events] == [True, False]


def test_what_did_not_go_may_go_later(made: Session, sim: Simulator) -> None:
    sim.faults.add("createUnexpectedProblem", "forbidden")
    with pytest.raises(Exception, match="403"):
        send(made)
    send(made)
    assert len(sim.amazon.messages) == 1


def test_two_processes_send_it_once(made: Session, sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    shown = made.sync.messages.preview(known(made, 2), TEXT)
    other = session(sim, tmp_path, clock)
    refused: list[str] = []

    def run(one: Session) -> None:
        try:
            one.sync.messages.send(shown)
        except Refused as error:
            refused.append(str(error))

    at_once(partial(run, made), partial(run, other))
    assert len(sim.amazon.messages) == 1
    assert len(refused) == 1
    other.close()


def command(sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    settings = folder / "settings.toml"
    settings.write_text(
        f'merchant_id = "A1SELLER"\n[amazon]\nprofile = "test"\nmarketplaces = ["US"]\nendpoint = "{sim.address}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    monkeypatch.setenv("ORDERTUI_TEST_CLOCK", "1")
    at = ["--as-of", "2026-11-23T14:20:00Z"]
    found = CliRunner().invoke(cli, ["--store", str(folder / "orders.db"), *at, *words])
    return found.exit_code, found.stdout, found.stderr


def test_the_command_line_shows_then_sends_then_settles(
    made: Session, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = made.messages.text(SHIPPED)
    made.close()
    code, out, err = command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED)
    assert (code, out.strip(), sim.amazon.messages) == (5, text, [])
    assert "template unexpectedProblem; the buyer's language: en-US" in err
    sim.faults.add("createUnexpectedProblem", "drop")
    assert command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED, "--yes")[0] == 4
    code, _, err = command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED, "--yes")
    assert (code, "may have gone" in err) == (3, True)
    assert command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED, "--did-not-go")[0] == 0
    code, _, err = command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED, "--yes")
    assert (code, "a message went at" in err) == (0, True)
    assert sim.amazon.messages == [(SHIPPED, "unexpectedProblem", text)]
    assert command(sim, tmp_path, monkeypatch, "api", "message", SHIPPED, "--yes", "--did-not-go")[0] == 2


async def test_on_the_screen_the_text_is_shown_asked_about_and_sent_once(made: Session, sim: Simulator) -> None:
    text = made.messages.text(SHIPPED)
    async with running(made) as pilot:
        await until(pilot, lambda: table(pilot).cursor_row is not None)
        while (row := table(pilot).cursor_row) is None or row.order_id != SHIPPED:
            await press(pilot, "j")
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessageScreen))
        assert "createUnexpectedProblem" not in sim.calls
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        asked = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        assert text in asked
        assert "template unexpectedProblem; the buyer's language: en-US" in asked
        await press(pilot, "enter")
        await settled(pilot)
        assert sim.amazon.messages == [], "Enter is no"
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "w")
        await until(pilot, lambda: sim.amazon.messages)
        await settled(pilot)
        assert sim.amazon.messages == [(SHIPPED, "unexpectedProblem", text)]
        before = pilot.app.screen.query_one("#message-before", Static)
        await until(pilot, lambda: "a message went at" in str(before.content))
        await press(pilot, "s")
        await until(pilot, lambda: any("before writing again" in one.message for one in pilot.app._notifications))
        await press(pilot, "escape")
    assert len(sim.amazon.messages) == 1


def test_evidence_is_what_amazon_booked(made: Session, sim: Simulator) -> None:
    assert made.sync.refunds.find_transactions(SHIPPED) == []
    sim.amazon.transactions.append(
        {
            "transactionType": "Refund", "transactionId": "T1", "transactionStatus": "RELEASED",
            "postedDate": "2026-11-23T10:00:00Z", "totalAmount": {"currencyCode": "USD", "currencyAmount": -11.00},
            "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": SHIPPED}],
        }
    )  # fmt: skip
    found = made.sync.refunds.find_transactions(SHIPPED)
    assert [(one.kind, one.status, one.amount) for one in found] == [("Refund", "RELEASED", "USD -11.0")]
