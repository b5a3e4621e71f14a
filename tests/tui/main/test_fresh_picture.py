"""Whatever others change while the screen is open, its table shows what a table that keeps nothing would."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from textual.pilot import Pilot

from ordertui.operations.config import Config
from ordertui.operations.errors import Refused
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import RecallRefused
from ordertui.tui.widgets.order_table.columns import COLUMNS
from ordertui.tui.widgets.order_table.layout import ColumnChoice
from support.batches import commit
from support.pilot import main, press, running, settled, table, until
from support.walks import build_shop, strips

KEYS = ("j", "k", "space", "v", "G", "g", "ctrl+d", "T", "f2 down enter", "f2 up enter")
STEPS = 25


def change(rng: Random, other: Session, ids: list[int]) -> None:
    """Let another process change something that it may change."""
    match rng.randrange(4):
        case 0:
            other.facts.set_note(rng.sample(ids, 10), rng.choice(["a", "bb", ""]))
        case 1:
            other.facts.set_dispatched([rng.choice(ids)], rng.choice(list(Dispatched)))
        case 2:
            held = [row.order_id for batch in other.batches.find() for row in batch.rows]
            free = [n for n in range(6, 20) if f"111-0000000-{n:07d}" not in held]
            if free:
                commit(other, Action.CANCEL, rng.choice(free))
        case _:
            other.batches.recall(other.batches.find()[0].id)


def table_text(pilot: Pilot[None]) -> list[str]:
    """Return what the terminal shows of the table."""
    region = table(pilot).region
    return [strip.crop(region.x, region.right).text for strip in strips(pilot)[region.y : region.bottom]]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_the_table_is_what_a_table_just_opened_shows(tmp_path: Path, clock: FixedClock, seed: int) -> None:
    rng, session = Random(seed), build_shop(tmp_path, clock)
    async with running(session) as pilot:
        view, screen = table(pilot), main(pilot)
        with Session.open(session.directory / "orders.db", clock=clock, config=Config()) as other:
            for step in range(STEPS):
                match rng.randrange(8):
                    case 0:
                        clock.advance(rng.choice([60, 600, 3600]))
                        screen._tick()
                    case 1:
                        await pilot.resize_terminal(rng.choice([80, 100, 160]), rng.choice([24, 40]))
                    case 2:
                        view.set_columns(ColumnChoice(keys=tuple(column.key for column in rng.sample(COLUMNS, 6))))
                    case 3:
                        await press(pilot, *rng.choice(KEYS).split())
                        while pilot.app.screen is not screen:
                            await press(pilot, "escape")
                    case _:
                        with suppress(Refused, RecallRefused):  # it was dispatched, or has left
                            change(rng, other, list(view.ids))
                await until(pilot, lambda: screen._version == session.data_version())
                await settled(pilot)
                await pilot.pause()
                kept, shown = [list(view.render_line(y)) for y in range(view.size.height)], table_text(pilot)
                view.row_cache.drop()
                view.renderer.forget()
                fresh = [view.render_line(y) for y in range(view.size.height)]
                assert kept == [list(line) for line in fresh], step
                assert shown == [line.text for line in fresh], step
