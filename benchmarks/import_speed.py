"""Import speed and memory: `python benchmarks/import_speed.py [ROWS...]` (100,000 and 1,000,000 when none is given).

`--engine postgresql` imports into a store on a server, which is started for it (`support.server`).
Each scenario runs in a process of its own: All Orders into a new store, the same file again, a later All Orders with
one order in ten changed, and an Unshipped report that names every order. Prints rows a second, CPU time a row, and the
peak of private memory (Linux: Private_* of smaps_rollup, sampled at each progress report; elsewhere: peak resident
memory). CPU time is that of this process: a server's comes on top.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, SystemClock, iso_utc

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.reports import ALL_ORDERS, UNSHIPPED
from support.server import DURABLE, Server

UNSHIPPED_COLUMNS = [name for name in UNSHIPPED if name != "is-prime"]
PRODUCTS = 4_000
CITIES = ("Winston-Salem\tNC\t27101\tUS", "San José\tCA\t95112\tUS", "Bayamón\tPR\t00961\tUS", "Boston\tMA\t02108\tUS")


def title(product: int) -> str:
    """About as long as real ones, with a bare quote."""
    return f'Premium Stainless Water Bottle No. {product}, 12" Insulated for Home and Office, Café Edition (Set of 4)'


def write_reports(folder: Path, rows: int, now: int) -> None:
    """`all.txt`, `later.txt` and `unshipped.txt`: the same orders, 1.3 rows an order, newest first, seeded."""
    rng = random.Random(7)
    with (
        (folder / "all.txt").open("w", encoding="utf-8") as first,
        (folder / "later.txt").open("w", encoding="utf-8") as later,
        (folder / "unshipped.txt").open("w", encoding="utf-8") as unshipped,
    ):
        first.write("\t".join(ALL_ORDERS) + "\n")
        later.write("\t".join(ALL_ORDERS) + "\n")
        unshipped.write("\t".join(UNSHIPPED_COLUMNS) + "\n")
        number = written = 0
        placed = now - HOUR
        while written < rows:
            number += 1
            placed -= rng.randint(0, 4)
            order = f"{rng.choice((111, 112, 113, 114))}-{rng.randrange(10**7):07d}-{number:07d}"
            lines = min(rng.choices((1, 2, 3, 7), (80, 14, 5, 1))[0], rows - written)
            status = rng.choices(("Shipped", "Unshipped", "Cancelled", "Pending"), (90, 6, 2, 2))[0]
            updated, moved = min(placed + rng.randint(60, DAY), now - 2), rng.random() < 0.1
            place = rng.choice(CITIES)
            for line in range(lines):
                product = min(rng.randrange(PRODUCTS), rng.randrange(PRODUCTS))
                price = "" if status == "Pending" else f"{rng.randint(349, 19_999) / 100:.2f}"
                tax = "" if not price else f"{rng.randint(0, 900) / 100:.2f}"
                head = f"{order}\t\t{iso_utc(placed)}"
                tail = (
                    f"Merchant\tAmazon.com\t\tStandard\t{title(product)}\tMFN-{product:05d}-BLK\tB0{product:08d}\t{{}}"
                    f"\t1\tUSD\t{price}\t{tax}\t0.0\t0.0\t\t\t\t\t{place}\t\tfalse\t\t\n"
                )
                first.write(f"{head}\t{iso_utc(updated)}\t{status}\t" + tail.format(status))
                late = ("Cancelled" if status == "Shipped" else "Shipped") if moved else status
                later.write(
                    f"{head}\t{iso_utc(min(updated + DAY, now - 1) if moved else updated)}\t{late}\t"
                    + tail.format(late)
                )
                unshipped.write(
                    f"{order}\t{number:013d}{line:02d}\t{iso_utc(placed)}\t{iso_utc(placed)}\t{iso_utc(now)}"
                    f"\t{iso_utc((placed // DAY + 3) * DAY + 8 * HOUR - 1)}\t-1"
                    "\tx1@marketplace.amazon.com\tA Buyer\t+1 555"
                    f" 0100\tMFN-{product:05d}-BLK\t{title(product)}\t1\t0\t1\tStandard\tA Buyer"
                    f"\t1 Main St\t\t\t{place}\tfalse\tAmazon.com\tfalse\t\n"
                )
                written += 1


def private_mb() -> float:
    """Return the private memory of this process now, in MB; 0 where the system does not say."""
    try:
        text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")) / 1024


def run_one(store: Path | str, report: Path) -> None:
    """Import one report and print what it took."""
    peak = 0.0

    def progress(_: object) -> None:
        nonlocal peak
        peak = max(peak, private_mb())

    with Session.open(store, clock=SystemClock()) as session:
        start, busy = time.perf_counter(), time.process_time()
        (summary,) = session.imports.import_files([report], progress=progress)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    progress(None)
    if not peak:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{summary.rows:>9,} rows  {summary.rows / seconds:>8,.0f} rows/s"
        f"  {busy / summary.rows * 1e6:>4.1f} us of CPU a row  {peak:>4.0f} MB"
        f"  new {summary.new:,} changed {summary.changed:,} unchanged {summary.unchanged:,}"
        f" rejected {summary.rejected:,}"
    )


def measure(rows: int, server: Server | None) -> None:
    """Make the reports, run each scenario, print a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_reports(home, rows, SystemClock().now())
        store = str(home / "store.db") if server is None else server.address(f"rows_{rows}")
        for name, report in (
            ("All Orders, new store", "all.txt"),
            ("the same file again", "all.txt"),
            ("a later All Orders", "later.txt"),
            ("Unshipped joined onto it", "unshipped.txt"),
            ("Unshipped again", "unshipped.txt"),
        ):
            print(f"{name:<26}", end="", flush=True)
            command = [sys.executable, __file__, "--one", store, str(home / report)]
            subprocess.run(command, check=True, env=os.environ | {"XDG_DATA_HOME": folder})


def main() -> None:
    """Measure each size on the engine that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=lambda text: int(text.replace(",", "").replace("_", "")))
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    server = Server(options=DURABLE) if asked.engine == "postgresql" else None
    try:
        for rows in asked.rows or (100_000, 1_000_000):
            measure(rows, server)
    finally:
        if server is not None:
            server.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        place = sys.argv[2]
        run_one(place if "://" in place else Path(place), Path(sys.argv[3]))
    else:
        main()
