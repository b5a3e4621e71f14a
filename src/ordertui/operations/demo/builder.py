"""Builds the practice store in a folder of its own."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from ordertui.operations.config import PRACTICE_MARKER
from ordertui.operations.session import open_practice
from ordertui.operations.workspace import TOUR_SEEN
from ordertui.orders.clock import DAY, HOUR, FixedClock

from . import orders as book
from . import reports, scenario
from .catalogue import MARKETS, catalogue

STORE = "practice.db"


def build_practice(folder: Path, *, orders: int = 5000, seed: int = 7, now: int) -> Path:
    """Build the store in `folder`, replacing an older practice store there; return the store's path.

    `now` is epoch seconds. The same arguments give the same orders; that the tour was seen is kept. Raises
    FileExistsError when the folder holds something that is no practice store, OSError when it cannot be written.
    """
    marker = folder / PRACTICE_MARKER
    tour = (folder / STORE).with_suffix(TOUR_SEEN)
    seen = tour.exists()
    if folder.exists() and any(folder.iterdir()):
        if not marker.exists():
            raise FileExistsError("it is not empty and holds no practice store")
        shutil.rmtree(folder)
    incoming = folder / "reports"
    incoming.mkdir(parents=True)
    if seen:
        tour.touch()
    marker.write_text("made-up orders; safe to delete\n", encoding="utf-8")
    clock = FixedClock(now - 2 * HOUR)
    with open_practice(folder / STORE, clock=clock) as session:
        rng = random.Random(seed)
        home: dict[str, book.MadeOrder] = {}
        for code, share in MARKETS:
            made = book.draw(
                code, orders * share // 100, catalogue(code), session.eligibility.policies.of(code), clock.now(), rng
            )
            for path in reports.write(incoming, code, made, clock.now(), now - 8 * DAY):
                session.imports.import_files([path], marketplace=code)
            if code == scenario.HOME:
                home = {order.order_id: order for order in made}
        scenario.work(session, clock, incoming, home, now)
    return folder / STORE
