"""Search of the audit by order, and its verification: `python benchmarks/audit_search.py [RECORDS]` (1,000,000 by
default).

Records are written through the store's own `append`, 10,000 a transaction; each speaks of one of RECORDS / 5 orders.
Prints seconds to write, milliseconds of a search (median and worst of 200, the first of them on a cold connection), of
one order as the command shows it, and seconds to verify.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ordertui.operations import maintenance
from ordertui.orders.clock import SystemClock
from ordertui.store import Operator, Store

AT_ONCE = 10_000
SEARCHES = 200


def order_id(number: int) -> str:
    """`111-0000000-0000007`."""
    return f"111-{number // 10**7:07d}-{number % 10**7:07d}"


def main(records: int) -> None:
    """Write, search, verify."""
    rng = random.Random(1)
    orders = max(records // 5, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.db"
        with Store.open(path, clock=SystemClock(), operator=Operator("anna", "anna", "desk", 1)) as store:
            started = time.perf_counter()
            for first in range(0, records, AT_ONCE):
                with store.write():
                    for number in range(first, min(first + AT_ONCE, records)):
                        states = {order_id(number % orders): ["sent", "ok"]}
                        facts = {"batch": number, "states": states, "why": "benchmark"}
                        store.audit.append("batch.settled", facts)
            print(
                f"{records:,} records written in {time.perf_counter() - started:.1f} s,"
                f" {path.stat().st_size / 2**20:.0f} MiB"
            )
        with Store.open(path, clock=SystemClock(), read_only=True) as store:
            times = []
            for _ in range(SEARCHES):
                wanted = order_id(rng.randrange(orders))
                started = time.perf_counter()
                found = [maintenance.audit_record(entry, wanted) for entry in store.audit.entries(order_id=wanted)]
                times.append((time.perf_counter() - started) * 1000)
                assert len(found) >= records // orders
            print(
                f"search by order: first {times[0]:.2f} ms, median {statistics.median(times):.2f} ms, worst"
                f" {max(times):.2f} ms"
            )
            started = time.perf_counter()
            report = store.audit.verify()
            print(f"verify: {time.perf_counter() - started:.1f} s, {'unbroken' if report.ok else report.why}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
