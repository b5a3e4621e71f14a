"""Amazon's own SDK completes the flow against the simulator, and its feed does what ours does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ordertui.amazon.feeds import CancelItem, acknowledgement_xml
from ordertui.amazon.processing_report import parse_report
from ordertui.orders.clock import FixedClock
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")


def test_the_official_sdk_does_the_same_job(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    for number in (1, 2):
        sim.amazon.put(order(number, clock.now(), price=1999))
    ids = list(sim.amazon.orders)
    items = [
        CancelItem(one["orderId"], one["orderItems"][0]["orderItemId"], "NoInventory")
        for one in sim.amazon.orders.values()
    ]
    feed = tmp_path / "feed.xml"
    feed.write_bytes(acknowledgement_xml(items, "A1SELLER", 1, marketplace="US"))
    sim.later = lambda: clock.advance(120)
    run = subprocess.run(
        [sys.executable, str(Path(__file__).parents[2] / "support" / "sdk_flow.py"), sim.address, str(feed)],
        capture_output=True, text=True, timeout=60, check=False, env={"NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert (found["orders"], found["prices"]) == (ids, ["19.99", "19.99"])
    assert (found["status"], found["listed"]) == ("DONE", True)
    report = parse_report(found["report"].encode(), "result")
    assert (report.processed, report.successful, report.results) == (2, 2, ())
    assert all(one["fulfillment"]["fulfillmentStatus"] == "CANCELLED" for one in sim.amazon.orders.values())
