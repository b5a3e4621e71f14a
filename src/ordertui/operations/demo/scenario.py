"""Build the practice store and work on it as an operator would: answered, refused, waiting and held batches."""

from __future__ import annotations

import random
import shutil
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ordertui.files import make_own_folder
from ordertui.operations.batches.batch import Batch
from ordertui.operations.config import PRACTICE_MARKER, is_practice_folder
from ordertui.operations.errors import Refused
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlanLine
from ordertui.operations.reports.progress import ImportProgress
from ordertui.operations.session import Session, open_practice
from ordertui.operations.workspace import TOUR_SEEN
from ordertui.orders.clock import DAY, HOUR, FixedClock, to_local
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import LineAmounts
from ordertui.orders.refund_limit import refundable_lines
from ordertui.store import StoreLocked
from ordertui.store.engine.file_connection import file_lock, is_open_elsewhere

from . import orders as book
from . import reports
from .orders import MARKETS, MadeOrder, catalogue
from .reports import ALL_ORDERS, flat_report, table, updated

HOME = "US"
REFUSED = "The order is not in a state that can be cancelled (practice)."


def work(session: Session, clock: FixedClock, folder: Path, orders: Mapping[str, MadeOrder], now: int) -> None:
    """Cancel, refund and confirm orders two hours ago, read Amazon's answers, record facts, hold two batches at `now`.

    `orders` are the made-up orders of the home marketplace by order id.
    """
    _facts(session)
    cancelled = _leave(session, clock, _plans(session, Action.CANCEL, "status:unshipped request:official", 6))
    for batch, plan in cancelled:
        _answer(session, folder, batch, plan, refused=1)
    for batch, plan in _leave(session, clock, _refunds(session)):
        _answer(session, folder, batch, plan)
    day = to_local(clock.now(), session.orders.zone).date().isoformat()
    gone = session.orders.find(f"marketplace:{HOME} status:unshipped dispatched:yes", limit=2)
    ships = {row.order_id: ("UPS", f"1ZPRACTICE{row.id:08d}", day) for row in session.orders.rows(gone).values()}
    _leave(session, clock, session.planner.plan(Action.CONFIRM, gone, PlanChoices(shipping=ships)))
    _confirm(session, folder, orders, cancelled, now - HOUR)
    clock.moment = now
    for text, count in (("status:unshipped request:none late", 1), ("status:unshipped request:official", 4)):
        for plan in _plans(session, Action.CANCEL, text, count):
            session.batches.commit(plan, typed=str(len(plan.rows)))


def _facts(session: Session) -> None:
    """Parcels that left or stayed, and buyers who asked by message."""
    here = f"marketplace:{HOME} channel:merchant"
    session.facts.set_dispatched(
        session.orders.find(f"{here} status:unshipped request:none", "ship_by", False, limit=40)[30:], Dispatched.YES
    )
    session.facts.set_dispatched(
        session.orders.find(f"{here} status:shipped replacement:no", limit=60)[50:56], Dispatched.NO
    )
    session.facts.set_asked(
        session.orders.find(f"{here} status:unshipped request:none dispatched:unknown", limit=30)[20:26], True
    )


def _plans(session: Session, action: Action, text: str, count: int) -> tuple[Plan, ...]:
    ids = session.orders.find(f"marketplace:{HOME} channel:merchant {text}", limit=60)
    free = array("q", [id_ for id_, row in session.orders.rows(ids).items() if row.open_action is None][:count])
    return tuple(plan for plan in session.planner.plan(action, free) if plan.rows)


