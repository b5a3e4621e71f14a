"""Draw screenshots/*.svg from the seeded practice store at one fixed moment: `make screenshots`.

With `--png FOLDER` the same pictures are also written as PNG (needs resvg-py), to look at them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static

from ordertui.messages import CHINESE, ENGLISH, _
from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.themes import DARK, LIGHT
from ordertui.tui.tour.controller import TourNote

TARGET = Path(__file__).resolve().parent.parent / "screenshots"
NOW = parse_iso("2026-11-23T14:05:00Z")
WIDE, SMALL = (120, 40), (80, 24)
Steps = Callable[[Pilot[None], Session], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: what is done before it is drawn."""

    name: str
    steps: Steps
    size: tuple[int, int] = WIDE
    theme: str = DARK.name
    language: str = ENGLISH


QUIET = 15
"""Looks in a row, a hundredth of a second apart, at which nothing may be under way; longer than the detail pane waits.
"""


async def keys(pilot: Pilot[None], *names: str) -> None:
    """Type, and wait until each key had its effect and what it started is done."""
    for name in names:
        await pilot.press(name)
        await settled(pilot, 1)
    await settled(pilot, QUIET)


async def settled(pilot: Pilot[None], looks: int) -> None:
    """Wait until the screen is complete and at rest, so many looks in a row."""
    seen = -1  # the first look comes before anything had its turn

    def rests() -> bool:
        nonlocal seen
        seen = seen + 1 if at_rest(pilot) else 0
        return seen >= looks

    await until(pilot, rests, "never at rest")


def at_rest(pilot: Pilot[None]) -> bool:
    """Whether every part is there, no key is on its way, and no work goes on beside the screen."""
    app, screen = pilot.app, main_screen(pilot)
    assert isinstance(app, OrderTuiApp)
    works = any(worker.is_running for worker in app.workers if worker.group in ("panel", "counts", "view", "kinds"))
    is_read = screen.view.shown is not None and not screen.view.reading_text
    return is_read and screen.view.counter.total is not None and app.keys.is_idle and not works


def main_screen(pilot: Pilot[None]) -> MainScreen:
    """Return the main screen, under whatever is open."""
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


def mark(pilot: Pilot[None], session: Session, text: str, count: int) -> None:
    """Mark the first orders that fit a filter."""
    table = main_screen(pilot).table
    table.marks.add(session.orders.find(text, limit=count))
    table.marks_changed()


async def main_dark(pilot: Pilot[None], _session: Session) -> None:
    """Show orders to ship, the cursor on one whose buyer asked."""
    await keys(pilot, "2", *["j"] * 8)


async def near_target(pilot: Pilot[None], session: Session) -> None:
    """Mark as many as the target leaves room for, in two marketplaces."""
    await keys(pilot, "2", "j", "j", "space", "space", "j", "j", "space", "j")
    mark(pilot, session, "status:unshipped marketplace:US request:official -state:held", 3)
    await keys(pilot, "j")


async def preview(pilot: Pilot[None], session: Session) -> None:
    """Preview a batch that fits, with two orders that are left out."""
    await keys(pilot, "2")
    mark(pilot, session, "status:unshipped marketplace:US request:none", 2)
    mark(
        pilot,
        session,
        "status:unshipped marketplace:US request:official action:cancel -state:held -state:ok -state:error",
        4,
    )
    mark(pilot, session, "status:shipped marketplace:US channel:merchant", 2)
    await keys(pilot, "x")


async def shortage(pilot: Pilot[None], session: Session) -> None:
    """Show the sheet of the SKU that most orders wait for, with few units on hand, after one order was kept by hand."""
    sku = session.orders.tally("sku", "status:unshipped marketplace:US", "all", 1, without_fba=True)[0][0]
    await keys(pilot, "colon")
    pilot.app.screen.query_one(Input).value = f"shortage {sku} 4"
    await keys(pilot, "enter", "j", "space")


async def refused(pilot: Pilot[None], session: Session) -> None:
    """Preview a batch where nothing may be cancelled: shipped, cancelled, Amazon's own."""
    mark(pilot, session, "status:shipped marketplace:US channel:merchant", 5)
    mark(pilot, session, "channel:amazon marketplace:US", 3)
    mark(pilot, session, "status:cancelled marketplace:US", 3)
    await keys(pilot, "x")


async def result(pilot: Pilot[None], _session: Session) -> None:
    """Show the outbox, the cursor on the oldest batch: Amazon answered it, and refused a row."""
    await keys(pilot, "o", *["j"] * 9)


async def outbox(pilot: Pilot[None], _session: Session) -> None:
    """Show the batches, each with what to do next."""
    await keys(pilot, "o")


