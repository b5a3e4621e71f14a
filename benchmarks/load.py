"""Load: `python benchmarks/load.py [ORDERS...]` (1,000, 10,000 and 100,000 without any; 1,000,000 takes an hour).

Makes a store of so many orders, half of them to be shipped and half shipped, and takes each step over all of them in a
process of its own: `plan cancel` (half in, half out), `commit`, `dispatch`, `list --format csv` and `export`. Prints
seconds by the wall clock, CPU seconds, orders a second of CPU, the peak of private memory beside that of the process
before the step (Linux: Private_* of smaps_rollup), and how long the step went on after it was told to stop half-way.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import import_speed

from ordertui.operations.config import Config
from ordertui.operations.errors import Stopped
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock, iso_utc, parse_iso
from ordertui.orders.enums import Action

NOW = parse_iso("2026-11-23T14:05:00Z")
STEPS = ("plan", "commit", "dispatch", "list", "export")
CONFIG = Config()


def make_store(folder: Path, orders: int) -> None:
    """Import an All Orders report, and an Unshipped report with the item ids of what is to be shipped."""
    placed = iso_utc(NOW - 2 * DAY)
    updated = iso_utc(NOW - DAY)
    with (folder / "all.txt").open("w") as every, (folder / "unshipped.txt").open("w") as open_:
        every.write("amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t"
                    "sales-channel\tsku\tproduct-name\titem-status\tquantity\tcurrency\titem-price\n")  # fmt: skip
        open_.write("order-id\torder-item-id\tpurchase-date\treporting-date\tpromise-date\tsku\tproduct-name\t"
                    "quantity-purchased\tquantity-shipped\tquantity-to-ship\tsales-channel\t"
                    "is-buyer-requested-cancellation\n")  # fmt: skip
        for number in range(orders):
            ident = f"113-{number // 10**7:07d}-{number % 10**7:07d}"
            status = "Shipped" if number % 2 else "Unshipped"
            item = f"SKU-{number % 4_000}\tProduct {number % 4_000}"
            every.write(f"{ident}\t{placed}\t{updated}\t{status}\tMerchant\tAmazon.com\t{item}\t{status}\t1\tUSD\t"
                        f"{number % 90 + 10}.00\n")  # fmt: skip
            if status == "Unshipped":
                open_.write(f"{ident}\t{number:014d}\t{placed}\t{updated}\t{iso_utc(NOW + DAY)}\t{item}\t1\t0\t1\t"
                            "Amazon.com\tfalse\n")  # fmt: skip
    with open_session(folder) as session:
        session.imports.import_files([folder / "all.txt", folder / "unshipped.txt"])


def open_session(folder: Path) -> Session:
    return Session.open(folder / "orders.db", clock=FixedClock(NOW), config=CONFIG)


def run_step(step: str, session: Session, folder: Path, stop: Callable[[], bool]) -> None:
    """Take one step over every order."""
    if step == "plan":
        plans = session.planner.plan(Action.CANCEL, session.orders.find(), stop=stop)
        session.batches.save_plan(plans, folder / f"plan-{time.monotonic_ns()}.json")
    elif step == "commit":
        plans = session.batches.load_plan(next(folder.glob("plan-*.json")))
        session.batches.commit_all(plans, typed=str(sum(len(plan.rows) for plan in plans)))
    elif step == "dispatch":
        for batch in session.batches.find():
            session.batches.release(batch.id)
        session.dispatcher.run(stop)
    elif step == "list":
        from ordertui.operations.query.export import COLUMNS, write_records

        with Path(os.devnull).open("w") as out:
            write_records(out, session.orders.records(session.orders.find(), stop), COLUMNS, "csv")
    else:
        session.orders.export(session.orders.find(), folder / f"out-{time.monotonic_ns()}.csv", stop)


def measure(step: str, folder: Path) -> str:
    """Take the step, then, where it can be stopped, begin it again and stop it half-way."""
    peak, over = [0.0], threading.Event()

    def sample() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], import_speed.private_mb())

    with open_session(folder) as session:
        orders = session.orders.count()
        before = import_speed.private_mb()
        threading.Thread(target=sample, daemon=True).start()
        begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        run_step(step, session, folder, lambda: False)
        took, now = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
        over.set()
        cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        text = f"{took:8.2f} s {cpu:8.2f} s CPU {orders / cpu:10,.0f}/s {peak[0] - before:8.0f} MB"
        if step in ("commit", "dispatch"):
            return text
        asked = time.perf_counter() + took / 3
        try:
            run_step(step, session, folder, lambda: time.perf_counter() > asked)
        except Stopped:
            text += f"   stopped after {max(time.perf_counter() - asked, 0) * 1000:5.0f} ms"
    return text


def _number(word: str) -> int:
    """Return a number of orders, such as 10,000."""
    number = word.replace(",", "")
    if not number.isdecimal() or int(number) < 2:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of orders, at least 2")
    return int(number)


def main() -> None:
    """Measure each size, or, as a child, one step."""
    parser = argparse.ArgumentParser(description="Plan, commit, dispatch, list and export all orders of a store.")
    parser.add_argument("orders", nargs="*", type=_number, help="sizes (1,000 10,000 100,000 when none is given)")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(measure(options.step[0], Path(options.step[1])))
        return
    for orders in options.orders or [1_000, 10_000, 100_000]:
        with tempfile.TemporaryDirectory() as name:
            make_store(Path(name), orders)
            for step in STEPS:
                done = subprocess.run(
                    [sys.executable, __file__, "--step", step, name], capture_output=True, text=True, check=False
                )
                print(f"{orders:>10,}  {step:9}{done.stdout.strip() or done.stderr.strip()[-300:]}", flush=True)


if __name__ == "__main__":
    main()
