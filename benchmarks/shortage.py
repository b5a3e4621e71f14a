"""How long a shortage takes to weigh: `python benchmarks/shortage.py`.

Best of five runs each, in milliseconds of processor time; the orders are made up from a seed. `exact` says whether the
set is proven; else how many of its orders count, and below how many no set can go.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from ordertui.rules.shortage import Harm, WaitingOrder, Weigher

RUNS = 5


def make_orders(
    count: int, skus: int, several: float, quantities: Sequence[int] = (1, 1, 1, 2, 3), price: int = 0
) -> list[WaitingOrder]:
    """Return orders of which a share of `several` holds two or three of the SKUs. `price`: of every unit; 0: any."""
    rng = random.Random(count)
    found = []
    for number in range(count):
        holds = 1 if rng.random() >= several else rng.choice((2, 2, 3))
        units = tuple((f"SKU-{sku}", rng.choice(quantities)) for sku in rng.sample(range(skus), holds))
        harm = Harm(
            int(rng.random() < 0.7), int(rng.random() < 0.1), int(rng.random() < 0.8),
            price * sum(count for _, count in units) or rng.randint(500, 20_000), rng.randint(0, 500_000),
        )  # fmt: skip
        found.append(WaitingOrder(number, units, harm, rng.random() < 0.95, rng.random() < 0.1))
    return found


def measure(name: str, orders: Sequence[WaitingOrder]) -> None:
    """Weigh a shop with six of ten units on hand, then again with one order kept by hand, and print both times."""
    ordered: dict[str, int] = {}
    for one in orders:
        for sku, units in one.units:
            ordered[sku] = ordered.get(sku, 0) + units
    available = {sku: units * 6 // 10 for sku, units in ordered.items()}
    first = again = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        weigher = Weigher(orders, available)
        found = weigher.weigh()
        middle = time.process_time()
        weigher.weigh(keep={next(iter(found.chosen))})
        first, again = min(first, middle - start), min(again, time.process_time() - middle)
    proof = "exact" if found.is_exact else f"{found.harm.counts:,} count, no set below {found.at_least_counting:,}"
    print(f"{name:<44} {first * 1000:>6.0f} ms  again {again * 1000:>6.0f} ms  {proof}")


measure("10,000 orders of one SKU, 1 to 3 units", make_orders(10_000, 1, 0))
measure("10,000 orders of one SKU, packs to 50 units", make_orders(10_000, 1, 0, (1, 2, 3, 5, 10, 20, 50)))
measure("10,000 orders of one SKU, 1 to 50 units", make_orders(10_000, 1, 0, range(1, 51)))
measure("the same, money follows units", make_orders(10_000, 1, 0, range(1, 51), price=1_999))
measure("5,000 orders, 250 SKUs, a tenth of several", make_orders(5_000, 250, 0.1))
for share in (0.0, 0.02, 0.1, 0.3):
    measure(f"100,000 orders, 5,000 SKUs, {share:.0%} of several", make_orders(100_000, 5_000, share))
