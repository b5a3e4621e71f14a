"""`make simulator`: Amazon on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib

from ordertui.orders.clock import SystemClock

from .server import Simulator
from .shop import all_orders_report, stock

parser = argparse.ArgumentParser(description="Amazon's Selling Partner API on this machine, with made-up orders.")
parser.add_argument("--port", type=int, default=8707)
parser.add_argument("--orders", type=int, default=300)
parser.add_argument("--queue-seconds", type=int, default=20, help="How long a feed or report takes.")
parser.add_argument("--fault", action="append", default=[], metavar="OPERATION:FAULT[:TIMES]")
arguments = parser.parse_args()
simulator = Simulator(SystemClock(), port=arguments.port)
simulator.amazon.queue_seconds = arguments.queue_seconds
stock(simulator.amazon, arguments.orders)
simulator.amazon.report_makers["GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"] = all_orders_report(
    simulator.amazon
)
for text in arguments.fault:
    where, fault, *times = text.split(":")
    simulator.faults.add(where, fault, int(times[0]) if times else 1)
print(f"Amazon's simulator: {simulator.address}; {arguments.orders} orders; Ctrl-C stops it.", flush=True)
print("Credentials: " + ", ".join(f"{name} {value}" for name, value in simulator.credentials.items()), flush=True)
with contextlib.suppress(KeyboardInterrupt):
    simulator.serve()
