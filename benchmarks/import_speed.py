"""Import speed: rows a second and peak memory. `python benchmarks/import_speed.py [ROWS]`."""

import resource
import sys
import tempfile
import time
from pathlib import Path

from ordertui.operations.shop import Shop
from ordertui.orders.clock import SystemClock, iso_utc

COLUMNS = "amazon-order-id purchase-date last-updated-date order-status fulfillment-channel sales-channel product-name sku asin item-status quantity currency item-price"


def generate(path: Path, rows: int, now: int) -> None:
    """Write an All Orders report row by row."""
    with path.open("w", encoding="utf-8") as out:
        out.write(COLUMNS.replace(" ", "\t") + "\n")
        for n in range(rows):
            when = iso_utc(now - n)
            out.write(
                f"111-{n // 10**7:07d}-{n % 10**7:07d}\t{when}\t{when}\tShipped\tMerchant\tAmazon.com\tThing\tS-{n % 999}\tB0{n % 999:08d}\tShipped\t1\tUSD\t9.99\n"
            )


def main() -> None:
    """Generate, import, print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "all.txt"
        generate(report, rows, SystemClock().now())
        shop = Shop.open(Path(folder) / "store.db", clock=SystemClock())
        start = time.perf_counter()
        shop.import_files([report])
        seconds = time.perf_counter() - start
        shop.close()
    print(f"{rows / seconds:,.0f} rows/s, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
