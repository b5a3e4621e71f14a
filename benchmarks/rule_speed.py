"""The rules at a million orders: loading, deciding, counting, explaining, rates.

`python benchmarks/rule_speed.py [ORDERS]`.

Best of several runs each, in milliseconds; the orders are made up, spread over every fact that a decision looks at.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ordertui.operations.config import Config
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.rules.language import Condition, parse
from ordertui.rules.policy.bundled import read_bundled_text
from ordertui.rules.policy.edition import read_edition
from ordertui.rules.policy.house_rules import read_house_policy
from ordertui.rules.policy.policy import load_policies
from ordertui.rules.situation import situation_from_number, situation_of
from ordertui.store import Decisions
from ordertui.store.engine.migrations import statements
from ordertui.store.repositories.derived_facts import situation
from ordertui.store.repositories.filter_sql import compile_filter

NOW = 1_795_442_700
COLUMNS = (
    "id, order_id, marketplace, channel, status, purchased_at, ship_by, auto_cancel_at, items, units_shipped,"
    " cancelled_lines, total, currency, dispatched,"
    " buyer_request, cancelled_by, refunded, replacement, business, prime, situation, product_id, sources, at,"
    " amazon_counts"
)
HOUSE = "\n".join(
    f'[[rule]]\nid = "r{n}"\nwhen = "{when}"\neffect = "warn"\nwhy = "w"\n'
    for n, when in enumerate(
        ("total>500 business", "batch-orders>100", "rate-after>=2%", "sku-streak>=2 or (late prime)")
    )
)


def fill(path: Path, count: int) -> None:
    """Made-up orders of 100 days: most shipped, some of every other kind."""
    rng = random.Random(7)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    rows = []
    for number in range(1, count + 1):
        channel = rng.choices(("merchant", "amazon", "unknown"), (85, 14, 1))[0]
        status = rng.choices(
            ("shipped", "unshipped", "cancelled", "partially_shipped", "pending", "unfulfillable", "unknown"),
            (88, 5, 4, 1, 1, 0.5, 0.5),
        )[0]
        shipped = 1 if status == "shipped" else rng.choice((0, 0, 0, 1, None))
        dispatched = rng.choices(("unknown", "yes", "no"), (90, 5, 5))[0]
        request = rng.choices(("none", "unknown", "official", "message"), (60, 36, 3, 1))[0]
        by = rng.choice(("seller", "buyer", "auto", "amazon", "unknown")) if status == "cancelled" else "none"
        refunded = rng.choices(("none", "partial", "full"), (95, 3, 2))[0]
        replacement = rng.choices(("no", "unknown", "yes"), (70, 29, 1))[0]
        placed = NOW - rng.randrange(100 * DAY)
        amazon = rng.choices(("unknown", "yes", "no"), (90, 7, 3))[0] if status == "cancelled" else "unknown"
        where = situation((channel, status, 2, shipped, dispatched, request, by, refunded, replacement, amazon))
        rows.append(
            (number, f"113-{number // 10**7:07d}-{number % 10**7:07d}", "US", channel, status, placed,
                placed + 2 * DAY, placed + 11 * DAY, 2, shipped, 0,
             rng.randrange(500, 90_000), "USD", dispatched, request, by, refunded, replacement,
             rng.choice(("yes", "no")), "no", where, 1, 1, placed, amazon)
        )  # fmt: skip
        if len(rows) == 10_000:
            db.executemany(f"INSERT INTO orders ({COLUMNS}) VALUES ({','.join('?' * 25)})", rows)
            rows.clear()
    if rows:
        db.executemany(f"INSERT INTO orders ({COLUMNS}) VALUES ({','.join('?' * 25)})", rows)
    db.execute("COMMIT")
    for statement in statements("read_indexes.sql"):
        db.execute(statement)
    db.execute("ANALYZE")
    db.close()


def best(work: Callable[[], object], runs: int = 5) -> float:
    """Return the shortest of several runs, in ms."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return min(found)


def show(what: str, ms: float, limit: float) -> None:
    """One line."""
    print(f"{what:<58}{ms:>10.3f} ms   goal {limit:>6g}   {'ok' if ms < limit else 'OVER'}")


def main() -> None:
    """Fill a store, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    text, name = read_bundled_text("amazon")
    edition = read_edition(text, name)
    show("load and check the bundled policy", best(lambda: read_edition(text, name)), 20)
    show(
        "check a house file of four rules", best(lambda: read_house_policy(HOUSE, "house.toml", edition, now=NOW)), 100
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.db"
        with Session.open(path, clock=FixedClock(NOW), config=Config()):
            pass
        fill(path, count)
        with Session.open(path, clock=FixedClock(NOW), config=Config()) as session:
            measure(session)


def measure(session: Session) -> None:
    """Everything that asks a store."""
    store = session.context.store
    print(f"{session.orders.count():,} orders, {len(store.tallies.situations_present()):,} situations")

    def decide_all() -> None:
        policy = load_policies(now=lambda: NOW).of("US")
        for number in store.tallies.situations_present():
            policy.verdicts(situation_from_number(number))

    show("decide every situation there is, cold", best(decide_all), 50)
    judge = Eligibility(load_policies(now=lambda: NOW), lambda: store, FixedClock(NOW))

    def asked(text: str) -> tuple[Condition, Decisions]:
        condition = parse(text, now=NOW, zone="UTC")
        return condition, judge.decisions([condition])

    total = 0.0
    for text in (*(f"action:{action}" for action in Action), "counts:yes", "counts:no"):
        condition, lists = asked(text)
        ms = best(partial(store.orders.count, condition, decisions=lists))
        total += ms
        print(f"    count {text:<16} {store.orders.count(condition, decisions=lists):>9,} {ms:9.2f} ms")
    show("count every decision", total, 60)
    newest = (("placed", True),)
    for text in ("action:cancel", "action:cancel counts:no", "action:cancel business total>500", "action:refund"):
        condition, lists = asked(text)
        page = best(partial(store.orders.find, condition, decisions=lists, sorting=newest, limit=100))
        print(f"    first 100 {text:<34} {page:9.2f} ms")
    engine = store.database.engine

    def ids_sql(parameter: str) -> str:
        return engine.values_sql(parameter, {"id": int})

    sample = "status:unshipped total>50 -sku:ABC* (late or buyer-requested) placed:last-7d"
    show("compile a filter", best(lambda: compile_filter(*asked(sample), ids_sql), 50), 0.1)
    rows = list(store.orders.rows(session.orders.find(limit=50)).values())

    def explain() -> None:
        for row in rows:
            judge.allowed_action(row)
            for action in (Action.CANCEL, Action.REFUND):
                judge.policy("US").explain(situation_of(row), action)

    show("decide and explain 50 rows (cancel and refund)", best(explain), 1)
    marked = list(session.orders.find("action:cancel", limit=5_000))
    session.rate.calculator.effects("US")
    show(f"what-if for {len(marked):,} marked", best(lambda: session.rate.calculator.effects("US", marked), 25), 15)
    show("status line for the same", best(lambda: session.rate.calculator.impact(marked), 25), 15)
    show("rate from the kept counts", best(lambda: session.rate.calculator.effects("US"), 20), 1)
    start = time.perf_counter()
    with Session.open(store.path, clock=FixedClock(NOW), config=Config()) as fresh:
        fresh.rate.calculator.effects("US")
        print(
            f"    a new process's first rate, opening the store included: {(time.perf_counter() - start) * 1000:.1f} ms"
        )


if __name__ == "__main__":
    main()