def _refunds(session: Session) -> tuple[Plan, ...]:
    """Three orders that were confirmed but never left, one of them for half of its price."""
    ids = session.orders.find(f"marketplace:{HOME} channel:merchant status:shipped dispatched:no", limit=3)
    found = [
        order for row in session.orders.rows(ids).values() if (order := session.orders.get(row.order_id)) is not None
    ]
    partial: dict[str, Sequence[PlanLine]] = {}
    for order in found[:1]:
        line = order.lines[0]
        half = LineAmounts(item_price=refundable_lines(order)[line.line].item_price // 2)
        partial[order.row.order_id] = (PlanLine(line.line, line.order_item_id or "", line.sku, 1, half),)
    return tuple(
        p
        for p in session.planner.plan(Action.REFUND, ids, PlanChoices(reason="CouldNotShip", refunds=partial))
        if p.rows
    )


def _leave(session: Session, clock: FixedClock, plans: Iterable[Plan]) -> list[tuple[Batch, Plan]]:
    """Commit, wait for the hold to end, dispatch."""
    left = []
    for plan in plans:
        if plan.rows:
            batch = session.batches.commit(plan, typed=str(len(plan.rows)))
            clock.advance(plan.hold_seconds)
            session.dispatcher.run()
            left.append((batch, plan))
    return left


def _answer(session: Session, folder: Path, batch: Batch, plan: Plan, refused: int = 0) -> None:
    """Amazon's processing report on a batch: its first `refused` orders failed."""
    faults = [(row, "18028", "Error", REFUSED) for row in range(refused)]
    path = folder / f"processing-report-{batch.id}.txt"
    path.write_bytes(flat_report(plan.rows, faults))
    session.results.take_in([path], batch_id=batch.id)


def _confirm(
    session: Session, folder: Path, orders: Mapping[str, MadeOrder], left: Sequence[tuple[Batch, Plan]], at: int
) -> None:
    """Import a later All Orders report that confirms half of the cancellations that Amazon took."""
    taken = [row.order_id for _, plan in left for row in plan.rows[1:]]
    rows = [row for order_id in taken[::2] for row in updated(MARKETPLACES[HOME], orders[order_id], "Cancelled", at)]
    if rows:
        session.imports.import_files([table(folder / "us-all-orders-by-last-update.txt", ALL_ORDERS, rows)])


STORE = "practice.db"
UNFINISHED = "unfinished"
"""File that is in the folder while its store is being built."""
BUILT = 105
"""What building takes: 100 for the orders by their marketplaces' shares, drawn, written and imported, 5 for the work on
them.
"""
LOCK = "build-lock"
"""File that who builds has locked; it stays, so that all lock the same one."""


def practice_store(folder: Path) -> Path:
    """Return where the practice store of a folder is, whether it is there or not."""
    return folder / STORE


def has_practice_store(folder: Path) -> bool:
    """Return whether a folder holds a practice store that was built to its end."""
    return is_practice_folder(folder) and practice_store(folder).exists() and not (folder / UNFINISHED).exists()


def build_practice(
    folder: Path,
    *,
    orders: int = 5000,
    seed: int = 7,
    now: int,
    fresh: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Path:
    """Build the store in `folder`, replacing an older practice store there; return the store's path.

    `now` is epoch seconds. The same arguments give the same orders; that the tour was seen is kept. Without `fresh` one
    that another process built meanwhile is left as it is. `progress` is called with how much is done, and of how much.
    Raises Refused when the older store is open or still being built, FileExistsError when the folder holds something
    that is no practice store, OSError when it cannot be written.
    """
    is_used = folder.exists() and any(not path.name.startswith(LOCK) for path in folder.iterdir())
    if is_used and not is_practice_folder(folder):  # in this sequence: who builds marks the folder first
        raise FileExistsError("it is not empty and holds no practice store")
    make_own_folder(folder)
    try:
        with file_lock(folder / LOCK):
            if fresh or not has_practice_store(folder):
                _build(folder, orders, seed, now, progress)
    except StoreLocked as error:
        raise Refused(
            f"another ordertui is building the practice store in {folder}; wait until it is built. Nothing was changed"
        ) from error
    return folder / STORE


def _telling(progress: Callable[[int, int], None], done: float, part: float) -> Callable[[ImportProgress], None]:
    """Return what tells of the import of a file as a part of the building."""
    return lambda one: progress(int(done + part * one.bytes_done / max(one.bytes_total, 1)), BUILT)


def _build(folder: Path, orders: int, seed: int, now: int, progress: Callable[[int, int], None]) -> None:
    """Replace what a folder has, but its lock, by a new practice store."""
    if is_open_elsewhere(folder / STORE):
        raise Refused(
            f"another ordertui has the practice store in {folder} open; close that one first. Nothing was changed"
        )
    seen = (folder / STORE).with_suffix(TOUR_SEEN).exists()
    (folder / PRACTICE_MARKER).write_text("made-up orders; safe to delete\n", encoding="utf-8")
    (folder / UNFINISHED).touch()
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (LOCK, PRACTICE_MARKER, UNFINISHED):
            path.unlink()
    incoming = folder / "reports"
    make_own_folder(incoming)
    if seen:
        (folder / STORE).with_suffix(TOUR_SEEN).touch()
    clock = FixedClock(now - 2 * HOUR)
    with open_practice(folder / STORE, clock=clock) as session:
        rng = random.Random(seed)
        home: dict[str, book.MadeOrder] = {}
        done = 0.0
        for code, share in MARKETS:
            made = book.draw(
                code, orders * share // 100, catalogue(code), session.eligibility.policies.of(code), clock.now(), rng
            )
            paths = reports.write(incoming, code, made, clock.now(), now - 8 * DAY)
            part = share / (len(paths) + 1)
            for path in paths:
                done += part
                session.imports.import_files([path], marketplace=code, progress=_telling(progress, done, part))
            done += part
            if code == HOME:
                home = {order.order_id: order for order in made}
        work(session, clock, incoming, home, now)
        progress(BUILT, BUILT)
    (folder / UNFINISHED).unlink()
