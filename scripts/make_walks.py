"""Draw screenshots/walk-*.svg, the pictures of docs/first-time.md: the first cancellation and the first refund.

Both are walked on the screen with the reports of examples/us, at the moment they are dated, in one store: a picture is
what an operator sees after the keys before it.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from make_screenshots import main_screen, save
from still_time import press, rest, run_still
from textual.pilot import Pilot

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.tui.main.app import OrderTuiApp

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "examples" / "us"
NOW = parse_iso("2026-11-23T14:05:00Z")
HOME = "/home/shopkeeper"
"""Stands in the pictures for the home folder, a temporary one of as many letters."""
STORE_ID = re.compile(r"(\d{4}-US-[a-z]+)-[0-9a-f]{8}/")
"""Stands in the name of each batch's folder; the pictures have one and the same."""
PICTURE_ID = re.compile(r"terminal-\d+")
"""Textual's name of a picture's styles, made from the text before those were put in."""
SIZE = (110, 32)
HOLD = 15 * 60 + 5
"""Seconds until the hold of a batch has ended."""
DAY = 24 * 3600
CANCELLED, REFUNDED = "001-0000000-0000001", "001-0000000-0000012"
NEXT_DAY = REPORTS / "next-day" / "all-orders-by-last-update.txt"
ANSWER = (
    "Feed Processing Summary:\n\tNumber of records processed\t\t1\n\tNumber of records successful\t\t1\n\n"
    "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
)
"""A processing report without errors, as Seller Central gives it."""


async def walk(pilot: Pilot[None], clock: FixedClock, downloads: Path) -> AsyncIterator[str]:
    """Walk both ways; yield the name of each picture when it is on the screen."""
    await press(pilot, "i", "d", "a")
    yield "files"
    await press(pilot, "enter")
    await press(pilot, "escape", "3", "G")
    yield "asked"
    await press(pilot, "x")
    yield "cancel-preview"
    await press(pilot, "y")
    yield "held"
    await end_hold(pilot, clock)
    yield "cancel-upload"
    await upload_and_answer(pilot, downloads / "cancel-processing-report.txt", clock.now())
    yield "cancel-answered"
    await press(pilot, "escape", "escape")
    clock.advance(DAY)
    report(downloads / "all-orders-next-day.txt", NEXT_DAY.read_text(encoding="utf-8"), clock.now())
    await press(pilot, "i", "enter", "escape", "0", "g", *CANCELLED[-7:], "enter")
    yield "cancel-confirmed"
    await press(pilot, "g", *REFUNDED[-7:], "enter", "r")
    yield "reason"
    await press(pilot, "C", "enter")
    await press(pilot, "m", "enter", "1", "enter")
    yield "amounts"
    await press(pilot, *["enter"] * len(pilot.app.screen.query("Input")))
    await press(pilot, "G", "enter")
    yield "part"
    await press(pilot, "y")
    await end_hold(pilot, clock)
    yield "refund-upload"
    await upload_and_answer(pilot, downloads / "refund-processing-report.txt", clock.now())
    yield "same-answer"
    await press(pilot, *"batch-1", "enter")
    yield "refund-answered"


async def end_hold(pilot: Pilot[None], clock: FixedClock) -> None:
    """Let the hold of the newest batch end, and open the outbox with its file."""
    clock.advance(HOLD)
    await rest()
    assert newest_state(pilot) is BatchState.WRITTEN
    await press(pilot, "o")


async def upload_and_answer(pilot: Pilot[None], path: Path, at: int) -> None:
    """Say that the file is uploaded, and read Amazon's answer to it, downloaded at a moment."""
    await press(pilot, "U")
    assert newest_state(pilot) is BatchState.UPLOADED
    report(path, ANSWER, at)
    await press(pilot, "i", "enter")


def newest_state(pilot: Pilot[None]) -> BatchState:
    """Return the state of the newest batch."""
    return main_screen(pilot).session.batches.find()[0].state


def report(path: Path, text: str, at: int) -> None:
    """Put a report into the Downloads folder, as downloaded at a moment."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))


async def draw_all(png: Path | None) -> None:
    """Walk in a new store, and draw on the way."""
    downloads = Path.home() / "Downloads"
    downloads.mkdir()
    for path in sorted((REPORTS / "reports").iterdir()):
        report(downloads / path.name, path.read_text(encoding="utf-8"), NOW)
    clock = FixedClock(NOW)
    with Session.open(Path.home() / "shop" / "orders.db", clock=clock, config=Config(shop_name="my-shop")) as session:
        app = OrderTuiApp(session)
        async with app.run_test(size=SIZE) as pilot:
            await rest()
            async for name in walk(pilot, clock, downloads):
                drawn = app.export_screenshot(title="ordertui").replace(str(Path.home()), HOME)
                drawn = STORE_ID.sub(r"\1-1f0c93ab/", drawn)
                drawn = PICTURE_ID.sub("terminal-walk", drawn)
                save(f"walk-{name}", drawn, png)


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--png", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HOME"] = folder  # so that no machine's path is in a picture
        run_still(draw_all(asked.png))


if __name__ == "__main__":
    main()
