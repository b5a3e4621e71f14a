"""Draw screenshots/*.svg from the seeded practice store at one fixed moment: `make screenshots`.

With `--png FOLDER` the same pictures are also written as PNG (needs resvg-py), to look at them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from still_time import press, rest, run_still
from textual.pilot import Pilot
from textual.widgets import Input

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.themes import DARK, LIGHT

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
    await press(pilot, "2", *["j"] * 8)


async def near_target(pilot: Pilot[None], session: Session) -> None:
    """Mark as many as the target leaves room for, in two marketplaces."""
    await press(pilot, "2", "j", "j", "space", "space", "j", "j", "space", "j")
    mark(pilot, session, "status:unshipped marketplace:US request:official -state:held", 3)
    await press(pilot, "j")


async def preview(pilot: Pilot[None], session: Session) -> None:
    """Preview a batch that fits, with two orders that are left out."""
    await press(pilot, "2")
    mark(pilot, session, "status:unshipped marketplace:US request:none", 2)
    mark(
        pilot,
        session,
        "status:unshipped marketplace:US request:official action:cancel -state:held -state:ok -state:error",
        4,
    )
    mark(pilot, session, "status:shipped marketplace:US channel:merchant", 2)
    await press(pilot, "x")


async def shortage(pilot: Pilot[None], session: Session) -> None:
    """Show the sheet of the SKU that most orders wait for, with few units on hand, after one order was kept by hand."""
    sku = session.orders.tally("sku", "status:unshipped marketplace:US", "all", 1, without_fba=True)[0][0]
    await press(pilot, "colon")
    pilot.app.screen.query_one(Input).value = f"shortage {sku} 4"
    await press(pilot, "enter", "j", "space")


async def refused(pilot: Pilot[None], session: Session) -> None:
    """Preview a batch where nothing may be cancelled: shipped, cancelled, Amazon's own."""
    mark(pilot, session, "status:shipped marketplace:US channel:merchant", 5)
    mark(pilot, session, "channel:amazon marketplace:US", 3)
    mark(pilot, session, "status:cancelled marketplace:US", 3)
    await press(pilot, "x")


async def result(pilot: Pilot[None], _session: Session) -> None:
    """Show the outbox, the cursor on the oldest batch: Amazon answered it, and refused a row."""
    await press(pilot, "o", *["j"] * 9)


async def outbox(pilot: Pilot[None], _session: Session) -> None:
    """Show the batches, each with what to do next."""
    await press(pilot, "o")


async def rate(pilot: Pilot[None], session: Session) -> None:
    """Show the rate in full, with two marked."""
    mark(pilot, session, "status:unshipped marketplace:US request:none -state:held", 2)
    table = main_screen(pilot).table
    table.go_to(table.marks.ids()[0])
    await press(pilot, "P")


async def tour(pilot: Pilot[None], _session: Session) -> None:
    """Show the tour's first step."""
    await press(pilot, "2", "j", "space", "t")


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
                await rest()
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
            save(picture.name, run_still(draw(picture)), asked.png)


if __name__ == "__main__":
    main()
