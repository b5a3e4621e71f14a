"""What the operator of the practice shop did before you came: batches answered, one refused, one waiting, two held."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ordertui.operations.planning.feed_builder import flat_file_records
from ordertui.operations.planning.plan import Batch, Plan, PlanLine
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock, to_local
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import LineAmounts

from .orders import MadeOrder
from .reports import ALL_ORDERS, table, updated

HOME = "US"
REFUSED = "The order is not in a state that can be cancelled (practice)."


def work(shop: Session, clock: FixedClock, folder: Path, orders: Mapping[str, MadeOrder], now: int) -> None:
    """Cancel, refund and confirm some orders two hours ago, take Amazon's answers in, say some facts, and hold two batches at `now`.

    `orders` are the made-up orders of the home marketplace by order id.
    """
    _facts(shop)
    cancelled = _leave(shop, clock, _plans(shop, Action.CANCEL, "status:unshipped request:official", 6))
    for batch, plan in cancelled:
        _answer(shop, folder, batch, plan, refused=1)
    for batch, plan in _leave(shop, clock, _refunds(shop)):
        _answer(shop, folder, batch, plan)
    day = to_local(clock.now(), shop.zone).date().isoformat()
    gone = shop.view(f"marketplace:{HOME} status:unshipped dispatched:yes", limit=2)
    ships = {row.order_id: ("UPS", f"1ZPRACTICE{row.id:08d}", day) for row in shop.rows(gone).values()}
    _leave(shop, clock, shop.plan(Action.CONFIRM, gone, shipping=ships))
    _confirm(shop, folder, orders, cancelled, now - HOUR)
    clock.moment = now
    for text, count in (("status:unshipped request:none late", 1), ("status:unshipped request:official", 4)):
        for plan in _plans(shop, Action.CANCEL, text, count):
            shop.commit(plan, typed=str(len(plan.rows)))


def _facts(shop: Session) -> None:
    """Parcels that left or stayed, and buyers who asked by message."""
    here = f"marketplace:{HOME} channel:merchant"
    shop.set_dispatched(
        shop.view(f"{here} status:unshipped request:none", "ship_by", False, limit=40)[30:], Dispatched.YES
    )
    shop.set_dispatched(shop.view(f"{here} status:shipped replacement:no", limit=60)[50:56], Dispatched.NO)
    shop.set_asked(shop.view(f"{here} status:unshipped request:none dispatched:unknown", limit=30)[20:26], True)


def _plans(shop: Session, action: Action, text: str, count: int) -> tuple[Plan, ...]:
    ids = shop.view(f"marketplace:{HOME} channel:merchant {text}", limit=60)
    free = array("q", [id_ for id_, row in shop.rows(ids).items() if row.open_action is None][:count])
    return tuple(plan for plan in shop.plan(action, free) if plan.rows)


def _refunds(shop: Session) -> tuple[Plan, ...]:
    """Three orders that were confirmed but never left, one of them for half of its price."""
    ids = shop.view(f"marketplace:{HOME} channel:merchant status:shipped dispatched:no", limit=3)
    found = [order for row in shop.rows(ids).values() if (order := shop.order(row.order_id)) is not None]
    partial: dict[str, Sequence[PlanLine]] = {}
    for order in found[:1]:
        line = order.lines[0]
        half = LineAmounts(item_price=shop.refundable(order)[line.line].item_price // 2)
        partial[order.row.order_id] = (PlanLine(line.line, line.order_item_id or "", line.sku, 1, half),)
    return tuple(p for p in shop.plan(Action.REFUND, ids, reason="CouldNotShip", refunds=partial) if p.rows)


def _leave(shop: Session, clock: FixedClock, plans: Iterable[Plan]) -> list[tuple[Batch, Plan]]:
    """Commit, wait for the hold to end, dispatch."""
    left = []
    for plan in plans:
        if plan.rows:
            batch = shop.commit(plan, typed=str(len(plan.rows)))
            clock.advance(plan.hold_seconds)
            shop.dispatch()
            left.append((batch, plan))
    return left


def _answer(shop: Session, folder: Path, batch: Batch, plan: Plan, refused: int = 0) -> None:
    """Amazon's processing report on a batch: its first `refused` orders failed."""
    records = flat_file_records(plan.rows)
    failed = {row.order_id for row in plan.rows[:refused]}
    errors = [
        f"{number}\t{order_id}\t{item_id}\t18028\tError\t{REFUSED}"
        for number, (order_id, item_id) in enumerate(records, start=1)
        if order_id in failed
    ]
    lines = [
        "Feed Processing Summary:", f"\tNumber of records processed\t\t{len(records)}",
        f"\tNumber of records successful\t\t{len(records) - len(errors)}", "",
        "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message", *errors,
    ]  # fmt: skip
    path = folder / f"processing-report-{batch.id}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shop.results([path], batch=batch.id)


def _confirm(
    shop: Session, folder: Path, orders: Mapping[str, MadeOrder], left: Sequence[tuple[Batch, Plan]], at: int
) -> None:
    """A later All Orders report confirms half of the cancellations that Amazon took."""
    taken = [row.order_id for _, plan in left for row in plan.rows[1:]]
    rows = [row for order_id in taken[::2] for row in updated(MARKETPLACES[HOME], orders[order_id], "Cancelled", at)]
    if rows:
        shop.import_files([table(folder / "us-all-orders-by-last-update.txt", ALL_ORDERS, rows)])
