"""Messages and evidence: what Amazon allows, shown first, sent once."""

from pathlib import Path

import pytest
from apikit import client, shop
from simulator import Simulator
from simulator.shop import order

from ordertui.amazon.spapi.answers import Created
from ordertui.amazon.spapi.errors import Rejected
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.operations.errors import BadInput, OperationError, Refused
from ordertui.operations.shop import Shop
from ordertui.orders.clock import FixedClock, iso_utc
from ordertui.orders.order import Order

TEXT = "You can refuse the parcel when it is delivered."


@pytest.fixture
def made(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Shop:
    sim.amazon.put(order(1, clock.now()))
    found = shop(sim, tmp_path, clock)
    found.online.sync()
    sim.amazon.put(order(2, clock.now(), "SHIPPED", updated=clock.now()))
    clock.advance(300)
    found.online.sync()
    return found


def known(made: Shop, number: int) -> Order:
    found = made.order(f"113-0000000-{number:07d}")
    assert found is not None
    return found


def test_it_is_shown_and_then_sent_once(made: Shop, sim: Simulator) -> None:
    shown, said = made.online.message(known(made, 2), TEXT, send=False)
    assert (shown.kind, shown.language, shown.text, said) == ("unexpectedProblem", "en-US", TEXT, "")
    assert sim.amazon.messages == []
    made.online.message(known(made, 2), TEXT, send=True)
    assert sim.amazon.messages == [("113-0000000-0000002", "unexpectedProblem", TEXT)]
    with pytest.raises(Refused, match="a message went at"):
        made.online.message(known(made, 2), TEXT, send=True)
    assert len(sim.amazon.messages) == 1
    assert "refuse the parcel" not in "".join(entry.payload for entry in made._store.audit())


def test_only_what_amazon_allows(made: Shop, sim: Simulator) -> None:
    sim.amazon.allowed_messages = ["confirmDeliveryDetails"]
    assert made.online.message(known(made, 2), TEXT, send=False)[0].kind == "confirmDeliveryDetails"
    sim.amazon.allowed_messages = ["confirmOrderDetails", "warranty"]
    assert made.online.message(known(made, 2), TEXT, send=False)[0].kind == ""
    with pytest.raises(Refused, match="allows no message that fits"):
        made.online.message(known(made, 2), TEXT, send=True)
    assert sim.amazon.messages == []


def test_nothing_before_the_shipment_is_confirmed(made: Shop, sim: Simulator) -> None:
    with pytest.raises(Refused, match="not confirmed"):
        made.online.message(known(made, 1), TEXT, send=True)
    assert sim.amazon.messages == []


@pytest.mark.parametrize("text", ["", "x" * 2001, "write to me@example.com", "<b>hello</b>"])
def test_a_text_that_amazon_would_refuse(made: Shop, text: str) -> None:
    with pytest.raises(BadInput):
        made.online.message(known(made, 2), text, send=True)


@pytest.mark.parametrize("fault", ["drop_after", "error500_after", "html503"])
def test_an_unclear_answer_is_said_and_nothing_is_written_again(made: Shop, sim: Simulator, fault: str) -> None:
    sim.faults.add("createUnexpectedProblem", fault)
    with pytest.raises(OperationError, match="not clear whether the message went"):
        made.online.message(known(made, 2), TEXT, send=True)
    with pytest.raises(Refused, match="may have gone"):
        made.online.message(known(made, 2), TEXT, send=True)
    assert len(sim.amazon.messages) == (fault != "html503")


def test_what_did_not_go_may_go_later(made: Shop, sim: Simulator) -> None:
    sim.faults.add("createUnexpectedProblem", "forbidden")
    with pytest.raises(Exception, match="403"):
        made.online.message(known(made, 2), TEXT, send=True)
    made.online.message(known(made, 2), TEXT, send=True)
    assert len(sim.amazon.messages) == 1


def test_evidence_is_what_amazon_booked(made: Shop, sim: Simulator) -> None:
    assert made.online.evidence("113-0000000-0000002") == []
    sim.amazon.transactions.append(
        {
            "transactionType": "Refund", "transactionId": "T1", "transactionStatus": "RELEASED",
            "postedDate": "2026-11-23T10:00:00Z", "totalAmount": {"currencyCode": "USD", "currencyAmount": -11.00},
            "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "113-0000000-0000002"}],
        }
    )  # fmt: skip
    found = made.online.evidence("113-0000000-0000002")
    assert [(one.kind, one.status, one.amount) for one in found] == [("Refund", "RELEASED", "USD -11.0")]


async def test_one_shipment_can_be_confirmed_by_its_own_call(sim: Simulator, clock: FixedClock) -> None:
    sim.amazon.put(order(1, clock.now()))
    body = {
        "marketplaceId": "ATVPDKIKX0DER",
        "packageDetail": {
            "packageReferenceId": "1", "carrierCode": "UPS", "trackingNumber": "1Z", "shipDate": iso_utc(clock.now()),
            "orderItems": [{"orderItemId": "000000000000101", "quantity": 1}],
        },
    }  # fmt: skip
    async with client(sim, clock) as api:
        await api.call(CONFIRM_SHIPMENT, Created, path={"orderId": "113-0000000-0000001"}, body=body)
        with pytest.raises(Rejected):
            await api.call(CONFIRM_SHIPMENT, Created, path={"orderId": "113-0000000-0000009"}, body=body)
    assert sim.amazon.orders["113-0000000-0000001"]["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
