"""Write the example files: reports, Amazon's answers to batches planned from them, and files with quirks.

The answers are to batches that are really planned, as README.md and examples/README.md do, so that they stay matching
when the reports change.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ordertui.files import make_own_folder
from ordertui.operations.config import Config
from ordertui.operations.planning.choice_files import read_shipping
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, to_local
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.marketplace import MARKETPLACES

from .example_orders import IN, JP, MARKETS, US, ExampleMarket
from .example_reports import ExampleReports, active_listings, example_order_id, quirks, three_marketplaces
from .reports import WHOLE_FILE, Fault, flat_report, xml_report

HOUSE_RULES = b"""# Rules of a seller's own, on top of Amazon's; docs/policy.md says what can stand here.
[[rule]]
id = "big-business"
when = "total>500 business"
effect = "deny"
why = "the owner cancels these himself"

[shortage]
protect = ["prime"]

[budget]
day = 5
effect = "typed_confirmation"
"""
NEXT_DAY = 19 * HOUR
"""After the reports, the All Orders report by last update is downloaded."""


def write_examples(folder: Path, now: int, *, for_today: bool = False) -> None:
    """Write every example file into `folder`, as downloaded at `now` (epoch seconds), replacing the examples there.

    `for_today` leaves out the answers in XML, which fit only a plan made at that very second, and dates what Amazon
    made of the batches `now`, not a day later. Raises OSError when a file cannot be written.
    """

    def put(place: str, files: dict[str, bytes]) -> None:
        where = folder / place
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        for name, content in files.items():
            if not (for_today and place.endswith("results") and name.endswith(".xml")):
                (where / name).write_bytes(content)

    with tempfile.TemporaryDirectory() as place, _session(Path(place), now) as session:
        policies = session.eligibility.policies
        found = {market.code: ExampleReports(market, policies.of(market.code), now) for market in MARKETS}
        zone = policies.of(US.code).zone
    for code, reports in found.items():
        put(f"{code.lower()}/reports", reports.download())
    put("us/next-day", {"all-orders-by-last-update.txt": found["US"].next_day(now if for_today else now + NEXT_DAY)})
    put("us/choices", _choices(now, zone) | _stock() | {"house.toml": HOUSE_RULES})
    put("eu/reports", {"all-orders-utf16.txt": three_marketplaces(found.values())})
    put("quirks", quirks(found["US"], found["JP"]))
    for market in MARKETS:
        put(f"{market.code.lower()}/results", _answers(folder, market, now))
    put("us/health", {"account-health.json": _account_health(folder, now)})


def write_example_reports(folder: Path, now: int) -> None:
    """Write the examples dated `now` (epoch seconds) into a new or empty folder.

    Raises FileExistsError when the folder holds anything: a store with a seller's own orders may be among it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError("it is not an empty folder")
    make_own_folder(folder)
    write_examples(folder, now, for_today=True)


def _session(place: Path, now: int) -> Session:
    return Session.open(place / "a.db", clock=FixedClock(now), config=Config())


def _choices(now: int, zone: str) -> dict[str, bytes]:
    """Return a carrier and tracking number to confirm with, and amounts that name every order of their plan."""
    ship = f"{example_order_id(US, 4)}\tUSPS\tINVENTED0000000004\t{to_local(now, zone).date()}"
    refunds = f"{example_order_id(US, 11)}\t1\t21.00\t1.68\n{example_order_id(US, 12)}\t1\t32.50\t2.60"
    return {
        "shipping.tsv": f"order-id\tcarrier\ttracking-number\tship-date\n{ship}\n".encode(),
        "refund.tsv": f"order-id\tline\titem-price\titem-tax\n{refunds}\n".encode(),
    }


def _stock() -> dict[str, bytes]:
    """Return units on hand, in a file of one's own and in a report of Amazon's."""
    units = (1, 2, 40, 40, 40, 0)
    short = [f"{product.sku}\t{on_hand}" for product, on_hand in zip(US.products[:2], units, strict=False)]
    return {
        "stock.tsv": "\n".join(["sku\tavailable", *short, ""]).encode(),
        "active-listings.txt": active_listings(US, units),
    }