async def rate(pilot: Pilot[None], session: Session) -> None:
    """Show the rate in full, with two marked."""
    mark(pilot, session, "status:unshipped marketplace:US request:none -state:held", 2)
    table = main_screen(pilot).table
    table.go_to(table.marks.ids()[0])
    await keys(pilot, "P")
    full = pilot.app.screen.query_one("#rate-full", Static)
    await until(pilot, lambda: _("To come") in str(full.content), "the outlook never came")
    await pilot.pause(0.2)


async def rates(pilot: Pilot[None], session: Session) -> None:
    """Show every marketplace's rate, stacked."""
    await rate(pilot, session)
    await keys(pilot, *["p"] * 5)


async def tour(pilot: Pilot[None], _session: Session) -> None:
    """Show the tour's first step."""
    await keys(pilot, "2", "j", "space", "t")
    await until_note(pilot, "1/7")
    await pilot.pause(0.1)


async def tour_preview(pilot: Pilot[None], session: Session) -> None:
    """Show the fourth step, in the preview."""
    mark(pilot, session, "status:unshipped marketplace:US action:cancel", 3)
    await keys(pilot, "t", "2")
    await until_note(pilot, "2/7")
    await keys(pilot, "P")
    await until_note(pilot, "2/7", "goes back")
    await keys(pilot, "escape")
    await until_note(pilot, "3/7")
    await keys(pilot, "1", "slash", *"status", "colon", *"shipped", "enter")
    await keys(pilot, "enter")
    await until_note(pilot, "3/7", "goes back")
    await keys(pilot, "escape")
    await until_note(pilot, "4/7")
    await keys(pilot, "escape", "x")
    await until_note(pilot, "4/7", "y commits")


async def until_note(pilot: Pilot[None], *words: str) -> None:
    """Wait until the tour says this."""

    def said() -> str:
        return " ".join(str(note.content) for note in pilot.app.screen.query(TourNote))

    await until(pilot, lambda: all(word in said() for word in words), f"the tour never said {words}")


async def until(pilot: Pilot[None], true: Callable[[], object], otherwise: str) -> None:
    """Wait until it is so; else, after a while, fail with these words."""
    for _again in range(3000):  # half a minute and more: the machine may be busy
        if true():
            return
        await asyncio.sleep(0.01)  # not `pilot.pause`, which would draw the screen each time
    raise AssertionError(f"{otherwise}; the screen is {pilot.app.screen}")


PICTURES = (
    Picture("main-dark", main_dark),
    Picture("marked-near-target", near_target),
    Picture("preview", preview),
    Picture("shortage", shortage),
    Picture("refused", refused),
    Picture("result", result),
    Picture("outbox", outbox),
    Picture("rate", rate),
    Picture("tour", tour, size=SMALL),
    Picture("main-light", main_dark, theme=LIGHT.name),
    Picture("small-80x24", near_target, size=SMALL),
    *(
        Picture(f"{name}-zh", steps, language=CHINESE)
        for name, steps in (("main", main_dark), ("preview", preview), ("rate", rate), ("outbox", outbox))
    ),
)


async def draw(picture: Picture) -> str:
    """Return the picture as SVG, over a copy of the folder `practice` in the home folder."""
    shop = Path.home() / "shop"
    shutil.copytree("practice", shop)
    try:
        with Session.open(shop / "practice.db", clock=FixedClock(NOW), config=Config(shop_name="my-shop")) as session:
            app = OrderTuiApp(session, theme=picture.theme, language=picture.language)
            async with app.run_test(size=picture.size) as pilot:
                await keys(pilot)
                await picture.steps(pilot, session)
                return app.export_screenshot(title="ordertui")
    finally:
        shutil.rmtree(shop)


def save(name: str, svg: str, png: Path | None) -> None:
    """Write a picture into screenshots/, and as PNG into a folder if one is given."""
    (TARGET / f"{name}.svg").write_text(svg, encoding="utf-8")
    if png:
        import resvg_py

        drawn = resvg_py.svg_to_bytes(svg_string=svg.replace("Fira Code", "DejaVu Sans Mono"))
        (png / f"{name}.png").write_bytes(bytes(drawn))
    print(f"screenshots/{name}.svg")


def main() -> None:
    """Draw all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--png", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HOME"] = folder  # so that no machine's path is in a picture
        build_practice(Path("practice"), now=NOW)
        for picture in PICTURES:
            if asked.names and picture.name not in asked.names:
                continue
            save(picture.name, asyncio.run(draw(picture)), asked.png)


if __name__ == "__main__":
    main()
