"""The table of operations against Amazon's models."""

import re

import pytest
from simulator import Contract

from ordertui.amazon.spapi.operations import CANCEL_ORDER, OPERATIONS, Operation, Repeat


@pytest.mark.parametrize("operation", [o for o in OPERATIONS.values() if o.enabled], ids=lambda o: o.name)
def test_it_is_as_amazon_declares_it(contract: Contract, operation: Operation) -> None:
    route = contract.operation(operation.name, operation.model)
    declared = {p["name"]: p for p in route.spec.get("parameters", []) if p["in"] == "query"}
    assert (operation.method, operation.path) == (route.method, route.path)
    assert operation.query <= declared.keys()
    assert operation.required == {name for name, p in declared.items() if p.get("required")}
    assert operation.body == any(p["in"] == "body" for p in route.spec.get("parameters", []))
    assert [code for code in route.spec["responses"] if code.startswith("2")] == [str(operation.expected)]
    limits = re.findall(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", route.spec["description"])
    assert (operation.rate, operation.burst) == (float(limits[0][0]), int(limits[0][1]))


def test_what_acts_is_sent_once() -> None:
    acting = {name for name, operation in OPERATIONS.items() if operation.repeat is Repeat.ONCE}
    writing = {name for name, operation in OPERATIONS.items() if operation.method != "GET"}
    assert writing - acting == {"createFeedDocument", "createReport"}, "an orphaned document or report costs nothing"
    assert "createFeed" in acting


def test_cancel_order_is_off_until_amazon_publishes_it(contract: Contract) -> None:
    assert not CANCEL_ORDER.enabled
    with pytest.raises(StopIteration):
        contract.operation("cancelOrder")