def _account_health(folder: Path, now: int) -> bytes:
    """Return Amazon's account health report of the seven days before today, with the rate that ordertui has."""
    end = now - now % DAY
    first, last = (iso_utc(at)[:10] for at in (end - 7 * DAY, end - 1))
    figure = {
        "reportingDateRange": {"reportingDateFrom": f"{first}T00:00Z", "reportingDateTo": f"{last}T23:59Z"},
        "status": "GOOD", "targetValue": 0.025, "targetCondition": "LESS_THAN",
        "rate": 0.0, "orderCount": 0, "cancellationCount": 0,
    }  # fmt: skip

    def report() -> bytes:
        metric = {"marketplaceId": MARKETPLACES[US.code].id, "preFulfillmentCancellationRate": figure}
        return f"{json.dumps({'performanceMetrics': [metric]}, indent=2)}\n".encode()

    with tempfile.TemporaryDirectory() as place, _session(Path(place), now) as session:
        session.imports.import_files(sorted((folder / "us" / "reports").iterdir()))
        draft = Path(place) / "draft.json"
        draft.write_bytes(report())
        (found,) = session.rate.compare(draft)
    cancelled, orders = found.ours
    figure |= {"cancellationCount": cancelled, "orderCount": orders}
    if cancelled is not None and orders:
        figure["rate"] = round(cancelled / orders, 6)
    return report()


def _leave(session: Session, plan: Plan, *, undo: Sequence[str] = ()) -> list[PlannedOrder]:
    """Commit, take some orders back, dispatch; return the rows that left."""
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    for one in undo:
        session.batches.recall(one)
    session.batches.release(batch.id)
    session.dispatcher.run()
    return [row for row in plan.rows if row.order_id not in undo]


def _both(plan: Plan, kept: Sequence[PlannedOrder], faults: Sequence[Fault]) -> dict[str, bytes]:
    name = f"{plan.action.value}-report"
    return {f"{name}.txt": flat_report(kept, faults), f"{name}.xml": xml_report(plan, kept, faults)}


def _answers(folder: Path, market: ExampleMarket, now: int) -> dict[str, bytes]:
    """Return the processing reports for batches planned from this marketplace's reports as the pages do."""
    with tempfile.TemporaryDirectory() as place, _session(Path(place), now) as session:
        files = sorted((folder / market.code.lower() / "reports").iterdir())
        session.imports.import_files(files, marketplace=market.code)
        if market is IN:
            ids = session.orders.find(f"sku:{market.products[0].sku} status:unshipped")
            (plan,) = session.planner.plan(Action.CANCEL, ids)
            skipped = [(WHOLE_FILE, "5000", "Warning", "A duplicate update was skipped (example).")]
            return {"cancel-report.txt": flat_report(_leave(session, plan), skipped)}
        if market is not US:
            (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("request:official channel:merchant"))
            kept = _leave(session, plan)
            if market is JP:
                refused = [(1, "18028", "Error", "この注文はキャンセルできません（例）。")]
                return {"cancel-report.txt": flat_report(kept, refused, market.encoding)}
            return _both(plan, kept, [])
        return _answers_of_the_walk(session, folder)


def _answers_of_the_walk(session: Session, folder: Path) -> dict[str, bytes]:
    """Return the processing reports on the batches that both pages walk through in the US."""
    four, eleven = (session.orders.id_of(example_order_id(US, n)) or 0 for n in (4, 11))
    session.facts.set_dispatched([four], Dispatched.YES)
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("sku:MUG-BLUE"))
    kept = _leave(session, plan, undo=[example_order_id(US, 3)])
    at = next(n for n, row in enumerate(kept) if row.order_id == example_order_id(US, 2))
    words = "The order was not found or is not in a state that can be cancelled (example)."
    found = _both(plan, kept, [(at, "18028", "Error", words)])
    session.facts.set_dispatched([eleven], Dispatched.NO)
    ids = session.orders.find(f"id:{example_order_id(US, 11)} or id:{example_order_id(US, 12)}")
    amounts = session.batches.read_refunds(folder / "us" / "choices" / "refund.tsv", ids)
    (plan,) = session.planner.plan(Action.REFUND, ids, PlanChoices(reason="CouldNotShip", refunds=amounts))
    found |= _both(plan, _leave(session, plan), [])
    ships = read_shipping(folder / "us" / "choices" / "shipping.tsv")
    (plan,) = session.planner.plan(Action.CONFIRM, [four], PlanChoices(shipping=ships))
    return found | _both(plan, _leave(session, plan), [])
