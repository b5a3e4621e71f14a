"""The table of operations against Amazon's models."""

import asyncio
import re
from pathlib import Path

import pytest

from ordertui.amazon.spapi.operations import (
    CANCEL_ORDER,
    CONFIRM_DELIVERY_DETAILS,
    CONFIRM_ORDER_DETAILS,
    OPERATIONS,
    Operation,
    Repeat,
)
from ordertui.amazon.spapi.schemas import Created
from ordertui.orders.clock import FixedClock
from support.api import client
from support.model_store import Floor, everything
from support.simulator import Contract, Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS.values() if o.enabled], ids=lambda o: o.name)
def test_it_is_as_amazon_declares_it(contract: Contract, operation: Operation) -> None:
    route = contract.operation(operation.name, operation.path)
    declared = {p["name"]: p for p in route.spec.get("parameters", []) if p["in"] == "query"}
    assert (operation.method, operation.path) == (route.method, route.path)
    assert operation.query <= declared.keys()
    assert operation.required == {name for name, p in declared.items() if p.get("required")}
    assert operation.body == any(p["in"] == "body" for p in route.spec.get("parameters", []))
    assert [code for code in route.spec["responses"] if code.startswith("2")] == [str(operation.expected)]
    limits = re.findall(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", route.spec["description"])
    assert (operation.rate, operation.burst) == (float(limits[0][0]), int(limits[0][1]))


async def test_every_operation_is_called_and_fits(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    """The fixture then asserts that every request and every answer fitted Amazon's models."""
    floor = await asyncio.to_thread(Floor, sim, clock, tmp_path / "shop")
    await asyncio.to_thread(everything, floor)
    sim.amazon.allowed_messages += ["confirmOrderDetails"]
    path, query = {"amazonOrderId": floor.order_id(2)}, {"marketplaceIds": "ATVPDKIKX0DER"}
    async with client(sim, clock) as api:
        for operation in (CONFIRM_ORDER_DETAILS, CONFIRM_DELIVERY_DETAILS):
            await api.call(operation, Created, path=path, query=query, body={"text": "Hello."})
    assert {name for name, operation in OPERATIONS.items() if operation.enabled} - set(sim.calls) == set()


def test_what_acts_is_sent_once() -> None:
    acting = {name for name, operation in OPERATIONS.items() if operation.repeat is Repeat.ONCE}
    writing = {name for name, operation in OPERATIONS.items() if operation.method != "GET"}
    assert writing - acting == {"createFeedDocument", "createReport"}, "an orphaned document or report costs nothing"
    assert "createFeed" in acting


def test_cancel_order_is_off_until_amazon_publishes_it(contract: Contract) -> None:
    assert not CANCEL_ORDER.enabled
    with pytest.raises(StopIteration):
        contract.operation("cancelOrder")
